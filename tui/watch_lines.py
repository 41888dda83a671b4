"""What `cornerman watch` prints: a line a look, for people or as JSON, and how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from cornerman.core.ledger_words import lost

from . import output, words

if TYPE_CHECKING:
    from cornerman.core.records import RunSummary

Event = Literal["waiting", "look", "verdict"]
Verdict = Literal["held", "ended", "ended badly", "trouble", "timeout"]


class WatchLines:
    """Prints looks at one run. An alert is said when it appears, not with each line."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._said: set[tuple[str, str]] = set()

    def waiting(self, name: str) -> None:
        """Once, where the run has not begun."""
        if self._json:
            self._print({"event": "waiting", "run": name, "time_us": time.time_ns() // 1000})
        else:
            output.say(f"Waiting for {name} to begin.")

    def look(self, summary: RunSummary, figures: Mapping[str, float | None]) -> None:
        if self._json:
            self._print({"event": "look", **_facts(summary, figures)})
            return
        print(f"{time.strftime('%H:%M:%S')}  {_line(summary, figures)}")
        for alert in summary.alerts:
            if (summary.run_id, alert.rule) not in self._said:
                print(f"          {alert.level} {alert.code} {alert.message}: {alert.detail}")
        self._said = {(summary.run_id, alert.rule) for alert in summary.alerts}
        sys.stdout.flush()

    def verdict(
        self, verdict: Verdict, because: str, code: int, run: tuple[RunSummary, Mapping[str, float | None]] | None
    ) -> None:
        """The last word. `run`: what was known of it, None where it never began."""
        if self._json:
            known = {"run_id": None} if run is None else _facts(*run)
            self._print({"event": "verdict", **known, "verdict": verdict, "because": because, "exit_code": code})
            return
        if run is not None:
            self.look(*run)
        output.say(output.harmless(f"{'cornerman: ' if code else ''}{because}"))

    @staticmethod
    def _print(facts: Mapping[str, Any]) -> None:
        output.print_json(facts)
        sys.stdout.flush()


def _facts(summary: RunSummary, figures: Mapping[str, float | None]) -> dict[str, Any]:
    """A few facts with the names that `runs --json` has for them, and what the conditions compare."""
    kept = (
        "run_id", "job", "state", "step_count", "transition_count", "episode_count", "steps_per_second",
        "last_return", "mean_length", "alerts",
    )  # fmt: skip
    facts = {name: getattr(summary, name) for name in kept}
    return {"time_us": time.time_ns() // 1000, **facts, "lost": lost(summary.ledger), "figures": dict(figures)}


def _line(summary: RunSummary, figures: Mapping[str, float | None]) -> str:
    parts: Sequence[str] = [
        f"{summary.state:<5}",
        f"{output.count(summary.step_count)} steps",
        f"{output.rate(summary.steps_per_second)}/s",
        f"{output.count(summary.episode_count)} episodes",
        f"return {output.number(summary.last_return)} {_trend(summary.returns)}".rstrip(),
        *(f"{name} {output.number(value)}" for name, value in figures.items() if name != "return"),
    ]
    if gone := lost(summary.ledger):
        parts = [*parts, f"{gone:,} LOST"]
    return "  ".join(parts)


def _trend(returns: Sequence[float]) -> str:
    return {"up": "↗", "down": "↘", "flat": "→"}.get(words.trend(returns), "")
