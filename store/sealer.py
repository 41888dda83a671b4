"""The process that seals: it packs what all who record into a store on this host write, and leaves when they have left.

    python -m cornerman.store.sealer STORE        started by whoever needs it (`sealing_process`)

It looks at the journal a hundred times a second while segments come, less often when none do: a segment whose header
says `full` is packed, committed and marked `sealed`, and its writer uses it again. When a recording process is gone,
what it left is recovered. It may be killed at any moment: nothing that matters is in its memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import apsw

from cornerman.core.episodes import Open
from cornerman.core.errors import StoreError
from cornerman.core.logs.own_lines import OwnLines
from cornerman.log_catalog.emitting import set_sink

from .liveness import Neighbour, lock_byte
from .location import JOURNAL, SEALER
from .logs import open_writer
from .merge import merge_newest
from .recovery import recover
from .seal import Deleted, StreamIdentity, height_of, seal_segment
from .segments import NotASegment, Segment, segment_paths, spare_path
from .write_connection import WriteConnection

PAUSES = ((1, 0.01), (30, 0.1), (float("inf"), 0.5))
"""How long it sleeps between two looks, by the seconds since there was something to seal."""
LINGER_SECONDS = 1.0
"""It leaves when nobody has recorded for so long."""
RETRY_SECONDS = 0.5
BUSY_MS = 500
DEBUG = 10


class Sealer:
    """Seals for every process that records into the store at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        """Why the store did not take the last segment, or ''."""
        self._connection = WriteConnection(path)
        self._neighbours: dict[str, Neighbour] = {}
        self._segments: dict[Path, Segment] = {}
        self._identities: dict[int, StreamIdentity] = {}
        self._open: dict[int, Open] = {}
        self._retry = 0.0

    def turn(self) -> int:
        """Seal what is full now, one segment of a stream after the other; how many segments that was."""
        if time.monotonic() < self._retry:
            return 0
        sealed = 0
        self._meet()
        for neighbour in list(self._neighbours.values()):
            for segments in self._streams(neighbour.folder):
                if not neighbour.take_sealing():
                    break  # the process seals by itself at this moment
                try:
                    sealed += self._seal_all(neighbour.folder, segments)
                finally:
                    neighbour.give_sealing()
        return sealed

    @property
    def needed(self) -> bool:
        """Whether anybody records here."""
        return bool(self._neighbours)

    def close(self) -> None:
        self._connection.close()

    def _meet(self) -> None:
        """Learn who records now; bring in what the dead have left."""
        try:
            names = {entry.name for entry in os.scandir(self.path / JOURNAL) if entry.is_dir()}
        except OSError:
            names = set()
        for name in names - self._neighbours.keys():
            with contextlib.suppress(OSError):  # it is just leaving
                self._neighbours[name] = Neighbour(self.path, name)
        gone = [name for name, neighbour in self._neighbours.items() if name not in names or not neighbour.alive]
        for name in gone:
            self._neighbours.pop(name).close()
        if gone:
            self._forget()
            with contextlib.suppress(StoreError, apsw.Error, OSError):
                recover(self.path)

    def _forget(self) -> None:
        """Let go of what belongs to processes that are no longer there."""
        for path in [path for path in self._segments if path.parent.name not in self._neighbours]:
            self._segments.pop(path).close()
        self._identities.clear()
        self._open.clear()

    def _streams(self, folder: Path) -> list[list[Segment]]:
        """The segments of each of a process's streams where there is something to do, as they were written."""
        streams: dict[int, list[Segment]] = {}
        paths = segment_paths(folder)
        for path in paths:
            segment = self._segments.get(path) or self._opened(path)
            if segment is not None:
                streams.setdefault(segment.stream_id, []).append(segment)
        for path in [path for path in self._segments.keys() - set(paths) if path.parent == folder]:
            self._segments.pop(path).close()
        for segments in streams.values():
            segments.sort(key=lambda segment: (segment.first_sequence, segment.generation))
        return [found for found in streams.values() if found[-1].half_full or any(one.waiting for one in found)]

    def _provide(self, folder: Path, segments: list[Segment]) -> None:
        """Make the next segment before it is needed: to allocate it would stall the training for milliseconds."""
        newest = segments[-1]
        spare = spare_path(folder, newest.stream_id)
        if any(segment.free for segment in segments) or spare.exists():
            return
        being_made = spare.with_suffix(".spare_new")
        with contextlib.suppress(OSError):  # no room: the writer will find that out, and count
            being_made.unlink(missing_ok=True)
            made = Segment.create(being_made, newest.layout)
            made.populate()
            if made.mapped:
                being_made.rename(spare)
            else:
                being_made.unlink()
            made.close()

    def _opened(self, path: Path) -> Segment | None:
        with contextlib.suppress(NotASegment, OSError):  # it is being made, or has gone
            self._segments[path] = Segment.open(path, sealing=True)
        return self._segments.get(path)

    def _seal_all(self, folder: Path, segments: list[Segment]) -> int:
        """Seal those of a stream's segments that wait, until one is refused; how many the store has now.

        The next segment is provided before each: to seal a wide one takes longer than to fill another.
        """
        done = 0
        self._provide(folder, segments)
        for segment in [segment for segment in segments if segment.waiting]:
            if segment.sealed:  # by its own process, between our look and our lock
                continue
            if done:
                self._provide(folder, segments)
            try:
                self._seal(folder, segment)
            except Exception as error:  # whatever it is, the segment stays in the journal: readable, recoverable
                self._refused(error)
                break
            done += 1
        if done:
            self._merge(segments[-1])
        return done

    def _seal(self, folder: Path, segment: Segment) -> None:
        stream = segment.stream_id
        if stream not in self._identities:
            self._identities[stream] = StreamIdentity.decode((folder / f"{stream}.stream").read_bytes())
        connection = self._connection.open(BUSY_MS)
        try:
            self._open[stream] = seal_segment(
                connection, self._identities[stream], segment, self._open.get(stream)
            ).after
        except Deleted:
            segment.set_sealed(refused=True)
            return
        segment.set_sealed()
        self.trouble = ""
        if self._connection.wants_checkpoint:
            with contextlib.suppress(apsw.Error):
                self._connection.checkpoint()

    def _merge(self, newest: Segment) -> None:
        """Small chunks become one."""
        stream = newest.stream_id
        with contextlib.suppress(Exception):  # whatever it is, they stay as they are
            merge_newest(self._connection.open(BUSY_MS), stream, height_of(self._identities[stream], newest.layout))

    def _refused(self, error: Exception) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        self._retry = time.monotonic() + RETRY_SECONDS


def main(store: str) -> None:
    """Seal until nobody records. Does nothing where the store has a sealer already."""
    path = Path(store)
    descriptor = _claimed(path)
    if descriptor is None:
        return
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(5)
    own = OwnLines(lambda: open_writer(path))  # nobody reads its stderr
    set_sink(lambda constant, fields: own(constant, fields) if constant.severity > DEBUG else None)
    sealer = Sealer(path)
    said, sealed_at, needed_at = "", time.monotonic(), time.monotonic()
    while _still_there(path, descriptor):
        started = time.monotonic()
        sealed = sealer.turn()
        if sealer.trouble != said:
            said = sealer.trouble
            _say(descriptor, said)
        now = time.monotonic()
        sealed_at, needed_at = (now if sealed else sealed_at), (now if sealer.needed else needed_at)
        if now - needed_at > LINGER_SECONDS:
            break
        if not sealed:
            pause = next(pause for idle, pause in PAUSES if now - sealed_at < idle)
            time.sleep(max(pause, min(10 * (now - started), 0.5)))
    sealer.close()
    own.close()


def _claimed(path: Path) -> int | None:
    """Become the store's sealer; None where there is one, or no place to say so."""
    try:
        descriptor = os.open(path / SEALER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return None
    if not lock_byte(descriptor):
        os.close(descriptor)
        return None
    _say(descriptor, "")
    return descriptor


def _say(descriptor: int, trouble: str) -> None:
    """Process id and trouble, for those who wait."""
    text = f"{os.getpid()}\n{trouble}".encode()
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))


def _still_there(path: Path, descriptor: int) -> bool:
    """Whether the store is still the one that was claimed: somebody may have deleted it."""
    try:
        return os.stat(path / SEALER).st_ino == os.fstat(descriptor).st_ino
    except OSError:
        return False


if __name__ == "__main__":
    main(sys.argv[1])
