"""A network folder as one reader of a store sees it: brought up to date at most once a second, and never in its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from cornerman.core.errors import StoreError, StoreNotFound

from .filesystem import filesystem_of
from .location import DATABASE
from .network import NoLocalDisk, Place, Query, notices, place_of, run_notes

if TYPE_CHECKING:
    from .logs.copied import Copied
    from .logs.replica import LogReplica

REFRESH_SECONDS = 1.0


class NetworkView:
    """What `open_store` needs to know of a folder that may be on a network; does nothing where it is not.

    A folder in which only an older database lies is read there, without its log, and nothing is made beside it.
    """

    def __init__(self, named: Path) -> None:
        self._lock = threading.Lock()
        self._next = 0.0
        self.trouble = ""
        self.immutable = False
        self._logs: LogReplica | None = None
        self._copied_logs: list[Copied] = []
        self.place = _place(named)
        if not self.place.on_network:
            return
        from .replica import has_copies

        if not (self.place.local / DATABASE).exists() and not has_copies(self.place):
            if not self.place.older:
                raise StoreNotFound(named)
            self._read_where_it_is()
            return
        self.refresh()
        if not (self.place.local / DATABASE).exists():
            raise StoreError(f"The copies in {named} cannot be brought to this node: {self.trouble}.", "")

    @property
    def path(self) -> Path:
        """The folder whose database is opened."""
        return self.place.named if self.immutable else self.place.local

    def refresh(self) -> None:
        """Bring in what other nodes copied since; never raises, and one thread at a time does it."""
        if not self.place.on_network or self.immutable or time.monotonic() < self._next:
            return
        if not self._lock.acquire(blocking=False):
            return
        from .replica import refresh

        try:
            refresh(self.place)
            self._refresh_logs()
            self.trouble = ""
        except (OSError, apsw.Error, StoreError, ValueError, KeyError) as error:
            self.trouble = f"{type(error).__name__}: {error}"
        finally:
            self._next = time.monotonic() + REFRESH_SECONDS
            self._lock.release()

    def _refresh_logs(self) -> None:
        from .logs.copied import copied

        if self._logs is None:
            from .logs.replica import LogReplica

            self._logs = LogReplica(self.place)
        self._logs.refresh()
        self._copied_logs = copied(self.place)

    def copy_the_rest(self) -> None:
        """Carry to the network folder what killed processes of this node did not get to."""
        if self.place.on_network and not self.immutable:
            from .copier import copy_the_rest

            copy_the_rest(self.place)

    def notices(self, query: Query) -> tuple[str, ...]:
        if not self.place.on_network:
            return ()
        if self.immutable:
            kind = filesystem_of(self.place.named).type
            return (
                f"{self.place.named} is on a network ({kind}) and its database was made there: it is read as it is,"
                " without its log, and not changed. What is recorded from now on goes beside it.",
            )
        said = notices(self.place, query) + self._log_notices()
        return (*said, f"What other nodes added cannot be read now: {self.trouble}.") if self.trouble else said

    def _log_notices(self) -> tuple[str, ...]:
        if not self._copied_logs:
            return ()
        from .logs.copied import notices

        return notices(self._copied_logs)

    def problems(self) -> Iterator[str]:
        """What is wrong with the copies of log records."""
        if self.place.on_network and not self.immutable:
            from .logs.copied import problems

            yield from problems(self.place)

    def run_notes(self, query: Query, streams: Iterable[int]) -> tuple[str, ...]:
        return () if self.immutable else run_notes(self.place, query, streams)

    def _read_where_it_is(self) -> None:
        self.immutable = True


def _place(named: Path) -> Place:
    """Without a local disk an older database can still be read."""
    try:
        return place_of(named)
    except NoLocalDisk:
        if not (named / DATABASE).exists():
            raise
        return Place(named, named, filesystem_of(named))
