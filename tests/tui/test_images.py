"""Frames as true pixels: what a terminal shows is the frame, in its place, and nothing is left of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import fake_telemetry
import numpy as np
import pytest
from picture_terminal import Abilities, PictureTerminal
from pty_program import PtyProgram

SHOW = """
import sys, os, dataclasses
from cornerman.tui.app import CornermanApp
from cornerman.tui.options import Options
from cornerman.tui.look import detect
import fake_telemetry
store = fake_telemetry.FakeRepository([fake_telemetry.race()])
app = CornermanApp(lambda read_only: store, "store", look=detect(os.environ), options=Options(images="{images}"))
{before}
app.run()
sys.exit(app.return_code or 0)
"""
KITTY = Abilities()
SIXEL = Abilities(name="foot(1.20)", graphics=False, sixel=True)
SUPPORT = str(Path(__file__).parent.parent / "_support")
BREAK = (
    "from cornerman.tui.screens.run import RunScreen\n"
    "def action_order(self): raise RuntimeError('ours')\n"
    "RunScreen.action_order = action_order"
)
RIGHT = b"\x1b[C"
BESIDE = (
    (b"?", "Play or pause", b"\x1b"),
    (b"L", "No log record", b"\x1b"),
    (b"zz", "info        {} empty", b"zz"),
)
"""Keys to where no picture is seen, what is there, and the keys back."""
Show = Callable[..., PictureTerminal]
Shows = Callable[[PictureTerminal, int], bool]


@pytest.fixture
def show() -> Iterator[Show]:
    """The run of pictures, in a terminal with some abilities."""
    started: list[PtyProgram] = []

    def begin(
        images: str, abilities: Abilities, before: str = "", tmux: Sequence[str] = (), **environ: str
    ) -> PictureTerminal:
        command = [*tmux, sys.executable, "-c", SHOW.format(images=images, before=before)]
        program = PtyProgram(command, PYTHONPATH=SUPPORT, **environ)
        started.append(program)
        terminal = PictureTerminal(program, abilities)
        terminal.until(lambda: "pixels" in terminal.text(), "the list of runs")
        program.send(b"\r")
        terminal.until(lambda: "PAUSED" in terminal.text(), "the run")
        return terminal

    yield begin
    for program in started:
        program.close()


def frame_at(step: int) -> np.ndarray:
    """The frame of the newest episode of the run."""
    frame = fake_telemetry._road(2, step)
    return np.frombuffer(frame.pixels, np.uint8).reshape(96, 96, 3)


def shows_kitty(terminal: PictureTerminal, step: int) -> bool:
    found = terminal.screen.kitty()
    return found is not None and np.array_equal(found[0], frame_at(step))


def shows_sixel(terminal: PictureTerminal, step: int) -> bool:
    """The frame is what is seen, each of its pixels as large as it comes, within what percents leave of a colour."""
    found = terminal.screen.sixel()
    if found is None:
        return False
    pixels = found[0]
    high, wide = pixels.shape[:2]
    columns = np.repeat(np.arange(96), np.diff(np.arange(97) * wide // 96))
    wanted = frame_at(step)[np.arange(high) * 96 // high][:, columns]
    return bool(pixels[:, :, 3].all()) and int(np.abs(pixels[:, :, :3].astype(int) - wanted).max()) <= 2


PROTOCOLS = pytest.mark.parametrize(
    ("protocol", "abilities", "shows"),
    [("kitty", KITTY, shows_kitty), ("sixel", SIXEL, shows_sixel)], ids=["kitty", "sixel"],
)  # fmt: skip


@PROTOCOLS
def test_each_frame_is_shown_as_it_is_stored(show: Show, protocol: str, abilities: Abilities, shows: Shows) -> None:
    """Pixel for pixel, and one picture for each. Beneath other screens nothing is seen of it; after them, after zooming
    and resizing it is where it belongs; and the terminal keeps none when the run is left."""
    terminal = show(protocol, abilities)
    terminal.until(lambda: shows(terminal, -1), "the first frame")
    before = terminal.screen.written_pictures
    for step in range(3):
        terminal.program.send(RIGHT)
        terminal.until(lambda step=step: shows(terminal, step), f"step {step}")
    assert terminal.screen.written_pictures == before + 3
    for key, sign, back in BESIDE:
        terminal.program.send(key)
        terminal.until(lambda sign=sign: sign in terminal.text() and terminal.screen.bare, sign)
        terminal.program.send(back)
        terminal.until(lambda: shows(terminal, 2), f"the frame after {key!r}")
    terminal.resize(80, 24)
    terminal.until(lambda: shows(terminal, 2), "the frame in a smaller terminal")
    terminal.program.send(b"q")
    terminal.until(lambda: terminal.screen.bare and not terminal.screen.images, "nothing of it")


@pytest.mark.parametrize("key", [b"\x1a", b"o"], ids=["suspended", "fault"])
def test_nothing_is_left_of_pictures(show: Show, key: bytes) -> None:
    """The terminal is told to forget them while the screen that they are on is still there, whatever ends it."""
    terminal = show("kitty", KITTY, BREAK)
    terminal.until(lambda: shows_kitty(terminal, -1), "the frame")
    screen = terminal.screen
    terminal.program.send(key)
    terminal.until(lambda: not screen.images, "the pictures gone")


def test_where_a_terminal_cannot_a_line_says_so(show: Show) -> None:
    """Half-cells meanwhile; the key that was typed while the terminal was asked is obeyed, what it answers is not."""
    terminal = show("kitty", SIXEL)
    terminal.program.send(RIGHT)
    terminal.until(lambda: "no kitty here: kitty and Ghostty know it" in terminal.text(), "why")
    terminal.until(lambda: "step 0" in terminal.text(), "the next step")
    assert not terminal.screen.written_pictures


@pytest.mark.soak  # by request: a machine that has only Python must pass the rest
@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_tmux_lets_pictures_through_and_keeps_them_in_their_pane(tmp_path: Path, show: Show) -> None:
    """Past tmux by its passthrough, and seen through cells that tmux moves as text."""
    conf, server = tmp_path / "tmux.conf", ["tmux", "-S", str(tmp_path / "t")]
    conf.write_text("set -g allow-passthrough on\n")
    terminal = show("kitty", KITTY, tmux=[*server, "-u", "-f", str(conf), "new-session"])
    try:
        terminal.until(lambda: shows_kitty(terminal, -1), "the frame, through tmux")
        subprocess.run([*server, "split-window", "-h", "sleep 60"], check=True)
        terminal.until(lambda: shows_kitty(terminal, -1) and "│" in terminal.text(), "the frame, in half the window")
    finally:
        subprocess.run([*server, "kill-server"], check=False)
