"""Gymnasium's spaces as plain data, so that a recording can be read where Gymnasium is not.

    {"type": "Box", "dtype": "<f4", "shape": [4], "low": [...], "high": [...]}     uniform bounds are one number
    {"type": "Discrete", "n": 2, "start": 0, "dtype": "<i8"}
    {"type": "Dict", "spaces": {...}}  {"type": "Tuple", "spaces": [...]}
    {"type": "MultiBinary" | "MultiDiscrete" | "Text" | "Sequence" | "Graph" | "OneOf", ...}
    {"type": "mypackage.MissionSpace", "repr": "..."}                             the typed fallback: nothing is refused

Infinite bounds are the texts "inf" and "-inf": JSON has no word for them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces

from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_SPACE_DESCRIPTOR_MISSING


def describe(space: spaces.Space[Any] | None) -> dict[str, Any] | None:
    """The descriptor of a space; None for None."""
    if space is None:
        return None
    for kind, describe_kind in _KINDS.items():
        if type(space) is kind:
            return {"type": kind.__name__, **describe_kind(space)}
    name = f"{type(space).__module__}.{type(space).__qualname__}"
    log(LOG_SPACE_DESCRIPTOR_MISSING, space=name)
    return {"type": name, "repr": repr(space)[:2000]}


def _bounds(values: np.ndarray[Any, Any]) -> Any:
    flat = values.ravel()
    if flat.size and (flat == flat[0]).all():
        return _number(flat[0].item())
    return [_number(item) for item in flat.tolist()]


def _number(value: float) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _box(space: spaces.Box) -> dict[str, Any]:
    shape = list(space.shape)
    return {"dtype": space.dtype.str, "shape": shape, "low": _bounds(space.low), "high": _bounds(space.high)}


def _discrete(space: spaces.Discrete) -> dict[str, Any]:
    return {"n": int(space.n), "start": int(space.start), "dtype": np.dtype(space.dtype).str}


def _multi_discrete(space: spaces.MultiDiscrete) -> dict[str, Any]:
    facts = {"nvec": space.nvec.ravel().tolist(), "shape": list(space.nvec.shape), "dtype": np.dtype(space.dtype).str}
    start = getattr(space, "start", None)
    return facts if start is None else {**facts, "start": np.asarray(start).ravel().tolist()}


def _text(space: spaces.Text) -> dict[str, Any]:
    letters = "".join(sorted(space.character_set))
    return {"min_length": space.min_length, "max_length": space.max_length, "characters": letters}


def _graph(space: spaces.Graph) -> dict[str, Any]:
    return {"node_space": describe(space.node_space), "edge_space": describe(space.edge_space)}


_KINDS: dict[type, Any] = {
    spaces.Box: _box,
    spaces.Discrete: _discrete,
    spaces.MultiBinary: lambda space: {"shape": list(space.shape)},
    spaces.MultiDiscrete: _multi_discrete,
    spaces.Text: _text,
    spaces.Dict: lambda space: {"spaces": {key: describe(item) for key, item in space.spaces.items()}},
    spaces.Tuple: lambda space: {"spaces": [describe(item) for item in space.spaces]},
    spaces.Sequence: lambda space: {"space": describe(space.feature_space), "stacked": bool(space.stack)},
    spaces.Graph: _graph,
    spaces.OneOf: lambda space: {"spaces": [describe(item) for item in space.spaces]},
}
