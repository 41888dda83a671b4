"""Graphs: the nodes in layers from where the edges begin, and below them a table of who is joined to whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ._cells import (
    BOLD,
    DEFAULT,
    DIM,
    PLAIN,
    REVERSE,
    Canvas,
    Cells,
    Row,
    Run,
    columns,
    crop,
    merged,
    message,
    text_width,
    visible,
)

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Graph

_MOST = 2000
"""Nodes and edges looked at: more than any screen holds."""
_NODE, _MARKED, _LINE = (0x30394A, 0xD8E4F4), (0xFFC83D, 0x1A1200), 0x7A8698
_GAP = 2


def draw(frame: Graph, canvas: Canvas) -> Cells:
    """The layers where they fit into half the canvas, then one line a node: its features and where its edges go."""
    if not frame.nodes or canvas.width < 1 or canvas.height < 1:
        return message(canvas, "An empty graph.")
    nodes = [visible(name, canvas.ascii) for name in frame.nodes[:_MOST]]
    edges = [(a, b) for a, b in frame.edges[:_MOST] if 0 <= a < len(nodes) and 0 <= b < len(nodes)]
    heading = _line(_heading(frame, canvas), canvas, DIM)
    picture = _picture(frame, nodes, edges, canvas)
    if len(picture) > max(1, canvas.height // 2):
        picture = []
    rows = [heading, *picture, *_table(frame, nodes, edges, canvas)]
    if len(rows) > canvas.height:
        more = len(rows) - canvas.height + 1
        rows = [*rows[: canvas.height - 1], _line(f"{more} more lines", canvas, DIM)]
    return Cells(max(map(columns, rows)), tuple(rows))


def _heading(frame: Graph, canvas: Canvas) -> str:
    count = f"{len(frame.nodes)} nodes, {len(frame.edges)} {'' if frame.directed else 'undirected '}edges"
    return f"{visible(frame.caption, canvas.ascii)}  {count}" if frame.caption else count


def _line(text: str, canvas: Canvas, attributes: int = PLAIN) -> Row:
    return ((crop(text, canvas.width), DEFAULT, DEFAULT, attributes),)


# --- layers ----------------------------------------------------------------------------------------------------------


def _layers(count: int, edges: list[tuple[int, int]], marked: Iterable[int]) -> list[list[int]]:
    """The nodes by how many edges they are from a beginning: a node nothing leads to, else a marked one, else any."""
    targets: dict[int, list[int]] = {}
    for a, b in edges:
        targets.setdefault(a, []).append(b)
    entered = {b for a, b in edges if a != b}
    order = [*(node for node in range(count) if node not in entered), *marked, *range(count)]
    depth: dict[int, int] = {}
    starts = [node for node in order if node < count and node not in entered]
    for start in [*starts, *order]:
        if start in depth or not 0 <= start < count:
            continue
        depth[start] = 0
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for target in targets.get(node, ()):
                if target not in depth:
                    depth[target] = depth[node] + 1
                    waiting.append(target)
    layers: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in sorted(depth):
        layers[depth[node]].append(node)
    return layers


def _picture(frame: Graph, nodes: list[str], edges: list[tuple[int, int]], canvas: Canvas) -> list[Row]:
    """The layers below each other with strokes between neighbours; nothing where one is too wide."""
    layers = _layers(len(nodes), edges, frame.marked)
    wide = [sum(text_width(nodes[n]) + 2 for n in layer) + _GAP * (len(layer) - 1) for layer in layers]
    width = max(wide)
    if width > canvas.width:
        return []
    rows: list[Row] = []
    above: dict[int, int] = {}
    for layer, own in zip(layers, wide, strict=True):
        at = (width - own) // 2
        runs: list[Run] = [(" " * at, DEFAULT, DEFAULT, PLAIN)]
        middle: dict[int, int] = {}
        for node in layer:
            label = f"[{nodes[node]}]" if node in frame.marked else f" {nodes[node]} "
            middle[node] = at + text_width(label) // 2
            runs += [_node(label, node in frame.marked, canvas), (" " * _GAP, DEFAULT, DEFAULT, PLAIN)]
            at += text_width(label) + _GAP
        if rows:
            rows.append(_strokes(above, middle, edges, width, canvas))
        rows.append(merged(runs[:-1]))
        above = middle
    return rows


def _node(label: str, marked: bool, canvas: Canvas) -> Run:
    if canvas.depth == "none":
        return label, DEFAULT, DEFAULT, REVERSE if marked else PLAIN
    background, letters = _MARKED if marked else _NODE
    return label, letters, background, BOLD if marked else PLAIN


def _strokes(
    above: dict[int, int], below: dict[int, int], edges: list[tuple[int, int]], width: int, canvas: Canvas
) -> Row:
    straight, left, right = ("|", "/", "\\") if canvas.ascii else ("│", "╱", "╲")
    signs = [" "] * width
    for a, b in edges:
        start, end = (above.get(a), below.get(b)) if a in above else (above.get(b), below.get(a))
        if start is not None and end is not None:
            at = min((start + end) // 2, width - 1)
            sign = straight if abs(start - end) <= 1 else left if end < start else right
            signs[at] = sign if signs[at] in (" ", sign) else "x" if canvas.ascii else "╳"
    return (("".join(signs), DEFAULT if canvas.depth == "none" else _LINE, DEFAULT, PLAIN),)


# --- the table -------------------------------------------------------------------------------------------------------


def _table(frame: Graph, nodes: list[str], edges: list[tuple[int, int]], canvas: Canvas) -> list[Row]:
    """One line a node: its features, and where its edges lead with theirs."""
    arrow = ("->" if canvas.ascii else "→") if frame.directed else ("--" if canvas.ascii else "─")
    leads: dict[int, list[str]] = {}
    for number, (a, b) in enumerate(frame.edges[:_MOST]):
        if 0 <= a < len(nodes) and 0 <= b < len(nodes):
            leads.setdefault(a, []).append(nodes[b] + _numbers(frame.edge_features, number))
    name_width = min(max(map(text_width, nodes)), max(3, canvas.width // 3))
    rows = []
    for number, name in enumerate(nodes):
        label = crop(name, name_width)
        text = label + " " * (name_width - text_width(label)) + _numbers(frame.node_features, number)
        text += f" {arrow} {', '.join(leads[number])}" if number in leads else ""
        rows.append(_line(text, canvas, BOLD if number in frame.marked else PLAIN))
    strays = sum(not (0 <= a < len(frame.nodes) and 0 <= b < len(frame.nodes)) for a, b in frame.edges[:_MOST])
    return [*rows, _line(f"{strays} edges lead to nodes that are not there", canvas, DIM)] if strays else rows


def _numbers(features: tuple[tuple[float, ...], ...], number: int) -> str:
    if number >= len(features) or not features[number]:
        return ""
    shown = ", ".join(f"{value:.4g}" for value in features[number][:8])
    return f" ({shown}{', …' if len(features[number]) > 8 else ''})"
