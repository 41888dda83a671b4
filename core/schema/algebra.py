"""The set algebra of jsonschema-rs, behind one door and within limits.

    contains(old, new)      →  "yes" | "no" | "unknown"

The library is exact on most schemas and says so when it is not. Nothing can interrupt it once it runs, it multiplies
combinations out, counts integer ranges through, and follows references on the machine's stack, where the kernel ends a
process that goes too deep. So a schema is weighed before, and what weighs too much is "unknown" at once. The limits
were found by running hostile schemas (`tests/bench`): within them the slowest call took some ten milliseconds.
"""

from __future__ import annotations

from typing import Any, Literal

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment, Satisfiability

from .normal import Definitions, Node, standalone, types_of
from .walk import children

Answer = Literal["yes", "no", "unknown"]

MAX_PARTS = 2_000
MAX_CASES = 64  # combinations of one value, after multiplying out
MAX_BRANCHES = 32  # of one oneOf: every two of them are compared
MAX_OBJECTS = 1  # branches of one union that objects fit: more are split property by property against one another
MAX_VALUES = 128  # of one enum
MAX_STACK = 250  # levels, references followed; the stack ends near 3,000 of eight megabytes
MAX_PATTERN = 200


class Algebra:
    """Inclusion questions about nodes over one table of definitions; it remembers what it has weighed and compiled."""

    def __init__(self, table: Definitions) -> None:
        self.table = table
        self._forms: dict[int, tuple[Node, jsonschema_rs.CanonicalSchema | None]] = {}

    def contains(self, inner: Node, outer: Node) -> Answer:
        """Whether every document of `inner` is one of `outer`."""
        small, large = self.form(inner), self.form(outer)
        if small is None or large is None:
            return "unknown"
        try:
            found = large.covers(small)
        except (CanonicalizationError, ValueError):
            return "unknown"
        if found == Containment.YES:
            return "yes"
        return "no" if found == Containment.NO else "unknown"

    def disjoint(self, one: Node, other: Node) -> bool:
        """Whether it is proved that no document is in both."""
        first, second = self.form(one), self.form(other)
        if first is None or second is None:
            return False
        try:
            return first.intersect(second).satisfiability() == Satisfiability.NO
        except (CanonicalizationError, ValueError):
            return False

    def difference(self, inner: Node, outer: Node) -> Any:
        """A schema of the documents of `inner` that `outer` refuses, or None where the library has none."""
        small, large = self.form(inner), self.form(outer)
        if small is None or large is None:
            return None
        try:
            return small.subtract(large).to_json_schema()
        except (CanonicalizationError, ValueError):
            return None

    def form(self, node: Node) -> jsonschema_rs.CanonicalSchema | None:
        """The library's form of a node, or None when it is too heavy or not supported."""
        kept = self._forms.get(id(node))
        if kept is None:
            kept = self._forms[id(node)] = (node, self._canonical(node))  # the node too, so that its id stays its own
        return kept[1]

    def _canonical(self, node: Node) -> jsonschema_rs.CanonicalSchema | None:
        if too_heavy(node, self.table):
            return None
        try:
            return jsonschema_rs.canonicalize(
                standalone(node, self.table), draft=jsonschema_rs.Draft7, validate_formats=True, offline=True
            )
        except (CanonicalizationError, ValueError, jsonschema_rs.ReferencingError):
            return None


def too_heavy(node: Node, table: Definitions) -> bool:
    """Whether a schema is beyond what the library may be asked."""
    scale = _Scale(table)
    scale.cases(node, 0)
    return scale.heavy or scale.parts > MAX_PARTS or scale.stack + scale.levels > MAX_STACK


class _Scale:
    """Weighs a schema: parts in all, combinations at one place, levels one below another. Each definition once."""

    def __init__(self, table: Definitions) -> None:
        self.table = table
        self.heavy = False
        self.parts = 0
        self.levels = 0  # of the deepest body
        self.stack = 0  # of all definitions, as if each led to the next
        self._known: dict[str, int] = {}

    def cases(self, node: Any, depth: int) -> int:
        """How many combinations one value has at this node, references followed; cut just above the limit."""
        self.parts += 1
        self.levels = max(self.levels, depth)
        if self.heavy or self.parts > MAX_PARTS or depth > MAX_STACK:
            self.heavy = True
            return 1
        if not isinstance(node, dict):
            return 1
        if "$ref" in node:
            return self._definition(node["$ref"])
        self.heavy = self.heavy or _heavy_keyword(node)
        total, sums = 1, {"anyOf": 0, "oneOf": 0}
        for pointer, inner in children(node):
            found = self.cases(inner, depth + 1)
            keyword = pointer.split("/", 2)[1]
            if keyword in sums:
                sums[keyword] += found
            elif keyword == "allOf":
                total *= found
            elif keyword in ("not", "if", "then", "else", "dependencies"):
                total *= found + 1
            total = min(total, MAX_CASES + 1)
        total *= max(sums["anyOf"], 1) * max(sums["oneOf"], 1)
        self.heavy = self.heavy or total > MAX_CASES
        return min(total, MAX_CASES + 1)

    def _definition(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = 1  # a definition that leads to itself about the same value is refused elsewhere
            before, self.levels = self.levels, 0
            self._known[name] = self.cases(self.table[name], 0)
            self.stack += self.levels + 1
            self.levels = before
        return self._known[name]


def _heavy_keyword(node: dict[str, Any]) -> bool:
    if len(node.get("enum", ())) > MAX_VALUES or len(node.get("oneOf", ())) > MAX_BRANCHES:
        return True
    for key in ("anyOf", "oneOf"):
        for kind in ("object", "array"):
            if sum(kind in types_of(branch) for branch in node.get(key, ())) > MAX_OBJECTS:
                return True
    patterns = [node.get("pattern", ""), *node.get("patternProperties", ())]
    return any(len(each) > MAX_PATTERN or ("{" in each and _counted(each)) for each in patterns)


def _counted(pattern: str) -> bool:
    """Whether a pattern repeats something often: repetitions within repetitions multiply its states."""
    product = 1
    for piece in pattern.split("{")[1:]:
        numbers = [int(each) for each in piece.split("}")[0].split(",") if each.isdecimal()]
        product *= max(numbers, default=1) or 1
    return product > 1_000
