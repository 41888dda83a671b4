"""Values of every space come back bit for bit: dtype, shape, structure, NaN; single and batched."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import some_spaces
from gymnasium import spaces
from hypothesis import HealthCheck, given, settings

import cornerman
from cornerman.adapters.spaces import describe, rebuild
from cornerman.core.graph_value import is_graph


class Mission(spaces.Space[str]):
    """A space of somebody's own, as MiniGrid has one."""

    def __init__(self) -> None:
        super().__init__(dtype=str)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        return f"go to {self.np_random.integers(9)}"

    def contains(self, x: Any) -> bool:
        return isinstance(x, str)


SPACES: dict[str, spaces.Space[Any]] = {
    "box": spaces.Box(-np.inf, np.inf, (2, 3), np.float64),
    "float16": spaces.Box(-1, 1, (5,), np.float16),
    "scalar box": spaces.Box(-1, 1, (), np.float32),
    "bytes": spaces.Box(0, 255, (4, 4, 3), np.uint8),
    "wide": spaces.Box(-1, 1, (400,), np.float64),
    "empty": spaces.Box(-1, 1, (0,), np.float32),
    "discrete": spaces.Discrete(5, start=-2),
    "binary": spaces.MultiBinary((2, 3)),
    "multi": spaces.MultiDiscrete([3, 4, 5]),
    "text": spaces.Text(12, charset="abcäöü日本"),
    "dict": spaces.Dict(
        {
            "b": spaces.Discrete(3),
            "a": spaces.Box(-1, 1, (2,), np.float32),
            "deep": spaces.Dict({"x": spaces.MultiBinary(3)}),
        }
    ),
    "tuple": spaces.Tuple((spaces.Discrete(3), spaces.Box(0, 9, (2,), np.int16), spaces.Tuple((spaces.Discrete(2),)))),
    "dict with text": spaces.Dict({"mission": spaces.Text(8), "image": spaces.Box(0, 255, (3, 3), np.uint8)}),
    "sequence": spaces.Sequence(spaces.Box(-1, 1, (2,), np.float32)),
    "graph": spaces.Graph(spaces.Box(-1, 1, (2,), np.float32), spaces.Discrete(3)),
    "one of": spaces.OneOf((spaces.Discrete(2), spaces.Box(-1, 1, (2,), np.float32))),
    "custom": Mission(),
}


class Sampler(gymnasium.Env):
    """Returns samples of its observation space, and takes samples of its action space."""

    def __init__(self, space: spaces.Space[Any]) -> None:
        self.observation_space = space
        self.action_space = space
        self.seen: list[Any] = []

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self._sample(), {}

    def step(self, action: Any) -> Any:
        return self._sample(), 0.5, False, len(self.seen) % 7 == 0, {}

    def _sample(self) -> Any:
        self.seen.append(self.observation_space.sample())
        return self.seen[-1]


def same(one: Any, other: Any) -> bool:
    """Equal to the bit: structure, dtype and shape included. A number and its zero-dimensional array are the same."""
    if isinstance(other, dict):
        return isinstance(one, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in other)
    if isinstance(other, (tuple, list)):
        return isinstance(one, (tuple, list)) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(other, (np.ndarray, np.generic)):
        a, b = np.asarray(one), np.asarray(other)
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return bool(one == other)


@pytest.mark.parametrize("name", SPACES)
def test_every_space_comes_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    """Observations and actions, of single environments."""
    inner = Sampler(SPACES[name])
    env = cornerman.record(inner, store=tmp_path, job="space", frames="none")
    env.reset(seed=3)
    actions = [inner.action_space.sample() for _ in range(20)]
    for action in actions:
        env.step(action)
    env.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        assert stream.row_count() == 21
        for row, expected in enumerate(inner.seen):
            step = stream.step(row)
            assert same(step.observation, expected), (row, step.observation, expected)
            if row:
                assert same(step.action, actions[row - 1])
        assert stream.summary().ledger.balanced
        assert not stream.summary().ledger.dropped


@pytest.mark.parametrize("name", [name for name in SPACES if name not in ("custom", "graph", "sequence", "one of")])
def test_every_space_comes_back_from_a_vector_environment(tmp_path: Path, name: str) -> None:
    """Each sub-environment's observations, of a batch."""
    inner = [Sampler(SPACES[name]) for _ in range(3)]
    for sampler in inner:
        sampler.observation_space = sampler.action_space = copy.deepcopy(SPACES[name])
    env = cornerman.record(
        gymnasium.vector.SyncVectorEnv([lambda sampler=sampler: sampler for sampler in inner]),  # type: ignore[misc]
        store=tmp_path, frames="none",
    )  # fmt: skip
    env.reset(seed=3)
    for _ in range(20):
        env.step(env.action_space.sample())
    env.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        for index, sampler in enumerate(inner):
            for row in range(21):
                step = stream.step(row, index)
                assert same(step.observation, sampler.seen[row]), (row, index, step.observation, sampler.seen[row])


def alike(one: Any, other: Any) -> bool:
    """Equal to the bit, graphs as graphs; a number and its zero-dimensional array are the same."""
    if is_graph(other):
        return is_graph(one) and all(map(alike, one, other))
    if isinstance(other, dict):
        return isinstance(one, dict) and list(one) == list(other) and all(alike(one[key], other[key]) for key in other)
    if isinstance(other, tuple):
        return isinstance(one, tuple) and len(one) == len(other) and all(map(alike, one, other))
    return same(one, other) and (type(one) is type(other) or hasattr(other, "dtype"))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(some_spaces.SPACES, some_spaces.SEEDS)
def test_any_nesting_is_recorded_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, space: spaces.Space[Any], seed: int
) -> None:
    """With NaN, infinities and emptiness, which no space foresees; its descriptor is the space's own."""
    values = some_spaces.samples(space, seed, 8)
    env = Sampler(space)
    env._sample = lambda: env.seen.append(values[len(env.seen)]) or env.seen[-1]  # type: ignore[method-assign,func-returns-value]
    recorded = cornerman.record(env, store=tmp_path_factory.getbasetemp() / "nested", frames="none")
    recorded.reset()
    for action in values[1:]:
        recorded.step(action)
    stream_id = recorded.cornerman.stream_id
    recorded.close()
    with cornerman.open_store(tmp_path_factory.getbasetemp() / "nested", read_only=True) as store:
        stream = store.stream(stream_id)
        assert stream.observation_space == describe(space)
        assert rebuild(stream.action_space) == space
        assert stream.row_count() == 8
        for row in range(8):
            assert alike(stream.step(row).observation, values[row])
            assert row == 0 or alike(stream.step(row).action, values[row])


TUPLES = ["sequence", "graph", "one of", "tuple", "text", "dict with text", "edgeless graph"]


@pytest.mark.parametrize("name", TUPLES)
@pytest.mark.parametrize("mode", gymnasium.vector.AutoresetMode)
def test_values_without_a_common_array_come_back_from_vector_environments(
    tmp_path: Path, name: str, mode: gymnasium.vector.AutoresetMode
) -> None:
    """Each sub-environment's own, the last ones of an episode too."""
    space = spaces.Graph(spaces.Discrete(3), None) if name == "edgeless graph" else SPACES[name]
    inner = [Sampler(copy.deepcopy(space)) for _ in range(3)]
    vector = gymnasium.vector.SyncVectorEnv(
        [lambda sampler=sampler: sampler for sampler in inner],  # type: ignore[misc]
        autoreset_mode=mode,
    )
    env = cornerman.record(vector, store=tmp_path, frames="none")
    env.reset(seed=3)
    for _ in range(6 if mode.value == "Disabled" else 30):
        env.step(env.action_space.sample())
    env.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        assert not stream.summary().ledger.dropped
        assert stream.single_observation_space == describe(space)
        for index, sampler in enumerate(inner):
            seen = iter(sampler.seen)
            for step in stream.steps(env_index=index):
                if step.final_observation is not None:
                    assert alike(step.final_observation, next(seen))
                assert alike(step.observation, next(seen))


def test_final_observations_of_sequences_are_kept(tmp_path: Path) -> None:
    """SAME_STEP with values of different lengths: nothing is dropped, the last observation is the environment's."""
    inner = [Sampler(copy.deepcopy(SPACES["sequence"])) for _ in range(2)]
    mode = gymnasium.vector.AutoresetMode.SAME_STEP
    env = gymnasium.vector.SyncVectorEnv([lambda sampler=sampler: sampler for sampler in inner], autoreset_mode=mode)  # type: ignore[misc]
    recorded = cornerman.record(env, store=tmp_path, frames="none")
    recorded.reset(seed=3)
    for _ in range(30):
        recorded.step(recorded.action_space.sample())
    recorded.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        run = store.run("latest")
        assert not run.summary().ledger.dropped
        ended = [episode for episode in run.episodes() if episode.ended == "truncated"]
        assert len(ended) >= 6


@pytest.mark.parametrize("count", [1, 100, 400])
def test_values_of_very_many_parts_are_recorded(tmp_path: Path, count: int) -> None:
    """Long sequences, dictionaries of hundreds of keys, and infos of as many: more columns than can be named."""
    space = spaces.Dict({f"a key of some length {key}": spaces.Discrete(5) for key in range(count)})
    env = Sampler(space)
    long = tuple(np.int64(value) for value in range(count))
    env.step = lambda action: (env._sample(), 0.5, False, False, {f"key {key}": key for key in range(count)})  # type: ignore[method-assign]
    recorded = cornerman.record(env, store=tmp_path, frames="none")
    recorded.reset()
    for _ in range(10):
        recorded.step(long)
    recorded.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        assert stream.summary().ledger.dropped == {}
        for row, expected in enumerate(env.seen):
            assert alike(stream.step(row).observation, expected)
        assert stream.step(4).action == long
        assert len(stream.step(4).info) == count
