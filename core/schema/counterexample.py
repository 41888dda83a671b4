"""A document that proves the break: valid on one side, refused on the other.

The search goes down both schemas together, as the proof does. At each place it tries the values at which the two could
part: the bounds and one beyond, the enumerated values of either side, missing and additional names, lists one longer.
A value that the inner part allows and the outer one refuses is put into the smallest document around it. Nothing is
believed: each candidate is checked by the validator, at its place and as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from ..errors import InvalidSchema
from .algebra import Algebra
from .drawing import DEEP, FEW, LARGEST, SIMPLEST, Drawing, OutOfTime, numbers, strings
from .meet import effective, item_at, known_names, meet, positions
from .normal import Definitions, Node, normal, types_of
from .rules import Direction
from .texts import texts
from .values import allows

_NONE = object()


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


class Search(Drawing):
    """One search for a document of `inner` that `outer` refuses, within a deadline and a number of tries."""

    def __init__(self, table: Definitions, until: float) -> None:
        super().__init__(table, until)
        self._pairs: set[tuple[int, int]] = set()

    def find(self, inner: Node, outer: Node, algebra: Algebra | None = None) -> Any:
        """Such a document in a list of one, or an empty list."""
        try:
            found = next(self._witnesses(inner, outer, 0), _NONE)
            if found is _NONE and algebra is not None:
                found = next(self._of_region(inner, outer, algebra), _NONE)
        except (OutOfTime, RecursionError, InvalidSchema):
            found = _NONE
        return [] if found is _NONE else [found]

    def _breaks(self, inner: Node, outer: Node, value: Any) -> bool:
        self.spend()
        try:
            return allows(inner, value, self.table) and not allows(outer, value, self.table, otherwise=True)
        except (ValueError, UnicodeError):
            return False

    def _witnesses(self, inner: Node, outer: Node, depth: int) -> Iterator[Any]:
        mine, theirs = self.seen(inner), self.seen(outer)
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

    # --- values at which two nodes could part -----------------------------------------------------------------------

    def _candidates(self, inner: Node, outer: Node, depth: int) -> Iterator[Any]:
        if time.monotonic() > self.until:
            raise OutOfTime
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
                    yield from self._candidates(meet(rest, self.seen(branch)), outer, depth + 1)
        if "allOf" in mine:
            yield from self._candidates(self.merged(mine), outer, depth + 1)
            if "allOf" in mine and self.merged(mine) == mine:
                for branch in mine["allOf"]:
                    yield from self._candidates(self.seen(branch), outer, depth + 1)
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
                yield from islice(self._candidates(inner, self.seen(branch), depth + 1), most)
        if "oneOf" in outer:
            for one, other in islice(combinations(outer["oneOf"], 2), 8 * FEW):
                yield from self.samples(meet(self.seen(one), self.seen(other)), 4)
        if "not" in outer:
            yield from self.samples(outer["not"], FEW)
            yield from self.samples(meet(self.seen(inner), self.seen(outer["not"])), FEW)
        if "if" in outer:
            yield from self.samples(meet(self.seen(inner), self.seen(outer["if"])), FEW)
            for branch in ("then", "else"):
                yield from islice(self._candidates(inner, self.seen(outer[branch]), depth + 1), 4 * FEW)
            held = meet(self.seen(inner), self.seen(outer["if"]))
            yield from islice(self._candidates(held, self.seen(outer["then"]), depth + 1), 4 * FEW)

    def _plain(self, inner: dict[str, Any], outer: dict[str, Any]) -> Iterator[Any]:
        kinds = types_of(inner)
        yield from outer.get("enum", ())
        if kinds & {"integer", "number"}:
            yield from numbers(inner, outer)
        if "string" in kinds:
            yield from strings(inner, outer)
        yield from (value for kind, value in SIMPLEST.items() if kind in kinds)

    # --- objects ----------------------------------------------------------------------------------------------------

    def _objects(self, inner: dict[str, Any], outer: dict[str, Any], depth: int) -> Iterator[Any]:
        smallest = self.object_of(inner, depth, all_names=False)
        if smallest is None:
            return
        largest = self.object_of(inner, depth, all_names=True) or smallest
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
            if 0 < count - len(base) <= LARGEST:
                yield {**base, **{f"p{index}": more[0] for index in range(count - len(base))}}

    # --- arrays -----------------------------------------------------------------------------------------------------

    def _arrays(self, inner: dict[str, Any], outer: dict[str, Any], depth: int) -> Iterator[Any]:
        base = self.array_of(inner)
        lengths = {inner.get("minItems", 0), outer.get("minItems", 1) - 1, outer.get("maxItems", 0) + 1, 0, 1, 2}
        lengths |= {positions(inner), positions(outer), max(positions(inner), positions(outer)) + 1}
        for length in sorted(each for each in lengths if 0 <= each <= LARGEST):
            yield self.array_of(inner, length)
            if length > 1:
                yield self.array_of(inner, length, same=True)
        for index in range(max(positions(inner), positions(outer)) + 1):
            mine, theirs = item_at(inner, index), item_at(outer, index)
            filled = base if len(base) > index else self.array_of(inner, index + 1)
            some = self.samples(inner["contains"], 1) if "contains" in inner else []
            for value in [*islice(self._witnesses(mine, theirs, depth + 1), 3), *self.samples(mine, 3)]:
                if some:
                    yield [*some, value]
                if len(filled) > index:
                    yield [*filled[:index], value, *filled[index + 1 :]]
                    yield [*filled[:index], value]
                yield [value] * max(1, min(inner.get("minItems", 1), 8))
