"""Finding rows: which block holds them, sealed or open, and one moment's view of how far a stream has come.

A row that is sealed never changes, so it is looked up without a transaction that spans statements; what is open is read
as `store/tail.py` describes. Every statement is read to its end at once: no reader holds the write-ahead log back.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import apsw
import numpy as np

from cornerman.core import values
from cornerman.core.episodes import AutoresetMode, Open
from cornerman.core.errors import NotFound, StoreError
from cornerman.core.payloads import read
from cornerman.core.spaces import Descriptor

from .blocks import Block, SealedBlock
from .chunk_cache import ChunkCache
from .connection import connect, translated
from .seal import StreamIdentity
from .tail import Journal, Moved, OpenBlock, Part

Result = TypeVar("Result")
ATTEMPTS = 50
"""How often a question is asked again because the writer was faster. Each time, more of what it asks for is sealed."""


MAPPED = 1 << 30
"""Bytes of the database that a reader maps, which halves the time to get at a chunk. No store is read over a network
without a copy, and a file that is only ever appended to and reused is safe to map."""


class Connections:
    """A connection for each thread that reads: SQLite's are not to be shared."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self.closed = False

    def get(self) -> apsw.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            if self.closed:
                raise ValueError("this store was closed")
            connection = self._local.connection = connect(self.path)
            connection.execute(f"pragma mmap_size={MAPPED}").fetchall()
            with self._lock:
                self._all.append(connection)
        return connection

    def query(self, statement: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
        """All rows of a statement: its transaction ends here. SQLite's errors as those of `cornerman.core.errors`."""
        try:
            return self.get().execute(statement, bindings).fetchall()
        except apsw.Error:
            with translated(self.path):
                raise

    def close(self) -> None:
        self.closed = True
        with self._lock:
            for connection in self._all:
                connection.close(True)
            self._all.clear()
        self._local = threading.local()


class Shelf:
    """What all readers of one store share: connections, the journal's maps, decoded chunks and frames."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections = Connections(path)
        self.query = self.connections.query
        self.journal = Journal(path)
        self.chunks: ChunkCache[SealedBlock] = ChunkCache()
        self.frames: ChunkCache[FrameBlock] = ChunkCache()
        self.spaces: dict[str, Descriptor] = {}
        """By digest: many streams have the same."""

    def close(self) -> None:
        self.connections.close()
        self.journal.close()
        self.chunks.clear()
        self.frames.clear()


class FrameBlock:
    """The frames of one frame chunk."""

    def __init__(self, payload: bytes) -> None:
        self.first, self.frames = read(payload, "frame_chunk")
        self.nbytes = sum(map(len, self.frames))


class Totals(NamedTuple):
    """A stream's row in the store: what is sealed of it."""

    rows: int
    t: int
    sequence: int
    transitions: int
    episodes: int
    reward_sum: float
    frames: int
    bytes: int
    last_us: int
    ended_us: int | None
    open: Open
    notes: tuple[str, ...]


class View(NamedTuple):
    """One moment of a stream: what is sealed, and the open blocks that follow it without a gap."""

    totals: Totals
    blocks: tuple[OpenBlock, ...]
    parts: tuple[Part, ...]
    """The segments that hold what the store does not know yet: records, drops, or that the stream was closed."""

    @property
    def rows(self) -> int:
        return self.blocks[-1].stop if self.blocks else self.totals.rows

    @property
    def episode_count(self) -> int:
        return self.totals.episodes + sum(len(block.episodes["ended"]) for block in self.blocks)

    @property
    def after(self) -> Open:
        """The episodes under way."""
        return self.blocks[-1].advanced.after if self.blocks else self.totals.open


_TOTALS = (
    "select rows, t, sequence, transitions, episodes, reward_sum, frames, bytes, last_us, ended_us, open, notes"
    " from stream where id = ?"
)
_CHUNK = (
    "select id, first_row, rows, payload from chunk left join chunk_payload on chunk = id"
    " where stream = ? and first_row <= ? order by first_row desc limit 1"
)
_CHUNKS = (
    "select id, first_row, rows from chunk where stream = ?1 and first_row < ?3 and first_row >= coalesce("
    "(select max(first_row) from chunk where stream = ?1 and first_row <= ?2), 0) order by first_row limit 64"
)
_PAYLOAD = "select payload from chunk_payload where chunk = ?"
_FRAMES = (
    "select id, first_frame, frames from frame_chunk where stream = ? and first_frame <= ?"
    " order by first_frame desc limit 1"
)


_BY_T = (
    "select first_row, first_t, rows, id from chunk where stream = ? and first_t <= ?"
    " order by first_t desc, first_row desc limit 2"
)


_BEFORE_T = "select first_row from chunk where stream = ? and first_t < ? order by first_t desc, first_row desc limit 1"
_FROM_T = "select first_row from chunk where stream = ? and first_t >= ? order by first_t, first_row limit 1"


class StreamRows:
    """The rows of one stream. `stored` is False for one that only the journal knows."""

    def __init__(self, shelf: Shelf, identity: StreamIdentity, stored: bool = True) -> None:
        self.shelf = shelf
        self.identity: StreamIdentity = identity
        self.stored = stored
        stream = identity.stream
        self.stream_id = int(stream["id"])
        self.process = str(stream["process"])
        self.num_envs = int(stream["num_envs"])
        self.mode: AutoresetMode = stream["autoreset"]
        self.counted: tuple[int, tuple[Any, ...]] = (0, ())
        """Statistics of the chunks before a row: what `store/chunk_sums.py` need not add up again."""
        self.spaces: dict[str, Descriptor | None] = {}
        """Those that were asked for, by name: see `store/spaces.py`."""
        self._manifest: dict[str, Any] | None = None
        self._blocks: dict[tuple[Any, ...], OpenBlock] = {}

    @property
    def envs(self) -> int:
        return max(self.num_envs, 1)

    @property
    def manifest(self) -> dict[str, Any]:
        """What the recorder says of the environment. Where its frames come from is known from the first step on."""
        if self._manifest is None:
            content = self._newest_manifest()
            self.identity.stream["manifest"] = content
            manifest: dict[str, Any] = values.decode(content)
            if self.view().rows == 0:
                return manifest
            self._manifest = manifest
        return self._manifest

    @property
    def frame_envs(self) -> tuple[int, ...]:
        frames = self.manifest.get("frames") or {}
        return tuple(int(env) for env in frames.get("envs") or ())

    def _newest_manifest(self) -> bytes:
        """The journal's, while there is one, before the store's: it is written first, and needs no lock."""
        introduced = self.shelf.journal.identity(self.process, self.stream_id)
        if introduced is not None:
            return bytes(introduced.stream["manifest"])
        found = self.shelf.query("select manifest from stream where id = ?", (self.stream_id,))
        return bytes(found[0][0]) if found else bytes(self.identity.stream["manifest"])

    # --- a moment ----------------------------------------------------------------------------------------------------

    def totals(self) -> Totals:
        found = self.shelf.query(_TOTALS, (self.stream_id,))
        if found:
            numbers: tuple[Any, ...] = found[0][:-2]
            state, notes = found[0][-2:]
            return Totals._make((*numbers, Open.decode(state), tuple(json.loads(notes))))
        if self.stored:
            raise NotFound(f"The stream {self.stream_id} is no longer in the store: its run was deleted.")
        created = int(self.identity.stream["created_us"])
        return Totals(0, 0, 0, 0, 0, 0.0, 0, 0, created, None, Open.new(self.envs), ())

    def view(self) -> View:
        """How far the stream has come. The journal first, the store after it: see `store/tail.py`."""
        parts = self.shelf.journal.parts(self.process, self.stream_id)
        totals = self.totals()
        if not parts:
            return View(totals, (), ())
        pending = tuple(p for p in parts if p.end_sequence > totals.sequence or (p.closed and totals.ended_us is None))
        blocks: list[OpenBlock] = []
        at: int = totals.rows
        before: Open | OpenBlock = totals.open
        for part in parts:
            if part.stop > at:
                if part.first_row > at:
                    break  # what is missing was lost: `verify` reports it
                before = self._open_block(part, at, before)
                blocks.append(before)
                at = before.stop
        self._blocks = {key: block for key, block in self._blocks.items() if block in blocks}
        return View(totals, tuple(blocks), pending)

    def _open_block(self, part: Part, first_row: int, before: Open | OpenBlock) -> OpenBlock:
        """The block made before, where nothing was added to its segment since."""
        key = (part.mapped, part.generation, first_row, part.count)
        block = self._blocks.get(key)
        if block is None:
            block = OpenBlock(part, first_row, self.mode, before)
            self._blocks = {**self._blocks, key: block}
        return block

    def consistent(self, question: Callable[[], Result]) -> Result:
        """The answer to a question that may meet rows on their way from the journal to a chunk."""
        for attempt in range(ATTEMPTS):
            try:
                return question()
            except Moved:
                time.sleep(attempt * 0.0002)
        raise StoreError(f"The store {self.shelf.path} changes faster than it can be read.", "Try again.")

    # --- rows --------------------------------------------------------------------------------------------------------

    def block(self, row: int) -> Block:
        """The block that holds a row; NotFound where there is none."""
        sealed = self.sealed(row)
        if sealed is not None:
            return sealed
        if row >= 0:
            for block in self.view().blocks:
                if block.first_row <= row < block.stop:
                    return block
            sealed = self.sealed(row)
            if sealed is not None:
                return sealed
        raise NotFound(
            f"The stream {self.stream_id} has no row {row}.", "`cornerman show RUN` says how far it has come."
        )

    def sealed(self, row: int) -> SealedBlock | None:
        """The chunk that holds a row, None where no chunk does."""
        for number, first, rows, payload in self.shelf.query(_CHUNK, (self.stream_id, row)):
            if row < first + rows:
                return self.chunk(number, first, rows, payload)
        return None

    def chunk(self, number: int, first: int, rows: int, payload: bytes | None = None) -> SealedBlock:
        """A chunk that was found, with its payload where that was read at once; Moved where it is gone."""
        key = (self.stream_id, first, rows)
        block = self.shelf.chunks.get(key)
        if block is None:
            if payload is None:
                found = self.shelf.query(_PAYLOAD, (number,))
                if not found:
                    raise Moved  # merged with others since
                payload = bytes(found[0][0])
            block = SealedBlock(payload, self.shelf.chunks.charge)
            self.shelf.chunks.put(key, block)
        return block

    def blocks(self, first: int, stop: int) -> Iterator[Block]:
        """The blocks that hold rows of [first, stop), in order. May raise Moved between two of them."""
        at = first
        while at < stop:
            found = self.shelf.query(_CHUNKS, (self.stream_id, at, stop))
            found = [chunk for chunk in found if chunk[1] + chunk[2] > at]
            if found and first < at and found[0][1] < at:
                raise Moved  # merged since, with some that were given already
            for chunk in found:
                block = self.chunk(*chunk)
                yield block
                at = block.stop
            if not found:
                break
        if at < stop:
            view = self.view()
            if at < view.totals.rows and self.sealed(at):
                raise Moved  # sealed since the chunks were looked for
            for opened in view.blocks:
                if opened.first_row < stop and opened.stop > at:
                    yield opened

    def row_at(self, t: int) -> int:
        """The row of vector step `t`."""
        view = self.view()
        for block in reversed(view.blocks):
            if block.first_t <= t:
                return _row_in(block, t)
        for first, _, rows, number in self.shelf.query(_BY_T, (self.stream_id, t)):
            sealed = self.chunk(number, first, rows)
            if len(np.flatnonzero(sealed.step & (sealed.t == t))):
                return _row_in(sealed, t)
        raise NotFound(
            f"The stream {self.stream_id} has no step {t}.", "`cornerman show RUN` says how far it has come."
        )

    def floor_of(self, t: int) -> int:
        """A row from which on every row of `t` and later ones is found."""
        view = self.view()
        found = self.shelf.query(_BEFORE_T, (self.stream_id, t))
        rows = [row for (row,) in found] + [block.first_row for block in view.blocks if block.first_t < t]
        return max(rows, default=0)

    def ceiling_of(self, t: int) -> int:
        """A row before which every row of earlier ones than `t` is found."""
        view = self.view()
        found = self.shelf.query(_FROM_T, (self.stream_id, t))
        rows = [row for (row,) in found] + [block.first_row for block in view.blocks if block.first_t >= t]
        return min(rows, default=view.rows)

    # --- frames ------------------------------------------------------------------------------------------------------

    def frame_payload(self, number: int) -> bytes | None:
        """The payload of a frame by its number, sealed or open."""
        for chunk, first, count in self.shelf.query(_FRAMES, (self.stream_id, number)):
            if number < first + count:
                found: bytes = self._frame_block(chunk, first, count).frames[number - first]
                return found
        for block in self.view().blocks:
            payload = block.frames.get(number)
            if payload is not None:
                return payload
        return None

    def _frame_block(self, chunk: int, first: int, count: int) -> FrameBlock:
        key = (self.stream_id, first, count)
        block = self.shelf.frames.get(key)
        if block is None:
            found = self.shelf.query("select payload from frame_payload where frame_chunk = ?", (chunk,))
            if not found:
                raise Moved
            block = FrameBlock(found[0][0])
            self.shelf.frames.put(key, block)
        return block


def _row_in(block: Block, t: int) -> int:
    found = np.flatnonzero(block.step & (block.t == t))
    if not found.size:
        raise NotFound(
            f"There is no step {t}: it was dropped, left out at the source, or has not happened.",
            "`cornerman show RUN` says what became of every step.",
        )
    return block.first_row + int(found[0])


STREAMS = (
    "select s.id, s.name, s.manifest, s.num_envs, s.autoreset, s.process, s.schema, s.created_us,"
    " r.run_id, r.job, r.session, r.created_us, r.provenance from stream s join run r on r.id = s.run"
    " where r.deleted_us is null"
)


MARKS = (
    "select s.id, s.rows, s.sequence, s.ended_us, s.notes, (select sum(transitions) from ledger where stream = s.id)"
    " from stream s join run r on r.id = s.run where r.deleted_us is null"
)
"""What changes in the store whenever anything is added to a stream, or its end."""


def identity_of(row: tuple[Any, ...]) -> StreamIdentity:
    """The identity that the store has of a stream, in the words in which the journal has it."""
    names = ("id", "name", "manifest", "num_envs", "autoreset", "process", "schema", "created_us")
    return StreamIdentity(
        dict(zip(("run_id", "job", "session", "created_us", "provenance"), row[8:], strict=True)),
        dict(zip(names, row[:8], strict=True)),
    )
