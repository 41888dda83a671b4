"""How a script ended is what its run says, with or without `cornerman run`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cornerman
from cornerman.adapters import program_end
from cornerman.core.logs import LogFilter

SCRIPT = """
import os, sys, gymnasium, cornerman
env = cornerman.record(gymnasium.make("CartPole-v1"), job="script")
env.reset(seed=1)
env.step(0)
{closing}
{ending}
"""


def ended(store: Path, ending: str, closing: str = "", before: tuple[str, ...] = ()) -> Any:
    """The summary of the run of a script that ended so."""
    (store / "script.py").write_text(SCRIPT.format(ending=ending, closing=closing))
    environ = {**os.environ, "CORNERMAN_STORE": str(store)}
    script = [*before, sys.executable, str(store / "script.py")]
    subprocess.run(script, env=environ, capture_output=True, timeout=60, check=False)
    with cornerman.open_store(store) as opened:
        return opened.run("script").summary()


def test_an_exception_that_nobody_caught_is_the_end_of_the_run(tmp_path: Path) -> None:
    """Also where the environment was closed on the way out; the traceback is in the logs."""
    summary = ended(tmp_path, "raise ValueError('the rate is\\nNaN')", "env.close()")
    assert summary.state == "failed"
    assert summary.command.ended == "exited with code 1: ValueError: the rate is NaN"
    with cornerman.open_store(tmp_path) as store:
        (line,) = store.logs.page(LogFilter.parse("code:LOG1109"))
    assert line.record.run_id == summary.run_id
    assert line.record.raw.startswith("Traceback (most recent call last):")


def test_under_the_bridge_it_has_the_same_words(tmp_path: Path) -> None:
    summary = ended(tmp_path, "raise KeyError('x')", before=(sys.executable, "-m", "cornerman", "run", "--"))
    assert (summary.state, summary.command.ended) == ("failed", "exited with code 1: KeyError: 'x'")


def test_an_exception_of_a_forked_worker_is_not_the_end_of_its_program(tmp_path: Path) -> None:
    worker = "env.reset(); env.step(0); raise ValueError"
    summary = ended(tmp_path, f"child = os.fork()\nif not child: {worker}\nos.waitpid(child, 0)")
    assert (summary.state, summary.command, summary.step_count) == ("done", None, 2)


def test_an_exception_that_somebody_caught_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test runner leaves it in the same place, and goes on; so does a prompt."""
    try:
        raise ValueError("caught")
    except ValueError as error:
        monkeypatch.setattr(sys, "last_value", error, raising=False)
        monkeypatch.setattr(sys, "last_exc", error, raising=False)
        monkeypatch.setattr(sys, "last_traceback", error.__traceback__, raising=False)
    assert program_end.uncaught() is None


def test_words_of_an_exception_are_one_short_line() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert program_end.words(ValueError("a\n b")) == "ValueError: a b"
    assert program_end.words(Mute()).endswith("Mute")
    assert len(program_end.words(ValueError("x" * 1000))) == program_end.LONGEST
