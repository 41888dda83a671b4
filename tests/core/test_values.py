"""Values of any kind survive as msgpack; what has no form is kept as a text of itself, and nothing is refused."""

from __future__ import annotations

import enum
import pathlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cornerman.core.values import Unencodable, decode, encode

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.complex_numbers(allow_nan=False),
)
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(plain)
def test_plain_values_come_back_equal_and_of_their_type(value: Any) -> None:
    found = decode(encode(value))
    assert found == value
    assert type(found) is type(value)


@settings(deadline=None)
@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
def test_arrays_come_back_bit_for_bit(value: np.ndarray[Any, Any]) -> None:
    found = decode(encode(value))
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    assert found.tobytes() == value.tobytes()


@pytest.mark.parametrize(
    "value", [np.float32(0.1), np.int8(-3), np.bool_(True), np.float64("nan"), np.uint64(2**64 - 1)]
)
def test_numpy_scalars_keep_their_dtype(value: np.generic) -> None:
    found = decode(encode(value))
    assert found.dtype == value.dtype
    assert found.tobytes() == value.tobytes()


class Colour(enum.Enum):
    RED = 1


class Liar:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [object(), Liar(), Colour.RED, pathlib.Path("/x"), lambda: 0])
def test_what_has_no_form_is_kept_as_type_and_text(value: Any) -> None:
    found = decode(encode({"a": value, "b": 1}))
    assert found["b"] == 1
    assert isinstance(found["a"], Unencodable)
    assert found["a"].type


def test_a_value_that_contains_itself_does_not_hang() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert encode(loop)


@given(
    st.dictionaries(
        st.one_of(st.integers(-99, 99), st.tuples(st.integers(0, 9), st.text(max_size=3))), st.booleans(), max_size=4
    )
)
def test_maps_with_keys_of_any_kind_come_back(value: dict[Any, bool]) -> None:
    assert decode(encode(value)) == value


def test_text_with_lone_surrogates_comes_back() -> None:
    assert decode(encode("a\udcffb")) == "a\udcffb"
