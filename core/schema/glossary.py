"""The fields that schemas describe, as one list of words: what each means, where it is used, and by whom.

Drawn from the documents: a field's `title` or `description`, its `unit`, and `uses`, in which a schema may say who
reads it (`"uses": ["loader", "risk dashboard"]`), so that they can be asked before it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .document import SchemaDocument
from .walk import walk


class Field(NamedTuple):
    """One field of one schema."""

    name: str
    pin: str
    path: str
    """Where it stands in a document, as a JSON pointer; `*` is any item or member."""
    type: str
    means: str
    unit: str
    uses: tuple[str, ...]


def glossary(documents: Iterable[SchemaDocument]) -> list[Field]:
    """Every field that has a name, by name."""
    found = (field for document in documents for field in _fields(document))
    return sorted(found, key=lambda field: (field.name.lower(), field.pin, field.path))


def readers(document: SchemaDocument, path: str) -> tuple[str, ...]:
    """Who reads the field whose subschema a pointer leads to, or what is around it."""
    parts = path.split("/")
    said: tuple[str, ...] = ()
    for pointer, node in walk(document.schema):
        if parts[: pointer.count("/") + 1] == pointer.split("/"):
            said = _uses(node) or said
    return said


def _fields(document: SchemaDocument) -> Iterator[Field]:
    for pointer, node in walk(document.schema):
        before, _, name = pointer.rpartition("/")
        if not before.endswith("/properties") and before != "/properties":
            continue
        said = node if isinstance(node, dict) else {}
        yield Field(
            name.replace("~1", "/").replace("~0", "~"), document.pin, _place(pointer), _type(said),
            str(said.get("description") or said.get("title") or ""), str(said.get("unit", "")), _uses(said),
        )  # fmt: skip


def _uses(node: Any) -> tuple[str, ...]:
    said = node.get("uses", ()) if isinstance(node, dict) else ()
    return (said,) if isinstance(said, str) else tuple(map(str, said)) if isinstance(said, list) else ()


def _type(said: dict[str, Any]) -> str:
    found = said.get("type", "enum" if "enum" in said else "")
    return " or ".join(found) if isinstance(found, list) else str(found)


def _place(pointer: str) -> str:
    """The place in a document, of a place in its schema."""
    parts, place = iter(pointer.split("/")[1:]), ""
    for part in parts:
        if part == "properties":
            place += f"/{next(parts)}"
        elif part in ("items", "additionalProperties", "additionalItems", "contains"):
            place += "/*"
        elif part in ("definitions", "$defs"):
            place = f"#{next(parts)}"
    return place
