"""`cornerman contract test`: what a producer sends and records is judged, and its end is passed on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Cornerman

TICKS = {
    "id": "ticks",
    "version": "1.0.0",
    "type": "object",
    "properties": {"price": {"type": "number"}},
    "required": ["price"],
    "additionalProperties": False,
}


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    command = Cornerman(tmp_path / "store", tmp_path)
    (tmp_path / "ticks.json").write_text(json.dumps(TICKS))
    command.json("schema", "add", "ticks.json")
    yield command
    command.stop()


def report_on(cornerman: Cornerman, program: str, *options: str) -> tuple[int, Any, str]:
    """The exit code, the report, and what went to stderr."""
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = cornerman("contract", "test", "--json", *options, "--", *command)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_lines_are_judged_by_the_schema_they_name(cornerman: Cornerman) -> None:
    code, report, talk = report_on(
        cornerman,
        """
        import json
        print("Epoch 1")
        print(json.dumps({"schema": "ticks@1.0.0", "price": 1}))
        print(json.dumps({"schema": "ticks", "payload": {"price": 2}}))
        print(json.dumps({"schema": "ticks@1.0.0", "price": "two"}))
        print(json.dumps({"schema": "ticks@9.0.0", "price": 2}))
        print(json.dumps({"price": 2}))
        """,
    )
    assert code == 1
    assert "Epoch 1" in talk
    found = {each["schema"]: (each["sent"], each["refused"]) for each in report["schemas"]}
    assert found == {"ticks@1.0.0": (3, 1), "ticks@9.0.0": (1, 1), "(no schema)": (1, 1)}
    assert report["schemas"][0]["first"] == [{"where": "line 4", "problem": '/price: "two" is not of type "number"'}]
    assert report["other_lines"] == 1


def test_lines_that_name_none_are_judged_by_the_one_given(cornerman: Cornerman) -> None:
    program = 'import json; [print(json.dumps({"price": n})) for n in range(5)]'
    code, report, _ = report_on(cornerman, program, "--schema", "ticks@1.0.0")
    assert (code, report["kept"], report["sent"]) == (0, True, 5)


@pytest.mark.parametrize("broken", [False, True])
def test_recorded_steps_are_judged(cornerman: Cornerman, broken: bool) -> None:
    """By what the spaces declare; and the user's own store knows nothing of it."""
    code, report, _ = report_on(
        cornerman,
        f"""
        import cornerman, gymnasium as gym
        class Broken(gym.ObservationWrapper):
            def observation(self, observation):
                return observation * float("nan")
        env = gym.make("CartPole-v1")
        env = cornerman.record(Broken(env) if {broken} else env)
        env.action_space.seed(1)
        env.reset(seed=1)
        for _ in range(60):
            if any(env.step(env.action_space.sample())[2:4]):
                env.reset()
        env.close()
        """,
    )
    (steps,) = report["schemas"]
    assert (steps["kind"], steps["sent"], steps["refused"]) == ("steps", 60, 60 if broken else 0)
    assert (code, report["kept"]) == ((1, False) if broken else (0, True))
    assert cornerman.json("runs")["runs"] == []


def test_a_producer_that_sends_nothing_keeps_no_contract(cornerman: Cornerman) -> None:
    assert report_on(cornerman, "pass")[0] == 1


def test_the_end_of_the_program_is_passed_on(cornerman: Cornerman) -> None:
    assert report_on(cornerman, "raise SystemExit(7)")[0] == 7
    assert report_on(cornerman, "import os; os.kill(os.getpid(), 9)")[0] == 137
    assert cornerman("contract", "test", "--", "no-such-program").returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_program(cornerman: Cornerman, number: signal.Signals) -> None:
    """It can end well, and what it sent is judged."""
    program = """
        import json, os, signal, sys, time
        def end(*_):  # perhaps within a print, which may not be entered twice
            os.write(1, json.dumps({"schema": "ticks@1.0.0", "price": 2}).encode() + bytes([10]))
            sys.exit(5)
        signal.signal(signal.SIGTERM, end); signal.signal(signal.SIGINT, end)
        print(json.dumps({"schema": "ticks@1.0.0", "price": 1}), flush=True)
        print("ready", flush=True)
        time.sleep(30)
        """
    child: subprocess.Popen[str] = cornerman.start(
        "contract", "test", "--json", "--", sys.executable, "-c", textwrap.dedent(program)
    )
    assert child.stderr is not None
    assert child.stdout is not None
    assert "ready" in child.stderr.readline()
    child.send_signal(number)
    out, _ = child.communicate(timeout=30)
    assert child.returncode == 5
    assert json.loads(out)["sent"] == 2
