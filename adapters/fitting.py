"""Whether a value fits its columns exactly, and the parts of batched values.

Exactly means: what is read back is what was given, to the bit. A value that would have to be cast does not fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core.graph_value import is_graph
from cornerman.core.layout import MOST_SAID, Layout, Leaf, Node, as_leaf, has_objects, said_in, walk

_NUMPY = (np.ndarray, np.generic)


def fit(layout: Layout, node: Node, value: Any, row: dict[str, Any]) -> bool:
    """Put the value's parts into their columns; False, with nothing put, where one does not fit exactly."""
    if has_objects(node):
        return False
    found: dict[str, Any] = {}
    try:
        for column, part in walk(node, value):
            leaf = next(leaf for leaf in layout.leaves if leaf.column == column)
            fitted = _fitted(leaf, part)
            if fitted is None:
                return False
            found[column] = fitted
    except (KeyError, IndexError, TypeError, AttributeError):
        return False
    row.update(found)
    return True


def _fitted(leaf: Leaf, value: Any) -> Any:
    """The value as its column holds it, or None where that would change it."""
    if not leaf.scalar:
        if isinstance(value, np.ndarray):
            return value if value.dtype == leaf.type and value.shape == tuple(leaf.shape) else None
        if isinstance(value, (list, tuple)) and leaf.column == "action":
            array = np.asarray(value, leaf.type)
            return array if array.shape == tuple(leaf.shape) else None
        return None
    if isinstance(value, np.ndarray) and value.shape == () and value.dtype.kind in "iu":
        value = int(value)
    found = as_leaf(leaf.column, value)
    if found is None or found.scalar != leaf.scalar:
        return None
    if leaf.scalar == "float" and found.dtype != leaf.dtype:
        return None
    return value


def fit_info(layout: Layout, info: Any, row: dict[str, Any]) -> bool:
    if not layout.info or not isinstance(info, dict) or len(info) != len(layout.info):
        return False
    return fit(layout, {"dict": {key: {"leaf": f"info/{key}"} for key in layout.info}}, info, row)


def info_leaves(info: Any) -> tuple[tuple[str, ...], list[Leaf]]:
    """A column for every key of `info`, where all of them are numbers or small arrays; else none."""
    if not isinstance(info, dict) or not info or not all(isinstance(key, str) for key in info):
        return (), []
    leaves = [as_leaf(f"info/{key}", item) for key, item in info.items()]
    if any(leaf is None or "final" in leaf.column for leaf in leaves):
        return (), []
    if said_in(leaves, tuple(info)) > MOST_SAID:
        return (), []
    return tuple(info), [leaf for leaf in leaves if leaf is not None]


def part(value: Any, env: int) -> Any:
    """What belongs to one sub-environment of a batched value; None where that cannot be told."""
    if isinstance(value, dict):
        return {key: part(item, env) for key, item in value.items()}
    if (
        isinstance(value, tuple)
        and value
        and isinstance(value[0], (np.ndarray, dict, tuple))
        and not is_graph(value[0])
    ):
        return tuple(part(item, env) for item in value)
    try:
        return value[env]
    except (TypeError, IndexError, KeyError):  # sequences, some of them empty
        return None


def stack(parts: list[Any]) -> Any:
    """Values of the same structure with a leading axis; a list where they cannot be stacked.

    Tuples are not: which of them are products, and which sequences or graphs, only their space knows.
    """
    if parts and isinstance(parts[0], dict):
        return {key: stack([part[key] for part in parts]) for key in parts[0]}
    kinds = {(type(item), item.dtype, item.shape) if isinstance(item, _NUMPY) else None for item in parts}
    if len(kinds) != 1 or None in kinds or parts[0].dtype.kind == "O":
        return parts
    return np.stack(parts)
