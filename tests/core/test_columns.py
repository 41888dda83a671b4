"""Columns come back bit for bit, whatever their dtype, shape and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cornerman.core.columns import (
    Column,
    decompress,
    has_planes,
    pack,
    pack_objects,
    planes,
    rows_of,
    unpack,
    unpack_objects,
)
from cornerman.core.errors import PayloadError

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "M8[us]", "m8[s]"]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Any bytes seen as a dtype: NaN payloads, -0.0, infinities and the extremes of integers among them."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = tuple(draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
    size = int(np.prod(shape)) * dtype.itemsize
    if dtype == np.bool_:
        return draw(hnp.arrays(np.bool_, shape))
    pattern = draw(st.sampled_from(("random", "same", "few")))
    raw = draw(st.binary(min_size=size, max_size=size)) if pattern == "random" else b""
    if pattern == "same":
        raw = draw(st.binary(min_size=dtype.itemsize, max_size=dtype.itemsize)) * int(np.prod(shape))
    if pattern == "few":
        raw = bytes(draw(st.sampled_from((0, 1, 255))) for _ in range(size)) if size < 64 else bytes(size)
    return np.frombuffer(raw, dtype).reshape(shape)


@settings(max_examples=150, deadline=None)
@given(arrays(), st.booleans())
def test_a_column_is_given_back_bit_for_bit(values: np.ndarray[Any, Any], delta: bool) -> None:
    found = unpack(pack("x", values, delta=delta and values.dtype == np.int64 and _grows(values)))
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    assert found.tobytes() == values.tobytes()


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(2, 9), st.integers(1, 4), st.integers(1, 3)), unique=True),
    st.integers(0, 8),
    st.integers(0, 9),
    st.data(),
)
def test_some_rows_of_a_column_are_those_of_the_whole(
    values: np.ndarray[Any, Any], first: int, stop: int, data: st.DataObject
) -> None:
    column = pack("x", values)
    assert column.transform == "shuffle"
    parts, item = planes(column), data.draw(st.integers(0, values.shape[1] - 1))
    for index in (min(first, len(values) - 1), slice(first, stop)):
        for found, expected in (
            (rows_of(column, parts, index), values[index]),
            (rows_of(column, parts, index, item), values[index, item]),
        ):
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            assert found.tobytes() == expected.tobytes()


@given(hnp.arrays(np.int64, st.integers(2, 50), elements=st.integers(-(2**61), 2**61)), st.data())
def test_one_of_many_integers_is_that_of_the_whole(values: np.ndarray[Any, Any], data: st.DataObject) -> None:
    """Of times and counters, stored as differences, and of narrowed integers; also where differences wrap."""
    index = data.draw(st.integers(0, len(values) - 1))
    for delta in (False, True):
        column = pack("x", values, delta=delta)
        if column.transform != "constant":
            assert has_planes(column, index)
            found = rows_of(column, planes(column), index)
            assert (found.dtype, found) == (values.dtype, values[index])


def _grows(values: np.ndarray[Any, Any]) -> bool:
    """Deltas are for counters and times: their differences are integers of 64 bits too."""
    return bool((np.abs(values.astype(float)) < 2.0**61).all())


@given(hnp.arrays(np.int64, st.integers(0, 50), elements=st.integers(-(2**61), 2**61)))
def test_deltas_of_any_width_are_exact(values: np.ndarray[Any, Any]) -> None:
    assert unpack(pack("t", values, delta=True)).tolist() == values.tolist()


@pytest.mark.parametrize("special", [np.nan, -0.0, np.inf, -np.inf, 5e-324])
def test_a_special_number_stays_what_it_is_among_others(special: float) -> None:
    values = np.array([0.0, special, 1.0, special], np.float64)
    assert unpack(pack("x", values)).tobytes() == values.tobytes()


def test_a_signalling_nan_keeps_its_payload() -> None:
    values = np.array([0x7FF0000000000001, 0xFFF8DEADBEEF0001], np.uint64).view(np.float64)
    assert unpack(pack("x", values)).view(np.uint64).tolist() == values.view(np.uint64).tolist()


def test_columns_whose_memory_is_not_contiguous_are_packed_as_they_look() -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 6)[:, ::2]
    assert unpack(pack("x", values)).tolist() == values.tolist()


@given(st.dictionaries(st.integers(0, 5000), st.binary(min_size=1, max_size=40), max_size=20))
def test_objects_come_back_at_their_rows(values: dict[int, bytes]) -> None:
    ordered = dict(sorted(values.items()))
    assert unpack_objects(pack_objects(ordered)) == ordered


def test_bytes_that_are_no_column_are_a_payload_error() -> None:
    column = pack("x", np.arange(100.0))
    with pytest.raises(PayloadError):
        unpack(Column("x", column.dtype, column.shape, column.transform, column.data[:-9]))
    with pytest.raises(PayloadError):
        decompress(b"not zstd", 8)
