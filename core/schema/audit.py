"""What data really holds, held against what a schema describes: fields nobody described, fields nobody sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .document import SchemaDocument
from .evidence import FieldEvidence
from .glossary import glossary


class Gaps(NamedTuple):
    """Where data and a schema do not know of one another, as places in a document."""

    undescribed: tuple[str, ...]
    never_seen: tuple[str, ...]


def gaps(fields: Sequence[FieldEvidence], document: SchemaDocument) -> Gaps:
    """What one side has and the other does not. What is below something open in the schema counts as described."""
    described = {field.path for field in glossary([document])}
    seen = {_normal(field.path) for field in fields if field.present}
    known = [place for place in seen if place in described or _within(place, described)]
    return Gaps(
        tuple(sorted(place for place in seen if place and place not in known)),
        tuple(sorted(place for place in described if place not in seen and not _within(place, described))),
    )


def _within(place: str, described: Iterable[str]) -> bool:
    """Whether something around a place is described: then that is where it is reported."""
    parts = place.split("/")
    around = {"/".join(parts[:count]) for count in range(2, len(parts))}
    return not around.isdisjoint(described)


def _normal(path: str) -> str:
    return path if path.startswith("/") or not path else f"/{path}"
