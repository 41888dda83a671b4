"""Eight CartPoles at once, learnt by the cross-entropy method: each pole tries out one candidate, the best few breed.

The policy is four weights. A few generations balance the pole for the whole 500 steps, which is quick: the mean moves
slowly here, so that the curve can be watched as it climbs.
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from .learner import Record

_POPULATION, _ELITE = 24, 5
_MOVE = 0.35
"""How far the mean moves towards the elite in a generation."""


class CartPole:
    """A distribution over weights, and eight environments that each try one draw until their episode ends."""

    job = "demo-cartpole"
    steps_per_second = 200.0

    def __init__(self, record: Record, seed: int, num_envs: int = 8) -> None:
        env = gym.make_vec("CartPole-v1", num_envs=num_envs, vectorization_mode="vector_entry_point")
        self._env = record(env, self.job)
        self._random = np.random.default_rng(seed)
        self._mean, self._deviation = np.array([0.0, 0.0, -0.4, 0.0]), np.ones(4)
        self._tried: list[tuple[float, np.ndarray]] = []
        self._weights = np.stack([self._draw() for _ in range(num_envs)])
        self._returns, self._resetting = np.zeros(num_envs), np.zeros(num_envs, bool)
        self._observation, _ = self._env.reset(seed=seed)

    def step(self) -> None:
        action = (np.einsum("ij,ij->i", self._observation, self._weights) > 0).astype(np.int64)
        self._observation, reward, terminated, truncated, _ = self._env.step(action)
        self._returns += np.where(self._resetting, 0.0, reward)
        ended = (terminated | truncated) & ~self._resetting
        for index in np.flatnonzero(ended):
            self._score(int(index))
        self._resetting = ended  # the step after an end resets; its action counts for nothing

    def close(self) -> None:
        self._env.close()

    def _score(self, index: int) -> None:
        """One candidate has shown what it can do; another takes its place, of the next generation when this is full."""
        self._tried.append((float(self._returns[index]), self._weights[index].copy()))
        if len(self._tried) == _POPULATION:
            self._breed()
        self._weights[index], self._returns[index] = self._draw(), 0.0

    def _breed(self) -> None:
        best = np.stack([weights for _, weights in sorted(self._tried, key=lambda tried: -tried[0])[:_ELITE]])
        self._mean += _MOVE * (best.mean(axis=0) - self._mean)
        self._deviation += _MOVE * (best.std(axis=0) + 0.02 - self._deviation)
        self._tried.clear()

    def _draw(self) -> np.ndarray:
        return self._random.normal(self._mean, self._deviation)
