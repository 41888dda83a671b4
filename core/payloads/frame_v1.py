"""Version 1 of the frame: one rendered picture, grid or text of an environment, of an explicit kind.

Renderers are chosen by kind, never by the environment's name. An array observation that is a picture is not stored
again as a frame: the stream's manifest says that its frames are its observations.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np

from ..errors import PayloadError

VERSION = 1
SCHEMA = "cornerman.frame@1.0.0"


class Grid(msgspec.Struct, array_like=True, frozen=True, tag="grid"):
    """A board: `tiles` are rows of equal length, one character a cell; `legend` says what a character means.

    `agent` is (row, column). `marks` are further things on the board as (row, column, character).
    """

    tiles: tuple[str, ...]
    legend: dict[str, str] = {}
    agent: tuple[int, int] | None = None
    marks: tuple[tuple[int, int, str], ...] = ()
    caption: str = ""


class Rgb(msgspec.Struct, array_like=True, frozen=True, tag="rgb"):
    """A picture: height x width x 3 bytes, row by row."""

    height: int
    width: int
    pixels: bytes

    @property
    def array(self) -> np.ndarray:
        """uint8 of shape (height, width, 3), read-only."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width, 3)


class Text(msgspec.Struct, array_like=True, frozen=True, tag="text"):
    """What `render()` gives in mode `ansi`; escape sequences are kept, and shown as what they are."""

    text: str


class Vector(msgspec.Struct, array_like=True, frozen=True, tag="vector"):
    """Named numbers, for environments that have nothing to show but their state."""

    names: tuple[str, ...]
    values: tuple[float, ...]


Frame: TypeAlias = Grid | Rgb | Text | Vector

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    return _ENCODER.encode(frame)


def decode(payload: bytes | memoryview) -> Frame:
    """The frame of a payload; PayloadError where the bytes are not one."""
    try:
        return _DECODER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PayloadError(f"A frame does not decode: {error}.") from error


def kind(frame: Frame | None) -> str:
    """grid, rgb, text, vector, or none: what a renderer is chosen by."""
    return "none" if frame is None else str(frame.__struct_config__.tag)


def from_array(pixels: np.ndarray) -> Rgb:
    """The frame of a uint8 picture: (H, W, 3), (H, W, 4), (H, W, 1) or (H, W)."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return Rgb(pixels.shape[0], pixels.shape[1], np.ascontiguousarray(pixels[:, :, :3], np.uint8).tobytes())
