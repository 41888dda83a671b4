"""The schema that spaces declare allows what is normal and says what is not."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from cornerman.adapters.spaces import describe
from cornerman.core.schema import validator
from cornerman.core.schema.one_step import step_problems
from cornerman.core.schema.step_document import as_json
from cornerman.core.schema.step_schema import derived_schema, space_schema

s = gym.spaces
SPACES: dict[str, gym.Space[Any]] = {
    "box": s.Box(-1, 1, (3,), np.float32),
    "endless box": s.Box(-np.inf, np.inf, (2, 2), np.float64),
    "box with its own bounds": s.Box(np.array([-1, -np.inf]), np.array([2, 5]), dtype=np.float64),
    "picture": s.Box(0, 255, (4, 4, 3), np.uint8),
    "number": s.Box(0, 1, (), np.float32),
    "empty": s.Box(0, 1, (0,), np.float32),
    "discrete": s.Discrete(4, start=-1),
    "bits": s.MultiBinary((2, 3)),
    "choices": s.MultiDiscrete([3, 5], start=[1, -2]),
    "text": s.Text(5),
    "dict": s.Dict({"a": s.Discrete(2), "b": s.Box(-1, 1, (2,))}),
    "tuple": s.Tuple((s.Discrete(2), s.Text(3))),
    "sequence": s.Sequence(s.Box(0, 1, (2,))),
    "stacked": s.Sequence(s.Box(0, 1, (2,)), stack=True),
    "one of": s.OneOf((s.Discrete(2), s.Box(0, 1))),
    "graph": s.Graph(s.Box(0, 1, (2,)), None),
}


@pytest.mark.parametrize("name", SPACES)
def test_a_space_allows_its_own_samples(name: str) -> None:
    space = SPACES[name]
    space.seed(1)
    judge = validator(space_schema(describe(space)))
    for _ in range(30):
        sample = as_json(space.sample())
        assert judge.is_valid(sample), judge.problems(sample)


def step(**changed: Any) -> dict[str, Any]:
    usual = {
        "observation": np.zeros(4, np.float32), "action": 1, "reward": 1.0, "terminated": False, "truncated": False,
        "info": {},
    }  # fmt: skip
    return {**usual, **changed}


CARTPOLE = gym.make("CartPole-v1")
SCHEMA = derived_schema(
    "CartPole-v1", describe(CARTPOLE.observation_space), describe(CARTPOLE.action_space)
).schema  # fmt: skip
NORMAL = {
    "as declared": step(),
    "doubles instead of floats": step(observation=np.zeros(4)),
    "a rounding error beyond a bound": step(observation=np.array([4.8 + 1e-6, 0, 0, 0])),
    "infinite where no bound is": step(observation=np.array([0, np.inf, 0, 0])),
    "an action as an array": step(action=np.array(1)),
    "a truth value as an action": step(action=True),
    "any info": step(info={"a": "text", "b": [1]}),
    "an integer as a reward": step(reward=1),
}
WRONG = {
    "out of bounds": (step(observation=np.array([5.0, 0, 0, 0])), "/observation/0", "maximum"),
    "not a number": (step(observation=np.array([0, np.nan, 0, 0])), "/observation", "x-nan"),
    "another shape": (step(observation=np.zeros(5)), "/observation", "maxItems"),
    "an action that is none": (step(action=2), "/action", "maximum"),
    "a fraction as an action": (step(action=0.5), "/action", "type"),
    "a reward that is no number": (step(reward=float("nan")), "/reward", "x-nan"),
    "a reward of another kind": (step(reward="much"), "/reward", "type"),
}


@pytest.mark.parametrize("name", NORMAL)
def test_what_is_normal_is_allowed(name: str) -> None:
    assert step_problems(SCHEMA, NORMAL[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str) -> None:
    """Where, by which rule: as whoever has to put it right needs it."""
    given, path, rule = WRONG[name]
    assert [(found.path, found.rule) for found in step_problems(SCHEMA, given)] == [(path, rule)]


def test_equal_spaces_have_one_schema_and_others_another() -> None:
    one, same = (derived_schema("A/b c-v1", describe(s.Discrete(2)), None) for _ in range(2))
    other = derived_schema("A/b c-v1", describe(s.Discrete(3)), None)
    assert one.pin == same.pin != other.pin
    assert one.id.startswith("derived.A-b-c-v1.")
