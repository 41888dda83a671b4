"""Describing spaces, and packing their values: bytes, and microseconds of a call.

A space is described once a stream, before its first step; a value is packed where it travels apart from its chunk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from cornerman.adapters.spaces import describe, rebuild
from cornerman.core.spaces import canonical, decode, decode_batch, encode, encode_batch, parse

from .figures import Figure, Skipped

ROWS = 256


def _spaces() -> dict[str, spaces.Space[Any]]:
    cart = spaces.Box(
        np.array([-4.8, -np.inf, -0.4, -np.inf], np.float32), np.array([4.8, np.inf, 0.4, np.inf], np.float32)
    )
    bounds = np.linspace(1, 2, 25_000)
    return {
        "Box of 4": cart,
        "Box of 4, a batch of 1,024": batch_space(cart, 1024),
        "Atari picture": spaces.Box(0, 255, (210, 160, 3), np.uint8),
        "25,000 bounds, no two alike": spaces.Box(-bounds, bounds, dtype=np.float64),
        "Discrete": spaces.Discrete(4),
        "Dict of 3": spaces.Dict({"at": cart, "choice": spaces.Discrete(4), "said": spaces.Text(16)}),
        "Graph": spaces.Graph(spaces.Box(-1, 1, (8,)), spaces.Discrete(4)),
        "Sequence of Box": spaces.Sequence(spaces.Box(-1, 1, (8,))),
    }


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    for name, space in _spaces().items():
        if part.lower() in name.lower():
            yield from _figures(name, space, 5 if quick else 25)


def _figures(name: str, space: spaces.Space[Any], repetitions: int) -> Iterator[Figure]:
    descriptor, value = describe(space), space.sample()
    text, packed = canonical(descriptor), encode(descriptor, value)
    rows = [value] * ROWS
    batch = encode_batch(descriptor, rows)
    yield Figure(part=name, name="descriptor", unit="bytes", values=(len(text),))
    yield Figure(part=name, name="one value", unit="bytes", values=(len(packed),))
    work: dict[str, tuple[Callable[[], object], int]] = {
        "describe": (lambda: describe(space), 1),
        "as canonical JSON": (lambda: canonical(descriptor), 1),
        "parse": (lambda: parse(text), 1),
        "rebuild": (lambda: rebuild(descriptor), 1),
        "encode": (lambda: encode(descriptor, value), 1),
        "decode": (lambda: decode(descriptor, packed), 1),
        f"encode, of {ROWS}": (lambda: encode_batch(descriptor, rows), ROWS),
        f"decode, of {ROWS}": (lambda: decode_batch(descriptor, batch), ROWS),
    }
    for what, (call, of) in work.items():
        yield Figure(part=name, name=what, unit="µs", values=tuple(_each(call) / of for _ in range(repetitions)))


def _each(call: Callable[[], object]) -> float:
    """Microseconds of one call, of as many as take a millisecond."""
    count, began = 0, time.perf_counter_ns()
    while count == 0 or time.perf_counter_ns() - began < 1_000_000:
        call()
        count += 1
    return (time.perf_counter_ns() - began) / count / 1000
