"""Recorded values as lines of text: compact, nested, and never more of them than a person scrolls through."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from cornerman.core.graph_value import is_graph

from .renderers._cells import visible, wrap

MOST_LINES = 400
_SMALL = 16
"""Arrays of at most so many items are shown whole."""


def described(value: object, width: int) -> list[str]:
    """Lines of at most about `width` characters; the last one says what was left out."""
    lines = _lines(value, width)
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} more lines"]


def _lines(value: object, width: int) -> list[str]:
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _array(value, width)
    if isinstance(value, Mapping):
        return _mapping(value, width)
    if is_graph(value):
        return _mapping(value._asdict(), width)
    if isinstance(value, (list, tuple)):
        return _sequence(value, width)
    return [visible(_scalar(value))[:2000]]


def _scalar(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value):,} bytes {bytes(value[:24])!r}"
    return str(value) if isinstance(value, (int, str)) else repr(value)[:2000]


def _mapping(value: Mapping, width: int) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        name = visible(str(key))
        inner = _lines(item, width - 2)
        if len(inner) == 1 and len(name) + 2 + len(inner[0]) <= width:
            lines.append(f"{name}: {inner[0]}")
        else:
            lines += [f"{name}:", *("  " + line for line in inner)]
        if len(lines) > MOST_LINES:
            break
    return lines or ["{} empty"]


def _sequence(value: Sequence, width: int) -> list[str]:
    if not value:
        return ["() empty"]
    if all(isinstance(item, (int, float, bool)) for item in value[:64]):
        return wrap("(" + ", ".join(_scalar(item) for item in value[:512]) + ")", max(8, width))
    lines: list[str] = []
    for at, item in enumerate(value):
        inner = _lines(item, width - 4)
        lines += [f"{at}: {inner[0]}", *("   " + line for line in inner[1:])]
        if len(lines) > MOST_LINES:
            break
    return lines


def _array(value: object, width: int) -> list[str]:
    """A small array whole; a larger one by shape, range and mean, then its items row by row."""
    import numpy as np

    array = np.asarray(value)
    shape = "×".join(map(str, array.shape)) or "scalar"
    if array.size == 0:
        return [f"{array.dtype}[{shape}] empty"]
    if array.ndim == 0:
        return [visible(_scalar(array.item()))]
    if array.ndim == 1 and array.size <= _SMALL:
        text = "[" + " ".join(_item(item) for item in array.tolist()) + "]"
        return wrap(text, max(8, width))
    head = f"{array.dtype}[{shape}] {_summary(array)}".rstrip()
    return [*wrap(head, max(8, width)), *_items(array, width)]


def _item(item: object) -> str:
    return f"{item:.4g}" if isinstance(item, float) else str(item)


def _summary(array: object) -> str:
    import numpy as np

    numbers = np.asarray(array)
    if numbers.dtype.kind not in "biuf":
        return ""
    if numbers.dtype.kind == "b":
        return f"{int(numbers.sum()):,} of {numbers.size:,} True"
    finite = numbers[np.isfinite(numbers)] if numbers.dtype.kind == "f" else numbers
    odd = numbers.size - finite.size
    text = (
        f"{_item(finite.min().item())} to {_item(finite.max().item())}, mean {finite.mean():.4g}" if finite.size else ""
    )
    return text + (f", {odd:,} not finite" if odd else "")


def _items(array: object, width: int) -> list[str]:
    """The items of each part of the first axis side by side, one part after the other."""
    import numpy as np

    numbers = np.asarray(array)
    flat = numbers.reshape(numbers.shape[0], -1) if numbers.ndim > 1 else numbers.reshape(1, -1)
    each = 4 if numbers.dtype.kind in "biu" else 10
    across = max(1, width // each)
    lines: list[str] = []
    for line in flat[:MOST_LINES]:
        shown = line[: across * 64].tolist()
        starts = range(0, len(shown), across)
        lines += [" ".join(_item(item) for item in shown[at : at + across]) for at in starts]
        if len(lines) > MOST_LINES:
            break
    return lines
