"""A figure: what was measured, repetition by repetition, beside the limit and the goal it is held against.

Nothing is asserted: a machine that is busy, or slow, is no fault in the code. The table marks what is above its limit.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity. Smaller is better, unless `at_least`."""

    part: str
    """What was recorded or read: an environment, a peer, a store."""
    name: str
    unit: str
    values: tuple[float, ...]
    """One a repetition; the repetitions of what is compared are interleaved."""
    limit: float | None = None
    """Never worse than this."""
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def mark(self) -> str:
        """How it stands: `goal` reached, `ok` within the limit, `OVER` it; '' where it has neither."""
        if self.limit is None and self.goal is None:
            return ""
        if self.goal is not None and self._within(self.goal):
            return "goal"
        if self.limit is None:
            return "below goal"
        return "ok" if self._within(self.limit) else "OVER"

    def _within(self, bound: float) -> bool:
        return self.median >= bound if self.at_least else self.median <= bound

    def as_json(self) -> dict[str, Any]:
        """The fields, and what is derived from them."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        return {
            **content,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "mark": self.mark,
        }


class Skipped(msgspec.Struct, frozen=True):
    """What was not measured here, and why."""

    part: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"part": self.part, "skipped": self.reason}


HEADINGS = ("part", "figure", "median", "min", "max", "unit", "limit", "goal", "mark")


def rows(figures: Iterable[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The table of figures given as `as_json` gives them."""
    found = []
    for one in figures:
        if "skipped" in one:
            found.append((one["part"], f"skipped: {one['skipped']}", *[""] * 7))
            continue
        numbers = [short(one[key]) for key in ("median", "min", "max")]
        bounds = ["" if one[key] is None else short(one[key]) for key in ("limit", "goal")]
        found.append((one["part"], one["name"], *numbers, one["unit"], *bounds, one["mark"]))
    return found


def short(value: float) -> str:
    """Three digits that matter."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def text_table(table: Sequence[Sequence[str]]) -> str:
    """For a terminal."""
    lines = [HEADINGS, *table]
    told = [line for line in lines if not line[1].startswith("skipped")]
    widths = [max(len(line[column]) for line in told) for column in range(len(HEADINGS))]
    left = {0, 1, 5, 8}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown_table(table: Sequence[Sequence[str]]) -> str:
    """For a page."""
    head = "| " + " | ".join(HEADINGS) + " |\n|---|---|---:|---:|---:|---|---:|---:|---|"
    return "\n".join([head, *("| " + " | ".join(line) + " |" for line in table)])
