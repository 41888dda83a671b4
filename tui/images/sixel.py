"""Sixel: a picture as characters, each a column of six pixels in one colour.

    ESC P 0;1 q "1;1;WIDTH;HEIGHT #0;2;R;G;B … #0 !12~ $ #1 … - … ESC \\

`#n` chooses a colour (`#n;2;r;g;b` defines it, in percent), a character from `?` to `~` has a bit for each of six
pixels from the top, `!12~` is twelve of them, `$` goes back to the left edge for the next colour, `-` down six pixels.

All runs of all colours are found at once by NumPy; only writing them is a loop. A picture that is shown larger than it
is keeps its own columns until its runs are written: the length of a run is that of the pixels shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np

COLOURS = 256
"""What every terminal with sixel has."""

Array = np.ndarray[Any, Any]


def encode(pixels: Array, width: int, height: int) -> str:
    """The picture in `width` x `height` pixels, which are no fewer than it has."""
    indexed, palette = with_palette(pixels)
    edges = np.arange(pixels.shape[1] + 1) * width // pixels.shape[1]
    lines = indexed[np.arange(height) * pixels.shape[0] // height]
    percent = np.round(palette.astype(float) / 255 * 100).astype(int).tolist()
    colours = "".join(f"#{at};2;{red};{green};{blue}" for at, (red, green, blue) in enumerate(percent))
    return f'\x1bP0;1q"1;1;{width};{height}{colours}{_bands(lines, len(palette), edges)}\x1b\\'


def with_palette(pixels: Array) -> tuple[Array, Array]:
    """For each pixel the number of its colour, and the colours: its own where they are few, else means of near ones."""
    red, green, blue = (pixels[:, :, channel].astype(np.int32) for channel in range(3))
    packed = red << 16 | green << 8 | blue
    own = _distinct(packed)
    if len(own) <= COLOURS:
        return np.searchsorted(own, packed), np.stack((own >> 16, own >> 8 & 255, own & 255), 1).astype(np.uint8)
    for bits in (6, 5, 4, 3):
        drop = 8 - bits
        indexed, count = _numbered((red >> drop << 2 * bits) | (green >> drop << bits) | (blue >> drop), 1 << 3 * bits)
        if count <= COLOURS:
            break
    else:
        indexed, count = _numbered((red >> 5 << 5) | (green >> 5 << 2) | (blue >> 6), 256)
    flat, sizes = indexed.ravel(), np.bincount(indexed.ravel(), minlength=count)
    means = [np.bincount(flat, channel.ravel(), count) / sizes for channel in (red, green, blue)]
    return indexed, np.stack(means, 1).round().astype(np.uint8)


def _distinct(packed: Array) -> Array:
    """The values that occur, in order. A pixel that is as the one before it says nothing new: most need no sorting."""
    flat = packed.ravel()
    return np.unique(flat[np.flatnonzero(np.diff(flat, prepend=flat[0] - 1))])


def _numbered(packed: Array, most: int) -> tuple[Array, int]:
    """Each value replaced by its place among those that occur, and how many there are."""
    there = np.zeros(most, bool)
    there[packed] = True
    places = np.cumsum(there, dtype=np.int32) - 1
    return places[packed], int(places[-1]) + 1


def _bands(lines: Array, colours: int, edges: Array) -> str:
    """The picture's bands of six lines, from the top."""
    height, columns = lines.shape
    bands = -(-height // 6)
    keys = (np.arange(height) // 6 * colours)[:, None] + lines
    places, count = _numbered(keys, bands * colours)
    bits = np.zeros((count, columns), np.uint8)  # a row for each colour of each band
    every = np.arange(columns)
    for line in range(6):
        bits[places[line::6], every] |= 1 << line
    owner = np.empty(count, np.int64)
    owner[places.ravel()] = keys.ravel()
    return _written(bits, owner // colours, owner % colours, edges)


def _written(bits: Array, band: Array, colour: Array, edges: Array) -> str:
    """The runs of each colour of each band, in order."""
    count, columns = bits.shape
    begins = np.ones(bits.shape, bool)
    begins[:, 1:] = bits[:, 1:] != bits[:, :-1]
    starts = np.flatnonzero(begins)
    row, column = np.divmod(starts, columns)
    ends = np.append(column[1:], columns)
    ends[np.append(row[1:] != row[:-1], True)] = columns
    lengths = (edges[ends] - edges[column]).tolist()
    signs = bits.ravel()[starts].tolist()
    parts: list[str] = []
    last_band, last_row = 0, -1
    bands, colours = band.tolist(), colour.tolist()
    for at, length, sign in zip(row.tolist(), lengths, signs, strict=True):
        if at != last_row:
            parts.append("-" * (bands[at] - last_band) if bands[at] != last_band else "$" if at else "")
            parts.append(f"#{colours[at]}")
            last_band, last_row = bands[at], at
        character = chr(63 + sign)
        parts.append(character * length if length < 4 else f"!{length}{character}")
    return "".join(parts)
