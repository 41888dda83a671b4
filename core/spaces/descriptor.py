"""The descriptors: one type for each of Gymnasium's spaces, and one for those of other people.

    Box                 dtype, shape, low, high
    Discrete            n, start, dtype
    MultiBinary         n (a number, or a shape)
    MultiDiscrete       nvec, start, shape, dtype
    Text                min_length, max_length, characters
    Dict                spaces by key, in order
    Tuple, OneOf        spaces
    Sequence            space, stacked
    Graph               node_space, edge_space
    Custom              class_, text, like, data: see below

Bounds are compact: an axis along which they do not change has length one, and what is the same everywhere is one
number. So the bounds of a picture are 0 and 255, and those of a batch of a thousand are those of one.

A space of a class that Gymnasium does not have is a Custom. `like` is the descriptor of the Gymnasium space it derives
from, None where it derives from none. `data` is what its codec says of it (`plugins.py`), None where it has none.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import numpy as np

from .bounds import Numbers, spread

Key: TypeAlias = Any
"""A key of a Dict: text as a rule; numbers, None and tuples of them too."""


class _Space(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    pass


class Box(_Space, frozen=True, tag="Box"):
    dtype: str
    shape: tuple[int, ...]
    low: Numbers
    high: Numbers

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest values, in full. Where an integer has no bound, its dtype's own."""
        return spread(self.low, self.dtype, self.shape), spread(self.high, self.dtype, self.shape)


class Discrete(_Space, frozen=True, tag="Discrete"):
    n: int
    start: int = 0
    dtype: str = "<i8"


class MultiBinary(_Space, frozen=True, tag="MultiBinary"):
    n: int | tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.n if isinstance(self.n, tuple) else (self.n,)


class MultiDiscrete(_Space, frozen=True, tag="MultiDiscrete"):
    nvec: Numbers
    shape: tuple[int, ...]
    start: Numbers = 0
    dtype: str = "<i8"

    @property
    def counts(self) -> np.ndarray:
        """How many values each number has, in full."""
        return spread(self.nvec, self.dtype, self.shape)

    @property
    def starts(self) -> np.ndarray:
        return spread(self.start, self.dtype, self.shape)


class Text(_Space, frozen=True, tag="Text"):
    min_length: int
    max_length: int
    characters: str
    """Sorted: spaces that differ in the order of their characters are equal, and older Gymnasiums have none at all."""


class Dict(_Space, frozen=True, tag="Dict"):
    spaces: tuple[tuple[Key, Descriptor], ...]

    def part(self, key: Key) -> Descriptor | None:
        """The space of a key, None where there is none."""
        return next((space for name, space in self.spaces if name == key), None)


class Tuple(_Space, frozen=True, tag="Tuple"):
    spaces: tuple[Descriptor, ...]


class OneOf(_Space, frozen=True, tag="OneOf"):
    spaces: tuple[Descriptor, ...]


class Sequence(_Space, frozen=True, tag="Sequence"):
    space: Descriptor
    stacked: bool = False


class Graph(_Space, frozen=True, tag="Graph"):
    node_space: Descriptor
    edge_space: Descriptor | None = None


class Custom(_Space, frozen=True, tag="Custom"):
    class_: str = msgspec.field(name="class")
    text: str = ""
    """Its `repr`, without addresses in memory and cut at 2,000 characters: for people."""
    like: Descriptor | None = None
    data: Any = None


Descriptor: TypeAlias = (
    Box | Discrete | MultiBinary | MultiDiscrete | Text | Dict | Tuple | OneOf | Sequence | Graph | Custom
)
