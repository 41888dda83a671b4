"""A stream's space in words: as its manifest says it, so that no descriptor is read for a line on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def space_words(said: Any) -> str:
    """One line for a space."""
    if isinstance(said, str):
        return said
    if not isinstance(said, Mapping):
        return "unknown"
    if "words" in said:
        return str(said["words"])
    from cornerman.core.spaces import InvalidSpace, parse, words

    try:  # the whole descriptor, as manifests had it once
        return words(parse(dict(said)))
    except InvalidSpace:
        return str(said.get("type", "unknown"))
