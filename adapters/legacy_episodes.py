"""What legacy episodes say of themselves, held against what their steps add up to.

Episodes are derived from steps; the lines that claim to be episodes stay beside them as they came. Where the two say
different things one of the producers was wrong, or lost steps: that is reported, and never a reason to refuse either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.errors import PayloadError
from cornerman.core.payloads import episode_v0, episode_v1
from cornerman.core.payloads.episode_v1 import EpisodeV1

if TYPE_CHECKING:
    from .legacy_rows import Derived

REPORTED = 100
"""Differences that are kept; all are counted."""


class Difference(NamedTuple):
    """One thing that an episode says and its steps do not."""

    line: int
    run_id: str
    episode: str
    what: str
    said: float
    derived: float

    def __str__(self) -> str:
        return (
            f"line {self.line}: episode {self.episode} says {self.what} {self.said:g}, its steps have {self.derived:g}"
        )


class Claims:
    """The episodes that a file tells of."""

    def __init__(self) -> None:
        self._claims: list[tuple[int, EpisodeV1]] = []
        self.without_steps = 0
        """Episodes of which the file has no step."""
        self.agreed = 0
        self.differing = 0
        self.differences: list[Difference] = []

    @property
    def told(self) -> int:
        return len(self._claims)

    def note(self, line: int, raw: bytes) -> None:
        """A line that is no step: kept in mind where it is an episode that can be read."""
        try:
            old = episode_v0.decode(raw)
        except PayloadError:
            try:
                self._claims.append((line, episode_v1.decode(raw)))
            except PayloadError:
                pass
            return
        self._claims.append((line, episode_v1.upcast(old)))

    def compare(self, derived: Iterable[Derived]) -> None:
        """Hold each claim against the episodes of its name. Of several, one that agrees is enough."""
        by_name: dict[tuple[str, Any], list[Derived]] = {}
        for each in derived:
            by_name.setdefault((each.run_id, each.name), []).append(each)
        for line, claim in self._claims:
            found = [
                each
                for name in (claim.episode, str(claim.extra.get("episode_id")))
                for each in by_name.get((claim.run_id, name), ())
                if claim.stream in ("", each.stream) and claim.agent in ("", each.agent)
            ]
            self._judge(line, claim, found)

    def _judge(self, line: int, claim: EpisodeV1, found: list[Derived]) -> None:
        against = [_differing(claim, each) for each in found]
        if not against:
            self.without_steps += 1
        elif not all(against):
            self.agreed += 1
        else:
            self.differing += 1
            name = str(claim.episode if claim.episode >= 0 else claim.extra.get("episode_id"))
            kept = [Difference(line, claim.run_id, name, *each) for each in against[0]]
            self.differences += kept[: REPORTED - len(self.differences)]


def _differing(claim: EpisodeV1, derived: Derived) -> list[tuple[str, float, float]]:
    """What both know and do not agree on. A sum of floats may have been added up in another order."""
    found: list[tuple[str, float, float]] = []
    if 0 <= claim.length != derived.length:
        found.append(("length", claim.length, derived.length))
    total = float(claim.total_reward)
    both = not math.isnan(total) and not math.isnan(derived.total_reward)
    if both and not math.isclose(total, derived.total_reward, rel_tol=1e-6, abs_tol=1e-6):
        found.append(("return", total, derived.total_reward))
    return found
