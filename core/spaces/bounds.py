"""Arrays of bounds as few numbers: what is the same along an axis is said once.

    0                                every bound is 0
    ((0.0, -1.5, 2.0),)              three bounds, repeated along the first axis
    "inf", "-inf", "nan"             what JSON has no number for; in a Box of integers, that there is no bound
    "1.18973149535723176502e+4932"   numbers of more than 64 bits, as text
    None                             the array is empty

A float is written as the 64-bit number that it is exactly; integers are exact, whatever their size.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Numbers: TypeAlias = "bool | int | float | str | tuple[Any, ...] | None"


def compact(array: np.ndarray, endless: np.ndarray | None = None, word: str = "inf") -> Numbers:
    """The numbers of `array`; where `endless` is true, `word` in their place."""
    if not array.size:
        return None
    cut = _cut(array, endless)
    numbers = np.asarray(array[cut])
    marked = None if endless is None else np.asarray(endless)[cut]
    plain: Numbers = _plain(numbers, marked, word)
    while numbers.size == 1 and isinstance(plain, tuple):
        (plain,) = plain
    return plain


def spread(numbers: Numbers, dtype: str | np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
    """The array that `compact` was given; ValueError, TypeError or OverflowError where the numbers are none of it."""
    kind = np.dtype(dtype)
    if numbers is None or numbers == ():
        return np.zeros(shape, kind)
    array = np.array(_read(numbers, kind), kind)
    if array.ndim == 1 and array.size == np.prod(shape, dtype=np.int64):  # all numbers of a shape, one after another
        array = array.reshape(shape)
    return np.array(np.broadcast_to(array, shape))


def endless(numbers: Numbers, shape: tuple[int, ...]) -> np.ndarray:
    """Where `spread` would put a number in the place of an infinity."""
    if numbers is None or numbers == ():
        return np.zeros(shape, np.bool_)
    array = np.array(_marks(numbers), np.bool_)
    if array.ndim == 1 and array.size == np.prod(shape, dtype=np.int64):
        array = array.reshape(shape)
    return np.array(np.broadcast_to(array, shape))


def _cut(array: np.ndarray, marked: np.ndarray | None) -> tuple[slice, ...]:
    """The part of an array that says all of it: of an axis along which nothing changes, its beginning."""
    first, every = slice(0, 1), slice(None)
    layers = [_bits(array)] + ([] if marked is None else [np.asarray(marked)])
    if all((layer == layer.flat[0]).all() for layer in layers):
        return (first,) * array.ndim
    cut: list[slice] = []
    for axis in range(array.ndim):
        same = all((layer == layer.take([0], axis)).all() for layer in layers)
        cut.append(first if same else every)
    return tuple(cut)


def _bits(array: np.ndarray) -> np.ndarray:
    """The numbers as integers, so that NaN is itself and -0.0 is not 0.0; wide floats have no such view."""
    size = array.dtype.itemsize
    if array.dtype.kind != "f" or size > 8:
        return array
    return np.ascontiguousarray(array).view(f"u{size}").reshape(array.shape)


def _plain(array: np.ndarray, marked: np.ndarray | None, word: str) -> Any:
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return _nested(array, str)
    if marked is not None and marked.any():
        names = array.astype(object)
        names[marked] = word
        return _nested(names, _number)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return _nested(array, _number)
    return _tuples(array.tolist())


def _number(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else "nan" if value != value else "inf" if value > 0 else "-inf"
    return value


def _nested(array: np.ndarray, say: Any) -> Any:
    if array.ndim == 0:
        return say(array.item())
    return tuple(_nested(np.asarray(part), say) for part in array)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _read(numbers: Any, dtype: np.dtype[Any]) -> Any:
    """The numbers as NumPy takes them for this dtype: words become infinities, or the dtype's own limits."""
    if isinstance(numbers, (tuple, list)):
        return [_read(item, dtype) for item in numbers]
    if dtype.kind == "f":
        return dtype.type(numbers) if dtype.itemsize > 8 else float(numbers)
    if isinstance(numbers, str):
        limits = np.iinfo(dtype)
        return {"-inf": limits.min, "inf": limits.max}[numbers]
    if dtype.kind == "b":
        return bool(numbers)
    if int(numbers) != numbers:
        raise ValueError(f"{numbers!r} is no integer")
    return int(numbers)


def _marks(numbers: Any) -> Any:
    return [_marks(item) for item in numbers] if isinstance(numbers, (tuple, list)) else isinstance(numbers, str)
