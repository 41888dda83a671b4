"""The panel of facets: the values that records have, with live counts, and which of them the filter names.

The lists come from the data, so a component that nobody has heard of is there as soon as it has logged once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import words
from .log_view import severity
from .renderers._cells import visible
from .widgets.lines import Line

if TYPE_CHECKING:
    from collections.abc import Collection

    from cornerman.core.logs import Facet, Facets, LogFilter

    from .look import Look

FEW = 6
"""Values of a field that are listed while it is closed."""
SECTIONS = ("level", "component", "tag", "code", "run", "output", "source", "job", "stream", "flag", "logger")
_LEVELS = ("ERROR", "WARNING", "INFO", "DEBUG")


class FacetRow(NamedTuple):
    """A line of the panel: a field's heading (its value empty), or a value of it."""

    field: str
    value: str = ""
    records: int = 0
    depth: int = 0
    state: str = ""
    """+ where the filter names it, - where it excludes it."""
    hidden: int = 0
    """Of a heading: values that are not listed."""
    opened: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.field, self.value


def rows(facets: Facets | None, chosen: LogFilter, opened: Collection[str]) -> list[FacetRow]:
    """Every line of the panel, from top to bottom."""
    if facets is None:
        return []
    made: list[FacetRow] = []
    for field in SECTIONS:
        values = _values(field, facets.values.get(field, ()), chosen)
        if not values or (len(values) == 1 and field not in ("level", "component") and not values[0].state):
            continue  # what all records have in common chooses nothing
        shown = _shown(field, values, opened)
        made += [FacetRow(field, hidden=len(values) - len(shown), opened=field in opened), *shown]
    return made


def _values(field: str, found: tuple[Facet, ...], chosen: LogFilter) -> list[FacetRow]:
    counts = {facet.value: facet.count for facet in found if facet.value}
    named = [term.value for term in (*chosen.of(field), *chosen.of(field, exclude=True))]
    for value in named:
        if not value.startswith(">="):
            counts.setdefault(value, 0)
    if field == "level":
        return [_row(field, level, counts.get(level, 0), 0, chosen) for level in _LEVELS]
    if field == "component":
        return _tree(counts, chosen)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return [_row(field, value, counts[value], 0, chosen) for value in ordered]


def _tree(counts: dict[str, int], chosen: LogFilter) -> list[FacetRow]:
    """Components, the most frequent first, each with its subcomponents beneath."""
    tops = {name.partition("/")[0] for name in counts}
    total = {top: counts.get(top, sum(n for name, n in counts.items() if name.startswith(top + "/"))) for top in tops}
    made: list[FacetRow] = []
    for top in sorted(tops, key=lambda name: (-total[name], name)):
        made.append(_row("component", top, total[top], 0, chosen))
        parts = sorted((name for name in counts if name.startswith(top + "/")), key=lambda n: (-counts[n], n))
        made += [_row("component", name, counts[name], 1, chosen) for name in parts]
    return made


def _row(field: str, value: str, count: int, depth: int, chosen: LogFilter) -> FacetRow:
    from cornerman.core.logs.filter import levels_of

    def names(term_value: str) -> bool:
        return value in levels_of(term_value) if field == "level" else value == term_value

    state = "+" if any(names(term.value) for term in chosen.of(field)) else ""
    if any(names(term.value) for term in chosen.of(field, exclude=True)):
        state = "-"
    return FacetRow(field, value, count, depth, state)


def _shown(field: str, values: list[FacetRow], opened: Collection[str]) -> list[FacetRow]:
    """Of a closed field the first values, and those that the filter names; of components the whole tree or its tops."""
    if field in opened or field == "level":
        return values
    if field == "component":
        tops = [row for row in values if not row.depth]
        return [row for row in values if not row.depth or row.state or len(tops) + len(values) <= 2 * FEW + len(tops)]
    return [row for at, row in enumerate(values) if at < FEW or row.state]


def line(row: FacetRow, cursor: bool, width: int, look: Look) -> Line:
    """One line of the panel in exactly so many columns."""
    over = "|cursor" if cursor else ""
    mark = look.glyph("mark") if cursor else " "
    if not row.value:
        sign = look.glyph("opened" if row.opened or not row.hidden else "closed")
        more = f"+{row.hidden}" if row.hidden else ""
        text = words.fit(f"{sign} {row.field}", max(0, width - len(more) - 2)) + more + " "
        return ((mark, "accent" + over), (text, "head" + over))
    count = words.exact(row.records)
    if row.field == "level":
        sign, style = severity(row.value, look)
        name = f"{sign} {row.value}"
    else:
        name, style = visible(row.value.partition("/")[2] if row.depth else row.value), "normal"
    style = "dim" if not row.records else style
    state = (row.state or " ") + " " + "  " * row.depth
    text = words.fit(name, max(1, width - 2 - len(state) - len(count) - 1))
    return (
        (mark, "accent" + over), (" ", "normal" + over), (state, ("bad" if row.state == "-" else "key") + over),
        (text + " ", style + over), (count, "dim" + over),
    )  # fmt: skip


def title(facets: Facets | None, look: Look) -> str:
    """What the counts leave out of account is said where they stand."""
    without = f" without {', '.join(facets.without)}" if facets is not None and facets.without else ""
    return f"counts{without}"
