"""The places of a schema where another schema stands, so that property names are never taken for keywords.

Also the limits that every schema meets before a compiler or a comparison sees it: the library beneath follows
references on the machine's stack, so a hostile document would end the process. Nothing can interrupt it, therefore the
size is bounded before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 64
MAX_NODES = 50_000

ONE = frozenset({"additionalProperties", "additionalItems", "propertyNames", "contains", "not", "if", "then", "else"})
LISTS = frozenset({"allOf", "anyOf", "oneOf"})
MAPS = frozenset({"properties", "patternProperties", "definitions", "$defs"})


def escape(part: str | int) -> str:
    """One part of a JSON pointer, with the two characters it reserves escaped."""
    return str(part).replace("~", "~0").replace("/", "~1")


def children(schema: Any) -> Iterator[tuple[str, Any]]:
    """Each direct subschema with its pointer relative to `schema`; whatever is no schema is left out."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in ONE:
            yield f"/{keyword}", value
        elif keyword in LISTS or (keyword == "items" and isinstance(value, list)):
            if isinstance(value, list):
                for index, inner in enumerate(value):
                    yield f"/{keyword}/{index}", inner
        elif keyword == "items":
            yield "/items", value
        elif (keyword in MAPS or keyword == "dependencies") and isinstance(value, dict):
            for name, inner in value.items():
                if not (keyword == "dependencies" and isinstance(inner, list)):
                    yield f"/{keyword}/{escape(name)}", inner


def walk(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every subschema with its JSON pointer, the schema itself first. It uses no recursion: any depth is fine."""
    waiting: list[tuple[str, Any]] = [("", schema)]
    while waiting:
        pointer, node = waiting.pop()
        yield pointer, node
        waiting.extend((pointer + part, inner) for part, inner in children(node))


DEEPEST = 200
"""Levels of a record. What recurses, here and in other programs, can go that deep."""


def too_deep(value: Any, raw: bytes) -> bool:
    """Whether a record of these bytes has more levels than DEEPEST. Few have so many brackets: it costs little."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return False
        level = inner
    return any(isinstance(item, dict | list) for item in level)


def too_large(value: Any, *, depth: int = MAX_DEPTH, nodes: int = MAX_NODES) -> str:
    """Why a JSON value is beyond the limits, or an empty text."""
    level: list[Any] = [value]
    seen = 0
    for _ in range(depth + 1):
        seen += len(level)
        if seen > nodes:
            return f"it has more than {nodes:,} parts"
        level = [
            inner
            for node in level
            if isinstance(node, dict | list)
            for inner in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return ""
    return f"it is nested more than {depth} levels deep"
