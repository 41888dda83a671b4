"""A space in words, as Gymnasium's users would say it: `Box (96, 96, 3) uint8, 0 to 255`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .bounds import Numbers
from .descriptor import (
    Box,
    Custom,
    Descriptor,
    Dict,
    Discrete,
    Graph,
    MultiBinary,
    MultiDiscrete,
    OneOf,
    Sequence,
    Text,
    Tuple,
)

LIMIT = 400
"""Letters: a space with a thousand parts has its beginning said."""


def words(descriptor: Descriptor) -> str:
    """One line for a space."""
    text = _words(descriptor)
    return text if len(text) <= LIMIT else f"{text[: LIMIT - 1]}…"


def _words(descriptor: Descriptor) -> str:
    match descriptor:
        case Box():
            low, high = _extreme(descriptor.low, min), _extreme(descriptor.high, max)
            return f"Box {descriptor.shape} {np.dtype(descriptor.dtype)}, {low} to {high}"
        case Discrete():
            return f"Discrete {descriptor.n}: {descriptor.start} to {descriptor.start + descriptor.n - 1}"
        case MultiBinary():
            return f"MultiBinary {descriptor.shape}"
        case MultiDiscrete():
            return f"MultiDiscrete {descriptor.shape} of {_counts(descriptor)}"
        case Text():
            return f"Text of up to {descriptor.max_length} characters"
        case Dict():
            return f"Dict of {', '.join(f'{key}: {_words(space)}' for key, space in descriptor.spaces[:50])}"
        case Tuple() | OneOf():
            return f"{type(descriptor).__name__} of {_items(descriptor.spaces)}"
        case Sequence():
            return f"{'stacked ' * descriptor.stacked}Sequence of {_words(descriptor.space)}"
        case Graph():
            edges = "none" if descriptor.edge_space is None else _words(descriptor.edge_space)
            return f"Graph of nodes: {_words(descriptor.node_space)}, edges: {edges}"
        case Custom():
            return descriptor.text or descriptor.class_


def _items(spaces: tuple[Descriptor, ...]) -> str:
    if len(spaces) > 3 and all(space == spaces[0] for space in spaces):
        return f"{len(spaces)} times {_words(spaces[0])}"
    return ", ".join(map(_words, spaces[:50]))


def _counts(descriptor: MultiDiscrete) -> str:
    if not isinstance(descriptor.nvec, tuple):
        return f"{descriptor.nvec} each"
    counts = descriptor.counts.ravel()[:9].tolist()
    return " ".join(map(str, counts[:8])) + " …" * (len(counts) > 8)


def _extreme(numbers: Numbers, outermost: Any) -> str:
    """A bound that is the same everywhere, or the outermost of them."""
    found = list(_flat(numbers))
    if not found:
        return "?"
    number = outermost(found, key=float)
    return str(number) if isinstance(number, int) else f"{float(number):.4g}"


def _flat(numbers: Any) -> Any:
    if isinstance(numbers, tuple):
        for item in numbers:
            yield from _flat(item)
    elif numbers is not None:
        yield numbers
