"""How settings look on the screen: a list by section, and below it all that is known of one. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from . import words
from .look import Look
from .renderers._cells import visible, wrap
from .widgets.lines import Line

if TYPE_CHECKING:
    from cornerman.core.setting_costs import Cost
    from cornerman.core.setting_sources import Explanation

SECTIONS = {
    "identity": "what things are called",
    "producer": "what is recorded",
    "storage": "what bounds the store",
    "view": "what is drawn; never what is stored",
    "resources": "what a launched program gets",
    "log": "what is said",
}


class Row(NamedTuple):
    """One line of the list: a heading, something to fill in, a setting, or what is folded."""

    kind: Literal["heading", "field", "setting", "folded"]
    name: str
    label: str
    value: str = ""
    unit: str = ""
    source: str = ""
    touches: str = ""
    dear: bool = False
    chosen: bool = False
    """Somebody said so; it is not the default."""


def rows(
    explained: Sequence[Explanation],
    costs: Sequence[Cost],
    file: str,
    *,
    sections: Sequence[str] = tuple(SECTIONS),
    advanced: bool = False,
    wanted: str = "",
) -> list[Row]:
    """The settings of these sections; advanced ones only where they are wanted, or somebody set them."""
    dear = {cost.key for cost in costs if cost.warning}
    found: list[Row] = []
    for section in sections:
        of_section = [one for one in explained if one.key.section == section and _matches(one, wanted)]
        shown = [one for one in of_section if advanced or wanted or not one.key.advanced or len(one.layers) > 1]
        if not of_section:
            continue
        found.append(Row("heading", section, section, SECTIONS.get(section, "")))
        found += [_row(one, file, one.key.name in dear) for one in shown]
        if hidden := len(of_section) - len(shown):
            found.append(Row("folded", section, f"{hidden} advanced: a unfolds"))
    return found


def _matches(one: Explanation, wanted: str) -> bool:
    text = f"{one.key.name} {one.key.description} {one.key.effect}".lower()
    return all(word in text for word in wanted.lower().split())


def _row(one: Explanation, file: str, dear: bool) -> Row:
    touches = "view only" if one.key.effect == "view only" else "stored data"
    source = source_word(one.origin, file)
    value = one.key.said(one.value)
    return Row(
        "setting", one.key.name, one.key.leaf, value, source=source, touches=touches, dear=dear,
        chosen=source != "default",
    )  # fmt: skip


def source_word(origin: str, file: str) -> str:
    """Which layer won, in a word or two."""
    if origin == "built in":
        return "default"
    if origin.startswith("the profile"):
        return "profile"
    if origin.startswith("$"):
        return "environment"
    if origin.startswith("--"):
        return "given here"
    return "your file" if origin.endswith(f" in {file}") else "$CORNERMAN_CONFIG"


def line(row: Row, cursor: bool, width: int, look: Look) -> Line:
    """One row of the list, as wide as there is room."""
    on = "|cursor" if cursor else ""
    mark = look.glyph("mark") if cursor else ""
    if row.kind == "heading":
        purpose = words.fit(row.value, max(0, width - len(row.label) - 3))
        return ((f" {row.label}", f"title{on}"), (f"  {purpose}", f"dim{on}"))
    if row.kind == "folded":
        return ((words.fit(mark, 3), f"accent{on}"), (words.fit(row.label, width - 3), f"dim{on}"))
    label, source, touches = 20, 12, 12
    room = max(8, width - 3 - label - 3 - (0 if row.kind == "field" else source + touches))
    text = f"{row.value} {row.unit}".strip()
    parts = [
        (words.fit(mark, 3), f"accent{on}"),
        (words.fit(row.label, label), f"normal{on}"),
        (words.fit(f"{look.glyph('warn')} " if row.dear else "", 3), f"warn{on}"),
        (words.fit(visible(text), room - 1) + " ", f"{'title' if row.chosen else 'normal'}{on}"),
    ]
    if row.kind == "setting":
        parts.append((words.fit(row.source, source), f"{'accent' if row.chosen else 'dim'}{on}"))
        parts.append((words.fit(row.touches, touches), f"{'warn' if row.touches == 'stored data' else 'info'}{on}"))
    return tuple(parts)


def head(width: int) -> Line:
    room = max(8, width - 3 - 20 - 3 - 24)
    return ((words.fit("   setting", 26) + words.fit("value", room) + "from        touches", "head"),)


def detail(one: Explanation, costs: Sequence[Cost], file: str, width: int, look: Look) -> list[Line]:
    """All that is known of one setting: what it does, what is allowed, who obeys it, who says what, what it costs."""
    key = one.key
    found: list[Line] = [((f" {part}", "normal"),) for part in wrap(key.description, width - 2)]
    allowed = f"{key.bounds} {key.unit}".strip()
    facts = [("allowed", f"{allowed}; default {key.said(key.default)}; {key.effect}", "normal")]
    for cost in costs:
        if cost.key == key.name:
            sign = f"{look.glyph('warn')} " if cost.warning else ""
            facts.append(("warning" if cost.warning else "cost", sign + cost.words, "warn" if cost.warning else "info"))
    said = [f"{source_word(origin, file)} {key.words(value)}" for origin, value in one.layers]
    facts.append(("sources", " < ".join(said) + (" (wins)" if len(said) > 1 else ""), "normal"))
    facts.append(("obeyed", f"{key.enforced} ({key.obeyed_by})", "dim"))
    facts.append(("variable", f"${key.environment}", "dim"))
    for name, text, style in facts:
        found += _fact(name, text, width, style)
    return found


def _fact(name: str, text: str, width: int, style: str) -> list[Line]:
    first, *rest = wrap(visible(text), max(20, width - 11)) or [""]
    return [
        ((f" {name:<9}", "dim"), (first, style)),
        *(((" " * 10, "normal"), (part, style)) for part in rest),
    ]


def problems(found: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """What `cornerman config check` says."""
    lines: list[Line] = []
    for what, remedy in found:
        lines += [((f" {part}", "bad"),) for part in wrap(visible(what), width - 2)]
        lines += [((f"   {part}", "normal"),) for part in wrap(visible(remedy), width - 4)]
    return lines
