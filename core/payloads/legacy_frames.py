"""Render payloads of version 0 as frames: recognised by the keys they have, since they never said what they are.

A frame is only made where it shows exactly what was sent; what is left over is given back to be kept beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..json_values import from_json
from .frame_v1 import Frame, Graph, Grid, Rgb, Text, from_array


def frame_of(payload: Any) -> tuple[Frame | None, Any]:
    """The frame that a legacy render payload shows, None where it shows none, and what of it is not in the frame."""
    content = from_json(payload)
    if isinstance(content, str):
        return Text(content), None
    if isinstance(content, np.ndarray):
        content = {"rgb": content}
    if not isinstance(content, dict):
        return None, payload
    rest = dict(content)
    for make in (_grid, _rgb, _graph, _text):
        left = dict(rest)
        frame = make(left)
        if frame is not None:
            if left.get("kind") in ("grid", "rgb", "graph", "text", "ansi"):
                left.pop("kind")
            return frame, left or None
    return None, payload


def _grid(left: dict[str, Any]) -> Grid | None:
    name = "grid" if "grid" in left else "tiles"
    rows = left.get(name)
    if not isinstance(rows, list | tuple) or not rows:
        return None
    tiles = [_row(row) for row in rows]
    if any(tile is None for tile in tiles) or len({len(tile) for tile in tiles if tile is not None}) != 1:
        return None
    del left[name]
    shown = tuple(tile for tile in tiles if tile is not None)
    for size, value in (("height", len(shown)), ("width", len(shown[0])), ("grid_size", [len(shown), len(shown[0])])):
        if _same(left.get(size), value):
            del left[size]
    agent = _cell(left.get("agent_position"))
    if agent is not None:
        del left["agent_position"]
    return Grid(shown, agent=agent)


def _row(row: Any) -> str | None:
    """A row of one-character cells as text."""
    if isinstance(row, str):
        return row
    if isinstance(row, list | tuple) and all(isinstance(cell, str) and len(cell) == 1 for cell in row):
        return "".join(row)
    return None


def _cell(value: Any) -> tuple[int, int] | None:
    if isinstance(value, list | tuple) and len(value) == 2 and all(type(part) is int for part in value):
        return value[0], value[1]
    return None


def _same(value: Any, expected: Any) -> bool:
    return value == expected or (isinstance(value, tuple) and list(value) == expected)


def _rgb(left: dict[str, Any]) -> Rgb | None:
    name = next((name for name in ("rgb", "pixels", "frame") if name in left), None)
    if name is None:
        return None
    pixels = left[name]
    if isinstance(pixels, list):
        try:
            pixels = np.array(pixels)
        except ValueError:
            return None
        if pixels.dtype.kind not in "iu" or not pixels.size or pixels.min() < 0 or pixels.max() > 255:
            return None
        pixels = pixels.astype(np.uint8)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        return None
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))):
        return None
    del left[name]
    for size, value in (("height", pixels.shape[0]), ("width", pixels.shape[1])):
        if left.get(size) == value:
            del left[size]
    if left.get("mode") in ("rgb", "rgb_array", "RGB"):
        del left["mode"]
    return from_array(pixels)


def _graph(left: dict[str, Any]) -> Graph | None:
    nodes, edges = left.get("nodes"), left.get("edges")
    if not isinstance(nodes, list | tuple) or not isinstance(edges, list | tuple):
        return None
    if not all(type(node) in (str, int) for node in nodes):
        return None
    names = [str(node) for node in nodes]
    places = {node: place for place, node in enumerate(nodes)}
    pairs = [_pair(edge, places) for edge in edges]
    if any(pair is None for pair in pairs) or len(places) != len(nodes):
        return None
    del left["nodes"], left["edges"]
    ends = tuple(pair for pair in pairs if pair is not None)
    of_nodes, of_edges = _features(left, "node_features", len(nodes)), _features(left, "edge_features", len(edges))
    return Graph(tuple(names), ends, of_nodes, of_edges)


def _pair(edge: Any, places: dict[Any, int]) -> tuple[int, int] | None:
    """An edge by the names of its nodes."""
    if not isinstance(edge, list | tuple) or len(edge) != 2 or not all(type(end) in (str, int) for end in edge):
        return None
    ends = [places.get(end) for end in edge]
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def _features(left: dict[str, Any], name: str, count: int) -> tuple[tuple[float, ...], ...]:
    rows = left.get(name)
    if not isinstance(rows, list | tuple) or len(rows) != count:
        return ()
    if not all(isinstance(row, list | tuple) and all(type(v) in (int, float) for v in row) for row in rows):
        return ()
    del left[name]
    return tuple(tuple(map(float, row)) for row in rows)


def _text(left: dict[str, Any]) -> Text | None:
    name = next((name for name in ("ansi", "text") if isinstance(left.get(name), str)), None)
    return None if name is None else Text(left.pop(name))
