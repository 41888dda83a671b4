"""What a check is given, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cornerman.adapters import environments
from cornerman.adapters.record import record
from cornerman.core.errors import CornermanError


@dataclass(frozen=True)
class Bench:
    """Where a check works, with which environment, and whether it is to be short."""

    scratch: Path
    env_id: str
    quick: bool

    def make(self) -> Any:
        return environments.make(self.env_id)

    def record(self, env: Any, store: str, **options: Any) -> Any:
        """The environment, recorded into a store of the check's own; CornermanError where recording is switched off."""
        env = record(env, store=self.scratch / store, job="selftest", frames="none", sample="none", **options)
        if env.cornerman.run_id is None:
            raise CornermanError(
                "Nothing is recorded here: recording is switched off, or cannot begin.",
                "`cornerman config explain producer.enabled` says where that is set; LOG lines above say the rest.",
            )
        return env


@dataclass(frozen=True)
class Result:
    """Whether a promise holds, in sentences and figures; where it does not, what to do."""

    check: str
    promise: str
    holds: bool
    said: tuple[str, ...]
    figures: dict[str, Any] = field(default_factory=dict)
    remedy: str = ""


@dataclass(frozen=True)
class Spread:
    """Repeated measurements: their median, the least and the most."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    def as_json(self) -> dict[str, Any]:
        return {"median": self.median, "least": min(self.values), "most": max(self.values), "count": len(self.values)}


def listed(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else list(items))


def nanoseconds(value: float) -> str:
    """A short time in the unit that people read."""
    for unit, size in (("ns", 1.0), ("µs", 1e3), ("ms", 1e6)):
        if abs(value) < 1000 * size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e9:.3g} s"
