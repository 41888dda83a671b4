"""Which format a line has: the modules of `formats/` and those of other packages, asked in their order.

Only those are asked that can begin with the line's first character, so a line that is nothing in particular costs two
or three failed matches.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Final

from cornerman.log_catalog import log
from cornerman.log_catalog.bridge import LOG_FORMAT_FAILED

from . import formats
from .constant_line import split_constant
from .parsed import Moment, Parsed, Recogniser

GROUP: Final = "cornerman.log_formats"
LONGEST: Final = 1 << 18
"""Characters of a line that is still taken apart."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b]*+(?:\x07|\x1b\\)?|[@-Z\\^_()#][0-9A-Za-z]?)")


def without_escapes(text: str) -> str:
    """The text without colours, links and what else a terminal obeys."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def recognise(text: str, at: Moment, only: str = "") -> Parsed | None:
    """What a line says, of those formats that `only` names (a recogniser's module name), or of all."""
    if len(text) > LONGEST:
        return None
    line = without_escapes(text)
    parsed = None
    for recogniser in _asked(line[:1], only):
        try:
            parsed = recogniser.recognise(line, at)
        except Exception as error:  # somebody's recogniser, or a case that ours do not foresee: the line is kept as raw
            _say(recogniser, error)
            continue
        if parsed is not None:
            break
    if parsed is None:
        if "LOG" not in line:
            return None
        parsed = Parsed(line)
        return parsed if split_constant(parsed) else None
    if "LOG" in parsed.message:
        split_constant(parsed)
    return parsed


@cache
def names() -> tuple[str, ...]:
    """The formats that there are."""
    return tuple(recogniser_name(each) for each in _recognisers())


def recogniser_name(recogniser: Recogniser) -> str:
    return str(getattr(recogniser, "__name__", type(recogniser).__name__)).rpartition(".")[2]


@cache
def _recognisers() -> tuple[Recogniser, ...]:
    own = [
        importlib.import_module(f"{formats.__name__}.{found.name}") for found in pkgutil.iter_modules(formats.__path__)
    ]
    return tuple(sorted([*own, *_others()], key=lambda each: (each.ORDER, recogniser_name(each))))  # type: ignore[misc]


def _others() -> list[Recogniser]:
    found: list[Recogniser] = []
    for entry in metadata.entry_points(group=GROUP):
        try:
            plugin = entry.load()
            found.append(plugin)
        except Exception as error:
            log(LOG_FORMAT_FAILED, format=entry.name, reason=f"{type(error).__name__}: {error}")
    return found


_BY_START: dict[tuple[str, str], Sequence[Recogniser]] = {}


def _asked(start: str, only: str) -> Sequence[Recogniser]:
    found = _BY_START.get((start, only))
    if found is None:
        all_of = [each for each in _recognisers() if not only or recogniser_name(each) == only]
        found = [each for each in all_of if not each.STARTS or (start and start in each.STARTS)]
        if len(_BY_START) < 4096:
            _BY_START[start, only] = found
    return found


def _say(recogniser: Recogniser, error: Exception) -> None:
    name = recogniser_name(recogniser)
    if name not in _SAID:
        _SAID.add(name)
        log(LOG_FORMAT_FAILED, format=name, reason=f"{type(error).__name__}: {str(error)[:200]}")


_SAID: set[str] = set()
