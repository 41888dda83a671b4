"""Version 1 of the frame chunk: consecutive frames of a stream, no two of them equal, compressed together."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from ..columns import compress, decompress
from .codecs import decoded

VERSION: Final = 1
SCHEMA = "cornerman.frame_chunk@1.0.0"


class FrameChunkV1(msgspec.Struct, array_like=True, frozen=True):
    """`ends` are the ends of the frames (payloads of frame_v1) in the decompressed `data`."""

    version: Literal[1]
    schema: str
    first_frame: int
    ends: list[int]
    data: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(FrameChunkV1)


def encode(first_frame: int, frames: list[bytes]) -> bytes:
    """The payload of consecutive frames, the first of which has the number `first_frame`."""
    ends, total = [], 0
    for frame in frames:
        total += len(frame)
        ends.append(total)
    return _ENCODER.encode(FrameChunkV1(VERSION, SCHEMA, first_frame, ends, compress(b"".join(frames))))


def decode(payload: bytes | memoryview) -> tuple[int, list[bytes]]:
    """The number of the first frame, and the frames' bytes; PayloadError where the payload is not one."""
    chunk: FrameChunkV1 = decoded(_DECODER, payload, "frame_chunk", VERSION)
    raw = decompress(chunk.data, chunk.ends[-1] if chunk.ends else 0)
    begins = [0, *chunk.ends[:-1]]
    return chunk.first_frame, [raw[a:b] for a, b in zip(begins, chunk.ends, strict=True)]
