"""The other side of the log copies: what other nodes' programs said, brought into this node's `logs.db`.

Records keep their order and get ids of ours, so everything that is asked of the records here is answered for all nodes
alike. A sealed block is put in as it is; what comes in smaller pieces is merged as our own records are. The place up to
which a file was read, and the last id that is here of its origin, move in the same transaction: nothing comes twice,
however often it is sent, and a kill loses nothing.

    their id + shift = our id          `replica_ids` has from which of their ids on which shift holds
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import numpy as np

from cornerman.core.errors import PayloadError

from .. import commands, run_folder
from ..copies import LOGS, Row, numbered, read_rows
from ..liveness import seen_elsewhere
from ..network import Place
from .block import Packed, Rows
from .blocks import Tail, append_block, append_rows, tail_of, unpacked
from .copier import BLOCK_FIELDS, deleted_runs
from .database import create_logs, fetch, meta, writing
from .grams import Sets
from .kinds import COLUMNS
from .removal import remove_records
from .writer import retention

BATCH_BYTES = 8 << 20
"""Of a file that one transaction takes."""


class Known(NamedTuple):
    """How far an origin's files were read: a row of `replica`."""

    host: str = ""
    number: int = 0
    offset: int = 0
    last_id: int = 0
    missing: int = 0
    time_us: int = 0
    copied_us: int = 0


class LogReplica:
    """Reads what other nodes left in a network folder. For one thread at a time."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._places: dict[str, tuple[int, int]] = {}
        """Where to look for more, by origin: another process may have read further."""
        self._own = ""
        self._retention = retention(place.local)

    def refresh(self) -> bool:
        """Bring in what is new; whether there was anything. Errors come as they are: what was committed stays."""
        found = False
        for folder in folders(self.place.copies):
            origin = folder.name.removesuffix(LOGS).rpartition("-")[2]
            if origin != self._own and self._has_more(origin, folder):
                found = self._bring(origin, folder) or found
        if found:
            self._retention.turn()
        return found

    def _has_more(self, origin: str, folder: Path) -> bool:
        number, offset = self._places.get(origin, (0, 0))
        return any(_more(path, offset if at == number else 0) for at, path in _files(folder, number))

    def _bring(self, origin: str, folder: Path) -> bool:
        self.place.local.mkdir(parents=True, exist_ok=True)  # lines may come before anything was recorded here
        connection = create_logs(self.place.local, busy_ms=500)
        try:
            own = fetch(connection, "select value from log_meta where key = 'origin'")
            self._own = str(own[0][0]) if own else ""
            if origin == self._own:
                return False
            bringing = _Bringing(connection, self.place.local, origin)
            found = bringing.run(folder)
            self._places[origin] = bringing.known.number, bringing.known.offset
            with contextlib.suppress(apsw.Error):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            return found
        finally:
            connection.close()


class _Bringing:
    """One origin's files into the database."""

    def __init__(self, connection: apsw.Connection, path: Path, origin: str) -> None:
        self.connection, self.path, self.origin = connection, path, origin
        self.known = self._known()
        self._deleted = deleted_runs(path)
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._generation = -1
        self._tail: Tail | None = None

    def run(self, folder: Path) -> bool:
        found = False
        for number, path in _files(folder, self.known.number):
            with contextlib.suppress(FileNotFoundError):  # removed by who wrote it: all that was in it is gone
                while batch := self._batch(number, path):
                    found = True
                    self._take(number, batch)
        return found

    def _known(self) -> Known:
        asked = f"select {', '.join(Known._fields)} from replica where origin = ?"
        found = fetch(self.connection, asked, (self.origin,))
        return Known(*found[0]) if found else Known()

    def _batch(self, number: int, path: Path) -> list[tuple[Row, int]]:
        """The next rows of a file: as many as one transaction takes, or one that says what is gone."""
        begin = self.known.offset if number == self.known.number else 0
        batch: list[tuple[Row, int]] = []
        for row, end in read_rows(path, begin):
            if row["kind"] == "gone" and batch:
                break
            batch.append((row, end))
            if row["kind"] == "gone" or end - begin > BATCH_BYTES:
                break
        return batch

    def _take(self, number: int, batch: list[tuple[Row, int]]) -> None:
        row = batch[0][0]
        if row["kind"] == "gone":
            self._gone(row)
        before = self.known
        try:
            with writing(self.connection, self.path):
                now = self._known()
                if now != before:  # another process was quicker: go on behind it
                    self.known = now
                    return
                for row, end in batch:
                    self._apply(row, number)
                    self.known = self.known._replace(number=number, offset=end)
                self.connection.execute(
                    f"insert or replace into replica (origin, {', '.join(Known._fields)})"
                    " values (?, ?, ?, ?, ?, ?, ?, ?)",
                    (self.origin, *self.known),
                )
        except BaseException:
            self.known, self._tail, self._generation = before, None, -1
            raise

    # --- rows --------------------------------------------------------------------------------------------------------

    def _apply(self, row: Row, number: int) -> None:
        kind = row["kind"]
        if kind == "lines":
            self._lines(row)
        elif kind == "copier":
            self._begin(row, number)
        elif kind == "samples" and row["run"] not in self._deleted:
            self.connection.executemany(
                "insert or ignore into sample values (?, ?, ?)", [(row["run"], *sample) for sample in row["rows"]]
            )
        elif kind == "command" and row["run"] not in self._deleted:
            self._command(row)
        elif kind == "alive":
            for process in row["processes"]:
                seen_elsewhere(self.path, process, row["us"] + int(max(3 * row["seconds"], 30) * 1e6))

    def _begin(self, row: Row, number: int) -> None:
        """A file says after which record it begins. What is neither here nor there was in files that were removed, or
        in the end of one that cannot be read."""
        known = self.known._replace(host=row["host"])
        if row["after"] > known.last_id:
            removed = number > known.number + 1
            lost = 0 if removed else row["after"] - known.last_id
            known = known._replace(last_id=row["after"], missing=known.missing + lost)
        self.known = known

    def _command(self, row: Row) -> None:
        commands.keep_copy(self.path, row["run"], row["content"])
        self.connection.execute("insert or ignore into log_run values (?, ?)", (row["run"], row["job"]))
        if row["files"]:
            run_folder.bring(self.path, row["job"], row["run"], row["files"])

    def _lines(self, row: Row) -> None:
        """Records, but those that are here already and those of runs that nobody wants to see here."""
        self._learn()
        kinds = np.array([self._kind(kind) for kind in row["kinds"]], np.uint32)
        block = _block(row, kinds)
        unwanted = {int(id) for id, kind in zip(kinds, row["kinds"], strict=True) if kind[0] in self._deleted}
        self.connection.executemany("insert or ignore into log_run values (?, ?)", list(row["jobs"].items()))
        self._tail = tail_of(self.connection, self._tail)
        shift = meta(self.connection, "next_id") - max(block.first_id, self.known.last_id + 1)
        whole = block.sets is not None and block.last_id - block.first_id == block.count - 1
        if whole and block.first_id > self.known.last_id and not unwanted:
            ours = replace(block, first_id=block.first_id + shift, last_id=block.last_id + shift)
            append_block(self.connection, self._tail, ours)
            self._next(block.last_id, shift)
        elif block.last_id > self.known.last_id:
            rows = self._rows(block, kinds)
            wanted = zip(rows.id, rows.kind, strict=True)
            rows = rows.where([id > self.known.last_id and kind not in unwanted for id, kind in wanted])
            if len(rows):
                last = rows.id[-1]
                rows.id = [id + shift for id in rows.id]
                append_rows(self.connection, self._tail, rows)
                self._next(last, shift)
        self.known = self.known._replace(
            last_id=max(self.known.last_id, block.last_id), time_us=max(self.known.time_us, block.max_us),
            copied_us=max(self.known.copied_us, row["us"]),
        )  # fmt: skip

    def _rows(self, block: Packed, kinds: Any) -> Rows:
        """The records of a block; those that were damaged before they were carried are missing here."""
        try:
            return unpacked(block, kinds, partly=True)
        except PayloadError:
            self.known = self.known._replace(missing=self.known.missing + block.count)
            return Rows()

    def _next(self, last_id: int, shift: int) -> None:
        """Ids up to one of theirs are taken, with this shift."""
        run = self.connection.execute
        run("update log_meta set value = ? where key = 'next_id'", (last_id + shift + 1,))
        found = fetch(
            self.connection, "select shift from replica_ids where origin = ? order by first_id desc limit 1",
            (self.origin,),
        )  # fmt: skip
        if not found or found[0][0] != shift:
            first = self.known.last_id + 1
            run("insert or replace into replica_ids values (?, ?, ?)", (self.origin, first, shift))

    # --- kinds -------------------------------------------------------------------------------------------------------

    def _learn(self) -> None:
        """The kinds of this origin: read anew where some were removed."""
        generation = meta(self.connection, "generation")
        if generation != self._generation:
            self._generation, self._tail = generation, None
            rows = self.connection.execute(
                f"select id, {COLUMNS} from kind join replica_kind on kind = id where origin = ?", (self.origin,)
            )
            self._kinds = {tuple(columns): id for id, *columns in rows}

    def _kind(self, columns: list[str]) -> int:
        key = tuple(columns)
        number = self._kinds.get(key)
        if number is None:
            run = self.connection.execute
            run(f"insert into kind ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", key)
            number = self._kinds[key] = self.connection.last_insert_rowid()
            run("insert into replica_kind values (?, ?)", (number, self.origin))
        return number

    # --- what is gone ------------------------------------------------------------------------------------------------

    def _gone(self, row: Row) -> None:
        """Remove what is no more where it was written. Each step is a transaction: done twice it changes nothing."""
        for run_id in row["runs"]:
            self._remove_run(run_id)
        end = self._ours(row["before"])
        if end is not None:
            remove_records(self.connection, self.path, self._own_kinds, end)
        self._tail, self._generation = None, -1

    def _remove_run(self, run_id: str) -> None:
        if self._kinds_of(run_id):
            remove_records(self.connection, self.path, lambda: self._kinds_of(run_id))
        if commands.copied(self.path, run_id):
            with writing(self.connection, self.path):
                self.connection.execute("delete from sample where run_id = ?", (run_id,))
            commands.remove_copy(self.path, run_id)

    def _kinds_of(self, run_id: str) -> set[int]:
        asked = "select id from kind join replica_kind on kind = id where origin = ? and run_id = ?"
        return {id for (id,) in fetch(self.connection, asked, (self.origin, run_id))}

    def _own_kinds(self) -> set[int]:
        asked = "select kind from replica_kind where origin = ?"
        return {kind for (kind,) in fetch(self.connection, asked, (self.origin,))}

    def _ours(self, before: int) -> int | None:
        """What an id of theirs is here, as a bound; None where nothing before it came here."""
        found = fetch(
            self.connection, "select first_id, shift from replica_ids where origin = ? and first_id < ?"
            " order by first_id desc limit 1", (self.origin, before),
        )  # fmt: skip
        if not found:
            return None
        with writing(self.connection, self.path):
            self.connection.execute(
                "delete from replica_ids where origin = ? and first_id < ?", (self.origin, found[0][0])
            )
        return min(before, self.known.last_id + 1) + int(found[0][1])


def _block(row: Row, kinds: Any) -> Packed:
    """A block as it was there, its kinds as they are called here."""
    content = dict(zip(BLOCK_FIELDS, row["block"], strict=True))
    content["sets"] = None if content["sets"] is None else Sets(*content["sets"])
    return Packed(**content, kinds=kinds.astype("<u4").tobytes())


def _more(path: Path, offset: int) -> bool:
    try:
        return next(read_rows(path, offset), None) is not None
    except FileNotFoundError:
        return False


def _files(folder: Path, number: int) -> Iterator[tuple[int, Path]]:
    """An origin's files from a number on, in their order."""
    with contextlib.suppress(OSError):
        yield from ((at, path) for at, path in numbered(folder, LOGS) if at >= number)


def folders(copies: Path) -> list[Path]:
    """The folders of the nodes whose programs said something."""
    try:
        return sorted(Path(entry.path) for entry in os.scandir(copies) if entry.name.endswith(LOGS))
    except OSError:
        return []
