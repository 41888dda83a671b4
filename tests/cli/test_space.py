"""`cornerman space dump`: what an environment, a file or a run allows, and the digest that names it."""

from __future__ import annotations

import json

import pytest
from command_line import Cornerman

MODULE = """
import gymnasium
import numpy as np
space = gymnasium.spaces.Box(0, 255, (210, 160, 3), np.uint8)
def make():
    return gymnasium.make("FrozenLake-v1")
class Own(gymnasium.spaces.Space):
    pass
number = 7
"""


def test_an_environment_has_the_digests_of_its_run(recorded: Cornerman) -> None:
    """What was recorded is what the environment declares."""
    declared = recorded.json("space", "dump", "CartPole-v1")
    of_run = recorded.json("space", "dump", "single")
    assert (declared["source"], of_run["source"]) == ("environment", "run")
    assert [item["digest"] for item in declared["spaces"]] == [item["digest"] for item in of_run["spaces"]]
    vector = recorded.json("space", "dump", "CartPole-v1", "--num-envs", "3")
    assert {item["name"]: item["digest"] for item in vector["spaces"]} == {
        item["name"]: item["digest"] for item in recorded.json("space", "dump", "vector")["spaces"]
    }


def test_show_has_the_descriptors_as_json(recorded: Cornerman) -> None:
    stream = recorded.json("show", "single")["streams"][0]
    assert stream["spaces"]["action_space"]["descriptor"] == {"type": "Discrete", "n": 2, "start": 0, "dtype": "<i8"}
    assert stream["spaces"]["action_space"]["digest"] == stream["manifest"]["action_space"]["space"]
    assert "Discrete 2: 0 to 1" in recorded("show", "single").stdout


def test_python_and_json_files_are_read(cornerman: Cornerman) -> None:
    (cornerman.folder / "mine.py").write_text(MODULE)
    done = cornerman("space", "dump", "mine.py:space")
    assert done.returncode == 0
    assert "Box (210, 160, 3) uint8, 0 to 255" in done.stdout
    assert len(done.stdout) < 250
    names = [item["name"] for item in cornerman.json("space", "dump", "mine.py:make")["spaces"]]
    assert names == ["observation_space", "action_space"]
    saved = cornerman.json("space", "dump", "mine.py:space")
    (cornerman.folder / "saved.json").write_text(json.dumps(saved))
    (cornerman.folder / "one.json").write_text(json.dumps(saved["spaces"][0]["descriptor"]))
    for file in ("saved.json", "one.json"):
        again = cornerman.json("space", "dump", file)
        assert again["spaces"][0]["digest"] == saved["spaces"][0]["digest"]
    own = cornerman.json("space", "dump", "mine.py:Own")["spaces"][0]
    assert own["descriptor"]["class"] == "mine.Own"
    assert "codec" in own["not_rebuilt"]


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("CartPole-v9", 2, "no environment"),
        ("cartpole", 1, "Did you mean CartPole-v1"),
        ("mine.py:nothing", 2, "has no nothing"),
        ("mine.py:number", 2, "neither a space nor an environment"),
        ("wrong.json", 1, "n is 0"),
        ("mine.py", 2, "cannot be read as JSON"),
    ],
)
def test_what_cannot_be_described_is_said_in_words(cornerman: Cornerman, target: str, code: int, said: str) -> None:
    (cornerman.folder / "mine.py").write_text(MODULE)
    (cornerman.folder / "wrong.json").write_text('{"type": "Discrete", "n": 0}')
    done = cornerman("space", "dump", target)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
