"""The whole catalogue: ours, what workers are known to say, what other packages bring, what the user registered.

A look-up by code is one question to a dictionary; everything is read when the first one comes, which is never inside a
training process. Another package brings its own component by one line in its packaging,

    [project.entry-points."cornerman.log_components"]
    "sheeprl" = "sheeprl_logs.words"        # a module, or a function, that calls `component(…)` and `define(…)`

with codes from LOG5000 up, so that no release of ours ever takes them. One that is broken is said once and left out.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from . import constant as defined
from .constant import CatalogError, Component, LogConstant, Source
from .emitting import log
from .program import LOG_COMPONENT_LEFT_OUT
from .registered import registered_codes, registered_domains, unreadable, words_file

GROUP = "cornerman.log_components"
FIRST_FOREIGN = 5000
"""Codes of other packages begin here."""


def get_constant_by_code(code: str) -> LogConstant | None:
    """The constant with this code, or None for one that nobody has told us of."""
    if not _loaded:
        _load()
    return defined._CATALOG.get(code) or registered_codes().get(code)


def catalog() -> dict[str, LogConstant]:
    """Every constant by its code, in order."""
    _load()
    everything = {**registered_codes(), **defined._CATALOG}
    return dict(sorted(everything.items(), key=lambda entry: entry[1].order))


def components() -> dict[str, Component]:
    """Every component that has ranges of its own, by its name."""
    _load()
    return dict(sorted(defined._COMPONENTS.items()))


def list_known_components() -> tuple[str, ...]:
    """The names of all components, those that only the user has named among them."""
    named = {one.component for one in registered_codes().values()} | set(registered_domains().values())
    return tuple(sorted(named | set(components())))


@dataclass(frozen=True, slots=True)
class ComponentSnapshot:
    """What the catalogue says of one component: where its codes lie, and how many constants say what."""

    name: str
    source: Source
    codes: str
    """Its ranges in words; empty for a component without any."""
    constants: int
    subcomponents: Mapping[str, int]
    levels: Mapping[str, int]
    tags: Mapping[str, int]
    loggers: tuple[str, ...]
    """Names of loggers that were registered as this component's."""


def get_component_snapshot() -> dict[str, ComponentSnapshot]:
    """Every component with the counts of its constants by part, level and tag: what filters offer before any data."""
    everything = list(catalog().values())
    loggers = registered_domains()
    return {
        name: _snapshot(name, [one for one in everything if one.component == name], loggers)
        for name in list_known_components()
    }


def _snapshot(name: str, own: list[LogConstant], loggers: Mapping[str, str]) -> ComponentSnapshot:
    known = defined._COMPONENTS.get(name)
    levels = Counter(one.level for one in own)
    return ComponentSnapshot(
        name=name,
        source=known.source if known else "registered",
        codes=defined.in_words(known.ranges) if known else "",
        constants=len(own),
        subcomponents=dict(sorted(Counter(one.subcomponent for one in own).items())),
        levels={level: levels[level] for level in defined.LEVELS if level in levels},
        tags=dict(sorted(Counter(tag for one in own for tag in one.tags).items())),
        loggers=tuple(sorted(logger for logger, component in loggers.items() if component == name)),
    )


def problems() -> list[str]:
    """What is wrong with the catalogue as a whole, in sentences; what a definition does wrong fails where it stands."""
    everything, owners = catalog(), components()
    found = [f"the constants of {name} are left out: {reason}" for name, reason in _left_out.items()]
    if reason := unreadable():
        found.append(f"{words_file()} is ignored: {reason}")
    for one in everything.values():
        owner = owners.get(one.component)
        try:
            if one.source == "registered" or owner is None:
                defined.check_form(one)
            else:
                defined.check(one, owner)
        except CatalogError as error:
            found.append(str(error))
    found += [
        f"{code} is registered by you and means {defined._CATALOG[code].message!r} by now"
        for code in registered_codes()
        if code in defined._CATALOG
    ]
    return found


def _load() -> None:
    if not _loaded:
        with _loading:
            _read_everything()


def _read_everything() -> None:
    """Read every file of this folder and of `known/`: a component's file needs no other mention."""
    global _loaded, _reading
    if _loaded or _reading:  # what is said of a package that is left out may itself be looked up
        return
    from importlib.metadata import entry_points  # 10 ms, which no program pays that never looks a code up

    _reading = True
    try:
        package = __name__.rpartition(".")[0]
        for name in (package, f"{package}.known"):
            for module in sorted(iter_modules(import_module(name).__path__), key=lambda found: found.name):
                import_module(f"{name}.{module.name}")
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
            take(entry.name, entry.load)
        _loaded = True
    finally:
        _reading = False


def take(name: str, load: Callable[[], Any]) -> None:
    """Take in the components that another package defines while it is loaded: all of them, or none."""
    constants, components = dict(defined._CATALOG), dict(defined._COMPONENTS)
    try:
        found = load()
        if callable(found):
            found()
        _check_foreign(constants, components)
    except Exception as error:
        for current, before in ((defined._CATALOG, constants), (defined._COMPONENTS, components)):
            current.clear()
            current.update(before)  # type: ignore[arg-type]
        _left_out[name] = f"{type(error).__name__}: {str(error)[:200]}"
        log(LOG_COMPONENT_LEFT_OUT, package=name, reason=_left_out[name])


def _check_foreign(constants: Mapping[str, LogConstant], before: Mapping[str, Component]) -> None:
    """Another package defines nothing in a component of ours, and takes no codes that we may need."""
    for new in defined._COMPONENTS.values():
        if new.name not in before and (new.kept or any(one.start < FIRST_FOREIGN for one in new.ranges)):
            raise CatalogError(f"the codes of {new.name} must lie at LOG{FIRST_FOREIGN} or above")
    for one in defined._CATALOG.values():
        if one.code not in constants and one.component in before:
            raise CatalogError(f"{one.code} was defined in {one.component}, which is not its own")


_left_out: dict[str, str] = {}
_loading = threading.RLock()
_loaded = _reading = False
