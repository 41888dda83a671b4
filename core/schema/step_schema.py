"""The step schema that a stream's own spaces declare: what its steps are judged by where nobody wrote a schema.

It has to be quiet where all is well in practice, or nobody would listen to it where something is wrong. So:

* Bounds of floating-point boxes are widened by a millionth: observations leave them by rounding errors.
* A dtype is not compared: float64 where float32 is declared, or integers where floats are, are common and harmless.
* NaN is refused, as no `Box` contains it, and as a reward. Infinities are judged by the bounds alone.
* `True` and `False` are actions of a `Discrete(2)`.
* `info` is not looked at, nor are its keys. Graphs, and spaces of other people without a base, are left free.
* Only steps are judged: a reset has neither action nor reward.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

import numpy as np

from ..spaces import (
    Box,
    Custom,
    Descriptor,
    Dict,
    Discrete,
    MultiBinary,
    MultiDiscrete,
    OneOf,
    Sequence,
    Text,
    Tuple,
)
from .document import SchemaDocument, canonical_json, parse

DERIVED = "derived."
"""What the ids of derived schemas begin with."""
TOLERANCE = 1e-6
EACH = 64
"""Up to so many numbers have bounds of their own in a schema; wider arrays have the widest of all."""


def derived_schema(env_id: str, observation: Descriptor | None, action: Descriptor | None) -> SchemaDocument:
    """The schema of a stream's steps, from the spaces of one sub-environment. Equal spaces give equal documents."""
    fields: dict[str, Any] = {
        "observation": space_schema(observation),
        "action": space_schema(action),
        "reward": {"type": "number", "x-nan": False},
        "terminated": {"type": "boolean"},
        "truncated": {"type": "boolean"},
    }
    schema: dict[str, Any] = {
        "title": f"A step of {env_id}, as its spaces declare it",
        "type": "object",
        "properties": fields,
        "required": ["observation", "action", "reward", "terminated", "truncated"],
    }
    digest = hashlib.sha256(canonical_json(fields)).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", env_id)[:150]
    return parse({"id": f"{DERIVED}{name}.{digest}", "version": "1.0.0", **schema})


def space_schema(space: Descriptor | None) -> dict[str, Any]:
    """What a value of a space looks like as JSON; {} where the space says nothing about it."""
    match space:
        case Box():
            return _box(space)
        case Discrete():
            kinds = ["integer", "boolean"] if space.start == 0 and space.n > 1 else "integer"
            return {"type": kinds, "minimum": space.start, "maximum": space.start + space.n - 1}
        case MultiBinary():
            return _nested(space.shape, {"type": ["integer", "boolean"], "minimum": 0, "maximum": 1})
        case MultiDiscrete():
            return _bounded(space.starts, space.starts + space.counts - 1, {"type": "integer"})
        case Text():
            return {"type": "string", "minLength": space.min_length, "maxLength": space.max_length}
        case Dict():
            parts = {str(key): space_schema(part) for key, part in space.spaces}
            return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
        case Tuple():
            size = len(space.spaces)
            return {"type": "array", "items": [*map(space_schema, space.spaces)], "minItems": size, "maxItems": size}
        case Sequence() if not space.stacked:
            return {"type": "array", "items": space_schema(space.space)}
        case OneOf():
            return {"type": "array", "minItems": 2, "maxItems": 2}
        case Custom():
            return space_schema(space.like)
        case _:
            return {}


def _box(space: Box) -> dict[str, Any]:
    low, high = space.bounds
    kind = np.dtype(space.dtype).kind
    if kind == "f":
        return {**_bounded(_widened(low, -1), _widened(high, 1), {"type": "number"}), "x-nan": False}
    if kind == "b":
        return _nested(space.shape, {"type": ["integer", "boolean"], "minimum": 0, "maximum": 1})
    return _bounded(low, high, {"type": "integer"}) if kind in "iu" else {}


def _widened(bounds: np.ndarray, direction: int) -> np.ndarray:
    exact = bounds.astype(np.float64)
    widened: np.ndarray = exact + direction * TOLERANCE * np.maximum(1.0, np.abs(exact))
    return widened


def _bounded(low: np.ndarray, high: np.ndarray, item: dict[str, Any]) -> dict[str, Any]:
    """Arrays of numbers, each with its bounds where they differ."""
    shape = low.shape
    same = not low.size or ((low == low.flat[0]).all() and (high == high.flat[0]).all())
    if same or len(shape) != 1 or low.size > EACH:
        least, most = (low.min().item(), high.max().item()) if low.size else (-math.inf, math.inf)
        return _nested(shape, {**item, **_limits(least, most)})
    items = [{**item, **_limits(*pair)} for pair in zip(low.tolist(), high.tolist(), strict=True)]
    return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}


def _limits(low: float, high: float) -> dict[str, float]:
    found = {"minimum": low, "maximum": high}
    return {name: bound for name, bound in found.items() if math.isfinite(bound)}


def _nested(shape: tuple[int, ...], item: dict[str, Any]) -> dict[str, Any]:
    for size in reversed(shape):
        item = {"type": "array", "items": item, "minItems": size, "maxItems": size}
    return item
