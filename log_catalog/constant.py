"""What a log constant is, and the catalogue that every one of them enters when it is defined.

A log line of ours is a constant and fields: the constant says what happened, in words that never change and under a
code that can be searched for; the fields say to what. Each component owns a range of codes, and may keep codes whose
numbers and meanings are older than it. The checks run where a constant is defined, so a duplicate or a code out of its
range fails at import, not in a log file a year later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from string import ascii_uppercase
from typing import Final, Literal, get_args

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""From the least to the most serious."""

_CODE = re.compile(r"LOG(\d{2,4})([A-Z]?)")


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

    @property
    def severity(self) -> int:
        """The level as the standard library counts it: 10, 20, 30, 40."""
        return 10 * (LEVELS.index(self.level) + 1)

    @property
    def order(self) -> tuple[int, str]:
        """What to sort by: the number, then the letter."""
        return int(self.code[3:].rstrip(ascii_uppercase)), self.code


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the program that logs: its name, the codes it may use, and the constants it has defined."""

    name: str
    codes: range
    kept: frozenset[str] = frozenset()
    """Codes outside the range whose numbers and meanings are kept because people already know them."""
    constants: dict[str, LogConstant] = field(default_factory=dict)

    def define(self, code: str, level: Level, subcomponent: str, message: str, *tags: str) -> LogConstant:
        """A new constant of this component, entered in the catalogue; CatalogError when it may not be."""
        constant = LogConstant(code, level, self.name, subcomponent, message, tags)
        check(constant, self)
        _CATALOG[code] = self.constants[code] = constant
        return constant


_CATALOG: dict[str, LogConstant] = {}
_COMPONENTS: dict[str, Component] = {}


def component(name: str, codes: range, *, kept: tuple[str, ...] = ()) -> Component:
    """Register a component. Ranges and kept codes of two components never overlap."""
    new = Component(name, codes, frozenset(kept))
    for other in _COMPONENTS.values():
        if range(max(codes.start, other.codes.start), min(codes.stop, other.codes.stop)) and other.name != name:
            raise CatalogError(f"the codes of {name} and {other.name} overlap: {codes} and {other.codes}")
        if other.name != name and (both := new.kept & other.kept):
            raise CatalogError(f"{name} and {other.name} both keep {sorted(both)}")
    return _COMPONENTS.setdefault(name, new)


def check(constant: LogConstant, owner: Component) -> None:
    """Refuse a constant whose code is taken or not its owner's, or whose words a log reader could not use."""
    found = _CODE.fullmatch(constant.code)
    if found is None:
        raise CatalogError(f"{constant.code!r} is no code: LOG, a number, perhaps a letter")
    if constant.code not in owner.kept and (found[2] or int(found[1]) not in owner.codes):
        raise CatalogError(f"{constant.code} is not one of {owner.name}'s codes, {owner.codes}")
    if _CATALOG.get(constant.code, constant) != constant:
        raise CatalogError(f"{constant.code} already means {_CATALOG[constant.code].message!r}")
    if constant.level not in LEVELS:
        raise CatalogError(f"{constant.code} has the level {constant.level!r}, which is none of {LEVELS}")
    if not constant.message or set("{}%|\n") & set(constant.message):
        raise CatalogError(f"{constant.code}: a message is a sentence without values: {constant.message!r}")


def by_code(code: str) -> LogConstant | None:
    """The constant with this code, or None for one that is not ours."""
    return catalog().get(code)


def catalog() -> dict[str, LogConstant]:
    """Every constant by its code, in order. Reads this folder: a component's file needs no other mention."""
    _load_components()
    return dict(sorted(_CATALOG.items(), key=lambda entry: entry[1].order))


def components() -> dict[str, Component]:
    """Every component by its name."""
    _load_components()
    return dict(sorted(_COMPONENTS.items()))


def _load_components() -> None:
    package = import_module(__name__.rpartition(".")[0])
    for module in sorted(iter_modules(package.__path__), key=lambda found: found.name):
        import_module(f"{package.__name__}.{module.name}")
