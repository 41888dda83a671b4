"""Values that a schema allows: its simplest ones, its bounds, its longest and shortest, drawn and then checked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from .meet import MANY, effective, item_at, meet
from .normal import Definitions, Node, text_of, types_of
from .texts import COMMON, FORMATS, texts
from .values import allows

DEEP = 12  # levels of a document that is made
FEW = 24  # values kept for one place
TRIES = 4_000
LARGEST = 256  # items or properties


class Drawing:
    """Draws values for normal nodes over one table of definitions, within a deadline and a number of tries."""

    def __init__(self, table: Definitions, until: float) -> None:
        self.table = table
        self.until = until
        self.tries = TRIES
        self._kept: dict[int, tuple[Node, list[Any]]] = {}
        self._open: set[int] = set()

    def spend(self) -> None:
        self.tries -= 1
        if self.tries < 0 or time.monotonic() > self.until:
            raise OutOfTime

    def seen(self, node: Node) -> Node:
        for _ in range(16):
            if not (isinstance(node, dict) and "$ref" in node):
                return node
            node = self.table[node["$ref"]]
        return True

    def samples(self, node: Node, most: int) -> list[Any]:
        """Up to `most` values that a node allows, the simplest first; none when none was found."""
        node = self.seen(node)
        kept = self._kept.get(id(node))
        if kept is None:
            if id(node) in self._open or len(self._open) > DEEP:
                return []
            self._open.add(id(node))
            try:
                found = self._checked(node, self._drawn(node))
            finally:
                self._open.discard(id(node))
            if self._open and not found:
                return found  # it may have failed only because an outer question is open
            kept = self._kept[id(node)] = (node, found)
        return kept[1][:most]

    def _checked(self, node: Node, values: Iterable[Any]) -> list[Any]:
        found: dict[str, Any] = {}
        for value in islice(values, 8 * FEW):
            self.spend()
            text = text_of(value)
            if text not in found and allows(node, value, self.table):
                found[text] = value
                if len(found) >= FEW:
                    break
        return list(found.values())

    def _drawn(self, node: Node) -> Iterator[Any]:
        if node is False:
            return
        if node is True or not isinstance(node, dict):
            yield from SIMPLEST.values()
            return
        if "enum" in node:
            yield from node["enum"]
            return
        for key in ("anyOf", "oneOf"):
            if key in node:
                rest = {name: value for name, value in node.items() if name != key}
                for branch in node[key]:
                    yield from self.samples(meet(rest, self.seen(branch)) if rest else branch, 4)
        if "allOf" in node:
            merged = self.merged(node)
            if merged != node:
                yield from self.samples(merged, FEW)
            for branch in node["allOf"]:
                yield from self.samples(branch, FEW)
            return
        if "if" in node:
            rest = {name: value for name, value in node.items() if name not in ("if", "then", "else")}
            yield from self.samples(meet(rest, node["else"]), 6)
            yield from self.samples(meet(meet(rest, node["if"]), node["then"]), 6)
        if "dependencies" in node:
            rest = {name: value for name, value in node.items() if name != "dependencies"}
            for wanted in node["dependencies"].values():
                if not isinstance(wanted, list):
                    yield from self.samples(meet(rest, wanted), 4)
        kinds = types_of(node)
        if "object" in kinds:
            for all_names in (False, True):
                found = self.object_of(node, 0, all_names)
                if found is not None:
                    yield found
        if "array" in kinds:
            yield from (
                self.array_of(node),
                self.array_of(node, 1),
                self.array_of(node, 2),
                self.array_of(node, 3, same=True),
            )
        yield from (value for kind, value in SIMPLEST.items() if kind in kinds)
        if kinds & {"integer", "number"}:
            yield from numbers(node, {})
        if "string" in kinds:
            yield from strings(node, {})

    def merged(self, node: dict[str, Any]) -> Node:
        found: Node = {name: value for name, value in node.items() if name != "allOf"}
        if len(node["allOf"]) > MANY:
            return node
        for branch in node["allOf"]:
            found = meet(found, self.seen(branch))
        return node if isinstance(found, dict) and "allOf" in found else found

    def object_of(self, node: dict[str, Any], depth: int, all_names: bool) -> dict[str, Any] | None:
        """An object of this node: its required properties only, or all that it declares."""
        names = [*node.get("required", ())]
        if all_names:
            names += [name for name in node.get("properties", ()) if name not in names]
        for name, wanted in node.get("dependencies", {}).items():
            if name in names and isinstance(wanted, list):
                names += [each for each in wanted if each not in names]
        found: dict[str, Any] = {}
        for name in names[:LARGEST]:
            values = self.samples(effective(node, name), 1)
            if values:
                found[name] = values[0]
            elif name in node.get("required", ()):
                return None
        missing = node.get("minProperties", 0) - len(found)
        for name in [*node.get("properties", ()), *(f"p{index}" for index in range(LARGEST))]:
            if missing > 0 and name not in found:
                values = self.samples(effective(node, name), 1)
                if values:
                    found[name] = values[0]
                    missing -= 1
        return dict(islice(found.items(), node.get("maxProperties", LARGEST)))

    def array_of(self, node: dict[str, Any], length: int | None = None, same: bool = False) -> list[Any]:
        wanted = node.get("minItems", 0) if length is None else length
        found: list[Any] = []
        if "contains" in node:
            found += self.samples(node["contains"], 1)
        for index in range(len(found), min(wanted, LARGEST)):
            values = self.samples(item_at(node, index), 1 if same else FEW)
            if not values:
                break
            found.append(values[0] if same else self._another(item_at(node, index), values, found))
        return found

    def _another(self, node: Node, values: list[Any], taken: list[Any]) -> Any:
        """A value that is not among those taken, if one is found."""
        texts_taken = {text_of(each) for each in taken}
        more = (_varied(value, len(taken)) for value in values[:4])
        fresh = (value for value in (*values, *more) if text_of(value) not in texts_taken)
        return next((value for value in fresh if allows(node, value, self.table)), values[0])


class OutOfTime(Exception):
    """The search used up its time or its tries."""


SIMPLEST: dict[str, Any] = {
    "string": "a",
    "integer": 0,
    "number": 0.5,
    "boolean": True,
    "null": None,
    "object": {},
    "array": [],
}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def numbers(inner: dict[str, Any], outer: dict[str, Any]) -> Iterator[Any]:
    """The bounds of both sides, their neighbours and multiples, and some numbers of every size."""
    bounds = [node[key] for node in (inner, outer) for key in _BOUNDS if key in node]
    for bound in bounds:
        yield from (bound, bound + 1, bound - 1)
        if abs(bound) < 2**52:
            yield from (bound + 0.5, bound - 0.5)
    steps = [node["multipleOf"] for node in (inner, outer) if "multipleOf" in node]
    for step in steps:
        for bound in [0, *bounds]:
            whole = int(bound // step) if abs(bound) < 1e15 else 0
            yield from (step * (whole + each) for each in (-1, 0, 1, 2))
    yield from (0, 1, -1, 0.5, 1.5, 2, 3, 7, 1000, -1000, 10**9, -(10**9), 1e-3, 2**53 + 1)


def strings(inner: dict[str, Any], outer: dict[str, Any]) -> Iterator[Any]:
    """Texts of both sides' patterns and formats, and of the lengths at which they differ."""
    for node in (inner, outer):
        if "pattern" in node:
            yield from texts(node["pattern"])
        yield from FORMATS.get(node.get("format", ""), ())
    yield from COMMON
    lengths = {
        node[key] + shift
        for node in (inner, outer)
        for key in ("minLength", "maxLength")
        if key in node
        for shift in (-1, 0, 1)
    }
    for length in sorted(each for each in lengths if 0 <= each <= 10_000):
        yield "a" * length
        if "pattern" in inner:
            yield from ((text * length)[:length] for text in texts(inner["pattern"])[:6] if text)


def _varied(value: Any, by: int) -> Any:
    """A like value that is another one."""
    if isinstance(value, str):
        return f"{value}{'a' * by}"
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value + by
    if isinstance(value, list):
        return [_varied(value[0], by), *value[1:]] if value else value
    return {key: _varied(inner, by) for key, inner in value.items()}
