"""Per-environment episodes of a vector environment equal, row for row, those of each environment recorded alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import cornerman

ENVS = 3
STEPS = 400


def make(index: int) -> Callable[[], gymnasium.Env[Any, Any]]:
    """CartPole that also truncates, each sub-environment at another length, so that ends interleave."""
    return lambda: gymnasium.make("CartPole-v1", max_episode_steps=11 + 7 * index)


def policy(step: int, index: int) -> int:
    return (step * (index + 2) // 3) % 2


ARRAYS = ("observations", "actions", "rewards", "terminated", "truncated", "final_observation")
FACTS = ("env_index", "episode", "length", "ended", "total_reward", "seed")


def load(store: Path, job: str) -> list[dict[str, Any]]:
    """Every episode of a job with its arrays."""
    with cornerman.open_store(store) as opened:
        episodes = list(opened.run(job).episodes())
        return [{name: getattr(episode, name) for name in (*FACTS, *ARRAYS)} for episode in episodes]


def alone(store: Path, index: int, steps: int) -> list[dict[str, Any]]:
    """The episodes of one environment that takes `steps` transitions by its own count."""
    env = cornerman.record(make(index)(), store=store, job=f"alone{index}")
    env.reset(seed=100 + index)
    for step in range(steps):
        _, _, terminated, truncated, _ = env.step(policy(step, index))
        if terminated or truncated:
            env.reset()
    env.close()
    return load(store, f"alone{index}")


def together(store: Path, mode: AutoresetMode, vector_class: Any) -> dict[int, list[dict[str, Any]]]:
    """The same environments in one vector environment; each acts by the count of its own transitions."""
    env = vector_class([make(index) for index in range(ENVS)], autoreset_mode=mode)
    env = cornerman.record(env, store=store, job="together")
    env.reset(seed=100)
    taken, done = np.zeros(ENVS, np.int64), np.zeros(ENVS, np.bool_)
    for _ in range(STEPS):
        actions = np.array([policy(int(taken[index]), index) for index in range(ENVS)])
        _, _, terminated, truncated, _ = env.step(actions)
        taken += ~done if mode is AutoresetMode.NEXT_STEP else 1
        done = terminated | truncated
        if mode is AutoresetMode.DISABLED and done.any():
            env.reset(options={"reset_mask": done})
    env.close()
    episodes = load(store, "together")
    return {index: [episode for episode in episodes if episode["env_index"] == index] for index in range(ENVS)}


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("vector_class", [gymnasium.vector.SyncVectorEnv, gymnasium.vector.AsyncVectorEnv])
def test_episodes_equal_those_recorded_alone(tmp_path: Path, mode: AutoresetMode, vector_class: Any) -> None:
    """Observations, actions, rewards, ends, final observation, seed and order, in every autoreset mode."""
    found = together(tmp_path / "together", mode, vector_class)
    for index in range(ENVS):
        expected = alone(tmp_path / f"alone{index}", index, STEPS)
        compared = 0
        for one, other in zip(found[index], expected, strict=False):
            if "interrupted" in (one["ended"], other["ended"]):
                break
            compared += 1
            for fact in FACTS[1:]:
                assert one[fact] == other[fact], fact
            for name in ARRAYS:
                assert one[name].dtype == other[name].dtype, name
                assert np.array_equal(one[name], other[name]), name
            assert one["seed"] == 100 + index
        assert compared > 10


def test_native_vector_environments_are_recorded(tmp_path: Path) -> None:
    """CartPole's own vector environment: its observations are transposed views, sixty-four at a time."""
    env = cornerman.record(gymnasium.make_vec("CartPole-v1", 64, "vector_entry_point"), store=tmp_path, job="native")
    env.action_space.seed(0)
    observations, _ = env.reset(seed=7)
    seen = [observations.copy()]
    rewards = np.zeros(64)
    for _ in range(150):
        observations, reward, *_ = env.step(env.action_space.sample())
        seen.append(observations.copy())
        rewards += reward
    env.close()
    with cornerman.open_store(tmp_path) as store:
        run = store.run("latest")
        stream = run.streams()[0]
        for row in (0, 1, 60, 150):
            for index in (0, 13, 63):
                assert np.array_equal(stream.step(row, index).observation, seen[row][index])
        assert run.step_count == 150
        assert run.summary().ledger.balanced
        totals = sum(episode.total_reward for episode in run.episodes())
        assert totals == run.summary().transition_count == rewards.sum()
