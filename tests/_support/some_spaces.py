"""Spaces at random, and values of them with what values are not supposed to have: NaN with a payload, infinities."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from hypothesis import assume
from hypothesis import strategies as st

from cornerman.core.graph_value import is_graph

FLOATS: list[Any] = [np.float16, np.float32, np.float64]
INTEGERS: list[Any] = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
SIZES = st.lists(st.integers(1, 3), max_size=3).map(tuple)


@st.composite
def float_boxes(draw: st.DrawFn) -> spaces.Box:
    """Bounds that are the same everywhere, along an axis, or nowhere; some without end."""
    dtype, shape = draw(st.sampled_from(FLOATS)), draw(SHAPES)
    width: Any = np.dtype(dtype).itemsize * 8
    number = st.floats(width=width, allow_nan=False)
    one = np.array(draw(st.lists(number, min_size=1, max_size=4)), dtype)
    other = np.array(draw(st.lists(number, min_size=len(one), max_size=len(one))), dtype)
    low, high = _spread(np.minimum(one, other), shape), _spread(np.maximum(one, other), shape)
    return spaces.Box(low, np.maximum(low, high), shape, dtype)


@st.composite
def integer_boxes(draw: st.DrawFn) -> spaces.Box:
    dtype, shape = draw(st.sampled_from(INTEGERS)), draw(SHAPES)
    limits = np.iinfo(dtype)
    if limits.min < 0 and draw(st.booleans()):
        return spaces.Box(-np.inf, np.inf, shape, dtype)
    number = st.integers(int(limits.min), int(limits.max))
    pairs = draw(st.lists(st.tuples(number, number), min_size=1, max_size=4))
    low, high = (np.array([pick(pair) for pair in pairs], dtype) for pick in (min, max))
    box = spaces.Box(_spread(low, shape), _spread(high, shape), shape, dtype)
    try:
        box.sample()
    except ValueError:  # Gymnasium itself cannot draw from some bounds near the ends of 64 bits
        assume(False)
    return box


def _spread(numbers: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """As many numbers as the shape has, the given ones over and over."""
    return np.resize(numbers, shape)


@st.composite
def discretes(draw: st.DrawFn) -> spaces.Discrete:
    dtype = draw(st.sampled_from(INTEGERS))
    limits = np.iinfo(dtype)
    n = draw(st.integers(1, min(100, int(limits.max))))
    start = draw(st.integers(int(limits.min), int(limits.max) - n))
    return spaces.Discrete(n, start=np.dtype(dtype).type(start), dtype=dtype)


@st.composite
def multi_discretes(draw: st.DrawFn) -> spaces.MultiDiscrete:
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple))
    counts = np.resize(np.array(draw(st.lists(st.integers(1, 50), min_size=1, max_size=4)), np.int64), shape)
    start = np.resize(np.array(draw(st.lists(st.integers(-50, 50), min_size=1, max_size=4)), np.int64), shape)
    return spaces.MultiDiscrete(counts, start=start)


@st.composite
def texts(draw: st.DrawFn) -> spaces.Text:
    characters = draw(st.text(st.characters(exclude_categories=()), min_size=1, max_size=20))
    least = draw(st.integers(0, 4))
    return spaces.Text(least + draw(st.integers(1, 4)), min_length=least, charset=characters)


SIMPLE: st.SearchStrategy[spaces.Space[Any]] = st.one_of(
    float_boxes(),
    integer_boxes(),
    discretes(),
    multi_discretes(),
    st.one_of(st.integers(1, 5), SIZES.filter(bool)).map(lambda n: spaces.MultiBinary(n)),
    texts(),
)
KEYS = st.one_of(st.text(max_size=5), st.integers(-5, 5), st.tuples(st.integers(0, 3), st.text(max_size=2)))


def _dict(pairs: Any) -> spaces.Dict:
    return spaces.Dict(pairs)


def _nested(inner: st.SearchStrategy[spaces.Space[Any]]) -> st.SearchStrategy[spaces.Space[Any]]:
    items = st.lists(inner, min_size=1, max_size=3)
    named = st.lists(st.tuples(st.text(max_size=6), inner), max_size=3, unique_by=lambda pair: pair[0])
    keyed = st.lists(st.tuples(KEYS, inner), min_size=1, max_size=3, unique_by=lambda pair: pair[0])
    return st.one_of(
        st.one_of(named, keyed).map(_dict),
        items.map(lambda parts: spaces.Tuple(parts)),
        items.map(lambda parts: spaces.OneOf(parts)),
        inner.map(lambda space: spaces.Sequence(space)),
        inner.map(lambda space: spaces.Sequence(copy.deepcopy(space), stack=True)),
        st.tuples(inner, st.none() | inner).map(lambda pair: spaces.Graph(*pair)),
    )


SPACES: st.SearchStrategy[spaces.Space[Any]] = st.recursive(SIMPLE, _nested, max_leaves=5)
SEEDS = st.integers(0, 2**31 - 1)


def samples(space: spaces.Space[Any], seed: int, count: int) -> list[Any]:
    """Values of a space, some of them with NaN and infinities in every array of floats, and empty sequences."""
    space.seed(seed)
    chance = np.random.default_rng(seed)
    drawn = [space.sample() for _ in range(count)]
    return [value if index % 2 else spoiled(value, chance) for index, value in enumerate(drawn)]


def spoiled(value: Any, chance: np.random.Generator) -> Any:
    if isinstance(value, dict):
        return {key: spoiled(item, chance) for key, item in value.items()}
    if is_graph(value):
        return type(value)(*(spoiled(item, chance) for item in value))
    if isinstance(value, tuple):
        return tuple(spoiled(item, chance) for item in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
        value = value.copy()
        raw = value.reshape(-1).view(f"u{value.dtype.itemsize}")
        nan = np.array(np.nan, value.dtype).view(f"u{value.dtype.itemsize}")
        raw[0] = nan | int(chance.integers(1, 200))  # a NaN of its own
        value.reshape(-1)[-1:] = [np.inf, -np.inf, -0.0][int(chance.integers(3))]
    return value


def holds(space: spaces.Space[Any], value: Any) -> bool | None:
    """Whether a value is in a space, None where Gymnasium cannot say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(space.contains(value))
        except Exception:  # a stacked Sequence of empty Dicts, for one
            return None


def same(one: Any, other: Any) -> bool:
    """Equal to the bit: type, structure, order of keys, dtype, shape, NaN payloads."""
    if is_graph(other):
        return is_graph(one) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in other)
    if isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(other, (np.ndarray, np.generic)):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    return bool(one == other)


def batch_of(space: spaces.Space[Any], count: int) -> spaces.Space[Any]:
    """What a vector environment of so many declares."""
    return gymnasium.vector.utils.batch_space(copy.deepcopy(space), count)
