"""One step as the JSON document that a step schema describes, for the steps that are judged one at a time."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..spaces import Custom, Descriptor, Tuple, part


def as_json(value: Any) -> Any:
    """Any recorded value as JSON has it: arrays as lists of lists, bytes as base64, what has no form as its text."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return _array(value)
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, complex):
        return [value.real, value.imag]
    return getattr(value, "text", None) or str(value)


def _array(value: Any) -> Any:
    if value.dtype.kind in "biuf":
        return value.tolist()
    if value.dtype.kind == "c":
        return np.stack((value.real, value.imag), axis=-1).tolist()
    if value.dtype.kind in "mM":
        return np.datetime_as_string(value).tolist() if value.dtype.kind == "M" else value.astype(np.int64).tolist()
    return as_json(value.tolist())


def of_env(value: Any, env: int, space: Descriptor | None = None) -> Any:
    """What one sub-environment has of a batched value: mappings and products by part, all else by position."""
    if isinstance(value, dict):
        return {key: of_env(item, env, part(space, key)) for key, item in value.items()}
    if isinstance(value, tuple) and is_product(space):
        return tuple(of_env(item, env, part(space, at)) for at, item in enumerate(value))
    try:
        return value[env]
    except (TypeError, IndexError, KeyError):
        return value


def is_product(space: Descriptor | None) -> bool:
    """Whether a batch of this space's values is a tuple of batches, and not of values."""
    return is_product(space.like) if isinstance(space, Custom) else isinstance(space, Tuple)


def info_of_env(info: Any, env: int) -> Any:
    """What a vector environment's info says of one sub-environment; `_key` masks say whose entries count."""
    if not isinstance(info, dict):
        return info
    found: dict[str, Any] = {}
    for key, item in info.items():
        if is_mask(key, item, info):
            continue
        mask = info.get(f"_{key}")
        if isinstance(mask, np.ndarray) and mask.dtype == np.bool_ and env < len(mask) and not mask[env]:
            continue
        found[key] = info_of_env(item, env) if isinstance(item, dict) else of_env(item, env)
    return found


def is_mask(key: str, item: Any, info: Mapping[str, Any]) -> bool:
    """Whether a key of a vector environment's info only says whose entries of another key count."""
    return key.startswith("_") and key[1:] in info and isinstance(item, np.ndarray) and item.dtype == np.bool_
