"""Looks after the alerts of a run of `cornerman run`, so that the alert file is written with no screen open."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cornerman.core.errors import CornermanError

if TYPE_CHECKING:
    from cornerman.store.alert_file import AlertFile
    from cornerman.store.api import Store

LOOK_SECONDS: Final = 5.0


class AlertWatch:
    """A thread that looks now and then, and once at the end. Whatever is wrong with the store, the command goes on."""

    def __init__(self, store: Path, run_id: str) -> None:
        self._path, self._run_id = store, run_id
        self._store: Store | None = None
        self._file: AlertFile | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cornerman alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Have it look once more, if that can be had in the time."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        long = False
        while not self._ending.wait(LOOK_SECONDS):
            long = True
            self._look()
        if long:  # what is over sooner is looked at by whoever asks
            self._look()
        if self._store is not None:
            self._store.close()

    def _look(self) -> None:
        from cornerman.store.alert_file import AlertFile
        from cornerman.store.api import open_store

        with contextlib.suppress(CornermanError, OSError):
            self._store = self._store or open_store(self._path, read_only=True)
            self._file = self._file or AlertFile(self._store.path)
            self._file.look([self._store.run(self._run_id).summary()])
