"""FrozenLake with tabular Q-learning: from stumbling into holes to the shortest path in about half a minute."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from .learner import Record

_LEARNING_RATE, _DISCOUNT = 0.5, 0.97
_EXPLORE_FIRST, _EXPLORE_LAST, _EXPLORE_EPISODES = 1.0, 0.02, 250


class FrozenLake:
    """A table of values, explored less and less."""

    job = "demo-frozenlake"
    steps_per_second = 100.0

    def __init__(self, record: Record, seed: int) -> None:
        self._env = record(gym.make("FrozenLake-v1", is_slippery=False), self.job)
        self._random = np.random.default_rng(seed)
        self._values = np.zeros((self._env.observation_space.n, self._env.action_space.n))
        self._episodes = 0
        self._state, _ = self._env.reset(seed=seed)

    def step(self) -> None:
        action = self._action()
        state, reward, terminated, truncated, _ = self._env.step(action)
        future = 0.0 if terminated else self._values[state].max()
        error = float(reward) + _DISCOUNT * future - self._values[self._state, action]
        self._values[self._state, action] += _LEARNING_RATE * error
        self._state = state
        if terminated or truncated:
            self._episodes += 1
            self._state, _ = self._env.reset()

    def close(self) -> None:
        self._env.close()

    def _action(self) -> int:
        """Random at first, the best known later; equally good ones by lot, or it would walk in circles."""
        progress = min(1.0, self._episodes / _EXPLORE_EPISODES)
        if self._random.random() < _EXPLORE_FIRST + (_EXPLORE_LAST - _EXPLORE_FIRST) * progress:
            return int(self._random.integers(self._values.shape[1]))
        row = self._values[self._state]
        return int(self._random.choice(np.flatnonzero(row == row.max())))
