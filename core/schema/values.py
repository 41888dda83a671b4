"""Single values and normal nodes: is this value allowed here? The compiled validators are kept by node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from .normal import Definitions, Node, closure, standalone
from .walk import children

SAME_VALUE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies"})
MOST_EFFORT = 50_000  # checks; the validator does ten million a second
LEVELS = (32, 8, 4, 2, 1, 0)  # of a document: a check is made only of those it can afford


@dataclass(frozen=True, slots=True)
class Check:
    """A compiled check, and how deeply nested a value it may be given."""

    is_valid: Callable[[Any], bool]
    levels: int


_KEPT = 512
_compiled: dict[int, tuple[Node, Check | None]] = {}


def checker(node: Node, table: Definitions) -> Check | None:
    """A compiled check of a node, or None when checking even a flat value could take too long."""
    kept = _compiled.get(id(node))
    if kept is None or kept[0] is not node:
        if len(_compiled) >= _KEPT:
            _compiled.clear()
        kept = _compiled[id(node)] = (node, _compile(node, table))
    return kept[1]


def allows(node: Node, value: Any, table: Definitions, otherwise: bool = False) -> bool:
    """Whether a node allows a value; `otherwise` when checking it could take too long."""
    if isinstance(node, bool):
        return node
    check = checker(node, table)
    if check is None or (check.levels < LEVELS[0] and not _within(value, check.levels)):
        return otherwise
    return check.is_valid(value)


def _compile(node: Node, table: Definitions) -> Check | None:
    levels = next((each for each in LEVELS if effort(node, table, each) <= MOST_EFFORT), None)
    if levels is None:
        return None
    try:
        compiled = jsonschema_rs.Draft7Validator(standalone(node, table), validate_formats=True, offline=True)
    except (ValueError, jsonschema_rs.ReferencingError):
        return None
    return Check(compiled.is_valid, levels)


def _within(value: Any, levels: int) -> bool:
    """Whether a value is nested no deeper than this."""
    row = [value]
    for _ in range(levels + 1):
        row = [
            inner
            for each in row
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not row:
            return True
    return False


def effort(node: Node, table: Definitions, levels: int) -> int:
    """How many checks one value and its parts, along the worst way down, can cost; cut above the limit.

    References that are met several times about the same value multiply, level by level: a schema of a page can ask for
    more checks than there are atoms. A definition that leads back to itself about the same value is beyond the limit.
    """
    known: dict[tuple[int, int], int] = {}
    waiting: set[tuple[int, int]] = set()

    def cost(each: Any, level: int) -> int:
        if not isinstance(each, dict) or level < 0:
            return 1
        key = (id(each), level)
        if key in waiting:
            return MOST_EFFORT + 1
        if key not in known:
            waiting.add(key)
            own, below = closely(each, level)
            known[key] = min(own + max(below.values(), default=0), MOST_EFFORT + 1)
            waiting.discard(key)
        return known[key]

    def closely(each: dict[str, Any], level: int) -> tuple[int, dict[str, int]]:
        """The checks of the value itself, and those of each of its parts by name."""
        own, below = 1, dict[str, int]()
        if "$ref" in each:
            return 1 + cost(table[each["$ref"]], level), below
        for pointer, inner in children(each):
            keyword, _, name = pointer[1:].partition("/")
            if keyword in SAME_VALUE:
                own += cost(inner, level)
            else:
                part = name if keyword == "properties" else keyword
                below[part] = below.get(part, 0) + cost(inner, level - 1)
        return own, below

    try:
        return max((cost(each, levels) for _, each in _bodies(node, table)), default=1)
    except RecursionError:
        return MOST_EFFORT + 1


def _bodies(node: Node, table: Definitions) -> list[tuple[str, Node]]:
    return [("", node), *closure(node, table).items()]
