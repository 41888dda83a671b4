"""A game in pixels that needs nothing but NumPy: a ball falls, a paddle catches it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

_SIZE, _BALL, _PADDLE, _FALL, _MOVE = 64, 3, 10, 2, 4


class Catch(gym.Env[np.ndarray, np.int64]):
    """Actions: 0 left, 1 stay, 2 right. The episode ends when the ball is down: reward 1 caught, -1 missed."""

    metadata = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (_SIZE, _SIZE, 3), np.uint8)
        self.action_space = gym.spaces.Discrete(3)
        self._ball, self._height, self._paddle = 0, 0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self._ball = int(self.np_random.integers(_SIZE - _BALL))
        self._height, self._paddle = 0, (_SIZE - _PADDLE) // 2
        return self._picture(), {}

    def step(self, action: np.int64 | int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self._paddle = int(np.clip(self._paddle + _MOVE * (int(action) - 1), 0, _SIZE - _PADDLE))
        self._height += _FALL
        down = self._height >= _SIZE - _BALL
        caught = self._paddle - _BALL < self._ball < self._paddle + _PADDLE
        return self._picture(), (1.0 if caught else -1.0) if down else 0.0, down, False, {}

    def _picture(self) -> np.ndarray:
        """The ball is red, the paddle blue."""
        picture = np.zeros((_SIZE, _SIZE, 3), np.uint8)
        picture[self._height : self._height + _BALL, self._ball : self._ball + _BALL, 0] = 255
        picture[-2:, self._paddle : self._paddle + _PADDLE, 2] = 255
        return picture
