"""Where the frames of a recording come from: nothing, the observation itself, the family's own drawing, or `render()`.

Equal frames are stored once: a frame has a number in its stream, and a record names the number. Drawings of a small
state (toy text) are looked up by the observation, so that after a few episodes a frame costs a dictionary look-up.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cornerman.core.frames_option import FramesOption
from cornerman.core.layout import Node
from cornerman.core.payloads import frame_v1

from . import toy_text

REMEMBERED = 4096
"""How many rendered frames are compared with a new one before it counts as new."""

_DRAWINGS: tuple[Callable[[Any], toy_text.Draw | None], ...] = (toy_text.drawing,)


class FrameSource:
    """Numbers the frames of one stream. `kind` is none, observation, adapter or render."""

    def __init__(self, kind: str, envs: tuple[int, ...], every: int, draw: Callable[[int, Any], Any] | None) -> None:
        self.kind = kind
        self.envs = envs
        self.every = every
        self.render_seconds = 0.0
        """Spent in `render()`: the environment's cost, reported apart from the recorder's."""
        self.column: str | None = None
        self.by_observation: dict[Any, int] = {}
        self.on_failure: Callable[[str], None] = lambda reason: None
        """Told once why no further frame is taken."""
        self._off = False
        self._draw = draw
        self._by_digest: OrderedDict[bytes, int] = OrderedDict()
        self._next = 0
        self._new: list[tuple[int, bytes, Any]] = []

    @property
    def numbered(self) -> int:
        """How many frame numbers a record holds."""
        return len(self.envs) if self.kind in ("adapter", "render") else 0

    def describe(self) -> dict[str, Any]:
        """What the stream's manifest says of its frames."""
        return {"source": self.kind, "envs": list(self.envs), "every": self.every, "column": self.column}

    def take(self, observations: Iterable[Any], sequence: int) -> tuple[tuple[int, ...], list[list[Any]]]:
        """The frame numbers of a record, and the [number, payload] of those not seen before.

        They count as seen once `keep` is called, after the record was written.
        """
        self._new = []
        if self._off or not self.numbered or sequence % self.every:
            return (-1,) * self.numbered, []
        numbers = tuple(self._number(env, seen) for env, seen in zip(self.envs, observations, strict=True))
        return numbers, [[number, payload] for number, payload, _ in self._new]

    def keep(self) -> None:
        """The record with the new frames is in the journal."""
        for number, payload, key in self._new:
            self._by_digest[_digest(payload)] = number
            if key is not None:
                self.by_observation[key] = number
            self._next = number + 1
        while len(self._by_digest) > REMEMBERED:
            self._by_digest.popitem(last=False)
        self._new = []

    def forget(self) -> None:
        """A new stream: none of its frames is stored yet."""
        self._off = False
        self.by_observation.clear()
        self._by_digest.clear()
        self._next = 0

    def _number(self, env: int, observation: Any) -> int:
        if self._off:
            return -1
        key = observation if self.kind == "adapter" and len(self.by_observation) < REMEMBERED else None
        if key is not None:
            key = key.item() if isinstance(key, np.generic) else key
            if key in self.by_observation:
                return self.by_observation[key]
        begin = time.perf_counter()
        payload = self._drawn(env, observation)
        if self.kind == "render":
            self.render_seconds += time.perf_counter() - begin
        if payload is None:
            return -1
        digest = _digest(payload)
        known = self._by_digest.get(digest)
        if known is None:
            known = next((number for number, other, _ in self._new if other == payload), None)
        if known is not None:
            if key is not None:
                self.by_observation[key] = known
            return known
        number = self._next + len(self._new)
        self._new.append((number, payload, key))
        return number

    def _drawn(self, env: int, observation: Any) -> bytes | None:
        """The payload of a frame. After the first that cannot be had no other is tried: a step is worth more."""
        assert self._draw is not None
        try:
            frame = self._draw(env, observation)
            if frame is not None:
                return frame_v1.encode(frame)
            reason = "no picture came"
        except Exception as error:  # someone else's drawing: whatever it raises, the step is recorded
            reason = f"{type(error).__name__}: {str(error)[:200]}"
        self._off = True
        self.on_failure(reason)
        return None


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).digest()


def choose(env: Any, option: FramesOption, node: Node, sample: Any, vector: bool) -> FrameSource:
    """The source for an environment whose observations look like `sample` (of one sub-environment)."""
    if option.mode == "none":
        return FrameSource("none", (), 1, None)
    width = int(env.num_envs) if vector else 1
    envs = tuple(index for index in (option.envs or (0,)) if index < width) or (0,)
    column = picture_column(node, sample)
    if column is not None:
        source = FrameSource("observation", tuple(range(width)) if option.envs is None else envs, 1, None)
        source.column = column
        return source
    draw = _drawing(env, vector)
    if draw is not None:
        return FrameSource("adapter", envs, option.every, lambda _, observation: draw(observation))
    if getattr(env, "render_mode", None) in ("rgb_array", "ansi"):
        return FrameSource("render", envs, option.every, _rendering(env, vector))
    return FrameSource("none", (), 1, None)


def picture_column(node: Node, sample: Any, name: str = "observation") -> str | None:
    """The column whose values are pictures: uint8, height x width (x 1, 3 or 4), sixteen pixels and more a side."""
    if "leaf" in node:
        array = sample if isinstance(sample, np.ndarray) else None
        picture = array is not None and array.dtype == np.uint8 and array.ndim in (2, 3)
        if array is not None and picture and min(array.shape[:2]) >= 16:
            return str(node["leaf"]) if array.ndim == 2 or array.shape[2] in (1, 3, 4) else None
        return None
    children: Iterable[tuple[Any, Node]] = ()
    if "dict" in node:
        children = node["dict"].items()
    elif "tuple" in node:
        children = enumerate(node["tuple"])
    found = (picture_column(child, sample[key], f"{name}/{key}") for key, child in children)
    return next((column for column in found if column), None)


def _drawing(env: Any, vector: bool) -> toy_text.Draw | None:
    """The family's own drawing: of the environment, or of the first of a vector environment that has them at hand."""
    inner = env.unwrapped
    if vector:
        envs = getattr(inner, "envs", None)
        if not envs:
            return None
        inner = envs[0].unwrapped
    return next((draw for make in _DRAWINGS if (draw := make(inner)) is not None), None)


def _rendering(env: Any, vector: bool) -> Callable[[int, Any], Any]:
    """`render()` of one sub-environment; of all at once only where they cannot be reached singly."""
    envs = getattr(env.unwrapped, "envs", None) if vector else None

    def draw(index: int, _: Any) -> Any:
        if not vector:
            picture = env.render()
        elif envs:
            picture = envs[index].render()
        else:
            pictures = env.render()
            picture = None if pictures is None else pictures[index]
        return as_frame(picture)

    return draw


def as_frame(picture: Any) -> frame_v1.Frame | None:
    """What `render()` gave, as a frame; of a list of frames the newest."""
    if isinstance(picture, list):
        picture = picture[-1] if picture else None
    if isinstance(picture, str):
        return frame_v1.Text(picture)
    if isinstance(picture, np.ndarray) and picture.ndim in (2, 3):
        return frame_v1.from_array(picture)
    return None
