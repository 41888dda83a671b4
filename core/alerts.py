"""Alerts: what is wrong with a run, by rules that are data. Whoever reads a summary evaluates them; nothing is sent.

A rule names a log constant, and so its words and its level: to make one more serious is to change the constant. To add
one is a line in `RULES` and a function from a summary to a sentence, or to '' where all is well. Other limits, and
rules of one's own, are data of the user: `alert_rules.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cornerman.log_catalog import LogConstant
from cornerman.log_catalog.health import (
    LOG_ACTIONS_CONSTANT,
    LOG_DISK_FILLING,
    LOG_EPISODES_STUCK,
    LOG_RETURNS_COLLAPSED,
    LOG_RETURNS_NOT_FINITE,
    LOG_STREAM_STALLED,
)
from cornerman.log_catalog.recorder import LOG_STEPS_DROPPED

from .ledger_words import cause_of, lost, worst

if TYPE_CHECKING:
    from .records import RunSummary


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that a run breaks now."""

    rule: str
    code: str
    """Of the log constant that has its words and level."""
    level: str
    message: str
    detail: str
    """The figures."""


class Rule(NamedTuple):
    """What is looked for, from where on it is worth a word, and what says so."""

    name: str
    word: str
    """What is typed for it: `cornerman watch --fail-on nan`."""
    constant: LogConstant
    limit: float
    detail: Callable[[RunSummary, float, float], str]
    """Given the run, the limit and the bytes that are free on its disk: the figures, or ''."""


def alerts_of(
    run: RunSummary, free_bytes: float = math.inf, limits: Mapping[str, float] | None = None, off: Collection[str] = ()
) -> tuple[Alert, ...]:
    """Everything that is wrong with a run, the most serious first; with other limits, by a rule's word, where given."""
    asked = [(rule, (limits or {}).get(rule.word, rule.limit)) for rule in RULES if rule.word not in off]
    found = [(rule, rule.detail(run, limit, free_bytes)) for rule, limit in asked]
    broken = sorted(((rule, detail) for rule, detail in found if detail), key=lambda one: -one[0].constant.severity)
    return tuple(
        Alert(rule.name, rule.constant.code, rule.constant.level, rule.constant.message, detail)
        for rule, detail in broken
    )


def _not_finite(run: RunSummary, limit: float, free: float) -> str:
    bad = sum(not math.isfinite(value) for value in run.returns)
    return f"{bad} of {len(run.returns)} points of the curve" if bad > limit else ""


ENTROPY_ACTIONS = 1_000
"""Over so many of the newest actions their entropy is taken."""
_BEYOND_NOISE = 4
"""Differences of two means of noise, in standard deviations, as far apart as one random run in a hundred has them."""


def _collapsed(run: RunSummary, limit: float, free: float) -> str:
    """The newest tenth of the curve against its best stretch of that length, measured by all that it spans, and by how
    far neighbours are apart: of twenty returns of a random policy some two are always low."""
    returns = [value for value in run.returns if math.isfinite(value)]
    width = len(returns) // 10
    if width < 2:
        return ""
    means = [sum(returns[at : at + width]) / width for at in range(len(returns) - width + 1)]
    spread = max(returns) - min(returns)
    fell = max(means) - means[-1]
    noise = math.sqrt(sum((a - b) ** 2 for a, b in itertools.pairwise(returns)) / (len(returns) - 1) / width)
    fell_far = spread > 0 and fell > limit * spread and fell > _BEYOND_NOISE * noise
    return f"from {max(means):.4g} to {means[-1]:.4g}" if fell_far else ""


def _stuck(run: RunSummary, limit: float, free: float) -> str:
    """Equal lengths are what a solved CartPole has too: with the best return. Stuck is whoever has the worst."""
    returns = [value for value in run.returns if math.isfinite(value)]
    if run.same_length < limit or not returns or run.last_return is None:
        return ""
    low, high = min(returns), max(returns)
    if run.last_return > low + 0.05 * (high - low) or (low == high and low > 0):
        return ""
    return (
        f"the newest {run.same_length} episodes have {run.mean_length or 0:.4g} steps and return {run.last_return:.4g}"
    )


def _stalled(run: RunSummary, limit: float, free: float) -> str:
    return "no step came for longer than its pace explains" if run.state == "stale" else ""


def _disk_filling(run: RunSummary, limit: float, free: float) -> str:
    hours = free / run.bytes_per_hour if run.bytes_per_hour else math.inf
    return f"full in {hours:.1f} hours" if hours < limit else ""


def _constant_actions(run: RunSummary, limit: float, free: float) -> str:
    if run.action_entropy is None or run.action_entropy >= limit:
        return ""
    return f"{run.action_entropy:.3g} bits over the newest {ENTROPY_ACTIONS:,} actions"


def _losing(run: RunSummary, limit: float, free: float) -> str:
    gone = lost(run.ledger)
    return f"{gone:,} transitions lost: {cause_of(worst(run.ledger)).label}" if gone > limit else ""


RULES: tuple[Rule, ...] = (
    Rule("lost data", "lost", LOG_STEPS_DROPPED, 0, _losing),
    Rule("not finite", "nan", LOG_RETURNS_NOT_FINITE, 0, _not_finite),
    Rule("reward collapse", "collapse", LOG_RETURNS_COLLAPSED, 0.5, _collapsed),
    Rule("stuck episode length", "stuck", LOG_EPISODES_STUCK, 20, _stuck),
    Rule("stalled stream", "stalled", LOG_STREAM_STALLED, 0, _stalled),
    Rule("entropy to zero", "entropy", LOG_ACTIONS_CONSTANT, 0.02, _constant_actions),
    Rule("disk filling", "disk", LOG_DISK_FILLING, 12, _disk_filling),
)
"""Limits: share of the curve's span, episodes, bits, hours; the others are counts."""
