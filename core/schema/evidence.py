"""What is kept about the values of one field: counts and bounds, never data; and how sure a type drawn from them is.

`Texts` and `Numbers` take values a batch at a time. Where a batch begins makes no difference to what they know.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from typing import Any, Final

from . import cells
from .validate import validator

MANY: Final = 32
"""More different values than these are not counted one by one."""
LONG: Final = 100
"""Longer texts are no values to choose from."""
EXAMPLES: Final = 3

FORMATS: Final = ("date-time", "date", "time", "email", "uri", "ipv4", "ipv6")
_BEGINS: dict[str, re.Pattern[str]] = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt ]"),
    "date": re.compile(r"\d{4}-"),
    "time": re.compile(r"\d\d:"),
    "email": re.compile(r"[^@]+@"),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:"),
    "ipv4": re.compile(r"\d+\.\d"),
    "ipv6": re.compile(r"[0-9A-Fa-f:]*:"),
}
"""A cheap look before the validator is asked."""
UUID: Final = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_UUID = re.compile(UUID)
_TIME_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """What was seen of one field, what is proposed for it, and how sure that is."""

    path: str
    """A JSON pointer; `*` stands for every item of a list or every name of a map."""
    schema: dict[str, Any]
    confidence: float
    """From 0 to 1: Laplace's chance that the next value fits too, times a factor for each doubt."""
    present: int
    missing: int
    """How many of the objects that could have it do not."""
    nulls: int
    types: dict[str, int]
    minimum: float | int | None = None
    maximum: float | int | None = None
    shortest: int | None = None
    longest: int | None = None
    values: dict[str, int] | None = None
    """Each value and how often it came, where there are few: candidates for an enum."""
    formats: tuple[str, ...] = ()
    """Formats that every text has."""
    examples: tuple[Any, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class Doubts:
    """Sentences, and the confidence that is left after them."""

    factor: float = 1.0
    said: list[str] = field(default_factory=list)

    def add(self, factor: float, sentence: str) -> None:
        self.factor *= factor
        self.said.append(sentence)

    def confidence(self, values: int) -> float:
        return round(self.factor * (values + 1) / (values + 2), 3) if values else 0.0


class Numbers:
    """Integers and floats: how many of which, and between what."""

    __slots__ = ("floats", "integers", "maximum", "minimum", "not_finite", "whole")

    def __init__(self) -> None:
        self.integers = self.floats = self.whole = self.not_finite = 0
        self.minimum: float | int | None = None
        self.maximum: float | int | None = None

    def take_integers(self, values: Sequence[int]) -> None:
        self.integers += len(values)
        self._bound(min(values), max(values))

    def take_floats(self, values: Sequence[float]) -> None:
        self.floats += len(values)
        finite = [value for value in values if math.isfinite(value)]
        self.not_finite += len(values) - len(finite)
        if finite:
            self.whole += sum(map(float.is_integer, finite))
            self._bound(min(finite), max(finite))

    def absorb(self, other: Numbers) -> None:
        self.integers += other.integers
        self.floats += other.floats
        self.whole += other.whole
        self.not_finite += other.not_finite
        if other.minimum is not None and other.maximum is not None:
            self._bound(other.minimum, other.maximum)

    def _bound(self, low: float | int, high: float | int) -> None:
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)

    @property
    def arrow(self) -> dict[str, Any] | None:
        """float64, int64, or uint64 where that is needed; None for integers beyond 64 bits."""
        if self.floats or self.minimum is None or self.maximum is None:
            return {"name": "float64"}
        if self.minimum >= -(2**63) and self.maximum < 2**63:
            return {"name": "int64"}
        return {"name": "uint64"} if self.minimum >= 0 and self.maximum < 2**64 else None

    def doubt(self, doubts: Doubts) -> None:
        if self.not_finite:
            doubts.add(0.95, f"{self.not_finite:,} are NaN or infinite, which strict JSON cannot say")
        if self.integers and not self.floats and (self.minimum, self.maximum) == (0, 1):
            doubts.add(0.7, "only 0 and 1: perhaps a boolean")
        finite = self.floats - self.not_finite
        if finite and self.whole == finite:
            doubts.add(0.8, "every number is whole, but some are written with a fraction: perhaps an integer")
        if not self.floats and self.arrow is None:
            doubts.add(0.9, "integers beyond 64 bits: Arrow has no type for them")


class Texts:
    """Texts: how long, which formats all of them have, whether all look like numbers."""

    __slots__ = ("_formats", "count", "longest", "numeric", "shortest", "times", "uuids")

    def __init__(self) -> None:
        self.count = 0
        self.shortest: int | None = None
        self.longest: int | None = None
        self.numeric = self.times = self.uuids = True
        self._formats: tuple[str, ...] = FORMATS

    def take(self, values: Sequence[str]) -> None:
        self.count += len(values)
        lengths = list(map(len, values))
        low, high = min(lengths), max(lengths)
        self.shortest = low if self.shortest is None else min(self.shortest, low)
        self.longest = high if self.longest is None else max(self.longest, high)
        if self._formats:
            self._formats = tuple(name for name in self._formats if _all_have(name, values))
        if self.numeric:
            self.numeric = all(cells.token(value) in (cells.INTEGER, cells.NUMBER) for value in values)
        if self.times:
            self.times = all(map(_TIME_WITHOUT_ZONE.fullmatch, values))
        if self.uuids:
            self.uuids = all(map(_UUID.fullmatch, values))

    def absorb(self, other: Texts) -> None:
        if not other.count:
            return
        if not self.count:
            self.shortest, self.longest = other.shortest, other.longest
        else:
            self.shortest = min(self.shortest or 0, other.shortest or 0)
            self.longest = max(self.longest or 0, other.longest or 0)
        self.count += other.count
        self._formats = tuple(name for name in self._formats if name in other._formats)
        self.numeric, self.times, self.uuids = (
            self.numeric and other.numeric, self.times and other.times, self.uuids and other.uuids
        )  # fmt: skip

    @property
    def formats(self) -> tuple[str, ...]:
        return self._formats[:1] if self.count else ()

    @property
    def arrow(self) -> dict[str, Any]:
        if "date-time" in self.formats:
            return {"name": "timestamp", "unit": "us"}
        return {"name": "date32"} if "date" in self.formats else {"name": "utf8"}

    def schema(self, tight: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"format": self.formats[0]} if self.formats else {}
        if tight:
            found |= {"minLength": self.shortest, "maxLength": self.longest}
            found |= {"pattern": UUID} if self.uuids else {}
        return found

    def doubt(self, doubts: Doubts) -> None:
        if self.numeric:
            doubts.add(0.7, "texts that are all numbers: perhaps numbers")
        if self.times:
            doubts.add(0.9, "looks like a time but names no zone, so it is no date-time")


class Values:
    """The values of a field one by one, as long as they are few and short."""

    __slots__ = ("_examples", "counts")

    def __init__(self) -> None:
        self.counts: Counter[Any] | None = Counter()
        self._examples: dict[str, list[Any]] = {}

    def take(self, values: Sequence[Any]) -> None:
        """Values of one type."""
        self._exemplify(type(values[0]).__name__ if values else "", values)
        if self.counts is not None:
            self._count(Counter(values))

    def absorb(self, other: Values) -> None:
        for kind, examples in other._examples.items():
            self._exemplify(kind, examples)
        if other.counts is None:
            self.counts = None
        if self.counts is not None and other.counts is not None:
            self._count(other.counts)

    def _exemplify(self, kind: str, values: Sequence[Any]) -> None:
        found = self._examples.setdefault(kind, [])
        if len(found) < EXAMPLES:
            for value in dict.fromkeys(value[:LONG] if isinstance(value, str) else value for value in values):
                if value not in found:
                    found.append(value)
                if len(found) == EXAMPLES:
                    break

    @property
    def examples(self) -> tuple[Any, ...]:
        """The first values, the first of each type foremost."""
        columns = [self._examples[kind] for kind in sorted(self._examples)]
        rows = zip_longest(*columns, fillvalue=None)
        return tuple(each for row in rows for each in row if each is not None)[:EXAMPLES]

    def _count(self, found: Counter[Any]) -> None:
        assert self.counts is not None
        self.counts.update(found)
        if len(self.counts) > MANY or any(isinstance(value, str) and len(value) > LONG for value in found):
            self.counts = None

    def candidates(self) -> dict[str, int] | None:
        """The values, where each came several times on the average."""
        if not self.counts or sum(self.counts.values()) < 4 * len(self.counts):
            return None
        return {str(value): count for value, count in sorted(self.counts.items(), key=lambda each: str(each[0]))}


def _all_have(name: str, values: Sequence[str]) -> bool:
    begins, has = _BEGINS[name].match, _format(name)
    return all(begins(value) and has(value) for value in values)


@cache
def _format(name: str) -> Any:
    """The validator's own opinion, so that a proposed format never refuses what it was drawn from."""
    return validator({"type": "string", "format": name}).is_valid
