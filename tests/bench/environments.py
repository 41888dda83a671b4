"""The environments that are recorded, each with its own number of steps and its own limits."""

# pyright: reportMissingImports=false
# The libraries that are measured come with the `bench` extra; the checkers run without it.

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium as gym

warnings.filterwarnings("ignore", module="pygame")


class Case(NamedTuple):
    """An environment, how long its turns are, and what its loop may cost."""

    name: str
    make: Callable[[], Any]
    steps: int
    """Calls of `step` in one turn: enough that sealing and the end of the stream weigh what they do in use."""
    needs: str = ""
    one_by_one: int = 0
    """Steps of the pass that times each: enough for a quantile; 0 for as many as above."""
    vector: bool = False
    frames: str = "auto"
    loop: tuple[float | None, float | None] = (None, None)
    """Limit and goal of the loop over the bare one."""
    durable: tuple[float | None, float | None] = (None, None)
    """The same, until the stream is closed and everything sealed."""
    cpu_ns: float | None = None
    """Limit of the training thread's own time a step."""

    @property
    def missing(self) -> str:
        """Why it cannot be made here; '' where it can."""
        found = all(importlib.util.find_spec(name) for name in self.needs.split())
        return "" if found else f"needs {self.needs}"


class WithoutInfo(gym.Wrapper[Any, Any, Any, Any]):
    """The same environment with nothing in `info`."""

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, _ = self.env.step(action)
        return observation, reward, terminated, truncated, {}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self.env.reset(seed=seed, options=options)[0], {}


def _pong() -> Any:
    import ale_py

    gym.register_envs(ale_py)
    return gym.make("ALE/Pong-v5", obs_type="rgb")


def _single(name: str, **arguments: Any) -> Callable[[], Any]:
    return lambda: gym.make(name, **arguments)


def _sync(envs: int) -> Callable[[], Any]:
    return lambda: gym.make_vec("CartPole-v1", num_envs=envs, vectorization_mode="sync")


def _native(envs: int) -> Callable[[], Any]:
    return lambda: gym.make_vec("CartPole-v1", num_envs=envs, vectorization_mode="vector_entry_point")


CASES = (
    Case("CartPole-v1", _single("CartPole-v1"), 40_000, loop=(1.15, 1.10), durable=(1.20, 1.13), cpu_ns=1000),
    Case("FrozenLake-v1", _single("FrozenLake-v1"), 20_000),
    Case("HalfCheetah-v5 with info", _single("HalfCheetah-v5"), 5_000, "mujoco", loop=(1.12, None)),
    Case("HalfCheetah-v5 no info", lambda: WithoutInfo(gym.make("HalfCheetah-v5")), 5_000, "mujoco", loop=(None, 1.08)),
    Case("Pong raw", _pong, 4_000, "ale_py", loop=(1.20, 1.12)),
    Case("CarRacing-v3", _single("CarRacing-v3"), 60, "Box2D", 300, loop=(None, 1.02)),
    Case("Sync CartPole x8", _sync(8), 2_000, vector=True, loop=(1.05, 1.03)),
    Case("Sync CartPole x64", _sync(64), 400, one_by_one=1_500, vector=True, loop=(1.05, 1.03)),
    Case("native CartPole x8", _native(8), 10_000, vector=True, loop=(1.10, 1.05)),
    Case("native CartPole x64", _native(64), 6_000, vector=True, loop=(1.25, 1.15)),
    Case("native CartPole x1024", _native(1024), 1_500, one_by_one=6_000, vector=True, loop=(3.0, 2.0)),
)


def case(name: str) -> Case:
    return next(one for one in CASES if one.name == name)


def drawn(env: Any, steps: int, seed: int = 0) -> list[Any]:
    """Actions drawn beforehand, so that drawing is no part of what is timed."""
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(steps)]


def drive(env: Any, actions: list[Any]) -> int:
    """The loop of a training without the training; the number of episodes that ended."""
    ended = 0
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            ended += 1
            env.reset()
    return ended


def drive_vector(env: Any, actions: list[Any]) -> None:
    """A vector environment resets its sub-environments itself."""
    for action in actions:
        env.step(action)


def driver(one: Case) -> Callable[[Any, list[Any]], object]:
    return drive_vector if one.vector else drive
