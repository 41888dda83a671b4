"""The command line itself: help that fits and teaches, exit codes, what is imported, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Cornerman

from cornerman.tui.cli import main
from cornerman.tui.commands import COMMANDS


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help_with_examples_that_fits_80_columns(cornerman: Cornerman, command: str) -> None:
    done = cornerman(*([command] if command else []), "--help")
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout or not command
    assert "--store" in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []


def test_the_help_lists_the_exit_codes(cornerman: Cornerman) -> None:
    text = cornerman("--help").stdout
    assert "exit codes:" in text
    assert all(f"  {code:>3}  " in text for code in (0, 1, 2, 3, 70, 130, 141, 143))


def test_a_locale_without_our_signs_stops_nothing(cornerman: Cornerman) -> None:
    """What goes into a file or a pipe is UTF-8 in every locale: it is data."""
    cornerman("record", "CartPole-v1", "--steps", "20")
    done = cornerman("show", PYTHONIOENCODING="ascii")
    assert (done.returncode, "·" in done.stdout) == (0, True)


def test_an_unknown_command_is_a_usage_error(cornerman: Cornerman) -> None:
    done = cornerman("rnus")
    assert done.returncode == 2
    assert "runs" in done.stderr


def test_without_a_terminal_the_screens_say_what_to_do(cornerman: Cornerman) -> None:
    done = cornerman()
    assert done.returncode == 2
    assert "cornerman runs" in done.stderr


def test_the_store_may_be_named_before_or_after_the_command(recorded: Cornerman) -> None:
    store = str(recorded.store)
    before = recorded("--store", store, "runs", "--json", CORNERMAN_STORE="/nowhere")
    after = recorded("runs", "--json", "--store", store, CORNERMAN_STORE="/nowhere")
    assert before.returncode == after.returncode == 0
    assert len(before.stdout) == len(after.stdout)


def test_a_reader_that_goes_away_is_no_error(recorded: Cornerman) -> None:
    """`cornerman runs | head -0`: quiet, with the exit code of a broken pipe."""
    export = f"{sys.executable} -m cornerman export single --to csv --output -"
    command = f"{export} | head -c 10 > /dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=recorded.environment(), cwd=recorded.folder
    )
    assert done.returncode in (0, 141)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments", [("runs",), ("show",), ("watch",), ("doctor",), ("record", "CartPole-v1", "--steps", "20")]
)
def test_headless_commands_never_import_textual(recorded: Cornerman, arguments: tuple[str, ...]) -> None:
    """Nor does what only reads import Gymnasium."""
    records = arguments[0] == "record"
    command = [*arguments, "--store", str(recorded.folder / "imports" if records else recorded.store)]
    unwanted = {"textual", "rich"} if records else {"textual", "rich", "gymnasium"}
    code = (
        "import sys; from cornerman.tui.cli import main\n"
        f"assert main({command!r}) == 0\n"
        f"found = {{name.partition('.')[0] for name in sys.modules}} & {unwanted!r}\n"
        "assert not found, found"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=recorded.environment(), cwd=recorded.folder
    )
    assert done.returncode == 0, done.stderr


def test_a_fault_of_ours_is_one_line(cornerman: Cornerman) -> None:
    """And with --debug a traceback."""
    code = (
        "import sys; from cornerman.tui import cli\n"
        "from cornerman.tui.commands import doctor\n"
        "def run(args): raise RuntimeError('unforeseen')\n"
        "doctor.run = run\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    for options, traced in (((), False), (("--debug",), True)):
        done = subprocess.run([sys.executable, "-c", code, "doctor", *options], capture_output=True, text=True)
        assert done.returncode == 70
        assert "unforeseen" in done.stderr
        assert ("Traceback" in done.stderr) is traced


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["rnus"], "has no command 'rnus'.\n  Did you mean runs"),
        (["codes", "lsit"], "`cornerman codes` has no verb 'lsit'.\n  Did you mean list"),
        (["runs", "--jbo", "a"], "`cornerman runs` does not understand --jbo a.\n  Did you mean --job"),
        (["runs", "--limit", "x"], "--limit needs a whole number, not 'x'."),
        (["show", "--order", "wrst"], "--order cannot be 'wrst'.\n  Did you mean worst"),
        (["export"], "`cornerman export` needs RUN."),
        (["space", "dump", "CartPole-v1", "--num-envs", "-2"], "--num-envs cannot be -2"),
        (["config", "--profile", "nosuch"], "(from --profile)"),
        (["demo", "--seconds", "-1"], "--seconds cannot be -1"),
    ],
)
def test_what_is_typed_wrongly_is_refused_in_a_sentence(
    typed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With near names, and no page of usage."""
    assert main(typed) == 2
    printed = capsys.readouterr()
    assert (printed.out, said in printed.err, "usage:" in printed.err) == ("", True, False), printed.err


def test_a_store_that_is_a_file_is_no_store_that_is_not_there_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["runs", "--store", str(tmp_path / "notes.txt")]) == 3
    assert "it is a file, not a folder" in capsys.readouterr().err


def test_words_may_stand_behind_an_option(recorded: Cornerman, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "single", "--store", str(recorded.store), "--json", "level>=ERROR"]) == 0
    assert capsys.readouterr().out == ""
