"""What a log constant is, and the catalogue that every one of them enters when it is defined.

A log line of ours is a constant and fields: the constant says what happened, in words that never change and under a
code that can be searched for; the fields say to what. Each component owns ranges of codes, and may keep codes whose
numbers and meanings are older than it. The checks run where a constant is defined, so a duplicate or a code out of its
range fails at import, not in a log file a year later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final, Literal, get_args

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""From the least to the most serious."""

Source = Literal["emitted", "known", "registered"]
"""emitted: our own programs say it · known: workers say it · registered: the user told us that workers say it."""

CODE = re.compile(r"LOG(\d{2,5})([A-Z]?)")


class CatalogError(ValueError):
    """A log constant that must not exist: its definition, not its use, is wrong."""


@dataclass(frozen=True, slots=True)
class LogConstant:
    """One thing that can happen. `message` is a fact in the past tense, without values: they go into fields."""

    code: str
    level: Level
    component: str
    subcomponent: str
    message: str
    tags: tuple[str, ...] = ()
    source: Source = "emitted"

    @property
    def severity(self) -> int:
        """The level as the standard library counts it: 10, 20, 30, 40."""
        return severity(self.level)

    @property
    def order(self) -> tuple[int, str]:
        """What to sort by: the number, then the letter."""
        return int(self.code[3:].rstrip(ascii_uppercase)), self.code


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a program that logs: its name, the codes it may use, and who says them."""

    name: str
    ranges: tuple[range, ...]
    kept: frozenset[str] = frozenset()
    """Codes outside the ranges whose numbers and meanings are kept because people already know them."""
    source: Source = "emitted"
    of_runs: bool = True
    """Whether each of its lines belongs to a run: one that names none is refused where that is strict."""

    @property
    def constants(self) -> dict[str, LogConstant]:
        """What it has defined, by code."""
        return {code: one for code, one in _CATALOG.items() if one.component == self.name}

    def owns(self, code: str) -> bool:
        """Whether a code lies in one of its ranges; a letter may follow the number of a worker's code."""
        found = CODE.fullmatch(code)
        if found is None or (found[2] and self.source == "emitted"):
            return False
        return any(int(found[1]) in one for one in self.ranges)

    def define(self, code: str, level: Level, subcomponent: str, message: str, *tags: str) -> LogConstant:
        """A new constant of this component, entered in the catalogue; CatalogError when it may not be."""
        constant = LogConstant(code, level, self.name, subcomponent, message, tags, self.source)
        check(constant, self)
        return _CATALOG.setdefault(code, constant)


_CATALOG: dict[str, LogConstant] = {}
_COMPONENTS: dict[str, Component] = {}


def component(
    name: str, *ranges: range, kept: tuple[str, ...] = (), source: Source = "emitted", of_runs: bool = True
) -> Component:
    """Register a component. Ranges and kept codes of two components never overlap."""
    new = Component(name, ranges, frozenset(kept), source, of_runs)
    for other in _COMPONENTS.values():
        if other.name == name:
            if other != new:
                raise CatalogError(f"there is a component {name} already, with {in_words(other.ranges)}")
            continue
        for one, two in ((one, two) for one in ranges for two in other.ranges):
            if range(max(one.start, two.start), min(one.stop, two.stop)):
                raise CatalogError(f"the codes of {name} and {other.name} overlap: {in_words((one, two))}")
        if both := new.kept & other.kept:
            raise CatalogError(f"{name} and {other.name} both keep {sorted(both)}")
    return _COMPONENTS.setdefault(name, new)


def of_runs(constant: LogConstant) -> bool:
    """Whether a line of this constant is to name its run."""
    owner = _COMPONENTS.get(constant.component)
    return owner is None or owner.of_runs


def check(constant: LogConstant, owner: Component) -> None:
    """Refuse a constant whose code is taken or not its owner's, or whose words a log reader could not use."""
    check_form(constant)
    if constant.code not in owner.kept and not owner.owns(constant.code):
        raise CatalogError(f"{constant.code} is not one of {owner.name}'s codes, {in_words(owner.ranges)}")
    if _CATALOG.get(constant.code, constant) != constant:
        raise CatalogError(f"{constant.code} already means {_CATALOG[constant.code].message!r}")
    if set("{}%|") & set(constant.message):
        raise CatalogError(f"{constant.code}: a message is a sentence without values: {constant.message!r}")


def check_form(constant: LogConstant) -> None:
    """Refuse what no constant may be, whoever defines it: no code, no level, no words."""
    if CODE.fullmatch(constant.code) is None:
        raise CatalogError(f"{constant.code!r} is no code: LOG, a number of two to five digits, perhaps a letter")
    if constant.level not in LEVELS:
        raise CatalogError(f"{constant.code} has the level {constant.level!r}, which is none of {', '.join(LEVELS)}")
    if not constant.message.strip() or len(constant.message.splitlines()) > 1:
        raise CatalogError(f"{constant.code}: a message is one line of words, not {constant.message!r}")
    if not constant.component.strip():
        raise CatalogError(f"{constant.code} names no component")


def severity(level: str) -> int:
    """A level as a number; CatalogError for a word that is none."""
    if level not in LEVELS:
        raise CatalogError(f"{level!r} is no log level; there are {', '.join(LEVELS)}")
    return 10 * (LEVELS.index(level) + 1)


def in_words(ranges: tuple[range, ...]) -> str:
    """`401 to 430, 4071 to 4079`."""
    return ", ".join(str(one.start) if len(one) == 1 else f"{one.start} to {one.stop - 1}" for one in ranges)
