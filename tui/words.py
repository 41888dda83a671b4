"""Numbers and names as words, for screens and commands: short and honest. What is missing is never shown as 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cornerman.core.logs.port import Damaged

    from .look import Look


def count(number: int | None) -> str:
    """A whole number in at most six characters: 9999, 12.3k, 4.56M."""
    if number is None:
        return "-"
    for limit, divisor, unit in ((10_000, 1, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M"), (1e12, 1e9, "G")):
        if abs(number) < limit:
            return str(number) if divisor == 1 else f"{number / divisor:.{_places(number / divisor)}f}{unit}"
    return f"{number / 1e12:.1f}T"


def _places(value: float) -> int:
    return 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0


def exact(number: int | None) -> str:
    """A whole number in full, in groups of three."""
    return "-" if number is None else f"{number:,}"


def damaged(found: Damaged) -> str:
    """Log records that cannot be read, and those without their text; nothing where there are none."""
    parts = [f"{exact(found.records)} damaged"] if found.records else []
    parts += [f"{exact(found.texts)} without text"] if found.texts else []
    return ", ".join(parts)


def number(value: float | None, width: int = 7) -> str:
    """A real number in at most `width` characters; `-` where there is none."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return str(value)
    for digits in range(4, 0, -1):
        text = f"{value:.{digits}g}"
        if "e" in text and abs(value) < 10**6:
            text = f"{value:.0f}"
        if len(text) <= width:
            return text
    return f"{value:.0e}"


def size(octets: float | None, gap: str = "", digits: int = 2) -> str:
    """Bytes, in powers of ten as disks are sold; at most five characters where `digits` is 2."""
    if octets is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(octets) < 999.5 or unit == "TB":
            whole = unit == "B" or abs(octets) >= 10 ** (digits - 1) - 0.05
            return f"{octets:.0f}{gap}{unit}" if whole else f"{octets:.{digits}g}{gap}{unit}"
        octets /= 1000
    raise AssertionError


def span(seconds: float) -> str:
    """A duration in at most six characters."""
    if seconds < 0:
        return "0s"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "m"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f}{unit}"
    return f"{seconds / 86_400:.0f}d"


def short_path(path: Path | str) -> str:
    """A path as people write it: their home is `~`."""
    text, home = str(path), str(Path.home())
    return "~" + text[len(home) :] if text == home or text.startswith(home + "/") else text


def short_ids(run_ids: Sequence[str], at_least: int = 8) -> dict[str, str]:
    """For each id the shortest beginning, or end, that names only it: `store.run()` takes either."""
    begins = _beginnings(sorted(run_ids), at_least)
    ends = _beginnings(sorted(run_id[::-1] for run_id in run_ids), at_least)
    return {run_id: min(begins[run_id], ends[run_id[::-1]][::-1], key=len) for run_id in run_ids}


def _beginnings(ordered: list[str], at_least: int) -> dict[str, str]:
    found = {}
    for before, text, after in zip(["", *ordered], ordered, [*ordered[1:], ""], strict=False):
        found[text] = text[: max(at_least, _shared(before, text) + 1, _shared(text, after) + 1)]
    return found


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def fit(text: str, width: int, right: bool = False, more: str = "…") -> str:
    """`text` in exactly `width` columns; what does not fit ends in a sign that says so."""
    length = len(text)
    if not text.isascii():
        from rich.cells import cell_len, set_cell_size  # not before it is needed: commands use this file too

        length = cell_len(text)
        if length > width:
            return set_cell_size(text, max(0, width - len(more))) + more[:width]
    if length > width:
        return text[: max(0, width - len(more))] + more[:width]
    padding = " " * (width - length)
    return padding + text if right else text + padding


WIDEST = 6
"""Columns of one value of a curve that has few."""


def curve(values: Sequence[float], width: int, look: Look, height: int = 1, *, from_zero: bool = False) -> list[str]:
    """A curve of block signs, `height` rows, newest at the right; gaps where a value is not a number.

    It spans least to largest, with `from_zero` also 0, so that bars can be compared with nothing. What never changes is
    a line. Few values are as wide as there is room for them, up to WIDEST columns each.
    """
    columns = thinned(values, width)
    known = [value for value in columns if math.isfinite(value)]
    if not known:
        return [" " * width] * height
    steps, (low, high) = height * 8, (min(known), max(known))
    if high == low:
        levels = [(1 if from_zero else steps // 2) if math.isfinite(value) else 0 for value in columns]
    else:
        if from_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        scale = (steps - 1) / (high - low)
        levels = [1 + round((value - low) * scale) if math.isfinite(value) else 0 for value in columns]
    if len(levels) < width and not from_zero:
        shown = min(width, len(levels) * WIDEST)
        levels = [levels[at * len(levels) // shown] for at in range(shown)]
    blocks = look.blocks
    rows = ["".join(blocks[max(0, min(8, level - 8 * row))] for level in levels) for row in reversed(range(height))]
    return [row.ljust(width) for row in rows]


def thinned(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values: each the mean of its share, NaN where none of them is a number."""
    if width < 1:
        return []
    if len(values) <= width:
        return list(values)
    edges = [at * len(values) // width for at in range(width + 1)]
    return [_mean(values[a:b]) for a, b in pairwise(edges)]


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def trend(values: Sequence[float]) -> str:
    """up, down or flat: the newest third against the oldest, measured by the spread of both; empty if too short."""
    known = [value for value in values if math.isfinite(value)]
    third = len(known) // 3
    if third < 2:
        return ""
    old, new = known[:third], known[-third:]
    spread = max(max(known) - min(known), 1e-12)
    change = (sum(new) / third - sum(old) / third) / spread
    return "up" if change > 0.15 else "down" if change < -0.15 else "flat"
