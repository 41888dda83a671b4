"""Which versions of a schema are in use: shares of steps, runs and producers, and when a checkpoint was reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import semver

from .enforcement import Producer
from .versions import parse_version

Measure = Literal["runs", "steps", "producers"]
SHARE = 0.95
"""The share at which a version counts as adopted, unless another is asked for."""


SPANS = 12
"""Into so many spans the time is divided over which a version's shares are told."""


class SpanShare(NamedTuple):
    """What a version had of what was judged last in one span of time; None where nothing was."""

    since_us: int
    until_us: int
    step_share: float | None
    run_share: float | None
    producer_share: float | None

    def of(self, measure: Measure) -> float | None:
        return {"runs": self.run_share, "steps": self.step_share, "producers": self.producer_share}[measure]


class VersionShare(NamedTuple):
    """What one version of a schema has of the steps, runs and producers of all its versions."""

    pin: str
    steps: int
    runs: int
    producers: int
    bad: int
    step_share: float
    run_share: float
    producer_share: float
    last_us: int
    over_time: tuple[SpanShare, ...] = ()
    """The same, span by span, the oldest first: a run counts where its newest steps are."""


class Checkpoint(NamedTuple):
    """Whether enough of a schema's runs (or steps, or producers) are on its newest version."""

    schema: str
    pin: str
    measure: Measure
    wanted: float
    share: float
    met_us: int | None = None
    """When that was first seen; None: not yet."""

    @property
    def met(self) -> bool:
        return self.share >= self.wanted


def adoption(schema: str, producers: Iterable[Producer]) -> list[VersionShare]:
    """The versions of one schema id, newest first."""
    of_schema = [each for each in producers if each.pin.partition("@")[0] == schema]
    total = _counts(of_schema)
    found = []
    for pin in sorted({each.pin for each in of_schema}, key=_version, reverse=True):
        mine = [each for each in of_schema if each.pin == pin]
        steps, runs, streams = _counts(mine)
        step_share, run_share, share = (
            part / whole if whole else 0.0 for part, whole in zip((steps, runs, streams), total, strict=True)
        )
        bad, last = sum(each.bad for each in mine), max(each.last_us for each in mine)
        spans = _over_time(pin, of_schema)
        found.append(VersionShare(pin, steps, runs, streams, bad, step_share, run_share, share, last, spans))
    return found


def _over_time(pin: str, producers: Sequence[Producer]) -> tuple[SpanShare, ...]:
    first, last = min(each.last_us for each in producers), max(each.last_us for each in producers)
    width = (last - first) // SPANS + 1
    found = []
    for at in range(SPANS if last > first else 1):
        since = first + at * width
        there = [each for each in producers if since <= each.last_us < since + width]
        mine = _counts([each for each in there if each.pin == pin])
        shares = [part / whole if whole else None for part, whole in zip(mine, _counts(there), strict=True)]
        found.append(SpanShare(since, since + width, *shares))
    return tuple(found)


def checkpoint(versions: Sequence[VersionShare], measure: Measure = "runs", wanted: float = SHARE) -> Checkpoint | None:
    """The checkpoint of the newest version in use; None where no version is."""
    if not versions:
        return None
    newest = versions[0]
    shares = {"runs": newest.run_share, "steps": newest.step_share, "producers": newest.producer_share}
    return Checkpoint(newest.pin.partition("@")[0], newest.pin, measure, wanted, shares[measure])


def _counts(producers: Sequence[Producer]) -> tuple[int, int, int]:
    """Steps, runs, and producers: a job's stream is one producer, however often it ran."""
    return (
        sum(each.steps for each in producers),
        len({each.run_id for each in producers}),
        len({(each.job, each.stream) for each in producers}),
    )


def _version(pin: str) -> semver.Version:
    return parse_version(pin.partition("@")[2])
