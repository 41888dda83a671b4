"""Version 1 of the frame: one rendered picture, grid, graph, sequence or text of an environment, of an explicit kind.

A frame is one msgpack array that begins with its kind. The kind alone is version 1; a later version is written behind
it, as `grid@2`. New fields go at the end and have a default, so that old bytes stay readable and old readers read on.
Renderers are chosen by kind, never by the environment's name. An array observation that is a picture is not stored
again as a frame: the stream's manifest says that its frames are its observations.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
import numpy as np

from .codecs import decoded

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


class Graph(msgspec.Struct, array_like=True, frozen=True, tag="graph"):
    """Nodes with their labels, and the edges between them as (from, to), counted in `nodes` from 0.

    The features are rows of numbers, one for each node or edge, or none at all. `marked` are nodes that matter now:
    where the agent is, for instance.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    node_features: tuple[tuple[float, ...], ...] = ()
    edge_features: tuple[tuple[float, ...], ...] = ()
    directed: bool = True
    marked: tuple[int, ...] = ()
    caption: str = ""


class Sequence(msgspec.Struct, array_like=True, frozen=True, tag="sequence"):
    """Items in order, each a text, a number or a row of numbers; `names` are those of a row's numbers.

    `first` is the ordinal of the first item, where what came before it is left out.
    """

    items: tuple[str | float | tuple[float, ...], ...]
    names: tuple[str, ...] = ()
    first: int = 0
    caption: str = ""


Frame: TypeAlias = Grid | Rgb | Text | Vector | Graph | Sequence

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    return _ENCODER.encode(frame)


def decode(payload: bytes | memoryview) -> Frame:
    """The frame of a payload; PayloadError where the bytes are not one."""
    frame: Frame = decoded(_DECODER, payload, "frame", VERSION)
    return frame


def kind(frame: Frame | None) -> str:
    """grid, rgb, text, vector, graph, sequence, or none: what a renderer is chosen by."""
    return "none" if frame is None else str(frame.__struct_config__.tag)


def from_array(pixels: np.ndarray) -> Rgb:
    """The frame of a uint8 picture: (H, W, 3), (H, W, 4), (H, W, 1) or (H, W)."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return Rgb(pixels.shape[0], pixels.shape[1], np.ascontiguousarray(pixels[:, :, :3], np.uint8).tobytes())


def from_graph(nodes: np.ndarray, edges: np.ndarray | None, links: np.ndarray | None) -> Graph:
    """The frame of a graph as Gymnasium gives it: features of the nodes, of the edges, and what each edge joins."""
    pairs = () if links is None else tuple((int(a), int(b)) for a, b in np.asarray(links).reshape(-1, 2))
    names = tuple(str(number) for number in range(len(nodes)))
    return Graph(names, pairs, _rows(nodes), () if edges is None else _rows(edges))


def from_sequence(items: Iterable[object]) -> Sequence:
    """The frame of a sequence of texts, numbers or arrays, whatever the items of the space are."""
    return Sequence(tuple(map(_item, items)))


def _item(item: object) -> str | float | tuple[float, ...]:
    if isinstance(item, str):
        return item
    array = np.asarray(item)
    if array.dtype.kind not in "biuf":
        return str(item)
    return float(array) if array.ndim == 0 else tuple(map(float, array.ravel()))


def _rows(features: np.ndarray) -> tuple[tuple[float, ...], ...]:
    array = np.asarray(features)
    return tuple(tuple(map(float, row)) for row in array.reshape(len(array), -1))
