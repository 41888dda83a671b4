"""The demo's environment with pictures: CarRacing, else CartPole rendered, else a built-in ball to catch.

CarRacing needs Box2D and pygame, CartPole's pictures need pygame; not every host has them, and the demo runs on each.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import gymnasium as gym
import numpy as np

from .catch import Catch
from .learner import Learner, Record

_CAR_ROW, _CAR_COLUMN, _LOOK_AHEAD = 66, 47.5, (50, 58)
"""Where the car is in its picture, and the rows in front of it by which it steers."""


def pixels(record: Record, seed: int) -> tuple[Learner, str]:
    """The best of the three that this host can run, and why it is that one."""
    missing = [name for name in ("Box2D", "pygame") if find_spec(name) is None]
    if not missing:
        return CarRacing(record, seed), "CarRacing-v3"
    if "pygame" not in missing:
        return RenderedCartPole(record, seed), "CartPole-v1 rendered: Box2D is missing for CarRacing-v3"
    return CatchTheBall(record, seed), "a built-in ball to catch: pygame is missing for CartPole-v1 and CarRacing-v3"


class CarRacing:
    """Drives by what it sees: steers towards the middle of the grey road ahead, brakes where it bends."""

    job = "demo-carracing"
    steps_per_second = 25.0

    def __init__(self, record: Record, seed: int) -> None:
        self._env = record(gym.make("CarRacing-v3", max_episode_steps=400), self.job)
        self._observation, _ = self._env.reset(seed=seed)

    def step(self) -> None:
        self._observation, _, terminated, truncated, _ = self._env.step(drive_by_sight(self._observation))
        if terminated or truncated:
            self._observation, _ = self._env.reset()

    def close(self) -> None:
        self._env.close()


def drive_by_sight(picture: np.ndarray) -> np.ndarray:
    """Steering, gas and brake for a picture of 96 x 96 from above."""
    ahead = picture[_LOOK_AHEAD[0] : _LOOK_AHEAD[1]].astype(np.int16)
    grass = ahead[:, :, 1] > ahead[:, :, 0] + 30
    columns = np.nonzero(~grass)[1]
    offset = (columns.mean() - _CAR_COLUMN) / 20 if columns.size else 0.0
    bend = min(1.0, abs(offset))
    speed = picture[84:, 13, :].max(axis=1).astype(int)
    fast = int((speed > 100).sum()) > 4
    return np.array(
        [np.clip(offset, -1, 1), 0.0 if fast else 0.3 * (1 - bend), 0.3 * bend if fast else 0.0], np.float32
    )


class RenderedCartPole:
    """Random search over four weights: a new draw, or the best so far slightly moved; the better one is kept."""

    job = "demo-cartpole-pixels"
    steps_per_second = 30.0

    def __init__(self, record: Record, seed: int) -> None:
        self._env = record(gym.make("CartPole-v1", render_mode="rgb_array"), self.job)
        self._random = np.random.default_rng(seed)
        self._best, self._best_return = np.zeros(4), -1.0
        self._weights, self._return = self._random.normal(size=4), 0.0
        self._observation, _ = self._env.reset(seed=seed)

    def step(self) -> None:
        action = int(self._observation @ self._weights > 0)
        self._observation, reward, terminated, truncated, _ = self._env.step(action)
        self._return += float(reward)
        if terminated or truncated:
            if self._return >= self._best_return:
                self._best, self._best_return = self._weights, self._return
            self._weights, self._return = self._draw(), 0.0
            self._observation, _ = self._env.reset()

    def close(self) -> None:
        self._env.close()

    def _draw(self) -> np.ndarray:
        if self._random.random() < 0.5:
            return self._random.normal(size=4)
        return self._best + self._random.normal(scale=0.1, size=4)


class CatchTheBall:
    """Follows the ball, and looks away ever less often."""

    job = "demo-catch"
    steps_per_second = 25.0

    def __init__(self, record: Record, seed: int) -> None:
        self._env: Any = record(Catch(), self.job)
        self._random = np.random.default_rng(seed)
        self._episodes = 0
        self._observation, _ = self._env.reset(seed=seed)

    def step(self) -> None:
        self._observation, _, terminated, _, _ = self._env.step(self._action())
        if terminated:
            self._episodes += 1
            self._observation, _ = self._env.reset()

    def close(self) -> None:
        self._env.close()

    def _action(self) -> int:
        if self._random.random() < 0.9 * 0.97**self._episodes:
            return int(self._random.integers(3))
        red, blue = self._observation[:, :, 0], self._observation[:, :, 2]
        ball, paddle = np.argmax(red.max(axis=0)), np.flatnonzero(blue[-1]).mean()
        return 1 + int(np.sign(ball - paddle) if abs(ball - paddle) > 3 else 0)
