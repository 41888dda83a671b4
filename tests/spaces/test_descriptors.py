"""What a descriptor says is all there is to know of a space: it comes back equal, and its digest is its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from some_spaces import SEEDS, SPACES, holds, samples

from cornerman.adapters.spaces import describe, rebuild
from cornerman.core.spaces import InvalidSpace, canonical, columns, digest, document, parse, words
from cornerman.core.spaces.bounds import compact, spread

MANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def facts(space: Any) -> Any:
    """What Gymnasium's own comparison passes over: dtypes, exact bounds, where there is none, the order of keys."""
    if isinstance(space, spaces.Box):
        return [
            (array.dtype, array.tobytes())
            for array in (space.low, space.high, space.bounded_below, space.bounded_above)
        ]
    if isinstance(space, spaces.Dict):
        return [(key, facts(part)) for key, part in space.spaces.items()]
    parts = getattr(space, "spaces", None) or [
        getattr(space, name, None) for name in ("feature_space", "node_space", "edge_space")
    ]
    return [type(space), getattr(space, "stack", None), *(facts(part) for part in parts if part is not None)]


@MANY
@given(SPACES, SEEDS)
def test_a_space_is_rebuilt_equal(space: spaces.Space[Any], seed: int) -> None:
    """With what it samples inside the original; and described again it is the same."""
    descriptor = describe(space)
    again = rebuild(parse(canonical(descriptor)))
    assert again == space
    assert facts(again) == facts(space)
    assert describe(again) == descriptor
    value, drawn = samples(space, seed, 2)[1], samples(again, seed, 2)[1]
    assert holds(space, drawn) == holds(again, value) == holds(space, value)


@MANY
@given(SPACES)
def test_a_descriptor_is_strict_json(space: spaces.Space[Any]) -> None:
    """ASCII, no word that JSON does not have, no number that reads as another."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    text = canonical(describe(space))
    assert text.isascii()
    assert parse(json.loads(text, parse_constant=refuse)) == describe(space)
    assert words(describe(space))


@MANY
@given(
    st.lists(st.integers(1, 4), max_size=3).map(tuple),
    st.lists(st.floats(width=32) | st.just(0.5), min_size=1, max_size=64),
    st.data(),
)
def test_bounds_are_exact_and_never_longer(shape: tuple[int, ...], numbers: list[float], data: st.DataObject) -> None:
    array = np.resize(np.array(numbers, np.float32), shape)
    for axis in range(len(shape)):
        if data.draw(st.booleans()):
            array = np.repeat(array.take([0], axis), shape[axis], axis)
    back = spread(compact(array), array.dtype, shape)
    nan = np.isnan(array)
    assert np.array_equal(np.isnan(back), nan)
    assert np.where(nan, np.float32(0), back).tobytes() == np.where(nan, np.float32(0), array).tobytes()


def test_uniform_bounds_are_one_number() -> None:
    """The picture of an Atari game: 941,774 bytes where every bound is written."""
    picture = describe(spaces.Box(0, 255, (210, 160, 3), np.uint8))
    assert len(canonical(picture)) < 80
    batch = describe(spaces.Box(np.tile(np.float32([[-1, -2]]), (1000, 1)), np.tile(np.float32([[1, 2]]), (1000, 1))))
    assert len(canonical(batch)) < 120


def test_integers_of_64_bits_are_exact() -> None:
    for dtype in (np.int64, np.uint64):
        limits = np.iinfo(dtype)
        space = spaces.Box(np.array([limits.min + 1], dtype), np.array([limits.max - 1], dtype), dtype=dtype)
        low, high = describe(space).bounds  # type: ignore[union-attr]
        assert (int(low[0]), int(high[0])) == (limits.min + 1, limits.max - 1)


def test_wide_floats_are_exact() -> None:
    tenth = np.longdouble(1) / 10
    space = spaces.Box(np.full(2, tenth), np.full(2, tenth * 2), dtype=np.longdouble)
    assert rebuild(parse(canonical(describe(space)))).low[0] == tenth  # type: ignore[attr-defined]


def test_the_order_of_keys_counts_only_where_it_means_something() -> None:
    """A plain dict is sorted by Gymnasium; an ordered one is not, and flattens in its order."""
    one, two = spaces.Discrete(2), spaces.Discrete(3)
    sorted_ = digest(describe(spaces.Dict({"b": one, "a": two})))
    assert digest(describe(spaces.Dict([("a", two), ("b", one)]))) == sorted_
    assert digest(describe(spaces.Dict([("b", one), ("a", two)]))) != sorted_
    text = document(describe(spaces.Dict({"b": one, "a": two})))
    assert digest(parse({"spaces": dict(reversed(text["spaces"].items())), "type": "Dict"})) == sorted_


def test_a_descriptor_may_be_written_in_any_way() -> None:
    """By hand: every bound in full, integers for floats, characters in any order."""
    box = parse({"type": "Box", "dtype": "float32", "shape": [2, 2], "low": [-1, -1, -1, -1], "high": [[1, 1], [1, 1]]})
    assert digest(box) == digest(describe(spaces.Box(-1, 1, (2, 2), np.float32)))
    text = parse({"type": "Text", "max_length": 3, "characters": "cab"})
    assert digest(text) == digest(describe(spaces.Text(3, charset="abc")))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{", "not JSON"),
        ([], "not an object"),
        ({"type": "Cube"}, "none of Box"),
        ({"type": "Box", "dtype": "<f4", "shape": [2], "low": 0}, "high is missing"),
        ({"type": "Box", "dtype": "f5", "shape": [2], "low": 0, "high": 1}, "NumPy does not know"),
        ({"type": "Box", "dtype": "|u1", "shape": [2], "low": 0, "high": 256}, "high does not fit uint8"),
        ({"type": "Box", "dtype": "<f4", "shape": [2], "low": [1, 2, 3], "high": 9}, "low does not fit"),
        ({"type": "Box", "dtype": "<i4", "shape": [2], "low": 0.5, "high": 9}, "no integer"),
        ({"type": "Discrete", "n": 0}, "n is 0"),
        ({"type": "Discrete", "n": "two"}, 'n is "two"'),
        ({"type": "Tuple", "spaces": [{"type": "Discrete", "n": 1}, 7]}, r"spaces\[1\] is 7"),
        ({"type": "Dict", "spaces": [["a", {"type": "Discrete", "n": 1}]] * 2}, "a key twice"),
        ({"type": "Sequence"}, "space is missing"),
    ],
)
def test_what_is_no_descriptor_is_refused_in_words(wrong: Any, said: str) -> None:
    with pytest.raises(InvalidSpace, match=said):
        parse(wrong)


def test_a_descriptor_without_an_end_is_refused() -> None:
    nested: dict[str, Any] = {"type": "Discrete", "n": 2}
    for _ in range(500):
        nested = {"type": "Sequence", "space": nested}
    with pytest.raises(InvalidSpace, match="nested deeper"):
        parse(nested)


def test_manifests_of_before_are_read() -> None:
    """They had the descriptors inside, with every bound, and other people's spaces by their class."""
    old = {"type": "Box", "dtype": "<f4", "shape": [2, 2], "low": [0.0, 1.0, 2.0, "-inf"], "high": "inf"}
    assert parse(old) == describe(spaces.Box(np.float32([[0, 1], [2, -np.inf]]), np.float32(np.full((2, 2), np.inf))))
    assert rebuild(parse({"type": "MultiBinary", "shape": [2, 3]})) == spaces.MultiBinary((2, 3))
    assert parse({"type": "mine.Space", "repr": "<Space>"}).class_ == "mine.Space"  # type: ignore[union-attr]


HASHES = """
from gymnasium import spaces
from cornerman.adapters.spaces import describe
from cornerman.core.spaces import digest
class Own(spaces.Space): pass
print([digest(describe(space)) for space in (
    spaces.Dict({"b": spaces.Text(5), "a": spaces.Text(3, charset=set("hello world"))}), spaces.Box(-1, 1, (3,)), Own(),
)])
"""


def test_digests_are_the_same_in_every_process() -> None:
    """Sets are ordered anew in each, and objects lie elsewhere."""
    found = {
        subprocess.run(
            [sys.executable, "-c", HASHES], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


def test_columns_need_no_row() -> None:
    space = spaces.Dict({"a": spaces.Box(0, 1, (2,)), "b": spaces.Tuple((spaces.Discrete(2), spaces.Text(4)))})
    found = columns(describe(space))
    assert [column.path for column in found] == [("a",), ("b", 0), ("b", 1)]
    assert [(column.dtype, column.shape) for column in found] == [(np.float32, (2,)), (np.int64, ()), (None, None)]


def test_samples_are_drawn_as_before() -> None:
    """A rebuilt space, seeded alike, is a stand-in for the original: the same values, one after another."""
    space = spaces.Dict({"a": spaces.Box(-np.inf, 3, (2,)), "b": spaces.Discrete(9, start=2), "c": spaces.Text(5)})
    again = rebuild(describe(space))
    assert repr(samples(space, 7, 3)) == repr(samples(again, 7, 3))
