"""The forms of a step's fields, as a layout has them in columns; what has no columns has no form.

A vector stream is judged sub-environment by sub-environment: the axis of the sub-environments joins that of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from ..layout import TERMINATED, TRUNCATED, Layout, Leaf, Node
from ..spaces import Descriptor, part
from .column_forms import Array, Columns, Form, Items, Number, Object
from .step_document import is_product

Space: TypeAlias = Descriptor | None
"""The space of one sub-environment's value, where it is known."""
NUMERIC = "biuf"
"""Kinds of dtype that are numbers or truth values in JSON. Complex numbers and times are judged row by row."""


def step_forms(layout: Layout, observation: Space = None, action: Space = None) -> dict[str, Form]:
    """The form of each field that is in columns. The spaces tell a Tuple space from a list of sub-environments."""
    leaves = {leaf.column: leaf for leaf in layout.leaves}
    fields = {
        "observation": _of_node(layout.observation, leaves, layout.num_envs, observation),
        "action": _of_node(layout.action, leaves, layout.num_envs, action),
        "reward": _of_leaf(leaves["reward"], layout.num_envs),
        "terminated": Number(lambda columns: columns("terminated"), np.dtype(np.bool_)),
        "truncated": Number(lambda columns: columns("truncated"), np.dtype(np.bool_)),
        "info": _info(layout, leaves),
    }
    return {name: form for name, form in fields.items() if form is not None}


def column_of_steps(layout: Layout, columns: Mapping[str, Array], flags: Array) -> Columns:
    """The columns as rules ask for them: one item a step, contiguous, each made once."""
    made: dict[str, Array] = {}
    envs = max(layout.num_envs, 1)

    def column(name: str) -> Array:
        found = made.get(name)
        if found is None:
            if not layout.num_envs and name in _ENDS:
                found = (flags & _ENDS[name]) != 0
            else:
                found = np.ascontiguousarray(columns[name])
                if layout.num_envs:
                    found = (
                        found.reshape(len(found) * envs, *found.shape[2:])
                        if _batched(found, envs)
                        else _repeated(found, envs)
                    )
            made[name] = found
        return found

    return column


_ENDS = {"terminated": TERMINATED, "truncated": TRUNCATED}


def _batched(values: Array, envs: int) -> bool:
    return values.ndim > 1 and values.shape[1] == envs


def _repeated(values: Array, envs: int) -> Array:
    """What all sub-environments share, once for each."""
    return np.repeat(values, envs, axis=0)


def _of_leaf(leaf: Leaf, envs: int) -> Form | None:
    if leaf.type.kind not in NUMERIC:
        return None
    shape, column = tuple(leaf.shape), leaf.column
    if envs and shape:
        if shape[0] != envs:
            return None  # whose part is whose is not known
        shape = shape[1:]
    return Number(lambda columns: columns(column), leaf.type, shape)


def _of_node(node: Node, leaves: Mapping[str, Leaf], envs: int, space: Space) -> Form | None:
    if "leaf" in node:
        return _of_leaf(leaves[node["leaf"]], envs)
    if "dict" in node:
        found = {key: _of_node(child, leaves, envs, part(space, key)) for key, child in node["dict"].items()}
        known = {key: form for key, form in found.items() if form is not None}
        return Object(known) if len(known) == len(found) else None
    if "tuple" in node and (not envs or is_product(space)):
        items = [_of_node(child, leaves, envs, part(space, at)) for at, child in enumerate(node["tuple"])]
        return None if None in items else Items(tuple(item for item in items if item is not None))
    return None


def _info(layout: Layout, leaves: Mapping[str, Leaf]) -> Form | None:
    masks = {key for key in layout.info if layout.num_envs and _is_mask(key, layout, leaves)}
    parts = {key: _of_leaf(leaves[f"info/{key}"], layout.num_envs) for key in layout.info if key not in masks}
    maybe = {key: f"info/_{key}" for key in parts if f"_{key}" in masks}
    known = {key: form for key, form in parts.items() if form is not None}
    return Object(known, maybe) if len(known) == len(parts) else None


def _is_mask(key: str, layout: Layout, leaves: Mapping[str, Leaf]) -> bool:
    leaf = leaves[f"info/{key}"]
    masked = key.startswith("_") and key[1:] in layout.info
    return masked and leaf.type.kind == "b" and tuple(leaf.shape) == (layout.num_envs,)
