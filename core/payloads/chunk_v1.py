"""Version 1 of the chunk: consecutive records of one stream, packed column by column. The unit of storage.

A chunk is one msgpack array, its version first. Column names:

    time          microseconds since 1970, UTC, delta-coded
    flags         TERMINATED, TRUNCATED, RESET, … as in `cornerman.core.layout`
    reward        float64; per sub-environment in a vector stream
    terminated, truncated, reset     bool, vector streams only; `reset` marks rows that are no transition
    observation…, action…, info/…    as the layout names them
    frame         the frame's number in the stream, -1 for none
    skipped       int64, of streams that are sampled at their source: vector steps left out before the row; `first_t`
                  is that of the first of them
    skipped_reward    float64, what those were rewarded with; per sub-environment in a vector stream
    payload_version   int8, of rows that were imported: what each came as; without this column all came as 1

A row is a call of `reset` or of `step`. The observation of a row is the one that call returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec
import numpy as np

from ..columns import Column, ObjectColumn, pack, unpack
from ..episodes import FIELDS
from ..layout import Node
from .codecs import decoded

VERSION: Final = 1
SCHEMA = "cornerman.chunk@1.0.0"


class ChunkV1(msgspec.Struct, array_like=True, frozen=True):
    """Consecutive records of one stream, packed column by column."""

    version: Literal[1]
    """The payload's version."""
    schema: str
    """Id and version of its schema."""
    first_row: int
    """Of its first record, counted in the stream from 0."""
    rows: int
    """How many records it has."""
    first_t: int
    """Of its first record: calls of `step` before it."""
    num_envs: int
    """Sub-environments; 0 for a single environment."""
    observation: Node
    """How an observation is rebuilt: {"leaf": column}, {"dict": {…}}, {"tuple": […]} or {"object": name}."""
    action: Node
    """How an action is rebuilt."""
    info: tuple[str, ...]
    """The keys of `info` that have columns."""
    columns: list[Column]
    """The columns, each named once."""
    extras: ObjectColumn | None = None
    """What fits no column, as msgpack by row."""
    episodes: list[Column] = []
    """The episodes that ended in this chunk: see `pack_episodes`."""
    frames: tuple[int, ...] = ()
    """The sub-environments that the `frame` column numbers frames of."""


_WHOLE = tuple(name for name in FIELDS if name != "total_reward")
_PLACES = {name: place for place, name in enumerate(_WHOLE)}
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ChunkV1)


def pack_episodes(episodes: dict[str, np.ndarray[Any, Any]]) -> list[Column]:
    """The episodes as two columns: their whole numbers side by side, each less the one before, and the returns."""
    if not episodes["ended"].size:
        return []
    whole = np.column_stack([episodes[name].astype(np.int64) for name in _WHOLE])
    return [pack("integers", whole, delta=True), pack("total_reward", episodes["total_reward"])]


def unpack_episodes(columns: list[Column]) -> Mapping[str, np.ndarray[Any, Any]]:
    """What `pack_episodes` got: a column for each field of `cornerman.core.episodes.FIELDS`."""
    if not columns:
        return {name: np.empty(0, dtype) for name, dtype in FIELDS.items()}
    whole, returns = (unpack(column) for column in columns)
    return PackedEpisodes(whole, returns)


class PackedEpisodes(Mapping[str, np.ndarray[Any, Any]]):
    """Columns that are made when they are asked for: most questions are about one or two of the thirteen."""

    def __init__(self, whole: np.ndarray[Any, Any], returns: np.ndarray[Any, Any]) -> None:
        self._whole = whole
        self._made = {"total_reward": returns}

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        found = self._made.get(name)
        if found is None:
            found = self._whole[:, _PLACES[name]].astype(FIELDS[name], copy=False)
            self._made[name] = found
        return found

    def one(self, index: int) -> dict[str, Any]:
        """One episode by field, as Python's own numbers."""
        fields = dict(zip(_WHOLE, self._whole[index].tolist(), strict=True))
        fields["total_reward"] = self._made["total_reward"][index].item()
        return fields

    def first(self, count: int) -> PackedEpisodes:
        """The first so many of the episodes."""
        return PackedEpisodes(self._whole[:count], self._made["total_reward"][:count])

    def __iter__(self) -> Iterator[str]:
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)


def encode(chunk: ChunkV1) -> bytes:
    return _ENCODER.encode(chunk)


def decode(payload: bytes | memoryview) -> ChunkV1:
    """The chunk of a payload; PayloadError where the bytes are not one of this version."""
    chunk: ChunkV1 = decoded(_DECODER, payload, "chunk", VERSION)
    return chunk
