"""Which format a line has: the modules of `formats/` and those of other packages, asked in their order.

Only those are asked that can begin with the line's first character, so a line that is nothing in particular costs two
or three failed matches.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from typing import Final, TypeAlias, cast

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
    """What a line says, of those formats that `only` names (modules, with commas between them), or of all."""
    if len(text) > LONGEST:
        return None
    line = without_escapes(text)
    parsed = None
    for name, ask in _asked(line[:1], only):
        try:
            parsed = ask(line, at)
        except Exception as error:  # somebody's recogniser, or a case that ours do not foresee: the line is kept as raw
            _say(name, error)
            continue
        if parsed is not None:
            parsed.format = name
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
    names = [f"{formats.__name__}.{found.name}" for found in pkgutil.iter_modules(formats.__path__)]
    own = [cast(Recogniser, importlib.import_module(name)) for name in names]
    return tuple(sorted([*own, *_others()], key=lambda each: (each.ORDER, recogniser_name(each))))


def _others() -> list[Recogniser]:
    found: list[Recogniser] = []
    for entry in metadata.entry_points(group=GROUP):
        try:
            plugin = entry.load()
            found.append(plugin)
        except Exception as error:
            log(LOG_FORMAT_FAILED, format=entry.name, reason=f"{type(error).__name__}: {error}")
    return found


Ask: TypeAlias = Callable[[str, Moment], Parsed | None]
_BY_START: dict[tuple[str, str], Sequence[tuple[str, Ask]]] = {}


def _asked(start: str, only: str) -> Sequence[tuple[str, Ask]]:
    """The recognisers for lines that begin so, by name."""
    found = _BY_START.get((start, only))
    if found is None:
        all_of = [each for each in _recognisers() if not only or recogniser_name(each) in only.split(",")]
        chosen = [each for each in all_of if not each.STARTS or (start and start in each.STARTS)]
        found = [(recogniser_name(each), each.recognise) for each in chosen]
        if len(_BY_START) < 4096:
            _BY_START[start, only] = found
    return found


def _say(name: str, error: Exception) -> None:
    if name not in _SAID:
        _SAID.add(name)
        log(LOG_FORMAT_FAILED, format=name, reason=f"{type(error).__name__}: {str(error)[:200]}")


_SAID: set[str] = set()
