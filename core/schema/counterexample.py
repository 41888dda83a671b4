"""A document that proves the break: valid on one side, refused on the other.

The search goes down both schemas together, as the proof does. At each place it tries the values at which the two could
part: the bounds and one beyond, the enumerated values of either side, missing and additional names, lists one longer.
A value that the inner part allows and the outer one refuses is put into the smallest document around it. Nothing is
believed: each candidate is checked by the validator, at its place and as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from .algebra import Algebra
from .meet import MANY, effective, known_names, meet
from .normal import Definitions, Node, normal, text_of, types_of
from .rules import Direction
from .texts import COMMON, FORMATS, texts
from .values import allows

DEEP = 12  # levels of a document that is made
FEW = 24  # values tried at one place
TRIES = 4_000


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A document with the side on which it is valid, the side that refuses it, and the refusal in words."""

    document: Any
    valid_under: str
    """"old" or "new"."""
    refused_by: str
    direction: Direction
    path: str
    """Where in the document, as a JSON pointer."""
    problem: str


class Search:
    """One search for a document of `inner` that `outer` refuses, within a deadline and a number of tries."""

    def __init__(self, table: Definitions, until: float) -> None:
        self.table = table
        self.until = until
        self.tries = TRIES
        self._samples: dict[int, tuple[Node, list[Any]]] = {}
        self._open: set[int] = set()
        self._pairs: set[tuple[int, int]] = set()

    def find(self, inner: Node, outer: Node, algebra: Algebra | None = None) -> Any:
        """Such a document in a list of one, or an empty list."""
        try:
            found = next(self._witnesses(inner, outer, 0), _NONE)
            if found is _NONE and algebra is not None:
                found = next(self._of_region(inner, outer, algebra), _NONE)
        except (_OutOfTime, RecursionError):
            found = _NONE
        return [] if found is _NONE else [found]

    def _spend(self) -> None:
        self.tries -= 1
        if self.tries < 0 or time.monotonic() > self.until:
            raise _OutOfTime

    def _breaks(self, inner: Node, outer: Node, value: Any) -> bool:
        self._spend()
        try:
            return allows(inner, value, self.table) and not allows(outer, value, self.table, otherwise=True)
        except (ValueError, UnicodeError):
            return False

    def _witnesses(self, inner: Node, outer: Node, depth: int) -> Iterator[Any]:
        mine, theirs = self._seen(inner), self._seen(outer)
        pair = (id(mine), id(theirs))
        if inner == outer or outer is True or inner is False or pair in self._pairs:
            return
        self._pairs.add(pair)  # what leads back to the same question is no way to its answer
        try:
            for value in self._candidates(mine, theirs, depth):
                if self._breaks(inner, outer, value):
                    yield value
        finally:
            self._pairs.discard(pair)

    def _of_region(self, inner: Node, outer: Node, algebra: Algebra) -> Iterator[Any]:
        """Samples of the difference, where the set algebra has one."""
        region = algebra.difference(inner, outer)
        if region is None:
            return
        root, table = normal(region)
        other = Search(table, self.until)
        for value in other.samples(root, FEW):
            if self._breaks(inner, outer, value):
                yield value

    def _seen(self, node: Node) -> Node:
        for _ in range(16):
            if not (isinstance(node, dict) and "$ref" in node):
                return node
            node = self.table[node["$ref"]]
        return True

    # --- values at which two nodes could part -----------------------------------------------------------------------

    def _candidates(self, inner: Node, outer: Node, depth: int) -> Iterator[Any]:
        if time.monotonic() > self.until:
            raise _OutOfTime
        mine = inner if isinstance(inner, dict) else {}
        theirs = outer if isinstance(outer, dict) else {}
        if "enum" in mine:
            yield from mine["enum"]
            return
        yield from self.samples(inner, 6)
        if depth > DEEP:
            return
        for key in ("anyOf", "oneOf"):
            if key in mine:
                rest = {name: value for name, value in mine.items() if name != key}
                kept = theirs.get(key, [])
                for branch in sorted(mine[key], key=lambda each: each in kept):  # those that are no more come first
                    yield from self._candidates(meet(rest, self._seen(branch)), outer, depth + 1)
        if "allOf" in mine:
            yield from self._candidates(self._merged(mine), outer, depth + 1)
            if "allOf" in mine and self._merged(mine) == mine:
                for branch in mine["allOf"]:
                    yield from self._candidates(self._seen(branch), outer, depth + 1)
            return
        if "if" in mine:
            rest = {name: value for name, value in mine.items() if name not in ("if", "then", "else")}
            for held in (meet(meet(rest, mine["if"]), mine["then"]), meet(rest, mine["else"])):
                yield from self._candidates(held, outer, depth + 1)
        yield from self._against(inner, theirs, depth)
        yield from self._plain(mine, theirs)
        if "object" in types_of(mine):
            yield from self._objects(mine, theirs, depth)
        if "array" in types_of(mine):
            yield from self._arrays(mine, theirs, depth)

    def _against(self, inner: Node, outer: dict[str, Any], depth: int) -> Iterator[Any]:
        """Values that one combination of the outer schema may refuse."""
        for key in ("anyOf", "oneOf", "allOf"):
            branches = outer.get(key, ())
            for branch in branches:
                most = max(FEW, 8 * FEW // len(branches))
                yield from islice(self._candidates(inner, self._seen(branch), depth + 1), most)
        if "oneOf" in outer:
            for one, other in islice(combinations(outer["oneOf"], 2), 8 * FEW):
                yield from self.samples(meet(self._seen(one), self._seen(other)), 4)
        if "not" in outer:
            yield from self.samples(outer["not"], FEW)
            yield from self.samples(meet(self._seen(inner), self._seen(outer["not"])), FEW)
        if "if" in outer:
            yield from self.samples(meet(self._seen(inner), self._seen(outer["if"])), FEW)
            for branch in ("then", "else"):
                yield from islice(self._candidates(inner, self._seen(outer[branch]), depth + 1), 4 * FEW)
            held = meet(self._seen(inner), self._seen(outer["if"]))
            yield from islice(self._candidates(held, self._seen(outer["then"]), depth + 1), 4 * FEW)

    def _plain(self, inner: dict[str, Any], outer: dict[str, Any]) -> Iterator[Any]:
        kinds = types_of(inner)
        yield from outer.get("enum", ())
        if kinds & {"integer", "number"}:
            yield from _numbers(inner, outer)
        if "string" in kinds:
            yield from _strings(inner, outer)
        yield from (value for kind, value in _SIMPLEST.items() if kind in kinds)

    # --- objects ----------------------------------------------------------------------------------------------------

    def _objects(self, inner: dict[str, Any], outer: dict[str, Any], depth: int) -> Iterator[Any]:
        smallest = self._object(inner, depth, all_names=False)
        if smallest is None:
            return
        largest = self._object(inner, depth, all_names=True) or smallest
        yield smallest
        yield largest
        yield {**smallest, "another": 0}
        names = sorted(
            known_names(inner) | known_names(outer) | {*inner.get("required", ()), *outer.get("required", ())}
        )
        asked = sorted({*inner.get("dependencies", ()), *outer.get("dependencies", ())})
        apart = [name for name in [*names, *asked] if effective(inner, name) != effective(outer, name)]
        for name in [*apart, *(name for name in names if name not in apart)]:
            mine, theirs = effective(inner, name), effective(outer, name)
            values = list(islice(self._witnesses(mine, theirs, depth + 1), 3)) if name in apart else []
            for value in [*values, *self.samples(mine, 4 if name in apart else 2)]:
                for base in (smallest, largest):
                    yield {**base, name: value}
            for base in (smallest, largest):
                if name in base:
                    yield {key: value for key, value in base.items() if key != name}
        yield from self._other_names(inner, outer, smallest, depth)

    def _other_names(
        self, inner: dict[str, Any], outer: dict[str, Any], base: dict[str, Any], depth: int
    ) -> Iterator[Any]:
        """Names that neither side declares: of a pattern, of a dependency, or none of them."""
        patterns = [*inner.get("patternProperties", ()), *outer.get("patternProperties", ())]
        named = [text for pattern in patterns for text in texts(pattern)[:6]]
        listed = [
            each
            for node in (inner, outer)
            for wanted in node.get("dependencies", {}).values()
            for each in (wanted if isinstance(wanted, list) else ())
        ]
        for node in (inner, outer):
            listed += [value for value in self.samples(node.get("propertyNames", False), 4) if isinstance(value, str)]
        for name in dict.fromkeys([*named, "another", "x", "Another 1", *listed]):
            mine, theirs = effective(inner, name), effective(outer, name)
            for value in [*islice(self._witnesses(mine, theirs, depth + 1), 2), *self.samples(mine, 2)]:
                yield {**base, name: value}
        counts = [outer.get("maxProperties", 0) + 1, inner.get("maxProperties", 0), outer.get("minProperties", 0) - 1]
        more = self.samples(inner.get("additionalProperties", True), 1) or [0]
        for count in counts:
            if 0 < count - len(base) <= 64:
                yield {**base, **{f"p{index}": more[0] for index in range(count - len(base))}}

    def _object(self, node: dict[str, Any], depth: int, all_names: bool) -> dict[str, Any] | None:
        """An object of this node: its required properties only, or all that it declares."""
        names = [*node.get("required", ())]
        if all_names:
            names += [name for name in node.get("properties", ()) if name not in names]
        for name, wanted in node.get("dependencies", {}).items():
            if name in names and isinstance(wanted, list):
                names += [each for each in wanted if each not in names]
        found: dict[str, Any] = {}
        for name in names[:64]:
            values = self.samples(effective(node, name), 1)
            if values:
                found[name] = values[0]
            elif name in node.get("required", ()):
                return None
        missing = node.get("minProperties", 0) - len(found)
        for name in [*node.get("properties", ()), *(f"p{index}" for index in range(64))]:
            if missing > 0 and name not in found:
                values = self.samples(effective(node, name), 1)
                if values:
                    found[name] = values[0]
                    missing -= 1
        return dict(islice(found.items(), node.get("maxProperties", 64)))

    # --- arrays -----------------------------------------------------------------------------------------------------

    def _arrays(self, inner: dict[str, Any], outer: dict[str, Any], depth: int) -> Iterator[Any]:
        base = self._array(inner)
        lengths = {inner.get("minItems", 0), outer.get("minItems", 1) - 1, outer.get("maxItems", 0) + 1, 0, 1, 2}
        lengths |= {_positions(inner), _positions(outer), max(_positions(inner), _positions(outer)) + 1}
        for length in sorted(each for each in lengths if 0 <= each <= 64):
            yield self._array(inner, length)
            if length > 1:
                yield self._array(inner, length, same=True)
        for index in range(max(_positions(inner), _positions(outer)) + 1):
            mine, theirs = _item(inner, index), _item(outer, index)
            filled = base if len(base) > index else self._array(inner, index + 1)
            some = self.samples(inner["contains"], 1) if "contains" in inner else []
            for value in [*islice(self._witnesses(mine, theirs, depth + 1), 3), *self.samples(mine, 3)]:
                if some:
                    yield [*some, value]
                if len(filled) > index:
                    yield [*filled[:index], value, *filled[index + 1 :]]
                    yield [*filled[:index], value]
                yield [value] * max(1, min(inner.get("minItems", 1), 8))

    def _array(self, node: dict[str, Any], length: int | None = None, same: bool = False) -> list[Any]:
        wanted = node.get("minItems", 0) if length is None else length
        found: list[Any] = []
        if "contains" in node:
            found += self.samples(node["contains"], 1)
        for index in range(len(found), min(wanted, 64)):
            values = self.samples(_item(node, index), 1 if same else FEW)
            if not values:
                break
            found.append(values[0] if same else self._another(_item(node, index), values, found))
        return found

    def _another(self, node: Node, values: list[Any], taken: list[Any]) -> Any:
        """A value that is not among those taken, if one is found."""
        texts_taken = {text_of(each) for each in taken}
        more = (_varied(value, len(taken)) for value in values[:4])
        fresh = (value for value in (*values, *more) if text_of(value) not in texts_taken)
        return next((value for value in fresh if allows(node, value, self.table)), values[0])

    # --- samples ----------------------------------------------------------------------------------------------------

    def samples(self, node: Node, most: int) -> list[Any]:
        """Up to `most` values that a node allows, the simplest first; none when none was found."""
        node = self._seen(node)
        kept = self._samples.get(id(node))
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
            kept = self._samples[id(node)] = (node, found)
        return kept[1][:most]

    def _checked(self, node: Node, values: Iterable[Any]) -> list[Any]:
        found: dict[str, Any] = {}
        for value in islice(values, 8 * FEW):
            self._spend()
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
            yield from _SIMPLEST.values()
            return
        if "enum" in node:
            yield from node["enum"]
            return
        for key in ("anyOf", "oneOf"):
            if key in node:
                rest = {name: value for name, value in node.items() if name != key}
                for branch in node[key]:
                    yield from self.samples(meet(rest, self._seen(branch)) if rest else branch, 4)
        if "allOf" in node:
            merged = self._merged(node)
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
                found = self._object(node, 0, all_names)
                if found is not None:
                    yield found
        if "array" in kinds:
            yield from (self._array(node), self._array(node, 1), self._array(node, 2), self._array(node, 3, same=True))
        yield from (value for kind, value in _SIMPLEST.items() if kind in kinds)
        if kinds & {"integer", "number"}:
            yield from _numbers(node, {})
        if "string" in kinds:
            yield from _strings(node, {})

    def _merged(self, node: dict[str, Any]) -> Node:
        found: Node = {name: value for name, value in node.items() if name != "allOf"}
        if len(node["allOf"]) > MANY:
            return node
        for branch in node["allOf"]:
            found = meet(found, self._seen(branch))
        return node if isinstance(found, dict) and "allOf" in found else found


class _OutOfTime(Exception):
    """The search used up its time or its tries."""


_NONE = object()
_SIMPLEST: dict[str, Any] = {
    "string": "a",
    "integer": 0,
    "number": 0.5,
    "boolean": True,
    "null": None,
    "object": {},
    "array": [],
}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def _numbers(inner: dict[str, Any], outer: dict[str, Any]) -> Iterator[Any]:
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


def _strings(inner: dict[str, Any], outer: dict[str, Any]) -> Iterator[Any]:
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


def _positions(node: dict[str, Any]) -> int:
    items = node.get("items", True)
    return len(items) if isinstance(items, list) else 0


def _item(node: dict[str, Any], index: int) -> Node:
    items = node.get("items", True)
    if not isinstance(items, list):
        found: Node = items
    else:
        found = items[index] if index < len(items) else node.get("additionalItems", True)
    return found
