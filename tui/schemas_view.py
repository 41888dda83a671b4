"""How the lists of the Schemas screen look: columns, cells, and what an empty one says. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from . import words
from .look import Look
from .renderers._cells import visible
from .runs_view import centred
from .schema_words import adopted, share_cells, version_state
from .widgets.lines import Line

if TYPE_CHECKING:
    from cornerman.core.schema.entries import SchemaEntry, VersionEntry
    from cornerman.core.schema.refused import ErrorGroup

    from .schema_queries import Adoption

VIEWS = ("schemas", "versions", "diff", "adoption", "quarantine", "rules")
Cell = tuple[str, str]
"""A text and its style."""


class Column(NamedTuple):
    """A column: its least width, its share of what is left over, and who gives way first (the highest rank)."""

    name: str
    width: int
    grows: int = 0
    rank: int = 0
    right: bool = False


class Listing(NamedTuple):
    """A list: its columns, a name for each row that stays the same when rows come and go, and cells for a row."""

    columns: tuple[Column, ...]
    keys: Sequence[object]
    cells: Callable[[int], Sequence[Cell]]
    empty: tuple[str, ...] = ()
    """Where there is no row: what is the case, then what to do."""

    def head(self, width: int) -> Line:
        cells = [(column.name, "head") for column in self.columns]
        return _row(cells, self.columns, width, "", ())

    def row(self, index: int, cursor: bool, width: int, look: Look) -> Line:
        return _row(self.cells(index), self.columns, width, look.glyph("mark") if cursor else "", ("cursor",) * cursor)

    def instead(self, width: int, height: int) -> list[Line]:
        lines: list[Line] = [((text, "title" if not at else "key"),) for at, text in enumerate(self.empty)]
        return centred(lines, width, height)


def _row(cells: Sequence[Cell], columns: tuple[Column, ...], width: int, mark: str, styles: tuple[str, ...]) -> Line:
    parts: list[Cell] = [(words.fit(mark, 2), "|".join(("accent", *styles)))]
    for at, room in fitted(columns, width - 2):
        text, style = cells[at]
        text = visible(" ".join(text.split())) if not text.isprintable() else text
        parts += [
            (words.fit(text, room, columns[at].right), "|".join((style, *styles))),
            (" ", "|".join(("normal", *styles))),
        ]
    return tuple(parts)


def fitted(columns: tuple[Column, ...], width: int) -> list[tuple[int, int]]:
    """(column, width) of those that fit, the least important left out; what is left over goes to those that grow."""
    shown = list(range(len(columns)))
    while len(shown) > 1 and sum(columns[at].width + 1 for at in shown) > width:
        shown.remove(max(shown, key=lambda at: columns[at].rank))
    left = max(0, width - sum(columns[at].width + 1 for at in shown))
    shares = sum(columns[at].grows for at in shown)
    return [(at, columns[at].width + (left * columns[at].grows // shares if shares else 0)) for at in shown]


def ago(now: float, at_us: int | None) -> str:
    return f"{words.span(now - at_us / 1e6)} ago" if at_us else "-"


def matching(text: str, wanted: str) -> bool:
    """Whether all words of a filter are in a text."""
    return all(word in text.lower() for word in wanted.lower().split())


# ---- the lists ----

_SCHEMAS = (
    Column("schema", 16, 3), Column("latest", 8), Column("versions", 8, 0, 2), Column("mode", 10, 1, 3),
    Column("policy", 8, 1, 4), Column("adoption", 22, 3, 1), Column("changed", 8, 0, 5, True),
)  # fmt: skip


def schemas(entries: Sequence[SchemaEntry], adoption: dict[str, Adoption], wanted: str, now: float) -> Listing:
    found = [entry for entry in entries if matching(f"{entry.id} {entry.title}", wanted)]

    def cells(index: int) -> list[Cell]:
        entry = found[index]
        use = adopted(*adoption.get(entry.id, ((), None)))
        met = (point := adoption.get(entry.id, ((), None))[1]) is not None and point.met
        count = f"{entry.versions}" + (f" (-{entry.retired})" if entry.retired else "")
        return [
            (entry.id, "title"), (entry.latest or "retired", "normal" if entry.latest else "warn"), (count, "normal"),
            (entry.rules.mode, "normal"), (entry.rules.policy, "dim"),
            (use, "good" if met else "normal" if entry.id in adoption else "dim"), (ago(now, entry.changed_us), "dim"),
        ]  # fmt: skip

    empty = (
        (f"No schema matches {wanted!r}.", "esc drops the filter")
        if entries
        else (
            "No schema is registered here yet.",
            "cornerman schema infer data.jsonl",
            "cornerman schema add ticks.json",
        )
    )
    return Listing(_SCHEMAS, [entry.id for entry in found], cells, empty)


_VERSIONS = (
    Column("version", 10), Column("state", 9), Column("registered", 10, 0, 1), Column("by", 14, 1, 2),
    Column("digest", 12, 0, 4), Column("commit", 10, 0, 5), Column("note", 12, 4, 3),
)  # fmt: skip


def versions(entries: Sequence[VersionEntry], now: float) -> Listing:
    def cells(index: int) -> list[Cell]:
        entry = entries[index]
        return [
            (entry.version, "dim" if entry.retired else "title"),
            (version_state(entry), "warn" if entry.retired else "good"), (ago(now, entry.registered_us), "normal"),
            (entry.who, "dim"), (entry.digest[:12], "dim"), ((entry.commit or "-")[:10], "dim"), (entry.note, "normal"),
        ]  # fmt: skip

    return Listing(_VERSIONS, [entry.version for entry in entries], cells, ("No schema is chosen.", "1 lists them"))


_ADOPTION = (
    Column("schema", 20, 4), Column("steps", 14, 0, 1, True), Column("runs", 12, 0, 0, True),
    Column("producers", 10, 0, 2, True), Column("bad", 7, 0, 3, True), Column("95% of runs", 12),
    Column("newest", 8, 0, 4, True),
)  # fmt: skip


def adoption(found: dict[str, Adoption], wanted: str, now: float, look: Look) -> Listing:
    rows = [
        (each, point if not at else None)
        for name, (versions_, point) in found.items() if matching(name, wanted)
        for at, each in enumerate(versions_)
    ]  # fmt: skip

    def cells(index: int) -> list[Cell]:
        each, point = rows[index]
        steps, runs, producers = share_cells(each)
        mark: Cell = ("", "dim")
        if point is not None:
            mark = (f"{look.glyph('done')} met", "good") if point.met_us else (f"{point.share:.0%}, not met", "warn")
        bad: Cell = (words.count(each.bad), "bad" if each.bad else "normal")
        return [(each.pin, "title" if point else "normal"), (steps, "normal"), (runs, "normal"),
                (producers, "normal"), bad, mark, (ago(now, each.last_us), "dim")]  # fmt: skip

    empty = (
        (f"No schema in use matches {wanted!r}.", "esc drops the filter")
        if found
        else ("No step was judged by a schema yet.", "cornerman record CartPole-v1",
              "cornerman enforce set ticks@1.0.0 warn")
    )  # fmt: skip
    return Listing(_ADOPTION, [each.pin for each, _ in rows], cells, empty)


_QUARANTINE = (
    Column("records", 8, 0, 0, True), Column("schema", 16, 2), Column("path", 10, 2), Column("rule", 9, 1),
    Column("expected", 8, 1, 3), Column("got", 8, 2, 1), Column("newest", 8, 0, 2, True),
)  # fmt: skip


def quarantine(groups: Sequence[ErrorGroup], state: str, wanted: str, now: float) -> Listing:
    found = [group for group in groups if matching(f"{group.schema} {group.path} {group.rule}", wanted)]

    def cells(index: int) -> list[Cell]:
        group = found[index]
        return [
            (words.exact(group.records), "bad"), (group.schema, "title"), (group.path or "/", "normal"),
            (group.rule, "normal"), (group.expected, "dim"), (group.got, "warn"), (ago(now, group.last_us), "dim"),
        ]  # fmt: skip

    empty = (
        (f"No error matches {wanted!r}.", "esc drops the filter")
        if groups
        else (f"Nothing is {state} in quarantine.", "t shows other states",
              "cornerman import FILE --schema ID judges records", "cornerman enforce set ID enforce refuses steps")
    )  # fmt: skip
    return Listing(_QUARANTINE, [(group.schema, group.path, group.rule) for group in found], cells, empty)
