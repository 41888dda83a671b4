"""In a real pseudo-terminal: the terminal is given back on every kind of exit, and NO_COLOR is obeyed to the letter."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pty_program import PtyProgram

SHOW = """
import sys
from cornerman.tui.app import CornermanApp
from cornerman.tui.look import detect
import fake_telemetry, os
app = CornermanApp(lambda read_only: fake_telemetry.repository(), "store", look=detect(os.environ))
{before}
app.run()
sys.exit(app.return_code or 0)
"""
BREAK = (
    "from cornerman.tui.screens.runs import RunsScreen\n"
    "def action_reverse(self): raise RuntimeError('ours')\n"
    "RunsScreen.action_reverse = action_reverse"
)
SUPPORT = str(Path(__file__).parent.parent / "_support")


@pytest.fixture
def terminals() -> Iterator[list[PtyProgram]]:
    started: list[PtyProgram] = []
    yield started
    for program in started:
        program.close()


def show(terminals: list[PtyProgram], before: str = "", **environ: str) -> PtyProgram:
    program = PtyProgram([sys.executable, "-c", SHOW.format(before=before)], PYTHONPATH=SUPPORT, **environ)
    terminals.append(program)
    program.wait_for(b"q-learning")
    return program


def assert_restored(program: PtyProgram) -> None:
    """The modes of the line are as before, and every screen mode that was switched on was switched off."""
    assert program.modes() == program.modes_before
    sent = program.sent
    for mode in (b"1049", b"1000", b"1003", b"2004"):
        on, off = sent.rfind(b"\x1b[?" + mode + b"h"), sent.rfind(b"\x1b[?" + mode + b"l")
        assert on == -1 or off > on, mode
    assert sent.rfind(b"\x1b[?25h") > sent.rfind(b"\x1b[?25l")


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_leaving_gives_the_terminal_back(terminals: list[PtyProgram], key: bytes) -> None:
    program = show(terminals)
    program.send(key)
    assert program.wait() == 0
    assert_restored(program)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(terminals: list[PtyProgram], number: signal.Signals) -> None:
    program = show(terminals)
    os.kill(program.pid, number)
    assert program.wait() == 128 + number
    assert_restored(program)


def test_a_fault_of_ours_gives_the_terminal_back_and_says_what_it_was(terminals: list[PtyProgram]) -> None:
    program = show(terminals, BREAK)
    program.send(b"r")
    assert program.wait() == 1
    assert_restored(program)
    assert b"RuntimeError" in program.sent


def test_a_terminal_that_went_away_ends_the_program(terminals: list[PtyProgram]) -> None:
    program = show(terminals)
    program.hang_up()
    deadline = time.monotonic() + 20
    while program.alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not program.alive()


def _colours(sent: bytes) -> list[bytes]:
    """Every code that sets a colour."""
    codes = re.findall(rb"\x1b\[([0-9;]*)m", sent)
    return [code for code in codes if re.search(rb"(^|;)(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;|$)", code)]


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "vt100"}, {"TERM": "dumb"}])
def test_without_colour_not_one_colour_code_is_sent(terminals: list[PtyProgram], environ: dict[str, str]) -> None:
    program = show(terminals, **environ)
    program.send(b"\x1b[B\x1b[B\r")
    program.wait_for(b"PAUSED")
    assert _colours(program.sent) == []


def test_a_terminal_of_256_colours_gets_no_others(terminals: list[PtyProgram]) -> None:
    program = show(terminals, TERM="xterm-256color", COLORTERM="")
    program.send(b"\x1b[B\x1b[B\r")
    program.wait_for(b"PAUSED")
    assert not [code for code in _colours(program.sent) if b"38;2" in code or b"48;2" in code]


IMPORTS = """
import sys
import cornerman.tui.app, cornerman.tui.screens.run
late = {"gymnasium", "numpy", "apsw", "plotext", "PIL", "pydantic"}
print(sorted({name.split(".")[0] for name in sys.modules} & late | {n for n in sys.modules if "tui.images" in n}))
"""


def test_before_the_first_paint_only_textual_is_loaded() -> None:
    """NumPy alone would cost a hundred milliseconds; it comes with the store, on the reader's thread."""
    shown = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_modes_of_this_test_are_real(terminals: list[PtyProgram]) -> None:
    program = show(terminals)
    assert program.modes()[3] & termios.ICANON == 0
    assert program.modes_before[3] & termios.ICANON
