"""Renderers: pure functions from a frame to terminal cells, one file per payload kind.

A file of this folder that does not start with an underscore is a renderer of the kind it is named after; it has one
function, `draw(frame, canvas) -> Cells`. Someone else's package adds a kind with one entry point in the group
`cornerman.renderers`. Renderers are chosen by kind, never by the environment's name, and are imported when the first
frame of their kind is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, TypeAlias

from ._cells import Canvas, Cells, message

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Renderer: TypeAlias = Callable[[Any, Canvas], Cells]
GROUP = "cornerman.renderers"


def built_in() -> list[str]:
    """The kinds this folder draws, by name."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def added() -> list[str]:
    """The kinds that other packages draw, by name."""
    return sorted({point.name for point in _entry_points()} - set(built_in()))


def draw(kind: str, frame: Any, canvas: Canvas) -> Cells:
    """The cells of a frame. A frame that cannot be drawn is said to be so on the canvas: nothing is raised."""
    renderer = find(kind)
    if renderer is None:
        return message(canvas, f"No renderer for frames of kind {kind!r}.", f"A package adds one as {GROUP}.{kind}.")
    try:
        return renderer(frame, canvas)
    except Exception as error:  # a stored frame may be anything; the screen goes on
        return message(canvas, f"This {kind} frame cannot be drawn.", f"{type(error).__name__}: {error}")


@cache
def find(kind: str) -> Renderer | None:
    """The renderer of a kind, None where there is none."""
    if kind in built_in():
        return import_module(f".{kind}", __name__).draw  # type: ignore[no-any-return]
    for point in _entry_points():
        if point.name == kind:
            return point.load()  # type: ignore[no-any-return]
    return None


def _entry_points() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # a cost of 15 ms that no start pays for

    return entry_points(group=GROUP)
