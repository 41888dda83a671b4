"""What was chosen before the command began: the store, and how the screens look, from flags, environment and files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.errors import InvalidOption
from cornerman.core.setting_keys import KEYS
from cornerman.core.setting_sources import effective, read_layers

from . import output

if TYPE_CHECKING:
    from cornerman.log_catalog import Level
    from cornerman.log_catalog.configuration import Render
    from cornerman.store.api import Store

    from .options import Options


def chosen_store(args: argparse.Namespace) -> Path:
    """The store's folder: --store, else $CORNERMAN_STORE, else the configuration's, else the user's data folder."""
    from cornerman.store.location import store_path

    if args.store is not None and not args.store.strip():  # --store "$UNSET": another store would be a surprise
        raise InvalidOption("--store names no folder.", "Name one, or leave it out for the default store.")
    return store_path(effective(read_layers({"identity.store": args.store}, on_problem=_note))["identity.store"])


def chosen_job(args: argparse.Namespace) -> str | None:
    """The name of the work: --job, else $CORNERMAN_JOB, else the configuration's."""
    named: str | None = args.job or effective(read_layers(on_problem=_note))["identity.job"]
    return named


def chosen_frames(args: argparse.Namespace) -> str | None:
    """Which frames somebody asked for: --frames, else what a setting or profile says that is not the default."""
    setting = str(effective(read_layers(on_problem=_note))["producer.frames"])
    return args.frames or (setting if setting != KEYS["producer.frames"].default else None)


def opened_store(args: argparse.Namespace, *, read_only: bool = False) -> Store:
    """The chosen store, opened. What its user should know of it (read-only, on a network, too new) is said."""
    from cornerman.store.api import open_store

    store = open_store(chosen_store(args), read_only=read_only)
    for notice in store.notices:
        output.say(f"note: {output.harmless(notice)}")
    return store


def chosen_options() -> Options:
    """How the screens look, as the settings say."""
    return options_of(effective(read_layers(on_problem=_note)))


def options_of(values: Mapping[str, Any]) -> Options:
    """How the screens look by these settings."""
    from .options import Options

    return Options(
        colour=values["view.colour"],
        ascii=values["view.ascii"],
        images=values["view.images"],
        frames_per_second=values["view.fps"],
        bytes_per_second=values["view.byte_budget"],
        every=values["view.every"],
        rendering=values["view.rendering"],
    )


def configure_logging(args: argparse.Namespace) -> None:
    """How this program logs, once, when it starts: to stderr, and into the chosen store where there is one.

    A setting that cannot be used is left to `config check`.
    """
    from cornerman.log_catalog import CatalogError, configure, parse_levels
    from cornerman.log_catalog.levels import Levels
    from cornerman.store.location import store_path

    from .own_lines import KeptLines

    said = log_settings(args)
    level = said.level
    parts: dict[str, Level] = {}
    if said.levels:  # only then is the whole catalogue read, to know the components
        from cornerman.log_catalog import list_known_components

        try:
            parts = parse_levels(said.levels, list_known_components())
        except CatalogError as error:
            output.say(f"note: log.levels is ignored: {error}")
    kept = KeptLines(store_path(said.store), Levels(level, parts))
    sinks = [] if args.command == "selftest" else [kept]  # it spoils stores on purpose
    ours: Level = "DEBUG" if level == "DEBUG" else "INFO"
    configure(ours, said.render, heard=level, levels=parts, sinks=sinks, strict=said.strict)


class LogSettings(NamedTuple):
    """What the section `log` says, and the store where lines are kept."""

    level: Level
    levels: str | None
    render: Render
    strict: bool
    store: Path | None


def log_settings(args: argparse.Namespace) -> LogSettings:
    """What the settings say of this program's own lines."""
    values = effective(read_layers({"identity.store": args.store}, on_problem=lambda _: None))
    return LogSettings(
        values["log.level"], values["log.levels"], values["log.render"], values["log.strict"], values["identity.store"]
    )


def _note(problem: InvalidOption) -> None:
    """A setting that cannot be used is said, and the next weaker source holds: it is no reason to see nothing."""
    _say_once(f"note: {problem}")


@cache
def _say_once(text: str) -> None:
    """The settings are read several times by one command."""
    output.say(text)
