"""Pictures as arrays of pixels: what drawing them in cells and sending them as they are have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Rgb

_MOST_PER_PIXEL = 4
"""Source pixels averaged along each side of a shown one; a huge picture is thinned to that first."""


def pixels_of(frame: Rgb) -> np.ndarray | None:
    """Rows of pixels of three bytes; None where the frame's bytes are not as many as it says."""
    if frame.height < 1 or frame.width < 1 or len(frame.pixels) != frame.height * frame.width * 3:
        return None
    return np.frombuffer(frame.pixels, np.uint8).reshape(frame.height, frame.width, 3)


def averaged(picture: np.ndarray, high: int, wide: int) -> np.ndarray:
    """The picture scaled down to so many rows and columns by averaging areas."""
    stride = [max(1, size // (want * _MOST_PER_PIXEL)) for size, want in zip(picture.shape, (high, wide), strict=False)]
    picture = picture[:: stride[0], :: stride[1]]
    sums, sizes = picture.astype(np.uint32), []
    for axis, want in enumerate((high, wide)):
        edges = np.arange(want) * picture.shape[axis] // want
        sums = np.add.reduceat(sums, edges, axis=axis, dtype=np.uint32)
        sizes.append(np.diff(edges, append=picture.shape[axis]))
    scaled: np.ndarray[Any, Any] = (sums // np.outer(*sizes)[:, :, None]).astype(np.uint8)
    return scaled


def reduced(picture: np.ndarray, bits: int) -> np.ndarray:
    """Fewer levels a channel, black and white kept: neighbours become equal, so runs longer."""
    levels = np.round(np.arange(256) / 255 * (2**bits - 1)) / (2**bits - 1) * 255
    fewer: np.ndarray[Any, Any] = levels.round().astype(np.uint8)[picture]
    return fewer
