"""What the Logs screen remembers of one store for one user: the filter last chosen, and the bookmarks.

One small file a store in the user's state folder, replaced as a whole. It is nobody's data: where it cannot be read it
is put aside, and where it cannot be written the screen goes on without.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from cornerman.log_catalog.user_folders import state_folder


class Bookmark(NamedTuple):
    """A marked record. Ids are never used again, so it never comes to mean another one."""

    id: int
    time_us: int
    words: str = ""
    """What it said, for the list and for when it has been removed."""


class LogMemory:
    """Remembers for one store."""

    def __init__(self, store: Path | str | None, folder: Path | None = None) -> None:
        self.filter = ""
        self.bookmarks: dict[int, Bookmark] = {}
        self.problem = ""
        """Why nothing is remembered."""
        self._store = str(store or "")
        self._path = self.file_of(store, folder) if store else None
        self._read()

    @staticmethod
    def file_of(store: Path | str, folder: Path | None = None) -> Path:
        """Where what belongs to a store is kept. It need not exist."""
        digest = hashlib.sha256(str(store).encode(errors="surrogateescape")).hexdigest()[:16]
        return (folder or state_folder()) / "logs" / f"{digest}.json"

    def toggle(self, mark: Bookmark) -> bool:
        """Set or remove a bookmark; whether it is set now."""
        if self.bookmarks.pop(mark.id, None) is None:
            self.bookmarks[mark.id] = mark
        self.bookmarks = dict(sorted(self.bookmarks.items()))
        self._write()
        return mark.id in self.bookmarks

    def remember_filter(self, text: str) -> None:
        if text != self.filter:
            self.filter = text
            self._write()

    def beside(self, id: int, by: int) -> Bookmark | None:
        """The next bookmark after an id, or the one before it."""
        others = [mark for other, mark in self.bookmarks.items() if (other > id if by > 0 else other < id)]
        return (others[0] if by > 0 else others[-1]) if others else None

    def _read(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self.filter = str(kept["filter"])
            marks = [Bookmark(int(id), int(time_us), str(words)) for id, time_us, words in kept["bookmarks"]]
            self.bookmarks = {mark.id: mark for mark in sorted(marks)}
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._put_aside(error)

    def _put_aside(self, error: Exception) -> None:
        self.filter, self.bookmarks = "", {}
        assert self._path is not None
        aside = self._path.with_suffix(".damaged")
        self.problem = f"bookmarks could not be read ({type(error).__name__}); they are in {aside}"
        try:
            self._path.replace(aside)
        except OSError:
            self.problem = f"bookmarks cannot be read: {self._path}"

    def _write(self) -> None:
        if self._path is None:
            return
        kept: dict[str, Any] = {
            "version": 1, "store": self._store, "filter": self.filter,
            "bookmarks": [list(mark) for mark in self.bookmarks.values()],
        }  # fmt: skip
        beside = self._path.with_suffix(f".{os.getpid()}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_text(json.dumps(kept), encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            self.problem = f"bookmarks are not kept: {error.strerror or error}"
