"""Every environment that Gymnasium knows here: its spaces are recorded and read back equal, and so are its values."""

from __future__ import annotations

import copy
import re
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import cornerman
from cornerman.adapters.environments import draw_in_memory
from cornerman.adapters.spaces import describe, rebuild
from cornerman.core.spaces import Custom, decode, digest, encode, parse, words
from cornerman.core.spaces.document import canonical

draw_in_memory()
OWN = sorted(name for name, spec in gymnasium.registry.items() if "ale_py" not in str(spec.entry_point))
LIGHT = [name for name in OWN if re.search("toy_text|classic_control", str(gymnasium.registry[name].entry_point))]
"""What Gymnasium makes without further packages; the whole registry is tried on request."""


class Seen(gymnasium.Wrapper):
    """Remembers what the environment returned, apart from the recording."""

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        self.observations: list[Any] = []

    def reset(self, **kwargs: Any) -> Any:
        observation, info = self.env.reset(**kwargs)
        self.observations.append(copy.deepcopy(observation))
        return observation, info

    def step(self, action: Any) -> Any:
        result = self.env.step(action)
        self.observations.append(copy.deepcopy(result[0]))
        return result


def made(name: str, **kwargs: Any) -> gymnasium.Env:
    """The environment, without what it has to say about itself; skipped where it cannot be made here."""
    try:
        return gymnasium.make(name, **kwargs)
    except Exception as error:  # jax, an older MuJoCo, another package: not installed
        pytest.skip(f"{name} cannot be made here: {error}")


def assert_equal(one: Any, other: Any) -> None:
    if isinstance(other, dict):
        assert list(one) == list(other)
        for key in other:
            assert_equal(one[key], other[key])
    elif isinstance(other, tuple):
        assert len(one) == len(other)
        for item, expected in zip(one, other, strict=True):
            assert_equal(item, expected)
    else:
        array, expected = np.asarray(one), np.asarray(other)
        assert (array.dtype, array.shape, array.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())


def record_and_compare(store: Path, name: str, steps: int, **kwargs: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inner = Seen(made(name, **kwargs))
        env: Any = cornerman.record(inner, store=store, frames="none")
        env.reset(seed=5)
        env.action_space.seed(5)
        actions = [env.action_space.sample() for _ in range(steps)]
        for action in actions:
            *_, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                break
        stream_id = env.cornerman.stream_id
        env.close()
    with cornerman.open_store(store, read_only=True) as opened:
        stream = opened.stream(stream_id)
        for space, declared in (
            (inner.observation_space, stream.observation_space),
            (inner.action_space, stream.action_space),
        ):
            assert declared is not None
            assert declared == describe(space)
            assert not isinstance(declared, Custom)
            assert rebuild(parse(canonical(declared))) == space
        for row, expected in enumerate(inner.observations):
            step = stream.step(row)
            assert_equal(step.observation, expected)
            declared = describe(inner.action_space)
            assert_equal(decode(declared, encode(declared, step.action)), step.action)
            if row:
                assert_equal(step.action, actions[row - 1])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.mark.parametrize("name", LIGHT)
def test_an_environment_comes_back(store: Path, name: str) -> None:
    record_and_compare(store, name, 10)


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in OWN if name not in LIGHT])
def test_every_other_environment_comes_back(store: Path, name: str) -> None:
    """Box2D, MuJoCo, JAX: whatever is installed here."""
    record_and_compare(store, name, 3 if name.startswith("CarRacing") else 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CartPole-v1", "Blackjack-v1", "FrozenLake-v1", "Pendulum-v1"])
def test_a_vector_of_them_says_both_its_spaces(store: Path, name: str) -> None:
    """The batch's and one sub-environment's, each under its digest."""
    made(name).close()
    env: Any = cornerman.record(
        gymnasium.make_vec(name, num_envs=4, vectorization_mode="sync"), store=store, frames="none"
    )
    env.reset(seed=1)
    env.step(env.action_space.sample())
    stream_id = env.cornerman.stream_id
    env.close()
    with cornerman.open_store(store, read_only=True) as opened:
        stream = opened.stream(stream_id)
        assert stream.observation_space == describe(env.observation_space)
        assert stream.single_action_space == describe(env.single_action_space)
        for space_name, space in stream.spaces().items():
            said = stream.manifest[space_name]
            assert said == {"space": digest(space), "words": words(space)}


@pytest.mark.soak
@pytest.mark.parametrize("obs_type", ["rgb", "grayscale", "ram"])
def test_every_atari_game_comes_back(store: Path, obs_type: str) -> None:
    gymnasium.register_envs(pytest.importorskip("ale_py"))
    for name, spec in gymnasium.registry.items():
        if spec.namespace == "ALE":
            record_and_compare(store, name, 5, obs_type=obs_type)
