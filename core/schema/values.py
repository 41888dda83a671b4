"""Single values and normal nodes: is this value allowed here? The compiled validators are kept by node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema_rs

from .normal import Definitions, Node, closure, standalone
from .walk import children, walk

SAME_VALUE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies"})
MAX_VISITS = 5_000  # subschemas that one value meets, references followed; the validator walks them all
_KEPT = 512
_compiled: dict[int, tuple[Node, Callable[[Any], bool] | None]] = {}


def checker(node: Node, table: Definitions) -> Callable[[Any], bool] | None:
    """A compiled check of a node, or None when checking one value could take too long."""
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
    return otherwise if check is None else check(value)


def _compile(node: Node, table: Definitions) -> Callable[[Any], bool] | None:
    if visits(node, closure(node, table)) > MAX_VISITS:
        return None
    try:
        return jsonschema_rs.Draft7Validator(standalone(node, table), validate_formats=True, offline=True).is_valid
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def visits(node: Node, needed: dict[str, Node]) -> int:
    """How many subschemas one value meets at most before the validator goes into its parts; cut above the limit.

    A definition that leads back to itself about the same value counts as too many: it has no meaning.
    """
    known: dict[str, int] = {}
    waiting: set[str] = set()

    def count(each: Any) -> int:
        if not isinstance(each, dict):
            return 1
        if "$ref" in each:
            name = each["$ref"]
            if name in waiting:
                return MAX_VISITS + 1
            if name not in known:
                waiting.add(name)
                known[name] = count(needed[name])
                waiting.discard(name)
            return known[name] + 1
        inner = [part for pointer, part in children(each) if pointer.split("/", 2)[1] in SAME_VALUE]
        return min(1 + sum(map(count, inner)), MAX_VISITS + 1)

    bodies = [part for each in (node, *needed.values()) for _, part in walk(each)]
    return max(map(count, bodies), default=1)
