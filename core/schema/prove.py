"""Is every document of one schema a document of another? Proofs from the structure, and the set algebra for the rest.

    Proof(table, until).contains(inner, outer)      →  "yes" | "no" | "unknown"

Both nodes are taken apart together: property by property, branch by branch, down to small parts. Parts that are equal
are done at once, so a large schema with a small change costs little, and what is too heavy for the algebra as a whole
often is not in its parts. A step below says "yes" only on sufficient grounds; everything else is left to the algebra.
"""

from __future__ import annotations

import time
from typing import Any

from .algebra import Algebra, Answer
from .bounds import numbers_within, strings_within
from .meet import MANY, closed, effective, item_at, known_names, meet, positions
from .normal import Definitions, Node, parts, text_of, types_of
from .values import allows
from .walk import children

LONGEST = 20_000  # steps of one proof: a bound that does not depend on the machine
DEEPEST = 120
QUESTIONS = 24  # about larger parts

OBJECT = frozenset(
    {
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "propertyNames",
        "dependencies",
        "minProperties",
        "maxProperties",
    }
)
ARRAY = frozenset(["items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"])


class OutOfTime(Exception):
    """The proof took longer than it may."""


class Proof:
    """One question about two nodes over one table of definitions, within a deadline (of `time.monotonic`)."""

    def __init__(self, table: Definitions, until: float, algebra: Algebra | None = None) -> None:
        self.table = table
        self.until = until
        self.algebra = algebra or Algebra(table)
        self._thorough = False  # ask the algebra about larger parts too; at first it sees only the smallest
        self._asked = 0
        self._steps = 0
        self._open: dict[tuple[int, int], int] = {}  # questions being answered, and how many values deep each was asked
        self._done: dict[tuple[int, int], bool] = {}
        self._kept: list[Any] = []  # nodes made on the way: their ids must stay theirs
        self._assumed = 0  # answers that rest on an open question

    def contains(self, inner: Node, outer: Node) -> Answer:
        """Whether every document of `inner` is one of `outer`; "unknown" when it is not proved, or time is up."""
        return "yes" if self.quickly(inner, outer) else self.thoroughly(inner, outer)

    def quickly(self, inner: Node, outer: Node) -> bool:
        """Whether the structure proves it, with the algebra's help for small parts: most that is true is found."""
        self._steps = 0
        try:
            return self._covers(inner, outer, 0, 0)
        except (OutOfTime, RecursionError, OverflowError):
            return False

    def refuted(self, inner: Node, outer: Node) -> bool:
        """Whether no proof was found although there was time for one: what a sentence may be built on."""
        return not self.quickly(inner, outer) and time.monotonic() < self.until

    def thoroughly(self, inner: Node, outer: Node) -> Answer:
        """The algebra's answer on the whole; where it has none, once more from the structure with larger parts."""
        answer = self.algebra.contains(inner, outer)
        if answer != "unknown":
            return answer
        self._thorough = True
        self._done.clear()
        try:
            return "yes" if self.quickly(inner, outer) else "unknown"
        finally:
            self._thorough = False

    def _covers(self, inner: Node, outer: Node, level: int, depth: int) -> bool:
        """`level` counts the values gone into: an open question met again deeper down may be taken as answered."""
        self._steps += 1
        if self._steps > LONGEST or time.monotonic() > self.until:
            raise OutOfTime
        if outer is True or inner is False or inner == outer:
            return True
        if depth > DEEPEST:
            return False
        key = (id(inner), id(outer))
        if key in self._open:
            self._assumed += 1
            return level > self._open[key]
        if key in self._done:
            return self._done[key]
        self._kept += (inner, outer)
        self._open[key] = level
        before = self._assumed
        try:
            found = self._by_structure(inner, outer, level, depth + 1)
        finally:
            del self._open[key]
        if not found or self._assumed == before:
            self._done[key] = found
        return found

    def _by_structure(self, inner: Node, outer: Node, level: int, depth: int) -> bool:
        if isinstance(outer, dict) and "$ref" in outer:
            return self._covers(inner, self.table[outer["$ref"]], level, depth)
        if isinstance(inner, dict) and "$ref" in inner:
            return self._covers(self.table[inner["$ref"]], outer, level, depth)
        if inner is True:
            inner = {}
        if isinstance(inner, bool):
            return True
        if isinstance(outer, bool):
            return self._small(inner, outer)
        if "enum" in inner:
            return all(
                allows(outer, value, self.table) or not allows(inner, value, self.table, otherwise=True)
                for value in inner["enum"]
            )
        wanted = list(parts(outer))
        if wanted != [outer]:
            return all(self._covers(inner, part, level, depth) for part in wanted)
        if self._part(inner, outer, level, depth):
            return True
        return self._cases(inner, outer, level, depth) or self._small(inner, outer)

    def _small(self, inner: Node, outer: Node) -> bool:
        """The algebra's word on a part."""
        if not self._thorough and not (leaf(inner) and leaf(outer)):
            return False
        self._asked += self._thorough
        if self._asked > QUESTIONS or time.monotonic() > self.until:
            raise OutOfTime
        return self.algebra.contains(inner, outer) == "yes"

    # --- a part of the outer schema ---------------------------------------------------------------------------------

    def _part(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        if any(self._covers(each, outer, level, depth) for each in inner.get("allOf", ())):
            return True
        if "anyOf" in outer and len(outer) == 1:
            return any(self._covers(inner, branch, level, depth) for branch in outer["anyOf"])
        if "oneOf" in outer and len(outer) == 1:
            return self._one_of(inner, outer["oneOf"], level, depth)
        if "not" in outer and len(outer) == 1:
            mine = inner.get("not", False)
            return self._covers(outer["not"], mine, level, depth) or self._apart(inner, outer["not"])
        if "if" in outer and len(outer) == 3:
            return self._conditional(inner, outer, level, depth)
        return self._keywords(inner, outer, level, depth)

    def _one_of(self, inner: dict[str, Any], branches: list[Node], level: int, depth: int) -> bool:
        for index, branch in enumerate(branches):
            if self._covers(inner, branch, level, depth):
                others = branches[:index] + branches[index + 1 :]
                return all(self._apart(inner, other) for other in others)
        return False

    def _conditional(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        if inner.get("if") == outer["if"]:
            rest = {key: value for key, value in inner.items() if key not in ("if", "then", "else")}
            for branch in ("then", "else"):
                if not self._covers(meet(rest, inner[branch]), outer[branch], level, depth):
                    return False
            return True
        both = self._covers(inner, outer["then"], level, depth) or self._apart(inner, outer["if"])
        return both and (
            self._covers(inner, outer["else"], level, depth) or self._covers(inner, outer["if"], level, depth)
        )

    def _apart(self, one: Node, other: Node) -> bool:
        """Whether no document is in both."""
        first, second = self._seen(one), self._seen(other)
        shared = types_of(first) & types_of(second)
        if not shared or (list(shared) == ["object"] and _tagged_apart(first, second)):
            return True
        return self.algebra.disjoint(one, other)

    def _met(self, rest: dict[str, Any], branch: Node) -> Node:
        """A branch that is to be merged with other keywords is looked up; alone it stays a reference."""
        return self._seen(branch) if rest else branch

    def _seen(self, node: Node) -> Node:
        for _ in range(8):
            if not (isinstance(node, dict) and "$ref" in node):
                return node
            node = self.table[node["$ref"]]
        return True

    # --- cases of the inner schema ----------------------------------------------------------------------------------

    def _cases(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        """Split the inner documents into kinds, each of which is covered by itself."""
        for key in ("anyOf", "oneOf"):
            if key in inner:
                rest = {name: value for name, value in inner.items() if name != key}
                return all(
                    self._covers(meet(rest, self._met(rest, branch)), outer, level, depth) for branch in inner[key]
                )
        if "allOf" in inner:
            if len(inner["allOf"]) > MANY:
                return False
            merged: Node = {name: value for name, value in inner.items() if name != "allOf"}
            for branch in inner["allOf"]:
                merged = meet(merged, self._seen(branch))
            return merged != inner and "allOf" not in _mapping(merged) and self._covers(merged, outer, level, depth)
        if "if" in inner:
            rest = {name: value for name, value in inner.items() if name not in ("if", "then", "else")}
            held = meet(meet(rest, inner["if"]), inner["then"])
            return self._covers(held, outer, level, depth) and self._covers(
                meet(rest, inner["else"]), outer, level, depth
            )
        kinds = types_of(inner) - ({"integer"} if "number" in types_of(inner) else set())
        if len(kinds) > 1 and ("anyOf" in outer or "oneOf" in outer):
            return all(self._covers(_of_type(inner, kind), outer, level, depth) for kind in sorted(kinds))
        return False

    # --- keywords ---------------------------------------------------------------------------------------------------

    def _keywords(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        kinds = types_of(inner)
        if not kinds <= types_of(outer) or "enum" in outer:
            return False
        if kinds & {"integer", "number"} and not numbers_within(inner, outer):
            return False
        if "string" in kinds and not strings_within(inner, outer):
            return False
        if "object" in kinds and outer.keys() & OBJECT and not self._objects(inner, outer, level + 1, depth):
            return False
        return not ("array" in kinds and outer.keys() & ARRAY) or self._arrays(inner, outer, level + 1, depth)

    def _objects(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        required = set(inner.get("required", ()))
        if not set(outer.get("required", ())) <= required:
            return False
        if outer.get("minProperties", 0) > max(inner.get("minProperties", 0), len(required)):
            return False
        if "maxProperties" in outer and outer["maxProperties"] < _most(inner):
            return False
        if "propertyNames" in outer and not self._names(inner, outer["propertyNames"], level, depth):
            return False
        return self._dependencies(inner, outer, level - 1, depth) and self._properties(inner, outer, level, depth)

    def _properties(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        for name in known_names(inner) | known_names(outer):
            if not self._covers(effective(inner, name), effective(outer, name), level, depth):
                return False
        patterns, theirs = inner.get("patternProperties", {}), outer.get("patternProperties", {})
        rest = outer.get("additionalProperties", True)
        for pattern, node in patterns.items():
            # A name that also matches another pattern of both sides is held by that one on both sides.
            wanted = [each for other, each in theirs.items() if other == pattern or other not in patterns]
            wanted += [] if pattern in theirs else [rest]
            if not all(self._covers(node, each, level, depth) for each in wanted):
                return False
        open_rest = inner.get("additionalProperties", True)
        wanted = [node for pattern, node in theirs.items() if pattern not in patterns]
        return all(self._covers(open_rest, node, level, depth) for node in [*wanted, rest])

    def _names(self, inner: dict[str, Any], names: Node, level: int, depth: int) -> bool:
        if self._covers(meet({"type": "string"}, inner.get("propertyNames", True)), names, level, depth):
            return True
        return closed(inner) and all(
            allows(names, name, self.table) for name in known_names(inner) if effective(inner, name) is not False
        )

    def _dependencies(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        mine = inner.get("dependencies", {})
        required = set(inner.get("required", ()))
        for name, wanted in outer.get("dependencies", {}).items():
            if effective(inner, name) is False:
                continue
            if isinstance(wanted, list):
                own = mine.get(name)
                if not set(wanted) <= required | set(own if isinstance(own, list) else ()):
                    return False
            elif not (isinstance(mine.get(name), dict | bool) and self._covers(mine[name], wanted, level, depth)):
                rest = {key: value for key, value in inner.items() if key != "dependencies"}
                if not self._covers(rest, wanted, level, depth):
                    return False
        return True

    def _arrays(self, inner: dict[str, Any], outer: dict[str, Any], level: int, depth: int) -> bool:
        longest = _longest(inner)
        if outer.get("minItems", 0) > inner.get("minItems", 0):
            return False
        if "maxItems" in outer and (longest is None or longest > outer["maxItems"]):
            return False
        if "uniqueItems" in outer and not ("uniqueItems" in inner or (longest is not None and longest < 2)):
            return False
        if "contains" in outer:
            some = inner.get("contains")
            held = some is not None and self._covers(some, outer["contains"], level, depth)
            if not held and not (
                inner.get("minItems", 0) > 0 and self._covers(item_at(inner, 0), outer["contains"], level, depth)
            ):
                return False
        count = max(positions(inner), positions(outer)) + 1
        for index in range(min(count, longest if longest is not None else count)):
            if not self._covers(item_at(inner, index), item_at(outer, index), level, depth):
                return False
        return True


def leaf(node: Node) -> bool:
    """Whether a node has no inner schemas, or only combinations of such as have none."""
    return isinstance(node, bool) or all(
        isinstance(inner, bool) or ("$ref" not in inner and not any(children(inner))) for _, inner in children(node)
    )


def _tagged_apart(one: Node, other: Node) -> bool:
    """Whether two objects are told apart by a property that both require, with other values in each."""
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    for name in {*one.get("required", ())} & {*other.get("required", ())}:
        first, second = effective(one, name), effective(other, name)
        if isinstance(first, dict) and isinstance(second, dict) and "enum" in first and "enum" in second:
            taken = {text_of(value) for value in first["enum"]}
            if not any(text_of(value) in taken for value in second["enum"]):
                return True
    return False


def _mapping(node: Node) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _of_type(node: dict[str, Any], kind: str) -> Node:
    return {**node, "type": kind}


def _most(node: dict[str, Any]) -> float:
    most: float = node.get("maxProperties", float("inf"))
    return min(most, len(node.get("properties", ()))) if closed(node) else most


def _longest(node: dict[str, Any]) -> int | None:
    """How many items an array can have at most, or None."""
    found: int | None = node.get("maxItems")
    items = node.get("items", True)
    if items is False:
        return 0
    if isinstance(items, list):
        first = next((index for index, each in enumerate(items) if each is False), None)
        if first is None and node.get("additionalItems", True) is False:
            first = len(items)
        if first is not None:
            return first if found is None else min(found, first)
    return found
