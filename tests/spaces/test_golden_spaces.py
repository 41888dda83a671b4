"""Descriptors, digests and bytes of values are what they were: tests/data/golden/spaces.json names them for ever.

`python tests/spaces/test_golden_spaces.py` adds spaces that are missing; what is there is never written again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from cornerman.adapters.spaces import describe, rebuild
from cornerman.core.spaces import decode, digest, document, encode, parse, words

FILE = Path(__file__).parents[1] / "data" / "golden" / "spaces.json"
BOX = spaces.Box(np.float32([-1, -np.inf]), np.float32([1, np.inf]))
NAN = np.array([0x7FC00123, 0xFF800000], np.uint32).view(np.float32)  # a NaN with a payload, -inf

SPACES: dict[str, tuple[spaces.Space[Any], Any]] = {
    "box": (BOX, NAN),
    "picture": (spaces.Box(0, 255, (2, 2, 3), np.uint8), np.arange(12, dtype=np.uint8).reshape(2, 2, 3)),
    "unsigned 64 bits": (spaces.Box(0, 2**64 - 1, (1,), np.uint64), np.array([2**64 - 1], np.uint64)),
    "endless integers": (spaces.Box(-np.inf, np.inf, (2,), np.int64), np.array([-(2**63), 7])),
    "batch": (spaces.Box(np.float64([[0, 1]] * 3), np.float64([[2, 3]] * 3), dtype=np.float64), np.ones((3, 2))),
    "point": (spaces.Box(-1, 1, (), np.float16), np.array(0.5, np.float16)),
    "empty": (spaces.Box(-1, 1, (0, 3)), np.zeros((0, 3), np.float32)),
    "discrete": (spaces.Discrete(5, start=-2), np.int64(-1)),
    "multi binary": (spaces.MultiBinary(3), np.array([1, 0, 1], np.int8)),
    "multi binary shape": (spaces.MultiBinary((1, 3)), np.array([[1, 0, 1]], np.int8)),
    "multi discrete": (spaces.MultiDiscrete([3, 4], start=[0, 5]), np.array([2, 6])),
    "text": (spaces.Text(4, charset="zaé\u65e5"), "éa"),
    "dict": (spaces.Dict({"b": BOX, "a": spaces.Discrete(2)}), {"a": np.int64(1), "b": NAN}),
    "ordered dict": (spaces.Dict([("b", BOX), (3, spaces.Discrete(2))]), {"b": NAN, 3: np.int64(0)}),
    "tuple": (spaces.Tuple((spaces.Discrete(2), spaces.Text(3))), (np.int64(1), "abc")),
    "sequence": (spaces.Sequence(spaces.Discrete(9)), (np.int64(8), np.int64(0))),
    "stacked sequence": (spaces.Sequence(BOX, stack=True), np.zeros((0, 2), np.float32)),
    "graph": (
        spaces.Graph(BOX, spaces.Discrete(3)),
        spaces.GraphInstance(np.stack([NAN, NAN]), np.array([2]), np.array([[0, 1]], np.int32)),
    ),
    "one of": (spaces.OneOf((spaces.Discrete(2), spaces.Text(3))), (np.int64(1), "ab")),
}


def entry(name: str) -> dict[str, Any]:
    space, value = SPACES[name]
    descriptor = describe(space)
    return {
        "name": name,
        "digest": digest(descriptor),
        "words": words(descriptor),
        "descriptor": document(descriptor),
        "value": encode(descriptor, value).hex(),
    }


def golden() -> list[dict[str, Any]]:
    return json.loads(FILE.read_text()) if FILE.exists() else []


@pytest.mark.parametrize("known", golden(), ids=lambda known: known["name"])
def test_a_space_is_described_as_ever(known: dict[str, Any]) -> None:
    """And what was written then is read now."""
    space, value = SPACES[known["name"]]
    assert entry(known["name"]) == known
    descriptor = parse(known["descriptor"])
    assert rebuild(descriptor) == space
    assert repr(decode(descriptor, bytes.fromhex(known["value"]))).replace("GraphInstance", "") == repr(value).replace(
        "GraphInstance", ""
    )


def test_every_kind_of_space_is_there() -> None:
    assert {known["name"] for known in golden()} == set(SPACES)


if __name__ == "__main__":
    there = golden()
    missing = [entry(name) for name in SPACES if name not in {known["name"] for known in there}]
    FILE.write_text(json.dumps([*there, *missing], indent=1) + "\n")
