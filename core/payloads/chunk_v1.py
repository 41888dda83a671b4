"""Version 1 of the chunk: consecutive records of one stream, packed column by column. The unit of storage.

A chunk is one msgpack array, its version first. Column names:

    time          microseconds since 1970, UTC, delta-coded
    flags         TERMINATED, TRUNCATED, RESET, … as in `cornerman.core.layout`
    reward        float64; per sub-environment in a vector stream
    terminated, truncated, reset     bool, vector streams only; `reset` marks rows that are no transition
    observation…, action…, info/…    as the layout names them
    frame         the frame's number in the stream, -1 for none

A row is a call of `reset` or of `step`. The observation of a row is the one that call returned.
"""

from __future__ import annotations

import msgspec

from ..columns import Column, ObjectColumn
from ..errors import PayloadError
from ..layout import Node

VERSION = 1
SCHEMA = "cornerman.chunk@1.0.0"


class ChunkV1(msgspec.Struct, array_like=True, frozen=True):
    """`first_row` counts records of the stream from 0, `first_t` counts calls of `step`; both of the first record."""

    version: int
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
    """The episodes that ended in this chunk, a column for each field of `cornerman.core.episodes.FIELDS`."""
    frames: tuple[int, ...] = ()
    """The sub-environments that the `frame` column numbers frames of."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ChunkV1)


def encode(chunk: ChunkV1) -> bytes:
    return _ENCODER.encode(chunk)


def decode(payload: bytes) -> ChunkV1:
    """The chunk of a payload; PayloadError where the bytes are not one of a known version."""
    try:
        chunk = _DECODER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PayloadError(f"A chunk does not decode: {error}.") from error
    if chunk.version != VERSION:
        raise PayloadError(f"A chunk has version {chunk.version}; this Cornerman reads version {VERSION}.")
    return chunk
