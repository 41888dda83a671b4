"""Finding the wrappers that normalize, below the recorder and above it, and what they know.

Any object counts that has `obs_rms`, `return_rms` or `ret_rms` with `mean`, `var` and `count`: Gymnasium's wrappers,
single and vector, Stable-Baselines3's VecNormalize, and those that people copy. Those below hang on the environment;
those above are found once, among the callers of the first `reset`. The statistics are held, never a wrapper above: it
holds ours, and would never end.
"""

from __future__ import annotations

import contextlib
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import gymnasium
import numpy as np

from cornerman.core import values
from cornerman.store.normalization import Snapshot

KINDS = {"obs_rms": "observation", "return_rms": "reward", "ret_rms": "reward"}
SECONDS = 2.0
BYTES_A_SECOND = 20_000
"""Statistics of pictures are large: the more there is of them, the more seldom they are noted."""
DEEPEST = 64


class Statistics:
    """The running statistics that belong to one recorded environment."""

    def __init__(self) -> None:
        self._below: list[Any] = []
        self._above: list[weakref.ref[Any]] = []
        self._held: dict[str, tuple[str, Any]] = {}
        self._due = 0.0

    def __bool__(self) -> bool:
        return bool(self._held)

    def find(self, env: Any) -> None:
        """Look below `env`, and above among the callers, which are inside their own `reset`."""
        self._below, self._above = [], []
        with contextlib.suppress(Exception):  # whatever objects these are
            self._below = [each for each in _inward(env) if _has_any(each)]
        with contextlib.suppress(Exception):
            for each in _outward(sys._getframe(1)):
                if _has_any(each):
                    self._above.append(weakref.ref(each))
        self._hold()

    def due(self) -> bool:
        return bool(self._held) and time.monotonic() >= self._due

    def snapshots(self, t: int) -> list[Snapshot]:
        """What they know now, said to be of step `t`."""
        self._hold()
        found = []
        for kind, (place, rms) in self._held.items():
            with contextlib.suppress(Exception):  # not numbers after all
                mean, var = np.array(rms.mean), np.array(rms.var)
                if mean.dtype.kind in "fiu" and var.dtype.kind in "fiu":
                    packed = values.encode(mean), values.encode(var)
                    found.append(Snapshot(kind, t, place, float(rms.count), *packed))
        self._due = time.monotonic() + max(SECONDS, sum(one.size for one in found) / BYTES_A_SECOND)
        return found

    def around(self, reset: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
        """A compiled reset that has them noted, now and then."""

        def noting_reset(**given: Any) -> Any:
            result = reset(**given)
            if time.monotonic() >= self._due:
                note()
            return result

        return noting_reset

    def _hold(self) -> None:
        """The objects as they are now: a script may have put loaded ones in their place. The nearest one counts."""
        above = [each for each in (ref() for ref in self._above) if each is not None]
        found: dict[str, tuple[str, Any]] = {}
        for place, wrappers in (("below", self._below), ("above", above)):
            for each in wrappers:
                for kind, rms in _statistics(each):
                    found.setdefault(kind, (place, rms))
        self._held |= found


def _inward(env: Any) -> Iterator[Any]:
    while True:
        yield env
        # not by way of `__dict__`: looking at it makes the object's attributes slower ever after (CPython 3.11)
        if not isinstance(env, (gymnasium.Wrapper, gymnasium.vector.VectorWrapper)):
            return
        env = env.env


def _outward(frame: FrameType | None) -> Iterator[Any]:
    """Who is in the middle of a `reset` that led here: `self` of each method, the nearest first."""
    names = ("reset", "record_reset", "after_reset", "_record_reset", "_find_statistics")
    for _ in range(DEEPEST):
        if frame is None or frame.f_code.co_name not in names:
            return
        if frame.f_code.co_varnames[:1] == ("self",):
            yield frame.f_locals.get("self")
        frame = frame.f_back


def _has_any(wrapper: Any) -> bool:
    return any(True for _ in _statistics(wrapper))


def _statistics(wrapper: Any) -> Iterator[tuple[str, Any]]:
    for name, kind in KINDS.items():
        rms = getattr(wrapper, name, None)
        parts = {f"{kind}.{key}": each for key, each in rms.items()} if isinstance(rms, dict) else {kind: rms}
        for part, each in parts.items():
            if all(hasattr(each, field) for field in ("mean", "var", "count")):
                yield part, each
