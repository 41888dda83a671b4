"""What could come next in a filter that is being typed: fields, and the values that records have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cornerman.core.logs import Facets

MOST = 12
_EXAMPLES = {
    "since": ("10m", "2h", "1d"), "until": ("10m", "2h", "1d"),
    "episode": ("12", "12..20"), "step": ("12", "12..20"), "env": ("0",), "pid": (),
    "during": ("12", "12..20"),
}  # fmt: skip
_LAST = re.compile(r'(?P<minus>-?)(?:(?P<field>[a-z]+)(?P<op>>=|:))?(?P<value>"(?:[^"\\]|\\.)*|[^\s"]*)$')


class Candidate(NamedTuple):
    """A way to go on: the whole text with it, and what to show of it."""

    text: str
    shown: str
    records: int | None = None


def candidates(text: str, facets: Facets | None) -> list[Candidate]:
    """What the last word of `text` could become, the most frequent first. Nothing is offered inside a phrase."""
    from cornerman.core.logs.filter import FACETS, FIELDS

    found = _LAST.search(text)
    if found is None:
        return []
    head = text[: found.start()]
    field, value = found["field"], found["value"]
    if field is None:
        if value.startswith('"') or not value:
            return []
        fields = [name for name in FIELDS if name != "text" and name.startswith(value.lower())]
        return [Candidate(f"{head}{found['minus']}{name}:", f"{name}:") for name in fields]
    if field == "level":
        from cornerman.log_catalog.constant import LEVELS

        counts = _counts(facets, "level")
        levels = [level for level in LEVELS if level.startswith(value.upper())]
        start = f"{head}{found['minus']}level{found['op']}"
        return [Candidate(f"{start}{level} ", level, counts.get(level)) for level in levels]
    wanted = value.lstrip('"').lower()
    start = f"{head}{found['minus']}{field}:"
    if field in FACETS:
        counts = _counts(facets, field)
        values = [name for name in counts if name.lower().startswith(wanted)]
        values += [name for name in counts if wanted and wanted in name.lower() and name not in values]
        return [Candidate(f"{start}{_quoted(name)} ", name, counts[name]) for name in values[:MOST]]
    return [Candidate(f"{start}{name} ", name) for name in _EXAMPLES.get(field, ()) if name.startswith(wanted)]


def _counts(facets: Facets | None, field: str) -> dict[str, int]:
    return {facet.value: facet.count for facet in facets.values.get(field, ())} if facets is not None else {}


def _quoted(value: str) -> str:
    """As the filter writes it."""
    from cornerman.core.logs import Term

    return str(Term("code", value)).removeprefix("code:")
