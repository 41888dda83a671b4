"""Uses the public face as a user would, for the type checkers: a signature that changes shows up here. Never run."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym

import cornerman


def record_one() -> None:
    """A recorded environment has the types of the one that was given."""
    env = cornerman.record(gym.make("CartPole-v1"), job="baseline", store=Path("runs"), frames="every=10")
    observation, info = env.reset(seed=1)
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    env.close()


def read_back() -> float:
    """Store, runs, episodes, arrays."""
    total = 0.0
    with cornerman.open_store() as store:
        run: cornerman.Run = store.run("latest")
        for episode in run.episodes():
            total += episode.total_reward + float(episode.observations.shape[0])
        for step in run.steps():
            record: cornerman.StepRecord = step
            total += record.reward or 0.0
        count: int = run.step_count
    return total + count


def refuse() -> str:
    """Every error has one root."""
    try:
        cornerman.open_store("nowhere")
    except cornerman.CornermanError as error:
        return error.remedy
    return cornerman.__version__
