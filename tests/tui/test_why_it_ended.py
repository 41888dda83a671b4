"""What the list of runs says about the end of a run is what happened to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_telemetry import lake

from cornerman.core.records import RunSummary
from cornerman.core.run_command import RunCommand
from cornerman.tui.look import Look
from cornerman.tui.runs_view import detail


def said(run: RunSummary) -> str:
    """The line of the selected run that says its state and why it is in it."""
    return "".join(text for text, _ in detail(run, 120, 8, Look(), now=0.0)[1])


def command(**how: object) -> RunCommand:
    given = {"run_id": "01", "job": "mine", "command": ("python",), "process": "p", "started_us": 1, "ended_us": 2}
    return RunCommand(**{**given, **how})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"exit_code": 3}, "exited with code 3"),
        ({"exit_code": 137, "signal": "SIGKILL"}, "ended by SIGKILL"),
        ({"exit_code": 1, "exception": "ValueError: no"}, "exited with code 1: ValueError: no"),
        ({"exit_code": 127, "failure": "no such file"}, "could not be started: no such file"),
    ],
)
def test_a_command_that_failed_is_not_said_to_have_died(how: dict[str, object], words: str) -> None:
    """Its exit code, its signal, or why it never began; only where nobody saw the end did "its process die"."""
    run = replace(lake().summary(), state="interrupted")
    assert "its process died" in said(run)
    assert words in said(replace(run, command=command(**how)))
    assert "FAILED" in said(replace(run, state="failed", command=command(**how)))


def test_a_run_whose_command_succeeded_says_so() -> None:
    assert "exited with code 0" in said(replace(lake().summary(), state="done", command=command(exit_code=0)))
