"""Recordings that tests read back: what a loop saw, kept beside what was recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import cornerman


@dataclass
class Seen:
    """One episode as the loop saw it."""

    observations: list[Any]
    actions: list[Any] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    over: bool = False


class Walk(gym.Env[np.ndarray, np.int64]):
    """Random lengths and rewards: episodes of one to `longest` steps, an info that changes its keys."""

    def __init__(self, longest: int = 20, end: float = 0.08) -> None:
        self.longest, self.end = longest, end
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = gym.spaces.Discrete(3)
        self.count = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return self._look(), {"start": 7}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.count += 1
        info = {"count": self.count, **({"rare": "yes"} if self.np_random.random() < 0.2 else {})}
        over = bool(self.np_random.random() < self.end)
        return self._look(), float(self.np_random.normal()), over, self.count >= self.longest, info

    def _look(self) -> np.ndarray:
        return self.np_random.normal(size=3).astype(np.float32)


class Faulty(Walk):
    """Every tenth step is beyond the bounds, every fifteenth reward is no number."""

    def __init__(self, longest: int = 20, *, sound: bool = False) -> None:
        super().__init__(longest)
        self.observation_space = gym.spaces.Box(-10, 10, (3,), np.float32)
        self.sound, self.steps = sound, 0

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = super().step(action)
        self.steps += 1
        if not self.sound:
            if self.steps % 10 == 0:
                observation[1] = 99
            if self.steps % 15 == 0:
                reward = float("nan")
        return observation, reward, terminated, truncated, info


class Recording:
    """A loop over a recorded environment, as long as the test wants it; `seen` is what it saw."""

    def __init__(
        self, store: Path, env: gym.Env[Any, Any] | None = None, job: str = "test", seed: int = 3, **options: Any
    ) -> None:
        self.store = store
        self.env = cornerman.record(env or Walk(), job=job, store=store, **options)
        self.env.action_space.seed(seed)
        self.seen: list[Seen] = [Seen([np.array(self.env.reset(seed=seed)[0])])]

    def run(self, steps: int) -> Recording:
        for _ in range(steps):
            action = self.env.action_space.sample()
            observation, reward, terminated, truncated, _ = self.env.step(action)
            now = self.seen[-1]
            now.observations.append(np.array(observation))
            now.actions.append(action)
            now.rewards.append(float(reward))
            if terminated or truncated:
                now.over = True
                self.seen.append(Seen([np.array(self.env.reset()[0])]))
        return self

    def close(self) -> Recording:
        self.env.close()
        return self
