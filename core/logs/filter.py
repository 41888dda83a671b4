"""The language in which log records are chosen: one for the command line, the screen, Python and saved filters.

    component:Worker/Runtime level>=WARNING -tag:step code:LOG512 since:2h "reward is nan"

A filter is a list of terms. Terms of the same field are alternatives (`code:LOG512 code:LOG513`), different fields
must all hold, and a term with a minus excludes. Bare words and quoted phrases are text: each must occur, in any case,
in the message, the fields or the raw line. Every filter can be written as its text and read back:
`LogFilter.parse(str(f)) == f`.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from cornerman.log_catalog.constant import LEVELS

from ..errors import InvalidOption
from ..time_span import seconds_of

FACETS: Final = ("level", "component", "code", "tag", "job", "run", "stream", "output", "source", "flag", "logger")
"""Fields with few different values, whose counts a store keeps."""
RANGES: Final = ("episode", "step", "env", "pid")
"""Fields that hold numbers: `episode:12`, `episode:12..20`, `episode:12..`."""
TIMES: Final = ("since", "until")
"""A time of the clock or an age: `since:2h`, `until:2026-11-26T07:00`."""
DURING: Final = "during"
"""An episode of the run that is named beside it, by its time: `during:12`, see `during.py`."""
TEXT: Final = "text"
FIELDS: Final = (*FACETS, *RANGES, *TIMES, DURING, TEXT)

_TERM = re.compile(
    r'(?P<minus>-)?(?:(?P<field>[a-z]+)(?P<op>>=|:))?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]+))'
)


class Term(NamedTuple):
    """One condition. `level>=WARNING` has the value `>=WARNING`."""

    field: str
    value: str
    exclude: bool = False

    def __str__(self) -> str:
        minus = "-" if self.exclude else ""
        if self.field == "level" and self.value.startswith(">="):
            return f"{minus}level{self.value}"
        return f"{minus}{'' if self.field == TEXT else self.field + ':'}{_quoted(self.value, self.field == TEXT)}"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which records are meant. Empty: all of them."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str) -> LogFilter:
        """The filter that a text means; InvalidOption says which term is wrong, and what is possible."""
        terms: list[Term] = []
        place = 0
        text = text.strip()
        while place < len(text):
            found = _TERM.match(text, place)
            if found is None:
                raise InvalidOption(f"The filter cannot be read at {text[place:]!r}.", 'Is a quote (") missing?')
            terms.append(_checked(_term(found)))
            place = found.end()
            while place < len(text) and text[place].isspace():
                place += 1
        return cls(tuple(dict.fromkeys(terms)))

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def of(self, *fields: str, exclude: bool = False) -> tuple[Term, ...]:
        """Its terms of these fields."""
        return tuple(term for term in self.terms if term.field in fields and term.exclude is exclude)

    def of_field(self, field: str) -> tuple[Term, ...]:
        """Its terms of this field, excluding ones too."""
        return tuple(term for term in self.terms if term.field == field)

    def including(self, field: str, value: str) -> LogFilter:
        """Also records with this value, where others of the field are chosen already; no longer excluded."""
        return self._with(Term(field, value), [Term(field, value, True)])

    def excluding(self, field: str, value: str) -> LogFilter:
        """No records with this value."""
        return self._with(Term(field, value, True), [Term(field, value)])

    def only(self, field: str, value: str) -> LogFilter:
        """Of this field, this value and nothing else."""
        return self._with(Term(field, value), [term for term in self.terms if term.field == field])

    def dropping(self, *terms: Term) -> LogFilter:
        """Without these terms."""
        return LogFilter(tuple(term for term in self.terms if term not in terms))

    def without(self, *fields: str) -> LogFilter:
        """Without the terms of these fields."""
        return LogFilter(tuple(term for term in self.terms if term.field not in fields))

    def _with(self, term: Term, gone: list[Term]) -> LogFilter:
        kept = tuple(other for other in self.terms if other not in gone and other != term)
        return LogFilter((*kept, _checked(term)))


def levels_of(value: str) -> tuple[str, ...]:
    """The levels that a term's value means: `ERROR`, or `>=WARNING` for it and what is more serious."""
    place = LEVELS.index(value.removeprefix(">=").upper())
    return LEVELS[place:] if value.startswith(">=") else LEVELS[place : place + 1]


def range_of(value: str) -> tuple[int | None, int | None]:
    """First and last number of `12`, `12..20`, `12..` or `..20`."""
    first, dots, last = value.partition("..")
    return (int(first), int(first)) if not dots else (int(first) if first else None, int(last) if last else None)


def time_of(value: str, now_us: int | None = None) -> int:
    """Microseconds since 1970 that `2h` (ago), `2026-11-26T07:00` (local, unless it says otherwise) or seconds mean."""
    age = seconds_of(value)
    if age is not None:
        now = time.time_ns() // 1000 if now_us is None else now_us
        return now - int(age * 1e6)
    if re.fullmatch(r"\d{9,}(\.\d+)?", value):
        return int(float(value) * 1e6)
    at = datetime.fromisoformat(value)
    return int((at if at.tzinfo else at.astimezone()).astimezone(UTC).timestamp() * 1e6)


def _term(found: re.Match[str]) -> Term:
    quoted = found["quoted"]
    value = found["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    field, exclude = found["field"], found["minus"] is not None
    if field is None:
        return Term(TEXT, value, exclude)
    return Term(field, f">={value}" if found["op"] == ">=" else value, exclude)


def _checked(term: Term) -> Term:
    """The term with its value as it is compared; InvalidOption where it can mean nothing."""
    if term.field not in FIELDS:
        raise InvalidOption(
            f"A filter has no field {term.field!r}.",
            f"Fields: {', '.join(FIELDS[:-1])}. Put a text with a colon in quotes.",
        )
    try:
        return term._replace(value=_value(term))
    except ValueError:
        raise InvalidOption(f"{term} means nothing.", f"Write {_EXAMPLES.get(term.field, 'field:value')}.") from None


def _value(term: Term) -> str:
    value = term.value
    if value.startswith(">=") and term.field != "level":
        raise ValueError(value)
    if term.field == "level":
        if levels_of(value)[0] not in LEVELS:
            raise ValueError(value)
        return ("" if value[:2] != ">=" else ">=") + levels_of(value)[0]
    if term.field in RANGES and range_of(value) == (None, None):
        raise ValueError(value)
    if term.field in TIMES:
        time_of(value)
    if term.field == DURING:
        from .during import during_of

        during_of(value)
    if term.field in (*TIMES, DURING) and term.exclude:
        raise ValueError(value)
    return value


_EXAMPLES = {
    "level": "level:ERROR or level>=WARNING (DEBUG, INFO, WARNING, ERROR)",
    **{name: f"{name}:12 or {name}:12..20" for name in RANGES},
    DURING: "during:12, during:12..20, during:STREAM/12 or during:12@ENV",
    **{name: f"{name}:2h, {name}:30s or {name}:2026-11-26T07:00" for name in TIMES},
}


def _quoted(value: str, text: bool) -> str:
    """The value as it stands in a filter: in quotes where it would be read as something else."""
    plain = re.fullmatch(r'[^\s"\\]+', value) and not (text and (value[0] == "-" or re.match(r"[a-z]+(>=|:)", value)))
    return value if plain else '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
