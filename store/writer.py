"""The journal's writer of one stream: where records go, how segments follow one another, when they are sealed.

    step ─► segment (mapped) ─► full ─► packed and committed, by the sealer ─► reset and used again
                                  │         └─ the store is locked, full or gone: it waits in the journal (the spool)
                                  └─ no room for another segment: what comes is dropped, counted by cause, in the header

Nothing here raises into the training loop: `roll` answers with NoRoom, which the recorders count. The hot path writes
through `Cursor` alone and looks at nothing else until the segment is full.
"""

from __future__ import annotations

import contextlib
import errno
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import apsw
import numpy as np

from cornerman.core.episodes import Open
from cornerman.core.errors import StoreError, StoreFull, StoreReadOnly
from cornerman.core.layout import EXTRAS, GAP, Layout, Leaf

from .merge import merge_all
from .normalization import Snapshot, note, statistics_path
from .pack import received_in
from .seal import Deleted, StreamIdentity, end_stream, height_of, notes_path, seal_segment
from .segments import HEADER, Segment, spare_path

if TYPE_CHECKING:
    from .session import Session

IN_FLIGHT = 2
"""Segments that may wait to be sealed before the training thread looks how long the spool is."""
PRESSED_SECONDS = 0.1
"""How long the training thread waits for the sealer when the spool is too long, or there is no room otherwise."""
KEPT = 8
KEPT_BYTES = 64 << 20
"""Sealed segments kept for use again: to touch the pages of a new one first costs ten times what it costs to write."""
RETRY_SECONDS = 0.5


class NoRoom(Exception):
    """The record has nowhere to go; `cause` is a word of the ledger."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


class Cursor:
    """Where the next record goes. Slots, because the hot path reads and writes them at each step."""

    __slots__ = ("end", "memory", "offset", "sequence")

    def __init__(self) -> None:
        self.memory: Any = b""
        self.offset = self.end = 0
        self.sequence = 0


class StreamWriter:
    """Writes one stream's records, from the thread that steps the environment."""

    def __init__(self, session: Session, identity: StreamIdentity) -> None:
        self.session = session
        self.identity = identity
        self.stream_id = identity.stream_id
        self.mode = identity.stream["autoreset"]
        self.cursor = Cursor()
        self.segment: Segment | None = None
        self.layout: Layout | None = None
        self.lanes: dict[str, Any] = {}
        self.rows = self.t = 0  # before the current segment
        self.state = "recording"
        self._notes: list[str] = []
        self.statistics: Callable[[int, bool], list[Snapshot]] | None = None
        """Asked for step and whether it is the end, where wrappers around the environment normalize."""
        self._statistics: list[Snapshot] = []
        self._received = 0
        self._done: Any = np.zeros(identity.width, np.bool_)
        self._open: Open | None = None
        self._waiting: deque[Segment] = deque()
        self._waiting_since = 0.0
        self._free: list[Segment] = []
        self._number = 0
        self._lock = threading.RLock()
        self._no_room: tuple[float, str] | None = None
        self._extras_at = 0
        self._drops: list[Any] = [0, 0, 0, "", False]  # transitions, steps, records, cause, delivered

    @property
    def index(self) -> int:
        """How many records the current segment has."""
        return 0 if self.layout is None else (self.cursor.offset - HEADER) // self.layout.head.size

    def note(self, text: str) -> None:
        """Keep a remark on the stream where a kill cannot lose it; the store gets it with the next chunk."""
        self._notes.append(text)
        with contextlib.suppress(OSError):
            path = notes_path(self.session.folder(), self.stream_id)
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps(self._notes))
            fresh.replace(path)

    def note_statistics(self, t: int | None = None, *, last: bool = False) -> None:
        """Keep what the normalizing wrappers know, where a kill cannot lose it; a seal brings it to the store."""
        if self.statistics is None:
            return
        at: int = self._t_now() if t is None else t
        if fresh := self.statistics(at, last):
            with self._lock:  # what came with a segment before the oldest that waits is in the store
                since = self._waiting[0].first_t if self._waiting else self.t
            with contextlib.suppress(OSError):
                path = statistics_path(self.session.folder(), self.stream_id)
                self._statistics = note(path, self._statistics, fresh, since)

    def newest_t(self) -> int:
        """The newest vector step that there is a row of, or was one before it was lost; -1 before the first."""
        return self._t_now() - 1

    def _t_now(self) -> int:
        """Calls of step so far, those in the open segment too."""
        steps = received_in(self.segment, self.index, self.mode, self._done)[0] if self.segment else 0
        return int(self.t + steps)

    def done(self) -> Any:
        """Which sub-environments the newest record found at an end."""
        if self.segment is None or not self.index:
            return self._done
        return received_in(self.segment, self.index, self.mode, self._done)[2]

    # --- records -----------------------------------------------------------------------------------------------------

    def begin(self, layout: Layout) -> None:
        """Start writing records of `layout`: at the beginning, or because the values changed their form."""
        if self.segment is not None:
            self._hand_over()
        self.layout = layout
        self._forget_free()
        self._use(self._obtain())

    def roll(self, after_gap: bool = False) -> None:
        """The segment is full, or ended by drops: seal it and go on in another; NoRoom where there is none.

        After drops only the general way may go on: the next record has to say that there is a gap before it.

        Until another is had the full segment stays, and carries the count of what is dropped.
        """
        if self.layout is None or self.state != "recording":
            raise NoRoom("after delete" if self.state == "deleted" else "fault")
        if self._drops[2] and not self._drops[4] and not after_gap:
            raise NoRoom(self._drops[3])
        if self._no_room and time.monotonic() - self._no_room[0] < RETRY_SECONDS:
            raise NoRoom(self._no_room[1])
        fresh = self._obtain()
        if self.segment is not None:
            self._hand_over()
        self._use(fresh)

    def append(self, values: dict[str, Any], flags: int, extras: bytes = b"", frames: tuple[int, ...] = ()) -> None:
        """Write one record outside the hot path; NoRoom where it cannot be kept. Durable when this returns."""
        cursor = self.cursor
        needed = len(extras) + 32
        if self.segment is None or cursor.offset >= cursor.end:
            self.roll(after_gap=bool(flags & GAP))
        assert self.layout is not None
        assert self.segment is not None
        if extras and self._extras_at + needed > len(self.segment.memory):
            self._grow(needed)
        self._write(values, flags, extras, frames)

    def _write(self, values: dict[str, Any], flags: int, extras: bytes, frames: tuple[int, ...]) -> None:
        cursor, layout, segment = self.cursor, self.layout, self.segment
        assert layout is not None
        assert segment is not None
        if extras:
            self._write_extras(extras)
            flags |= EXTRAS
        for leaf in layout.lanes:
            if leaf.column in values:
                self.lanes[leaf.column][self.index] = values[leaf.column]
        packed = [_packable(leaf, values.get(leaf.column)) for leaf in layout.packed]
        numbers = (frames + (-1,) * layout.frames)[: layout.frames]
        layout.head.pack_into(
            cursor.memory, cursor.offset, cursor.sequence, time.time(), flags, *packed, *numbers, cursor.sequence
        )
        if not segment.mapped:
            self.write_through()
        cursor.sequence += 1
        cursor.offset += layout.head.size

    def write_through(self) -> None:
        """Where the segment could not be mapped: lanes first, the head last; OSError when the disk is full."""
        cursor, layout, segment = self.cursor, self.layout, self.segment
        assert layout is not None
        assert segment is not None
        for leaf in layout.lanes:
            at = HEADER + layout.lane_offsets[leaf.column] + self.index * leaf.nbytes
            segment.write_through(at, at + leaf.nbytes)
        segment.write_through(cursor.offset, cursor.offset + layout.head.size)

    def put_extras(self, extras: bytes) -> int:
        """Write the extras of the record that comes next, for the compiled functions; the flag that says so.

        NoRoom where they do not fit the segment: the general way makes room.
        """
        if self.segment is None or self._extras_at + len(extras) + 32 > len(self.segment.memory):
            raise NoRoom("journal full")
        self._write_extras(extras)
        return EXTRAS

    def _write_extras(self, extras: bytes) -> None:
        segment, sequence, at = self.segment, self.cursor.sequence, self._extras_at
        assert segment is not None
        word = sequence.to_bytes(8, "little")
        end = at + 16 + len(extras)
        segment.memory[at + 8 : at + 16] = len(extras).to_bytes(8, "little")
        segment.memory[at + 16 : end] = extras
        segment.memory[end : end + 8] = word
        segment.memory[at : at + 8] = word
        segment.write_through(at, end + 8)
        self._extras_at = -(-(end + 8) // 8) * 8

    def drop(self, transitions: int, steps: int, cause: str, records: int = 1) -> None:
        """Count what could not be kept, where a kill cannot lose the count."""
        self.cursor.sequence += records
        if self._drops[4]:
            self._drops = [0, 0, 0, "", False]
        drops = self._drops
        drops[0], drops[1], drops[2] = drops[0] + transitions, drops[1] + steps, drops[2] + records
        drops[3] = drops[3] or cause  # one cause a segment: an outage that changes its reason keeps the first
        # the segment takes no more records: what follows a gap begins another one
        self.cursor.end = self.cursor.offset
        if self.segment is not None:
            self.segment.set_dropped(drops[0], drops[1], drops[2], drops[3])

    # --- segments ----------------------------------------------------------------------------------------------------

    def _obtain(self) -> Segment:
        """A segment to go on in; NoRoom where none can be had."""
        assert self.layout is not None
        self.reap()
        cause = self.session.no_room()
        if cause and self._waiting:  # what waits takes the room: rather than lose steps, wait for it or help
            self.drain(self.session.inline, PRESSED_SECONDS)
            cause = self.session.no_room(again=True)
        if cause:
            self._refuse(cause)
        with self._lock:
            if self._free:
                return self._free.pop()
        try:
            return self._create(self.layout)
        except OSError as error:
            self._refuse(cause_of(error))
        raise AssertionError

    def _create(self, layout: Layout) -> Segment:
        self._number += 1
        folder = self.session.folder()
        manifest = folder / f"{self.stream_id}.stream"
        if not manifest.exists():
            manifest.write_bytes(self.identity.encode())
        path = folder / f"{self.stream_id}.{self._number}.seg"
        return Segment.adopt(spare_path(folder, self.stream_id), path, layout) or Segment.create(path, layout)

    def _refuse(self, cause: str) -> None:
        self._no_room = (time.monotonic(), cause)
        raise NoRoom(cause)

    def _use(self, segment: Segment) -> None:
        """Write the next record into this segment."""
        if self._drops[2] and self.segment is None and not self._drops[4]:
            segment = self._deliver_drops(segment)
        segment.begin(self.rows, self.t, self.cursor.sequence, self._received)
        layout = segment.layout
        cursor = self.cursor
        cursor.memory = segment.memory
        cursor.offset = HEADER
        cursor.end = HEADER + layout.rows * layout.head.size
        self.lanes.clear()  # the same dictionary: the compiled step looks into it
        self.lanes.update((leaf.column, segment.lane(leaf.column)) for leaf in layout.lanes)
        self._extras_at = HEADER + layout.extras_offset
        self._no_room = None
        self._drops = [0, 0, 0, "", False]
        self.layout = layout
        self.segment = segment

    def _deliver_drops(self, segment: Segment) -> Segment:
        """What was dropped before there was any segment: one without records carries the count to the ledger."""
        transitions, steps, records, cause, _ = self._drops
        segment.begin(self.rows, self.t, self.cursor.sequence - records, self._received)
        segment.set_dropped(transitions, steps, records, cause)
        self.t += steps
        self._received += transitions
        self._drops[4] = True
        self._leave(segment, 0)
        return self._create(segment.layout)

    def _grow(self, needed: int) -> None:
        """The extras are full: go on in a segment with more room for them."""
        assert self.layout is not None
        if self.index < self.layout.rows // 2 or needed > self.layout.extras_bytes:
            larger = min(max(self.layout.extras_bytes * 2, 1 << 20), 1 << 24)
            layout = self.layout.resized(extras_bytes=max(larger, needed + 4096))
            self.begin(layout)
            # one huge record has a segment of its own size; the ones after it are ordinary again
            if needed > 1 << 24:
                self.layout = layout.resized(extras_bytes=1 << 20)
        else:
            self.roll()

    def _forget_free(self) -> None:
        with self._lock:
            for segment in self._free:
                segment.remove()
            self._free.clear()
        with contextlib.suppress(OSError):
            spare_path(self.session.folder(), self.stream_id).unlink(missing_ok=True)

    # --- sealing -----------------------------------------------------------------------------------------------------

    def _hand_over(self, seal: bool = True) -> None:
        """The current segment goes to be sealed: by the sealer, or here and now where there is none."""
        segment, records = self.segment, self.index
        assert segment is not None
        steps, transitions, done = received_in(segment, records, self.mode, self._done)
        # the step that finds it full has been taken already, unless this is the end
        self.note_statistics(max(self.t + steps + self._drops[1] - segment.closed, 0), last=segment.closed)
        self.rows, self.t = self.rows + records, self.t + steps + self._drops[1]
        self._received, self._done = self._received + transitions + self._drops[0], done
        self.segment = None
        self._drops[4] = True
        self.cursor.end = self.cursor.offset
        self._leave(segment, records)
        if not seal:
            return
        if not self.session.sealing_process.usable:
            self.drain(self.session.inline)
            return
        self.session.watch(self)
        if len(self._waiting) > IN_FLIGHT and self.session.spool_is_long():
            self.drain(self.session.inline, PRESSED_SECONDS)  # it cannot keep up: wait, rather than fill the disk

    def _leave(self, segment: Segment, records: int) -> None:
        """From here on the segment belongs to whoever seals it."""
        with self._lock:
            if not self._waiting:
                self._waiting_since = time.monotonic()
            self._waiting.append(segment)
        segment.set_full(records)

    def reap(self) -> bool:
        """Take back the segments that the sealer is done with; whether none is left with it. Safe from any thread."""
        with self._lock:
            while self._waiting and self._waiting[0].sealed:
                segment = self._waiting.popleft()
                self._waiting_since = time.monotonic()
                if segment.refused:
                    self.state = "deleted"
                self._recycle(segment)
                self.session.sealed()
            return not self._waiting

    @property
    def waits(self) -> float:
        """For how many seconds nothing was sealed although something waits."""
        return time.monotonic() - self._waiting_since if self._waiting else 0.0

    @property
    def orphaned(self) -> bool:
        """Whether what waits has lost its file, with the store: no other process can find it."""
        with self._lock:
            return bool(self._waiting) and not self._waiting[0].path.exists()

    def drain(self, connect: Callable[[], apsw.Connection], patience: float = 0.0) -> bool:
        """Seal what waits, oldest first; False where the store does not take it now. Safe from any thread.

        `patience`: how many seconds to wait for the sealer to be done with this process's streams.
        """
        with self.session.sealing(patience) as ours:
            if not ours:
                return self.reap()
            while not self.reap():
                if not self._seal(connect, self._waiting[0]):
                    self.session.watch(self)
                    return False
        return True

    def _seal(self, connect: Callable[[], apsw.Connection], segment: Segment) -> bool:
        try:
            self._open = seal_segment(connect(), self.identity, segment, self._open).after
            segment.set_sealed()
            return True
        except Deleted:
            segment.set_sealed(refused=True)
            return True
        except Exception as error:  # whatever it is, the segment stays in the journal: readable, recoverable
            self.session.refused(error)
            return False

    def _recycle(self, segment: Segment) -> None:
        room = max(2, KEPT_BYTES // len(segment.memory))
        ordinary = segment.layout is self.layout and not segment.closed
        if ordinary and len(self._free) < min(KEPT, room) and self.state == "recording":
            self._free.append(segment)
        else:
            segment.remove()

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self, wait_ms: int = 5000) -> bool:
        """Seal everything and end the stream; False where the store does not take it: the journal keeps it."""
        if self.state == "closed":
            return True
        if self.layout is None:
            return self._end_unbegun()
        deleted = self.state == "deleted"
        if self.segment is None and not deleted:
            self._reopen()
        if self.segment is not None:
            self.segment.set_closed()
            self._hand_over(seal=False)
        self.state = "deleted" if deleted else "closed"
        done = self._drain_patiently(wait_ms)
        if not deleted:
            self.session.say_mismatches([self.stream_id], self.session.patient)
        self._forget_free()
        if done:
            self._merge()
            self.session.forget(self)
        return done

    def _merge(self) -> None:
        """Small chunks become fewer, where no sealer saw to it while they came. The loop is over: there is time."""
        if self.session.sealing_process.usable or self.layout is None:
            return
        with contextlib.suppress(Exception):  # whatever it is, they stay as they are
            merge_all(self.session.patient(), self.stream_id, height_of(self.identity, self.layout))

    def _end_unbegun(self) -> bool:
        """There was no step: nothing to seal, only the stream's end to say."""
        self.state = "closed"
        try:
            end_stream(self.session.patient(), self.stream_id)
        except (apsw.Error, StoreError, OSError) as error:
            self.session.refused(error)
            return False
        self.session.forget(self)
        return True

    def _reopen(self) -> None:
        """Nothing is open: an empty segment, the smallest there is, says that the stream ended and what was dropped."""
        assert self.layout is not None
        try:
            self._use(self._create(self.layout.resized(rows=1, extras_bytes=4096)))
        except (OSError, NoRoom):
            pass  # not even that: the end of the stream stays unsaid

    def _drain_patiently(self, wait_ms: int) -> bool:
        deadline = time.monotonic() + wait_ms / 1000
        while not self.drain(self.session.patient, wait_ms / 1000):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def abandon(self) -> None:
        """In a forked child: the parent's journal is not ours. Nothing is written, closed or unlinked."""
        self.state = "abandoned"
        self.segment = None
        self.cursor.end = self.cursor.offset
        self._waiting = deque()
        self._free = []
        self._lock = threading.RLock()


def _packable(leaf: Leaf, value: Any) -> Any:
    """What `struct` packs for this value; zeros where the row has none."""
    if leaf.scalar:
        return (0.0 if leaf.scalar == "float" else 0) if value is None else value
    if value is None:
        return bytes(leaf.nbytes)
    return value.tobytes()


def cause_of(error: BaseException) -> str:
    """The word of the ledger for a failure to write."""
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return "disk full"
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            return "store read-only"
        return "store deleted" if error.errno == errno.ENOENT else "fault"
    if isinstance(error, StoreFull):
        return "disk full"
    return "store read-only" if isinstance(error, StoreReadOnly) else "fault"
