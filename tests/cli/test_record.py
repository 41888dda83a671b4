"""`cornerman record`: what is asked for is recorded, whatever ends it, and what cannot be is refused in words."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from command_line import Cornerman

POLICY = """
def act(observation, action_space):
    return int(observation[2] > 0)

def only(observation):
    return int(observation[2] > 0)

def make(env):
    return lambda observation: env.action_space.n - 1

def broken(observation, taken=[]):
    taken.append(1)
    if len(taken) > 20: raise ValueError("no idea")
    return 0

number = 3
"""


def test_records_the_steps_that_were_asked_for(cornerman: Cornerman) -> None:
    """The ledger of the summary counts each of them."""
    summary = cornerman.json("record", "CartPole-v1", "--steps", "250")
    assert summary["steps"] == summary["ledger"]["received"] == 250
    assert summary["ledger"]["balanced"]
    assert summary["stopped_by"] is None


def test_records_the_episodes_that_were_asked_for(cornerman: Cornerman) -> None:
    assert cornerman.json("record", "CartPole-v1", "--episodes", "3")["episodes"] == 3


def test_a_vector_environment_makes_a_transition_in_each(cornerman: Cornerman) -> None:
    """Reset rows of NEXT_STEP are no transitions."""
    summary = cornerman.json("record", "CartPole-v1", "--steps", "60", "--num-envs", "4")
    assert summary["steps"] == 60
    assert 60 * 4 - summary["episodes"] <= summary["transitions"] <= 60 * 4


@pytest.mark.slow
@pytest.mark.parametrize("vectorization", ["sync", "async", "vector_entry_point"])
def test_every_vectorization_records(cornerman: Cornerman, vectorization: str) -> None:
    options = ("--steps", "30", "--num-envs", "2", "--vectorization", vectorization)
    assert cornerman.json("record", "CartPole-v1", *options)["steps"] == 30


def test_the_same_seed_gives_the_same_episodes(cornerman: Cornerman) -> None:
    for job in ("one", "two"):
        cornerman.json("record", "CartPole-v1", "--episodes", "5", "--seed", "11", "--job", job)
    one, two = (cornerman.json("show", job)["streams"][0]["episodes"] for job in ("one", "two"))
    assert [episode["length"] for episode in one] == [episode["length"] for episode in two]


@pytest.mark.parametrize("policy", ["act", "only", "make"])
def test_a_policy_of_the_users_acts(cornerman: Cornerman, policy: str) -> None:
    (cornerman.folder / "mine.py").write_text(POLICY)
    assert cornerman.json("record", "CartPole-v1", "--steps", "50", "--policy", f"mine:{policy}")["steps"] == 50


@pytest.mark.parametrize(
    ("policy", "said"),
    [("mine", "does not name a policy"), ("nowhere:act", "no module nowhere"), ("mine:gone", "has no gone"),
     ("mine:number", "is no function")],
)  # fmt: skip
def test_a_policy_that_cannot_be_had_is_refused(cornerman: Cornerman, policy: str, said: str) -> None:
    (cornerman.folder / "mine.py").write_text(POLICY)
    done = cornerman("record", "CartPole-v1", "--steps", "5", "--policy", policy)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_policy_that_raises_is_named_with_its_line(cornerman: Cornerman) -> None:
    """Whose fault, what, when and where; what was recorded before is kept."""
    (cornerman.folder / "mine.py").write_text(POLICY)
    done = cornerman("record", "CartPole-v1", "--steps", "50", "--policy", "mine:broken")
    assert done.returncode == 1
    assert "The policy raised ValueError" in done.stderr
    assert "after 20 steps: no idea" in done.stderr
    assert "mine.py:13" in done.stderr
    run = cornerman.json("runs")["runs"][0]
    assert (run["state"], run["step_count"]) == ("done", 20)


@pytest.mark.parametrize(
    ("env_id", "said"),
    [("CartPole-v9", "CartPole-v1"), ("CartPoll-v1", "CartPole-v1"), ("Nothing/Like-v0", "ale_py:ALE/Pong-v5")],
)
def test_an_unknown_environment_is_answered_with_what_was_meant(cornerman: Cornerman, env_id: str, said: str) -> None:
    done = cornerman("record", env_id, "--steps", "5")
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    "options",
    [("--steps", "0"), ("--steps", "many"), ("--env-arg", "oops"), ("--env-arg", "nonsense=1"), ("--frames", "perhaps"),
     ("--vectorization", "async")],
)  # fmt: skip
def test_options_typed_wrongly_are_refused(cornerman: Cornerman, options: tuple[str, str]) -> None:
    done = cornerman("record", "CartPole-v1", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_environment_arguments_arrive(cornerman: Cornerman) -> None:
    options = ("--env-arg", "is_slippery=false", "--env-arg", "map_name=8x8")
    run = cornerman.json("record", "FrozenLake-v1", "--steps", "20", *options)["run_id"]
    manifest = cornerman.json("show", run)["streams"][0]["manifest"]
    assert "8x8" in json.dumps(manifest)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [(), ("--num-envs", "2", "--vectorization", "async")])
def test_a_signal_ends_it_cleanly(cornerman: Cornerman, number: signal.Signals, options: tuple[str, ...]) -> None:
    """All that was received is stored, the summary is printed, and the exit code names the signal."""
    child = cornerman.start("record", "CartPole-v1", "--steps", "100_000_000", "--json", *options)
    _wait_until_it_records(cornerman, child)
    os.killpg(child.pid, number) if number == signal.SIGINT else child.send_signal(number)
    stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == 128 + number, stderr
    summary = json.loads(stdout)
    assert summary["stopped_by"] == number.name
    assert summary["ledger"]["stored"] == summary["ledger"]["received"] == summary["transitions"] > 0
    assert cornerman.json("show", summary["run_id"])["state"] == "done"


def test_killed_outright_it_keeps_what_it_had(cornerman: Cornerman) -> None:
    child = cornerman.start("record", "CartPole-v1", "--steps", "100_000_000")
    _wait_until_it_records(cornerman, child)
    seen = cornerman.json("runs")["runs"][0]["step_count"]
    child.kill()
    child.communicate()
    run = cornerman.json("runs")["runs"][0]
    assert run["state"] == "interrupted"
    assert run["step_count"] >= seen
    assert run["ledger"]["balanced"]


def _wait_until_it_records(cornerman: Cornerman, child: object) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = cornerman("runs", "--json")
        if done.returncode == 0 and any(run["step_count"] > 100 for run in json.loads(done.stdout)["runs"]):
            return
        time.sleep(0.2)
    raise AssertionError(f"nothing recorded by {child}")


def test_a_log_gets_lines_not_a_bar(cornerman: Cornerman) -> None:
    """Without a terminal there is nothing to draw a bar on; stdout has the summary alone."""
    done = cornerman("record", "CartPole-v1", "--steps", "50")
    assert "\r" not in done.stderr + done.stdout
    assert done.stdout.startswith("run ")
    assert "50 received = 50 stored · adds up" in done.stdout


def test_a_file_in_the_way_of_the_store(cornerman: Cornerman) -> None:
    """Refused before the environment is made: nothing would be recorded."""
    cornerman.store.write_text("mine")
    done = cornerman("record", "CartPole-v1", "--steps", "5")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert Path(cornerman.store).read_text() == "mine"


def test_a_schema_that_is_not_registered_is_refused_before_anything_is_recorded(cornerman: Cornerman) -> None:
    done = cornerman("record", "CartPole-v1", "--steps", "5", "--schema", "mine.step@1.0.0")
    assert done.returncode != 0
    assert "mine.step" in done.stderr
    assert cornerman.json("runs")["runs"] == []
