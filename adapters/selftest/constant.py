"""An environment that costs nothing: it returns, again and again, what another one once returned.

With it, what recording takes can be seen without the environment, and much can be recorded in little time.
"""

from __future__ import annotations

from typing import Any

import gymnasium


class Constant(gymnasium.Env[Any, Any]):
    """Steps as the first step of `like` was."""

    def __init__(self, like: gymnasium.Env[Any, Any]) -> None:
        self.observation_space, self.action_space = like.observation_space, like.action_space
        like.action_space.seed(0)
        self.action = like.action_space.sample()
        self._first = like.reset(seed=0)
        observation, reward, _, _, info = like.step(self.action)
        self._result = (observation, reward, False, False, info)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self._first

    def step(self, action: Any) -> Any:
        return self._result


def drive(env: Any, action: Any, steps: int) -> None:
    """The plainest loop there is."""
    step = env.step
    for _ in range(steps):
        step(action)
