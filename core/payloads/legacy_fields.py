"""From fields as they came to fields that are typed, with a report of what became of each.

    same        it has a field in version 1, and is there as it was
    converted   the same value in another form: seconds as microseconds, 0 and 1 as booleans, JSON text as what it says
    kept        version 1 has no field for it; it is in `extra` as it came
    unread      it has a field, but holds what that field cannot: in `extra` as it came, and the field is empty
    missing     version 1 has the field, and nothing came for it

Everything but `unread` is lossless. A conversion from which the original text could not be written again keeps the
original in `extra` as well.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from ..json_values import from_json
from .legacy_json import unpacked

How = Literal["same", "converted", "kept", "unread", "missing"]
Payload = TypeVar("Payload")


class FieldReport(NamedTuple):
    """What became of one field: `name` as it came ('' where nothing did), `to` as version 1 calls it."""

    name: str
    to: str
    how: How
    note: str = ""

    @property
    def lossless(self) -> bool:
        return self.how != "unread"

    def __str__(self) -> str:
        text = f"{self.name or '(nothing)'} → {self.to}: {self.how}"
        return f"{text} ({self.note})" if self.note else text


class Mapped(NamedTuple, Generic[Payload]):
    """A payload of version 1 made of one of version 0. `raw` is what it was made of, where that was not lossless."""

    payload: Payload
    fields: tuple[FieldReport, ...]
    raw: bytes | None

    @property
    def lossless(self) -> bool:
        return self.raw is None

    @property
    def note(self) -> str:
        """What could not be read, in a sentence; '' where all could."""
        unread = [f"{field.name} ({field.note})" for field in self.fields if not field.lossless]
        if unread:
            return f"as it came: {', '.join(unread)}"
        return "" if self.raw is None else "as it came: reading its JSON lost digits or a key"


class Unread(ValueError):
    """A value that is not what its field holds; the text says what it is instead."""


Converted = tuple[Any, How, bool]
"""The value, whether it is the same or converted, and whether the original can be told from it."""
Convert = Callable[[Any], Converted]


class Fields:
    """The fields of one legacy payload, taken out one by one; what is left goes into `extra`."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.left = dict(fields)
        self.reports: list[FieldReport] = []

    def drop(self, name: str, to: str) -> None:
        """A field that says nothing more than what is known: the version, the type."""
        if name in self.left:
            del self.left[name]
            self.reports.append(FieldReport(name, to, "same"))

    def take(self, to: str, names: tuple[str, ...], convert: Convert, default: Any = None) -> Any:
        """The value of the first of these fields that can be read, else `default`."""
        came = False
        for name in names:
            if name not in self.left:
                continue
            came = True
            value = self.left[name]
            if value is None:
                self.drop(name, to)
                continue
            try:
                found, how, exact = convert(value)
            except Unread as error:
                self.reports.append(FieldReport(name, to, "unread", str(error)))
                continue
            if exact:
                del self.left[name]
            self.reports.append(FieldReport(name, to, how, "" if exact else "the original is kept too"))
            return found
        if not came:
            self.reports.append(FieldReport("", to, "missing"))
        return default

    def extra(self) -> dict[str, Any]:
        """All that is left, as it came; of JSON inside a text what it says, where no other field has its name."""
        told = {report.name for report in self.reports}
        extra: dict[str, Any] = {}
        for name, value in self.left.items():
            short = name.removesuffix("_json")
            if name != short and short not in self.left and isinstance(value, str):
                inner, exact = _told(value)
                if exact:
                    extra[short] = from_json(inner)
                    self.reports.append(FieldReport(name, f"extra.{short}", "converted"))
                    continue
            extra[name] = from_json(value)
            if name not in told:
                self.reports.append(FieldReport(name, f"extra.{name}", "kept"))
        return extra

    def mapped(self, payload: Payload, raw: bytes, exact: bool) -> Mapped[Payload]:
        lossless = exact and all(report.lossless for report in self.reports)
        return Mapped(payload, tuple(self.reports), None if lossless else raw)


def _told(value: str) -> tuple[Any, bool]:
    """What a JSON text says, and whether it can be written again from that; not where it is none."""
    try:
        return unpacked(value)
    except ValueError:
        return None, False


# --- conversions -----------------------------------------------------------------------------------------------------


_DECIMAL = re.compile(r"0|-?[1-9]\d{0,30}")


def text(value: Any) -> Converted:
    if isinstance(value, str):
        return value, "same", True
    if type(value) is int:
        return str(value), "converted", True
    raise Unread(f"{kind_of(value)}, not text")


def whole(value: Any) -> Converted:
    """An integer of 64 bits; as text too, for that is how protobuf's JSON writes them."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return whole(int(value))[0], "converted", True
    if type(value) is float and value.is_integer():
        return whole(int(value))[0], "converted", True
    if type(value) is not int:
        raise Unread(f"{kind_of(value)}, not an integer")
    if not -(2**63) <= value < 2**63:
        raise Unread("an integer beyond 64 bits")
    return value, "same", True


def ordinal(value: Any) -> Converted:
    found = whole(value)
    if found[0] < 0:
        raise Unread("a negative ordinal")
    return found


def number(value: Any) -> Converted:
    """A float; an integer where it is exactly one."""
    value = from_json(value)
    if type(value) is float:
        return value, "same", True
    if type(value) is not int:
        raise Unread(f"{kind_of(value)}, not a number")
    try:
        found = float(value)
    except OverflowError:
        raise Unread("an integer that no float can hold") from None
    if int(found) != value:
        raise Unread("an integer that no float holds exactly")
    return found, "converted", True


def flag(value: Any) -> Converted:
    if isinstance(value, bool):
        return value, "same", True
    if type(value) is int and value in (0, 1):
        return bool(value), "converted", True
    raise Unread(f"{kind_of(value)}, not true or false")


def anything(value: Any) -> Converted:
    """A value of any kind; one that a table kept as JSON text is what the text says."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner, exact = unpacked(value)
            return from_json(inner), "converted", exact
        except ValueError:
            return value, "same", True
    return from_json(value), "same", True


def json_text(value: Any) -> Converted:
    """What a field called `…_json` says; where the object itself stands there, that."""
    if not isinstance(value, str):
        return from_json(value), "same", True
    try:
        inner, exact = unpacked(value)
    except ValueError:
        raise Unread("text that is no JSON") from None
    return from_json(inner), "converted", exact


def mapping(value: Any) -> Converted:
    """A map with text keys, or the JSON text of one."""
    found, how, exact = anything(value)
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise Unread(f"{kind_of(found)}, not a map")
    return found, how, exact


_FRACTION = re.compile(r"[.,]\d{6}(\d+)")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MOST_SECONDS = 1e11
"""Beyond it a number is no time in seconds: the year 5138."""


def moment(value: Any) -> Converted:
    """Microseconds since 1970 of an ISO 8601 text, in UTC where it names no zone, or of Unix seconds."""
    value = from_json(value)
    if isinstance(value, datetime.datetime):
        value = value.isoformat()
    if isinstance(value, str):
        return _iso(value)
    if type(value) not in (int, float):
        raise Unread(f"{kind_of(value)}, not a time")
    if not math.isfinite(value) or abs(value) > _MOST_SECONDS:
        raise Unread("a number that is no time in seconds")
    found = round(value * 1_000_000)
    return found, "converted", found / 1_000_000 == value


def _iso(value: str) -> Converted:
    try:
        found = datetime.datetime.fromisoformat(value)
    except ValueError:
        raise Unread("text that is no time") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.UTC)
    us = (found - _EPOCH) // datetime.timedelta(microseconds=1)
    digits = _FRACTION.search(value)
    same = {found.isoformat(), found.isoformat(timespec="microseconds"), found.isoformat(timespec="milliseconds")}
    same |= {text.removesuffix("+00:00") for text in same} | {text.replace("+00:00", "Z") for text in same}
    return us, "converted", digits is None and value in same and not found.utcoffset()


def kind_of(value: Any) -> str:
    """What a value is, in JSON's words."""
    names = {str: "text", bool: "true or false", int: "an integer", float: "a number", dict: "a map", list: "a list"}
    return names.get(type(value), type(value).__name__)
