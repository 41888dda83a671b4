"""Values of every space come back from their bytes to the bit: single and batched, with NaN, infinities, emptiness."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from some_spaces import SEEDS, SPACES, batch_of, holds, same, samples

from cornerman.adapters.spaces import as_gymnasium, describe
from cornerman.core.errors import PayloadError
from cornerman.core.spaces import decode, decode_batch, encode, encode_batch

MANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PACKED = 1


@MANY
@given(SPACES, SEEDS)
def test_every_value_comes_back(space: spaces.Space[Any], seed: int) -> None:
    descriptor = describe(space)
    values = samples(space, seed, 4)
    for value in values:
        assert same(decode(descriptor, encode(descriptor, value)), value)
    assert same(decode_batch(descriptor, encode_batch(descriptor, values)), values)
    assert decode_batch(descriptor, encode_batch(descriptor, [])) == []


@MANY
@given(SPACES, SEEDS, st.integers(1, 3))
def test_batches_come_back_as_vector_environments_give_them(space: spaces.Space[Any], seed: int, count: int) -> None:
    batched = batch_of(space, count)
    descriptor = describe(batched)
    for value in samples(batched, seed, 2):
        assert same(decode(descriptor, encode(descriptor, value)), value)


@MANY
@given(SPACES, SEEDS)
def test_decoded_values_are_in_the_space(space: spaces.Space[Any], seed: int) -> None:
    value = samples(space, seed, 2)[1]
    back = as_gymnasium(decode(describe(space), encode(describe(space), value)))
    assert holds(space, back) == holds(space, value)


STRANGE: list[Any] = [
    None, 3, 0.5, "text", b"bytes", [1, 2], (1, (2,)), {"a": 1}, {1: 2}, np.zeros((2, 2)), np.float32(1), 2**80,
    np.array(["a", "b"]), np.array([{"a": 1}], dtype=object), True, np.array(7), (np.int64(9), 1),
]  # fmt: skip


@MANY
@given(SPACES, st.sampled_from(STRANGE))
def test_what_is_not_in_its_space_comes_back_all_the_same(space: spaces.Space[Any], value: Any) -> None:
    """Environments return what they like; nothing is refused."""
    descriptor = describe(space)
    back = decode(descriptor, encode(descriptor, value))
    if isinstance(value, np.ndarray) and value.dtype == object:
        assert back.tolist() == value.tolist()
    else:
        assert same(back, value)


@MANY
@given(SPACES, SEEDS, st.data())
def test_bytes_that_are_no_value_are_refused(space: spaces.Space[Any], seed: int, data: st.DataObject) -> None:
    """Cut short, with something after them, or changed: an error of ours, or another value; never a crash."""
    descriptor = describe(space)
    content = encode(descriptor, samples(space, seed, 1)[0])
    with pytest.raises(PayloadError):
        decode(descriptor, b"")
    if content[0] == PACKED:
        with pytest.raises(PayloadError):
            decode(descriptor, content + b"\0")
    at = data.draw(st.integers(0, len(content) - 1))
    changed = content[:at] + bytes((data.draw(st.integers(0, 255)),)) + content[at + 1 :]
    for damaged in (content[:at], changed):
        try:
            decode(descriptor, damaged)
        except PayloadError:
            pass


@pytest.mark.parametrize(
    ("space", "size"),
    [
        (spaces.Box(-1, 1, (4,)), 17),
        (spaces.Box(0, 255, (210, 160, 3), np.uint8), 100_801),
        (spaces.Discrete(4), 9),
        (spaces.MultiBinary(8), 9),
        (spaces.Dict({"a": spaces.Box(-1, 1, (4,)), "b": spaces.Discrete(4)}), 25),
    ],
)
def test_what_fits_is_its_bytes_and_one_more(space: spaces.Space[Any], size: int) -> None:
    assert len(encode(describe(space), space.sample())) == size


def test_arrays_are_the_readers_own() -> None:
    descriptor = describe(spaces.Box(-1, 1, (4,)))
    value = decode(descriptor, encode(descriptor, np.zeros(4, np.float32)))
    value[0] = 1
    first, second = decode_batch(descriptor, encode_batch(descriptor, [np.zeros(4, np.float32)] * 2))
    first[:] = 1
    assert second.tolist() == [0, 0, 0, 0]


WITHOUT = """
import sys
sys.modules["gymnasium"] = None
from cornerman.core.spaces import decode, parse, words
graph = decode(parse(sys.argv[1]), bytes.fromhex(sys.argv[2]))
print(words(parse(sys.argv[1])), type(graph).__name__, graph.nodes.shape, graph.edges, graph.edge_links)
"""


def test_values_are_read_where_gymnasium_is_not() -> None:
    from cornerman.core.spaces import canonical

    space = spaces.Graph(spaces.Box(-1, 1, (2,)), spaces.Discrete(3))
    value = spaces.GraphInstance(np.zeros((2, 2), np.float32), np.array([2, 1]), np.array([[0, 1], [1, 0]], np.int32))
    descriptor = describe(space)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, canonical(descriptor).decode(), encode(descriptor, value).hex()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Graph of nodes" in done.stdout
    assert "GraphInstance (2, 2) [2 1]" in done.stdout
