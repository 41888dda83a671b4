"""`cornerman config paths`: every place where files are read or written, for what, and whether it is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cornerman.core.alert_rules import ALERT_RULES
from cornerman.core.dot_env import dot_env
from cornerman.core.logs.saved import saved_filters_file
from cornerman.core.redaction_rules import REDACTION
from cornerman.core.setting_sources import CONFIG_VARIABLE, user_config_file
from cornerman.log_catalog.registered import words_file
from cornerman.log_catalog.user_folders import STATE_DIR_VARIABLE
from cornerman.store.alert_file import FILE as ALERT_FILE
from cornerman.store.location import COPIES, DATABASE, JOURNAL, SPOOL
from cornerman.store.logs.database import FILE as LOG_DATABASE
from cornerman.store.network import NoLocalDisk, place_of

from ..log_memory import LogMemory
from ..output import print_json, print_table, say

READ, WRITTEN, BOTH = "read", "written", "read and written"


class Place(NamedTuple):
    """A file or a folder of ours."""

    name: str
    path: Path
    use: str
    what: str

    @property
    def there(self) -> bool:
        return self.path.exists()


def show(store: Path, as_json: bool) -> None:
    """Print all of them."""
    found = list(places(store))
    if as_json:
        print_json({one.name: {"path": str(one.path), "use": one.use, "there": one.there} for one in found})
        return
    print_table(
        ("place", "path", "use", "there", "what"),
        [(one.name, str(one.path), one.use, "yes" if one.there else "no", one.what) for one in found],
        spare=("what", "use", "there"),
    )
    where = os.environ.get(STATE_DIR_VARIABLE)
    said = f"${STATE_DIR_VARIABLE} is set" if where else "--state-dir DIR keeps all but a named store in one folder"
    say(f"Nothing else is read or written, but where you name a file, and in the system's temporary folder; {said}.")


def places(store: Path) -> Iterator[Place]:
    """Settings and what belongs to the user, then what belongs to the store."""
    yield Place("user_config", user_config_file(), BOTH, "settings; `config set` and the settings screen write it")
    if named := os.environ.get(CONFIG_VARIABLE, "").strip():
        yield Place("named_config", Path(named).expanduser(), READ, f"settings; ${CONFIG_VARIABLE} names it")
    if (file := dot_env(Path.cwd())) is not None:
        yield Place("dot_env", Path(file.path), READ, "for warnings only: nothing in it counts")
    yield Place("log_words", words_file(), BOTH, "codes and loggers that you registered")
    yield Place("redaction", REDACTION.path, BOTH, "your rules of what is hidden; `cornerman redact` writes it")
    yield Place("alerts", ALERT_RULES.path, BOTH, "your alert rules; `cornerman alerts` writes it")
    yield Place("log_filters", saved_filters_file(), BOTH, "filters of logs that you saved")
    yield Place("log_memory", LogMemory.file_of(store), BOTH, "bookmarks and the last filter, for this store")
    yield Place("store", store, BOTH, "the store, or its folder on a network")
    yield from _of_store(store)


def _of_store(store: Path) -> Iterator[Place]:
    try:
        place = place_of(store)
    except NoLocalDisk:
        return
    if place.on_network:
        yield Place("copies", store / COPIES, BOTH, "what other nodes may read")
        yield Place("local", place.local, BOTH, "the store itself, on a disk of this node")
    for name, what in (
        (DATABASE, "runs, steps, frames, schemas"),
        (JOURNAL, "steps that are not sealed yet"),
        (LOG_DATABASE, "log records"),
        (SPOOL, "log records that are on their way there"),
        (ALERT_FILE, "alerts of runs, as they began and ended"),
        ("runs", "a folder for each run: manifest and inputs"),
        ("commands", "what `cornerman run` ran, and how it ended"),
        ("launches", "programs that were launched"),
    ):
        yield Place(name, place.local / name, BOTH, what)
