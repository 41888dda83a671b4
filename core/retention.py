"""Which runs a rule of retention would remove, and why: decided on their summaries, before anything is touched.

A run goes when any limit says so: it is too old, newer runs of its job are enough, or the store is too large and it is
the oldest that is left. A run that still records never goes, nor one that is named to be kept. What was decided can be
shown as it is; deleting is somebody else's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from .records import RunSummary

RECORDING = ("live", "stale")


class Limits(NamedTuple):
    """What may stay; None is no limit. Without any limit everything stays."""

    older_than_s: float | None = None
    """Seconds since a run's last step."""
    keep_last: int | None = None
    """Runs of each job, the newest ones."""
    max_bytes: int | None = None
    """Of all runs together; those that stay anyway count too."""


class Chosen(NamedTuple):
    """A run that goes, and the limit it is beyond, in words."""

    summary: RunSummary
    reason: str


def beyond(runs: Sequence[RunSummary], limits: Limits, now_us: int, keep: frozenset[str] = frozenset()) -> list[Chosen]:
    """The runs that go, the oldest first. `runs` are all runs of the store, in any order; `keep` are ids."""
    newest_first = sorted(runs, key=lambda run: (run.started_us, run.run_id), reverse=True)
    reasons: dict[str, str] = {}
    of_job: defaultdict[str, int] = defaultdict(int)
    for run in newest_first:
        of_job[run.job] += 1
        if run.state in RECORDING or run.run_id in keep:
            continue
        age_s = (now_us - run.last_us) / 1e6
        if limits.older_than_s is not None and age_s > limits.older_than_s:
            reasons[run.run_id] = f"its last step is {age_s / 86400:,.1f} days old"
        elif limits.keep_last is not None and of_job[run.job] > limits.keep_last:
            reasons[run.run_id] = f"{of_job[run.job] - 1} newer of its job"
    if limits.max_bytes is not None:
        _shrink(newest_first, limits.max_bytes, reasons, keep)
    return [Chosen(run, reasons[run.run_id]) for run in reversed(newest_first) if run.run_id in reasons]


def _shrink(newest_first: list[RunSummary], max_bytes: int, reasons: dict[str, str], keep: frozenset[str]) -> None:
    """Let the oldest go until the rest fits; what may not go may leave it too large."""
    left = sum(run.bytes for run in newest_first if run.run_id not in reasons)
    for run in reversed(newest_first):
        if left <= max_bytes:
            return
        if run.run_id not in reasons and run.state not in RECORDING and run.run_id not in keep:
            reasons[run.run_id] = "the oldest, and the store is over its size"
            left -= run.bytes
