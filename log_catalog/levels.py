"""From which level on lines count: for everything, for a component, for a part of one. The nearest decides."""

from __future__ import annotations

from collections.abc import Mapping

from .constant import LEVELS, CatalogError, Level, LogConstant, severity


class Levels:
    """The tree of levels: all, `Store`, `Store/SQLite`."""

    def __init__(self, level: Level, parts: Mapping[str, Level] | None = None) -> None:
        self._all = severity(level)
        self._parts = {part: severity(its) for part, its in (parts or {}).items()}
        self._least: dict[str, int] = {}

    def set(self, level: Level, part: str | None = None) -> None:
        """The level of a part, or of everything that has none of its own."""
        if part is None:
            self._all = severity(level)
        else:
            self._parts = {**self._parts, part: severity(level)}
        self._least = {}

    def least(self, constant: LogConstant) -> int:
        """The severity from which on lines of this constant count; one look-up after the first time."""
        found = self._least.get(constant.code)
        if found is None:
            part = f"{constant.component}/{constant.subcomponent}"
            found = self._parts.get(part, self._parts.get(constant.component, self._all))
            self._least[constant.code] = found
        return found


def parse_levels(text: str, known: tuple[str, ...]) -> dict[str, Level]:
    """`Store=DEBUG, Recorder/Journal=ERROR` as the levels of parts; CatalogError names what is wrong with it."""
    from difflib import get_close_matches  # 5 ms, for those who set such levels

    found: dict[str, Level] = {}
    for entry in filter(None, (entry.strip() for entry in text.split(","))):
        part, equals, word = (piece.strip() for piece in entry.partition("="))
        name = part.split("/")[0]
        if not equals or word.upper() not in LEVELS:
            raise CatalogError(f"{entry!r} is no level of a component; write Store=DEBUG, with {', '.join(LEVELS)}")
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise CatalogError(f"there is no component {name!r}; " + (f"{near[0]}?" if near else ", ".join(known)))
        found[part] = next(level for level in LEVELS if level == word.upper())
    return found
