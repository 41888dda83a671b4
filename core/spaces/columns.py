"""Which columns the values of a space have, so that a table's head needs no row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .descriptor import Box, Custom, Descriptor, Dict, Discrete, Graph, MultiBinary, MultiDiscrete, Tuple


class Column(NamedTuple):
    """One part of a space that is no Dict and no Tuple, and where in the value it is."""

    path: tuple[Any, ...]
    space: Descriptor

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Of one number, None where the part is no array of numbers of a fixed shape."""
        match self.space:
            case Box() | Discrete() | MultiDiscrete():
                return np.dtype(self.space.dtype)
            case MultiBinary():
                return np.dtype(np.int8)
            case _:
                return None

    @property
    def shape(self) -> tuple[int, ...] | None:
        match self.space:
            case Box() | MultiDiscrete() | MultiBinary():
                return self.space.shape
            case Discrete():
                return ()
            case _:
                return None


def columns(descriptor: Descriptor) -> tuple[Column, ...]:
    """The parts of a space in the order of its values."""
    return tuple(_columns((), descriptor))


def _columns(path: tuple[Any, ...], space: Descriptor) -> Iterator[Column]:
    match space:
        case Dict():
            for key, part in space.spaces:
                yield from _columns((*path, key), part)
        case Tuple():
            for index, part in enumerate(space.spaces):
                yield from _columns((*path, index), part)
        case Custom() if space.like is not None:
            yield from _columns(path, space.like)
        case _:
            yield Column(path, space)


def part(space: Descriptor | None, key: Any) -> Descriptor | None:
    """The space of a part of a value, None where it is not known."""
    match space:
        case Dict():
            return space.part(key)
        case Tuple():
            return space.spaces[key] if isinstance(key, int) and 0 <= key < len(space.spaces) else None
        case Graph():
            return None
        case Custom():
            return part(space.like, key)
        case _:
            return None
