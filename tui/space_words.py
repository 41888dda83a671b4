"""A stored space descriptor in words, as Gymnasium's users would say it: `Box (96, 96, 3) uint8, 0 to 255`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def space_words(space: Any) -> str:
    """One line for a space; what it does not know it names by its type."""
    if not isinstance(space, Mapping):
        return "unknown"
    kind = str(space.get("type", "unknown"))
    inner = space.get("spaces")
    if isinstance(inner, Mapping):
        return f"{kind} of {', '.join(f'{name}: {space_words(part)}' for name, part in inner.items())}"
    if isinstance(inner, (list, tuple)):
        return f"{kind} of {', '.join(map(space_words, inner))}"
    return f"{kind} {_WORDS[kind](space)}".strip() if kind in _WORDS else str(space.get("repr", kind))


def _box(space: Mapping[str, Any]) -> str:
    return f"{_shape(space)} {_dtype(space)}, {_bound(space.get('low'), min)} to {_bound(space.get('high'), max)}"


def _discrete(space: Mapping[str, Any]) -> str:
    start, n = int(space.get("start", 0)), int(space.get("n", 0))
    return f"{n}: {start} to {start + n - 1}"


def _multi_discrete(space: Mapping[str, Any]) -> str:
    nvec = [str(n) for n in np.ravel(space.get("nvec", []))]
    if len(set(nvec)) == 1:
        return f"{_shape(space)} of {nvec[0]} each"
    return f"{_shape(space)} of {' '.join(nvec[:8])}{' …' * (len(nvec) > 8)}"


def _text(space: Mapping[str, Any]) -> str:
    return f"of up to {space.get('max_length', '?')} characters"


def _shape(space: Mapping[str, Any]) -> str:
    return str(tuple(space.get("shape") or ()))


def _dtype(space: Mapping[str, Any]) -> str:
    try:
        return str(np.dtype(space["dtype"]))
    except (KeyError, TypeError):
        return ""


def _bound(bound: Any, extreme: Any) -> str:
    """A bound that is the same everywhere, or the outermost of them."""
    values = [float(value) for value in (bound if isinstance(bound, (list, tuple)) else [bound]) if value is not None]
    return f"{extreme(values):.4g}" if values else "?"


_WORDS = {
    "Box": _box,
    "Discrete": _discrete,
    "MultiDiscrete": _multi_discrete,
    "MultiBinary": _shape,
    "Text": _text,
}
