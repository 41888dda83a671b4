"""The progress of a headless recording: a bar on a terminal, lines in a log, and never a reason to stop."""

from __future__ import annotations

import io

import pytest

from cornerman.adapters.drive import Progress
from cornerman.tui.progress import Reporter


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    """A terminal whose other end was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def _progress(**facts: float) -> Progress:
    progress = Progress(wanted_steps=1000)
    for name, value in facts.items():
        setattr(progress, name, value)
    return progress


def test_a_terminal_sees_one_line_that_changes() -> None:
    stream = Terminal()
    Reporter("CartPole-v1", stream)(_progress(steps=250, episodes=11, last_return=23.0))
    text = stream.getvalue()
    assert text.startswith("\rCartPole-v1  ━━━")
    assert "25%" in text
    assert "250 steps" in text
    assert "\n" not in text


def test_the_line_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    Reporter("CartPole-v1", stream)(_progress(steps=250, episodes=11, last_return=23.0))
    assert len(stream.getvalue().lstrip("\r")) == 59


def test_a_log_gets_a_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one at once: a short recording says nothing but its summary."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stream = io.StringIO()
    reporter = Reporter("CartPole-v1", stream)
    for second in range(25):
        now[0] = 100.0 + second
        reporter(_progress(steps=second))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert all("\r" not in line for line in lines)


def test_a_terminal_that_goes_away_stops_nothing() -> None:
    reporter = Reporter("CartPole-v1", Gone())
    reporter(_progress(steps=1))
    reporter.close()


def test_the_nearer_end_counts() -> None:
    progress = Progress(wanted_steps=100, wanted_episodes=10, steps=20, episodes=9)
    assert progress.fraction == 0.9
    assert not progress.enough
