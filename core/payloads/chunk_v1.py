"""Version 1 of the chunk: consecutive records of one stream, packed column by column. The unit of storage.

A chunk is one msgpack array, its version first. Column names:

    time          microseconds since 1970, UTC, delta-coded
    flags         TERMINATED, TRUNCATED, RESET, … as in `cornerman.core.layout`
    reward        float64; per sub-environment in a vector stream
    terminated, truncated, reset     bool, vector streams only; `reset` marks rows that are no transition
    observation…, action…, info/…    as the layout names them
    withheld      bool, where there is one: steps that a schema refused; their values are in quarantine, here are none
    frame         the frame's number in the stream, -1 for none
    payload_version   int8, of rows that were imported: what each came as; without this column all came as 1

A row is a call of `reset` or of `step`. The observation of a row is the one that call returned.
"""

from __future__ import annotations

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
    """`first_row` counts records of the stream from 0, `first_t` counts calls of `step`; both of the first record."""

    version: Literal[1]
    schema: str
    first_row: int
    rows: int
    first_t: int
    num_envs: int
    observation: Node
    action: Node
    info: tuple[str, ...]
    columns: list[Column]
    extras: ObjectColumn | None = None
    episodes: list[Column] = []
    """The episodes that ended in this chunk: see `pack_episodes`."""
    frames: tuple[int, ...] = ()
    """The sub-environments that the `frame` column numbers frames of."""


_WHOLE = tuple(name for name in FIELDS if name != "total_reward")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ChunkV1)


def pack_episodes(episodes: dict[str, np.ndarray[Any, Any]]) -> list[Column]:
    """The episodes as two columns: their whole numbers side by side, each less the one before, and the returns."""
    if not episodes["ended"].size:
        return []
    whole = np.column_stack([episodes[name].astype(np.int64) for name in _WHOLE])
    return [pack("integers", whole, delta=True), pack("total_reward", episodes["total_reward"])]


def unpack_episodes(columns: list[Column]) -> dict[str, np.ndarray[Any, Any]]:
    """What `pack_episodes` got: a column for each field of `cornerman.core.episodes.FIELDS`."""
    if not columns:
        return {name: np.empty(0, dtype) for name, dtype in FIELDS.items()}
    whole, returns = (unpack(column) for column in columns)
    fields = {name: whole[:, place].astype(FIELDS[name]) for place, name in enumerate(_WHOLE)}
    return {**fields, "total_reward": returns}


def encode(chunk: ChunkV1) -> bytes:
    return _ENCODER.encode(chunk)


def decode(payload: bytes | memoryview) -> ChunkV1:
    """The chunk of a payload; PayloadError where the bytes are not one of this version."""
    chunk: ChunkV1 = decoded(_DECODER, payload, "chunk", VERSION)
    return chunk
