"""Which steps a recording keeps: `none` (every one) or `every=N`, read in one place for every way to say it.

Sampling is the only way in which a step that came is not stored although it could be, and it happens only where it is
asked for: at the source. What is left out is counted with the row that follows.
"""

from __future__ import annotations

import re
from operator import index
from typing import SupportsIndex

from .errors import InvalidOption

ALL = 1
"""Every vector step is recorded."""


def parse_sample(value: object) -> int:
    """Of how many vector steps one is recorded, as a flag, a file or a script says it; InvalidOption otherwise."""
    if value is None or value is False:
        return ALL
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(?:every\s*=\s*)?(\d+)\s*", value.lower())
        value = int(found[1]) if found else ALL if value.strip().lower() == "none" else value
    if isinstance(value, SupportsIndex) and not isinstance(value, bool) and index(value) >= 1:
        return index(value)
    raise InvalidOption(f"sample cannot be {value!r}.", "Say none, or every=N with N from 1.")


def sample_words(every: int) -> str:
    """As a person would write it, and as `parse_sample` reads it."""
    return "none" if every == ALL else f"every={every}"
