"""Rows that were not recorded here, as chunks like any other: what importing needs of recording.

A recorder draws its layout from the first step, before it knows the rest; here the rows of a chunk are all there, so
each chunk has the columns that fit most of its rows. Numbers become arrays of one dtype (integers where all are, floats
otherwise); what fits no column travels beside the row, as it does from a recorder.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from . import values
from .columns import Column, pack, pack_objects
from .episodes import Open, Rewards, Rows, advance, rewards_of
from .layout import EXTRAS, NO_ACTION, NO_INFO, NO_OBSERVATION, NO_REWARD, RESET, TERMINATED, TRUNCATED, Node
from .payloads import chunk_v1, frame_chunk_v1

Array = np.ndarray[Any, Any]
ROWS = 2048
_EXACT = 1 << 53


@dataclass(slots=True)
class PlainRow:
    """A call of `reset` or `step` of a single environment; None for an observation, action or reward is none."""

    time_us: int
    observation: Any = None
    action: Any = None
    reward: Any = None
    terminated: bool = False
    truncated: bool = False
    reset: bool = False
    info: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    frame: bytes | None = None
    payload_version: int = 1
    beside: dict[str, Any] = field(default_factory=dict)
    """What travels with the row under names of its own."""


class PackedRows(NamedTuple):
    """A chunk of plain rows, and the facts that its row in a store has."""

    first_row: int
    rows: int
    first_t: int
    steps: int
    episodes: int
    rewards: Rewards
    times: tuple[int, int]
    payload: bytes
    frames: tuple[int, int, bytes] | None
    """Number of the first new frame, how many, and the payload of their frame chunk."""


class Packer:
    """Packs the rows of one stream in order. `open` is what is under way after those packed so far."""

    def __init__(self) -> None:
        self.rows = self.t = self.episodes = self.frames = 0
        self.reward_sum = 0.0
        self.open = Open.new(1)
        self._known: dict[bytes, int] = {}

    def pack(self, rows: list[PlainRow]) -> PackedRows:
        """The chunk of these rows, which follow those packed before."""
        observation, columns, fits = columnize("observation", [row.observation for row in rows])
        action, more, takes = columnize("action", [row.action for row in rows])
        rewards = np.array([_number(row) for row in rows], np.float64)
        flags = np.array([_flags(row) for row in rows], np.uint8)
        flags[~fits] |= NO_OBSERVATION
        flags[~takes] |= NO_ACTION
        extras = {at: extra for at, row in enumerate(rows) if (extra := _extras(row, fits[at], takes[at]))}
        flags[list(extras)] |= EXTRAS
        step = (flags & RESET) == 0
        time_us = np.array([row.time_us for row in rows], np.int64)
        advanced = advance(self._rows(rows, flags, step, time_us, rewards), self.open)
        numbers, frames = self._frames(rows)
        chunk = chunk_v1.ChunkV1(
            chunk_v1.VERSION, chunk_v1.SCHEMA, self.rows, len(rows), self.t, 0, observation, action, (),
            [
                pack("time", time_us, delta=True), pack("flags", flags), pack("reward", rewards),
                *(pack(name, column) for name, column in {**columns, **more}.items()),
                *self._marks(rows, numbers),
            ],
            pack_objects({at: values.encode(extra) for at, extra in extras.items()}),
            chunk_v1.pack_episodes(advanced.episodes), (0,) if numbers is not None else (),
        )  # fmt: skip
        packed = PackedRows(
            self.rows, len(rows), self.t, int(step.sum()), len(advanced.episodes["ended"]),
            rewards_of(rewards[step]), (int(time_us[0]), int(time_us[-1])), chunk_v1.encode(chunk), frames,
        )  # fmt: skip
        self.rows, self.t, self.episodes = (
            self.rows + packed.rows,
            self.t + packed.steps,
            self.episodes + packed.episodes,
        )
        self.reward_sum += packed.rewards.total
        self.open = advanced.after
        return packed

    def _rows(self, rows: list[PlainRow], flags: Array, step: Array, time_us: Array, rewards: Array) -> Rows:
        seeds: dict[int, list[int | None]] = {
            at: [row.seed] for at, row in enumerate(rows) if row.reset and row.seed is not None
        }
        terminated, truncated = ((flags & bit > 0)[:, None] for bit in (TERMINATED, TRUNCATED))
        return Rows(self.rows, self.t, "", step, time_us, rewards[:, None], terminated, truncated, {}, seeds)

    def _marks(self, rows: list[PlainRow], numbers: Array | None) -> Iterator[Column]:
        """The columns that only some chunks have."""
        if any(row.payload_version != 1 for row in rows):
            yield pack("payload_version", np.array([row.payload_version for row in rows], np.int8))
        if numbers is not None:
            yield pack("frame", numbers, delta=True)

    def _frames(self, rows: list[PlainRow]) -> tuple[Array | None, tuple[int, int, bytes] | None]:
        """The number of each row's frame, -1 for none, and the frames not seen before: equal ones are stored once."""
        if not self._known and all(row.frame is None for row in rows):
            return None, None
        new: list[bytes] = []
        numbers = np.full((len(rows), 1), -1, np.int64)
        for at, row in enumerate(rows):
            if row.frame is not None:
                digest = hashlib.blake2b(row.frame, digest_size=16).digest()
                if digest not in self._known:
                    self._known[digest] = self.frames + len(new)
                    new.append(row.frame)
                numbers[at] = self._known[digest]
        first, self.frames = self.frames, self.frames + len(new)
        return numbers, (first, len(new), frame_chunk_v1.encode(first, new)) if new else None


def _flags(row: PlainRow) -> int:
    flags = NO_INFO | (0 if row.reward is None or is_number(row.reward) else NO_REWARD)
    if row.reset:
        return flags | RESET
    return (
        flags | (0 if row.reward is not None else NO_REWARD) | TERMINATED * row.terminated | TRUNCATED * row.truncated
    )


def _extras(row: PlainRow, fits: bool, takes: bool) -> dict[str, Any]:
    extra = dict(row.beside)
    if not fits and row.observation is not None:
        extra["observation"] = row.observation
    if not takes and row.action is not None:
        extra["action"] = row.action
    if row.reward is not None and not is_number(row.reward):
        extra["reward"] = row.reward
    if row.info:
        extra["info"] = row.info
    if row.reset and row.seed is not None:
        extra["seed"] = row.seed
    return extra


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _number(row: PlainRow) -> float:
    """A reward as its column holds it. A step without one makes the return unknown: NaN; a reset has none to miss."""
    return 0.0 if row.reset else float(row.reward) if is_number(row.reward) else math.nan


# --- values to columns -----------------------------------------------------------------------------------------------


def columnize(name: str, items: list[Any]) -> tuple[Node, dict[str, Array], Array]:
    """How these values are rebuilt, their columns, and bool by row: which values the columns hold."""
    fits = np.array([item is not None for item in items], np.bool_)
    if not fits.any():
        return {"object": name}, {}, np.zeros(len(items), np.bool_)
    node, columns = _columns(name, items, fits)
    if not columns or not fits.any():
        return {"object": name}, {}, np.zeros(len(items), np.bool_)
    return node, columns, fits


def _columns(name: str, items: list[Any], fits: Array) -> tuple[Node, dict[str, Array]]:
    """The columns of one part. Rows that do not fit them are struck out of `fits`."""
    sample = next(item for item, fit in zip(items, fits, strict=True) if fit)
    if isinstance(sample, dict) and sample and all(isinstance(key, str) for key in sample):
        keys = sample.keys()
        _strike(fits, [isinstance(item, dict) and item.keys() == keys for item in items])
        return _branch("dict", name, {key: key for key in keys}, items, fits)
    if isinstance(sample, tuple) and sample:
        width = len(sample)
        _strike(fits, [isinstance(item, tuple) and len(item) == width for item in items])
        return _branch("tuple", name, {str(at): at for at in range(width)}, items, fits)
    return _leaf(name, items, fits)


def _branch(kind: str, name: str, keys: dict[str, Any], items: list[Any], fits: Array) -> tuple[Node, dict[str, Array]]:
    nodes: dict[str, Node] = {}
    columns: dict[str, Array] = {}
    for part, key in keys.items():
        if not fits.any():
            break
        inner = [item[key] if fit else None for item, fit in zip(items, fits, strict=True)]
        nodes[part], found = _columns(f"{name}/{part}", inner, fits)
        if not found:
            fits[:] = False
        columns |= found
    if not fits.any():
        return {"object": name}, {}
    return {kind: nodes if kind == "dict" else list(nodes.values())}, columns


def _leaf(name: str, items: list[Any], fits: Array) -> tuple[Node, dict[str, Array]]:
    arrays = [as_array(item) if fit else None for item, fit in zip(items, fits, strict=True)]
    first = next((array for array in arrays if array is not None), None)
    if first is None:
        fits[:] = False
        return {"object": name}, {}
    dtype = _common_dtype([array for array in arrays if array is not None and array.shape == first.shape], first)
    _strike(fits, [array is not None and array.shape == first.shape and _holds(dtype, array) for array in arrays])
    column = np.zeros((len(items), *first.shape), dtype)
    for at in np.flatnonzero(fits):
        column[at] = arrays[at]
    return {"leaf": name}, {name: column}


def _strike(fits: Array, holds: list[bool]) -> None:
    np.logical_and(fits, holds, out=fits)


def as_array(value: Any) -> Array | None:
    """A number, or a list of lists of numbers that is rectangular, as an array; None for anything else."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biufc" and value.dtype.isnative and value.size else None
    if isinstance(value, (bool, int, float, np.generic)):
        return _from_python(value)
    if not isinstance(value, list) or not value:
        return None
    return _from_python(value)


def _from_python(value: Any) -> Array | None:
    try:
        array = np.array(value)
    except (ValueError, OverflowError):  # ragged, or an integer that NumPy has no type for
        return None
    if array.dtype.kind not in "biuf" or not array.size:
        return None
    if array.dtype.kind == "u" or (array.dtype.kind == "f" and not _all_exact(value)) or _mixes_bools(value, array):
        return None
    return array


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _all_exact(value: Any) -> bool:
    """Whether every integer among floats is one that a float holds exactly."""
    return all(type(item) is not int or abs(item) <= _EXACT for item in _leaves(value))


def _mixes_bools(value: Any, array: Array) -> bool:
    """NumPy counts True as 1 where numbers are about: the value would come back as another."""
    return array.dtype.kind != "b" and isinstance(value, list) and any(type(item) is bool for item in _leaves(value))


def _common_dtype(arrays: list[Array], first: Array) -> np.dtype[Any]:
    """Floats where integers and floats come together; otherwise what the first one has."""
    kinds = {array.dtype for array in arrays}
    if kinds == {np.dtype(np.int64), np.dtype(np.float64)}:
        return np.dtype(np.float64)
    dtype: np.dtype[Any] = first.dtype
    return dtype


def _holds(dtype: np.dtype[Any], array: Array) -> bool:
    if array.dtype == dtype:
        return True
    exact = dtype == np.float64 and array.dtype == np.int64
    return exact and bool((np.abs(array) <= _EXACT).all())


__all__ = ["ROWS", "PackedRows", "Packer", "PlainRow", "columnize"]
