"""Pictures as half-cells: the upper half block carries two pixels, so that pixels are about square.

Scaled down by averaging areas, up by whole factors. A terminal without colour, or that knows only ASCII, gets a ramp
of characters by luminance. NumPy is loaded with this module, when the first picture is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._cells import DEFAULT, PLAIN, Canvas, Cells, Row, message
from ._pixels import averaged, pixels_of, reduced

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Rgb

_RAMP = " .:-=+*#%@"
_CUBE = np.array([0, 95, 135, 175, 215, 255], np.uint8)
_TO_CUBE = _CUBE[np.abs(np.arange(256)[:, None] - _CUBE[None, :].astype(int)).argmin(1)]
"""The nearest level of the 256-colour cube to each of 256 levels."""


def draw(frame: Rgb, canvas: Canvas) -> Cells:
    """The picture as large as fits, its aspect kept."""
    if frame.height < 1 or frame.width < 1 or canvas.width < 1 or canvas.height < 1:
        return message(canvas, "An empty picture.")
    pixels = pixels_of(frame)
    if pixels is None:
        size = f"{frame.height} x {frame.width} x 3"
        return message(canvas, f"{len(frame.pixels)} bytes are no picture of {size}: this frame is malformed.")
    picture = _fitted(pixels, canvas)
    if canvas.depth in ("truecolor", "256"):
        return _blocks(picture, canvas)
    return _ramp(picture, canvas)


def _fitted(picture: np.ndarray, canvas: Canvas) -> np.ndarray:
    """The picture with an even number of rows, at most two a row of the canvas."""
    high, wide = picture.shape[:2]
    scale = min(canvas.width / wide, canvas.height * 2 / high)
    if scale >= 2:
        picture = picture.repeat(int(scale), 0).repeat(int(scale), 1)
    elif scale < 1:
        picture = averaged(picture, max(1, round(high * scale)), max(1, round(wide * scale)))
    if picture.shape[0] % 2:
        picture = np.concatenate((picture, picture[-1:]))
    return picture


def _blocks(picture: np.ndarray, canvas: Canvas) -> Cells:
    if canvas.depth == "256":
        picture = _TO_CUBE[picture]
    elif canvas.bits < 8:
        picture = reduced(picture, canvas.bits)
    if canvas.ascii:  # no half block: both pixels of a cell show their mean
        mean = ((picture[0::2].astype(np.uint16) + picture[1::2]) // 2).astype(np.uint8)
        picture = mean.repeat(2, axis=0)
    packed = picture.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    upper, lower = packed[0::2], packed[1::2]
    return Cells(picture.shape[1], tuple(_row(a, b) for a, b in zip(upper, lower, strict=True)))


def _row(upper: np.ndarray, lower: np.ndarray) -> Row:
    """Runs of equal pairs of pixels; a pair of equal pixels needs no character, only a background."""
    starts = np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1
    starts = np.concatenate(([0], starts))
    lengths = np.diff(starts, append=len(upper)).tolist()
    return tuple(
        (" " * length, DEFAULT, below, PLAIN) if above == below else ("▀" * length, above, below, PLAIN)
        for above, below, length in zip(upper[starts].tolist(), lower[starts].tolist(), lengths, strict=True)
    )


def _ramp(picture: np.ndarray, canvas: Canvas) -> Cells:
    """Characters by luminance; with sixteen colours the nearest of them lends its hue."""
    wide = picture.astype(np.float32)
    cells = (wide[0::2] + wide[1::2]) / 2
    light = cells @ np.array([0.299, 0.587, 0.114], np.float32)
    signs = np.array(list(_RAMP))[(light / 256 * len(_RAMP)).astype(int)]
    if canvas.depth == "none":
        rows: tuple[Row, ...] = tuple((("".join(line), DEFAULT, DEFAULT, PLAIN),) for line in signs.tolist())
        return Cells(picture.shape[1], rows)
    hues = _hues(cells)
    return Cells(picture.shape[1], tuple(_signs(line, hue) for line, hue in zip(signs, hues, strict=True)))


def _hues(cells: np.ndarray) -> np.ndarray:
    """One of the eight bright colours of a sixteen-colour terminal: each channel is on or off."""
    on = cells >= np.maximum(cells.max(axis=2, keepdims=True) * 0.66, 1)
    hues: np.ndarray[Any, Any] = on.astype(np.int32) @ np.array([0xFF0000, 0xFF00, 0xFF], np.int32)
    return np.where(hues == 0, 0xFFFFFF, hues)


def _signs(line: np.ndarray, hue: np.ndarray) -> Row:
    starts = np.concatenate(([0], np.flatnonzero(np.diff(hue)) + 1)).tolist()
    ends = [*starts[1:], len(line)]
    return tuple(("".join(line[a:b].tolist()), int(hue[a]), DEFAULT, PLAIN) for a, b in zip(starts, ends, strict=True))
