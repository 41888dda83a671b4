"""Which frames a recording keeps: `none | auto | every=N | envs=[…]`, read in one place for every way to say it.

    none            no frames
    auto            a frame a vector step: pixel observations, else the family's own picture, else render()
    every=10        the same, at every tenth vector step
    envs=0,2        the same, for sub-environments 0 and 2 of a vector environment only
    every=10 envs=0 both

A script may also say `None` or `False`, `True`, a number (every) or a list of numbers (envs).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import index
from typing import Literal, SupportsIndex

from .errors import InvalidOption

FramesMode = Literal["none", "auto", "every", "envs"]


@dataclass(frozen=True, slots=True)
class FramesOption:
    """What was asked for. `every` and `envs` hold whatever the mode: 1 and None where they were not named."""

    mode: FramesMode
    every: int = 1
    envs: tuple[int, ...] | None = None
    """The sub-environments to take; None leaves the choice to the recorder."""

    def takes(self, t: int, env_index: int) -> bool:
        """Whether a frame is kept of this sub-environment at vector step `t`."""
        return self.mode != "none" and t % self.every == 0 and (self.envs is None or env_index in self.envs)

    def __str__(self) -> str:
        """As a person would write it, and as `parse_frames` reads it."""
        parts = [f"every={self.every}"] * (self.every != 1 or self.mode == "every")
        parts += [f"envs={','.join(map(str, self.envs))}"] if self.envs is not None else []
        return " ".join(parts) or self.mode


def parse_frames(value: object) -> FramesOption:
    """The option that a flag, a file or a script means; InvalidOption says what is allowed."""
    if isinstance(value, FramesOption):
        return value
    if value is None or value is False:
        return FramesOption("none")
    if value is True:
        return FramesOption("auto")
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Iterable):
        return _option(value, envs=value)
    return _option(value, every=value)


def _from_text(text: str) -> FramesOption:
    """`none`, `auto`, or `every=…` and `envs=…` in any order, between spaces, semicolons or commas."""
    word = text.strip().lower()
    if word in ("none", "auto"):
        return FramesOption("none" if word == "none" else "auto")
    pattern = r"(every)\s*=\s*(\d+)|(envs?)\s*=\s*\[?\s*(\d+(?:\s*,\s*\d+)*)\s*\]?"
    found = list(re.finditer(pattern, word))
    named = {match[1] or "envs": match[2] or match[4] for match in found}
    if not found or len(named) < len(found) or re.sub(pattern, "", word).strip(" ;,"):
        raise _refusal(text)
    envs = [int(number) for number in named["envs"].split(",")] if "envs" in named else None
    return _option(text, every=int(named["every"]) if "every" in named else None, envs=envs)


def _option(value: object, every: object = None, envs: Iterable[object] | None = None) -> FramesOption:
    """Check the numbers. NumPy's integers are as good as Python's; True is no number."""
    try:
        step = 1 if every is None else _count(every, 1)
        indices = None if envs is None else tuple(sorted({_count(env, 0) for env in envs}))
    except (TypeError, ValueError):
        raise _refusal(value) from None
    if indices == ():
        raise _refusal(value)
    return FramesOption("envs" if every is None else "every", step, indices)


def _count(number: object, least: int) -> int:
    if isinstance(number, bool) or not isinstance(number, SupportsIndex) or index(number) < least:
        raise ValueError(number)
    return index(number)


def _refusal(value: object) -> InvalidOption:
    return InvalidOption(
        f"frames cannot be {value!r}.", "Say none, auto, every=N (N from 1), envs=0,2, or every=N envs=0,2."
    )
