"""The loop of a headless recording: reset, act, step, until enough is recorded or somebody says stop.

It is a training loop like any user's, without the training: what it records takes the same way through `record`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from cornerman.core.errors import CornermanError

from .policies import Policy


class Stop(Protocol):
    """Anything whose `received` becomes true when the loop should end after the step under way."""

    @property
    def received(self) -> Any: ...


class DriveFailed(CornermanError):
    """The environment or the policy raised; what was recorded before is stored."""


@dataclass
class Progress:
    """How far the loop is. `steps` counts calls of `env.step`, whatever number of environments each one steps."""

    wanted_steps: int | None = None
    wanted_episodes: int | None = None
    steps: int = 0
    episodes: int = 0
    last_return: float | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def steps_per_second(self) -> float:
        return self.steps / max(self.seconds, 1e-9)

    @property
    def fraction(self) -> float | None:
        """The nearer of the two ends; None where neither was asked for."""
        parts = [self.steps / self.wanted_steps] if self.wanted_steps else []
        parts += [self.episodes / self.wanted_episodes] if self.wanted_episodes else []
        return min(1.0, max(parts)) if parts else None

    @property
    def enough(self) -> bool:
        return self.fraction is not None and self.fraction >= 1


def drive(
    env: Any, policy: Policy, progress: Progress, stop: Stop, report: Callable[[Progress], None], *, seed: int | None
) -> None:
    """Step `env` until `progress` has enough or `stop` has received something. Closing is the caller's."""
    loop = _drive_vector if hasattr(env, "num_envs") else _drive_single
    progress.started = time.monotonic()
    loop(env, policy, progress, stop, report, seed)


def _drive_single(
    env: Any, policy: Policy, progress: Progress, stop: Stop, report: Callable[[Progress], None], seed: int | None
) -> None:
    observation, _ = _call("environment", progress, env.reset, seed=seed)
    total = 0.0
    while not progress.enough and not stop.received:
        action = _call("policy", progress, policy, observation)
        observation, reward, terminated, truncated, _ = _call("environment", progress, env.step, action)
        progress.steps += 1
        total += float(reward)
        if terminated or truncated:
            progress.episodes += 1
            progress.last_return, total = total, 0.0
            if not progress.enough and not stop.received:
                observation, _ = _call("environment", progress, env.reset)
        report(progress)


def _drive_vector(
    env: Any, policy: Policy, progress: Progress, stop: Stop, report: Callable[[Progress], None], seed: int | None
) -> None:
    """All autoreset modes: only where it is disabled must the loop reset the sub-environments that ended."""
    mode = str(getattr(env.metadata.get("autoreset_mode"), "value", env.metadata.get("autoreset_mode", "")))
    observation, _ = _call("environment", progress, env.reset, seed=seed)
    total, resetting = np.zeros(env.num_envs), np.zeros(env.num_envs, bool)
    while not progress.enough and not stop.received:
        action = _call("policy", progress, policy, observation)
        observation, reward, terminated, truncated, _ = _call("environment", progress, env.step, action)
        progress.steps += 1
        total += np.where(resetting, 0.0, reward)
        ended = (terminated | truncated) & ~resetting
        if ended.any():
            progress.episodes += int(ended.sum())
            progress.last_return = float(total[ended][-1])
            total[ended] = 0.0
            if mode == "Disabled":
                observation, _ = _call("environment", progress, env.reset, options={"reset_mask": ended})
        resetting = ended if mode == "NextStep" else resetting
        report(progress)


def _call(who: str, progress: Progress, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What somebody else's code returns; if it raises, an error that says whose, what, when and where."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        raise DriveFailed(
            f"The {who} raised {type(error).__name__} after {progress.steps:,} steps: {error}{_place(error)}.",
            "What was recorded until then is stored. The same command with --debug shows the traceback.",
        ) from error


def _place(error: BaseException) -> str:
    """The file and line where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
