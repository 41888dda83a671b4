"""What the demo's environments have in common: each makes one step when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Record = Callable[[Any, str], Any]
"""Wraps an environment so that it is recorded under a job's name."""


class Learner(Protocol):
    """One environment with whoever acts in it."""

    job: str
    steps_per_second: float
    """The pace of calls of `env.step`: fast enough to learn while one watches, slow enough to see it."""

    def step(self) -> None:
        """Act once, and learn from what came of it."""

    def close(self) -> None: ...
