"""Taking refused steps out of what is stored: the row stays, so that episodes and `t` go on, its values do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core import values
from cornerman.core.layout import Layout

Array = np.ndarray[Any, Any]
VALUES = ("observation", "action", "reward", "info")


def blanked(column: Array, withheld: Array) -> Array:
    """A copy without the values of refused steps. What all sub-environments share goes where all of them were refused.

    `withheld` is bool by row, or by row and sub-environment.
    """
    found = np.array(column)
    if withheld.ndim > 1 and (column.ndim < 2 or column.shape[1] != withheld.shape[1]):
        withheld = np.asarray(withheld.all(axis=1))
    found[withheld] = np.nan if column.dtype.kind in "fc" else np.zeros((), column.dtype)
    return found


def without_values(extras: dict[int, bytes], withheld: Array, layout: Layout) -> dict[int, bytes]:
    """The extras of rows without what belongs to refused steps."""
    found = dict(extras)
    for row in np.flatnonzero(withheld.any(axis=1)).tolist():
        if row not in extras:
            continue
        content = values.decode(extras[row])
        refused = np.flatnonzero(withheld[row]).tolist()
        for name in VALUES:
            if name not in content:
                continue
            if not layout.num_envs or withheld[row].all():
                del content[name]
            else:
                content[name] = _without(content[name], refused, layout.num_envs)
        if content:
            found[row] = values.encode(content)
        else:
            del found[row]
    return found


def _without(value: Any, refused: list[int], envs: int) -> Any:
    """A batched value without the parts of some sub-environments."""
    if isinstance(value, dict):
        return {key: _without(item, refused, envs) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.ndim and len(value) == envs:
        mask = np.zeros(envs, np.bool_)
        mask[refused] = True
        if value.dtype.kind == "O":
            return np.array([None if gone else item for item, gone in zip(value.tolist(), mask, strict=True)], object)
        return blanked(value, mask)
    if isinstance(value, (list, tuple)):
        if len(value) == envs and not any(isinstance(item, np.ndarray) and len(item) == envs for item in value):
            return type(value)(None if env in refused else item for env, item in enumerate(value))
        return type(value)(_without(item, refused, envs) for item in value)
    return value
