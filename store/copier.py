"""The relay to a network folder: what is recorded on this node, carried to files that other nodes read.

It runs in the session's thread, never in the training's. Each round brings, for every stream recorded by this process
or by one that died, what lies beyond the stream's cursor: sealed chunks as they are, and what is still open in the
journal packed as small chunks of its own, so that the death of the node costs one interval, however slowly chunks are
sealed.

    rows are written and synced ─► then the cursor moves. A kill in between brings them again: readers do not mind.

A chunk that is sealed later is sent whole, and replaces those small ones where it is read: at the end both sides hold
the same chunks, byte for byte.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import numpy as np

from cornerman.core.episodes import Open
from cornerman.core.errors import StoreError
from cornerman.core.ids import new_ulid
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_NETWORK_COPY_FAILED

from . import copy_sweep, judgement_copies, schema_relay
from .chunk_rows import chunk_columns, frame_columns
from .connection import create, transaction
from .copies import CopyFiles, file_name
from .episode_index import EpisodeIndex
from .liveness import alive
from .network import Place, sink
from .normalization import snapshots_of
from .pack import Packed, pack_segment
from .reader import STREAMS, Shelf, StreamRows, View, identity_of
from .run_folder import contents
from .seal import StreamIdentity, height_of
from .spaces import texts
from .summaries import Moment, Summarizer
from .tail import OpenBlock

if TYPE_CHECKING:
    from .logs.copier import LogCopier

OPEN_SEGMENT = -1
"""What chunks of open records have in the place of a segment's number: they give way to sealed ones."""
FLUSH_BYTES = 4 << 20
ALIVE_SECONDS = 5.0
MEASURE_SECONDS = 30.0
ROUND_SECONDS = 30.0
"""After so long the cursors move, however much there is to bring: a kill repeats no more than that."""


class Sent(NamedTuple):
    """How far a stream was carried."""

    rows: int = 0
    """In sealed chunks; `reach` counts those that were open too."""
    frames: int = 0
    reach: int = 0
    sequence: int = 0
    t: int = 0
    ended: int = 0


class Copier:
    """Carries the streams of one process, and those of dead ones, to the network folder. For one thread."""

    def __init__(self, place: Place, seconds: float, process: str = "") -> None:
        self.place = place
        self.seconds = seconds
        self.process = process
        """Whose streams are ours though it is alive."""
        self.trouble = ""
        self.due = 0.0
        self._shelf: Shelf | None = None
        self._connection: apsw.Connection | None = None
        self._files: CopyFiles | None = None
        self._introduced: dict[int, bytes] = {}
        self._after: dict[int, tuple[int, Open, int]] = {}
        self._folders: set[str] = set()
        self._statistics: dict[int, int] = {}
        self._judged: dict[int, dict[str, Any]] = {}
        self._said_alive = 0.0
        self._swept = False
        self._measured = self._written = 0
        self._measured_at = -MEASURE_SECONDS
        self._dead: set[str] = set()
        self._log_copier: LogCopier | None = None

    # --- rounds ------------------------------------------------------------------------------------------------------

    def round(self, live: Iterable[StreamIdentity] = (), until: float = float("inf")) -> bool:
        """Bring everything that is new; False where that failed or took too long. Never raises."""
        done = self._steps(live, until)
        return self._logs(until) and done

    def _logs(self, until: float) -> bool:
        """What the programs of this node said, where they have not brought it themselves."""
        if self._log_copier is None:
            from .logs.copier import LogCopier

            self._log_copier = LogCopier(self.place)
        with contextlib.suppress(StoreError, OSError, apsw.Error):  # locked now: the next round
            self._ingest_own_lines()
        return self._log_copier.round(until)

    def _ingest_own_lines(self) -> None:
        """What the recorder said in this process, which nobody brings into the database while it runs."""
        from .logs.ingest import Ingestor
        from .logs.spool import OWN

        paths = [path for path in list(OWN) if path.is_relative_to(self.place.local)]
        if paths:
            with contextlib.closing(Ingestor(self.place.local)) as ingestor:
                ingestor.turn(paths)

    def _steps(self, live: Iterable[StreamIdentity], until: float) -> bool:
        try:
            done = self._round(list(live), until)
            self._fine()
            return done
        except (OSError, StoreError, apsw.Error) as error:
            self._failed(error)
        except Exception as error:  # what cannot be packed now: chunks are copied when they are sealed
            self._failed(error)
        finally:
            self.due = time.monotonic() + self.seconds
        return False

    def _round(self, live: list[StreamIdentity], until: float) -> bool:
        self._writable()  # before a reader comes: the store may be being made at this moment
        shelf = self._shelf = self._shelf or Shelf(self.place.local)
        until = min(until, time.monotonic() + ROUND_SECONDS)
        moved: dict[int, tuple[str, Sent]] = {}
        identities = {int(item.stream["id"]): item for item in [*self._behind(shelf), *live]}
        tombs = {run for (run,) in shelf.query("select run_id from run where deleted_us is not null")}
        for number, identity in identities.items():
            if time.monotonic() > until:
                break
            if identity.run["run_id"] in tombs:
                continue
            before = self._cursor(number)
            sent = self._carry(StreamRows(shelf, identity, stored=False), before, until)
            if sent != before:
                moved[number] = (str(identity.run["run_id"]), sent)
        gone = self._deleted(shelf)
        if gone:
            self._open_files().append({"kind": "deleted", "streams": gone})
        schemas, event = schema_relay.unsent(shelf.query, sink(self.place))
        for row in schemas:
            self._append(row)
        if self._dead:
            self._append({"kind": "gone", "processes": sorted(self._dead)})
        said = self._say_alive([str(item.stream["process"]) for item in live])
        self._flush()
        self._remember(moved, gone, event)
        if gone or not self._swept:
            self._sweep(tombs)
        self._measure()
        if said:
            self._write(
                "update relay set copied_us = ? where sink = ? and ended = 0 and stream in"
                " (select value from json_each(?))",
                (_now(), sink(self.place), json.dumps(list(identities))),
            )
        return time.monotonic() <= until

    # --- room --------------------------------------------------------------------------------------------------------

    @property
    def bytes(self) -> int:
        """What lies in the network folder, as of the last measurement and what was written since."""
        return self._measured + (self._files.bytes if self._files is not None else 0) - self._written

    def _measure(self) -> None:
        """Ask the server only now and then: other nodes write there too."""
        if time.monotonic() - self._measured_at > MEASURE_SECONDS:
            self._measured, self._measured_at = copy_sweep.size(self.place.copies), time.monotonic()
            self._written = self._files.bytes if self._files is not None else 0

    def _sweep(self, deleted: set[str]) -> None:
        """Remove the files that hold nothing but deleted runs, those of processes that left among them."""
        self._swept = True
        store, host = store_id(self._writable()), file_name(socket.gethostname())
        folders = [folder.name for folder in self.place.copies.glob(f"{host}-*")]
        processes = {name.rpartition("-")[2] for name in folders} - {self.process}
        living = {process for process in processes if alive(self.place.local, process)}
        current = self._files.current if self._files is not None else None
        for path in copy_sweep.finished(self.place.copies, host, living, current):
            kept = copy_sweep.kept_of(path, store, deleted)
            if kept is None:
                continue
            for row in kept:
                self._append(row)
            self._flush()
            copy_sweep.remove(path)
            self._measured_at = -MEASURE_SECONDS

    def close(self) -> None:
        if self._files is not None:
            self._files.end()
        if self._connection is not None:
            self._connection.close()
        if self._shelf is not None:
            self._shelf.close()
        self._shelf = self._connection = None

    def _fine(self) -> None:
        if self.trouble:
            self.trouble = ""
            self._write("delete from relay_trouble where sink = ?", (sink(self.place),))

    def _failed(self, error: Exception) -> None:
        """Said once, when the reason changes; the rows stay where they are, and are brought again."""
        reason = f"{type(error).__name__}: {error}"
        self._introduced.clear()
        self._folders.clear()
        self._judged.clear()
        if self._files is not None:
            self._files.end()
        if reason == self.trouble:
            return
        self.trouble = reason
        log(LOG_NETWORK_COPY_FAILED, folder=str(self.place.named), reason=reason)
        try:
            self._write(
                "insert into relay_trouble values (?, ?, ?) on conflict do update set reason = excluded.reason",
                (sink(self.place), reason, _now()),
            )
        except (StoreError, apsw.Error, OSError):
            pass

    # --- the outbox --------------------------------------------------------------------------------------------------

    def _behind(self, shelf: Shelf) -> list[StreamIdentity]:
        """The sealed streams of this process and of dead ones that are not wholly in the network folder."""
        found = shelf.query(
            f"{STREAMS} and s.id not in (select stream from replica) and not exists (select 1 from relay o"
            " where o.sink = ? and o.stream = s.id and o.rows >= s.rows and o.sequence >= s.sequence"
            " and (o.ended or s.ended_us is null))",
            (sink(self.place),),
        )
        identities = [identity_of(row) for row in found]
        owners = {str(item.stream["process"]) for item in identities}
        self._dead = {name for name in owners if name != self.process and not alive(self.place.local, name)}
        return [item for item in identities if item.stream["process"] in {*self._dead, self.process}]

    def _deleted(self, shelf: Shelf) -> list[int]:
        """Streams in the network folder whose run was deleted here."""
        found = shelf.query(
            "select stream from relay join run using (run_id) where sink = ? and deleted_us is not null",
            (sink(self.place),),
        )
        return [int(stream) for (stream,) in found]

    def _cursor(self, stream: int) -> Sent:
        assert self._shelf is not None
        found = self._shelf.query(
            "select rows, frames, reach, sequence, t, ended from relay where sink = ? and stream = ?",
            (sink(self.place), stream),
        )
        return Sent(*found[0]) if found else Sent()

    def _remember(self, moved: dict[int, tuple[str, Sent]], gone: list[int], event: int) -> None:
        if not moved and not gone and not event:
            return
        with transaction(self._writable()) as connection:
            for stream, (run, sent) in moved.items():
                connection.execute(
                    "insert or replace into relay values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (sink(self.place), stream, run, *sent, _now()),
                )
            for stream in gone:
                connection.execute("delete from relay where sink = ? and stream = ?", (sink(self.place), stream))
            if event:
                schema_relay.remember(connection, sink(self.place), event)

    def _write(self, statement: str, bindings: tuple[Any, ...]) -> None:
        with transaction(self._writable()) as connection:
            connection.execute(statement, bindings)

    def _writable(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = create(self.place.local, busy_ms=2000)
        return self._connection

    # --- one stream --------------------------------------------------------------------------------------------------

    def _carry(self, rows: StreamRows, sent: Sent, until: float) -> Sent:
        """Append what lies beyond `sent`; how far that is."""

        def look() -> tuple[Moment, list[dict[str, Any]], dict[str, Any]]:
            summarizer = Summarizer(rows, EpisodeIndex(rows, lambda: False))
            moment = summarizer.moment()
            opened = self._pack_open(rows, moment.view, sent)
            return moment, opened, self._mark(rows, moment, summarizer.ledger(moment, counted=False))

        moment, opened, mark = rows.consistent(look)
        totals = moment.view.totals
        ended = int(mark["ended_us"] is not None)
        reached = Sent(totals.rows, totals.frames, mark["rows"], mark["sequence"], mark["t"], ended)
        if reached == sent:
            return sent
        self._introduce(rows)
        if sent == Sent():
            self._send_folder(rows.identity.run)
        for row in self._sealed(rows, "frame_chunk", "first_frame", "frames", sent.frames, totals.frames):
            self._append(row)
        for row in self._sealed(rows, "chunk", "first_row", "rows", sent.rows, totals.rows):
            first = row["columns"]["first_row"]
            stop = first + row["columns"]["rows"]
            if stop > totals.rows:  # merged since with later ones: it goes with the mark that counts them
                return sent._replace(rows=max(first, sent.rows), frames=totals.frames)
            self._append(row)
            if time.monotonic() > until:
                return sent._replace(rows=stop, frames=totals.frames)
        for row in opened:
            self._append(row)
        self._send_statistics(rows)
        self._send_judgements(rows)
        self._append(mark)
        return reached

    def _sealed(
        self, rows: StreamRows, table: str, first: str, count: str, start: int, stop: int
    ) -> Iterable[dict[str, Any]]:
        """The rows of a table of chunks that hold anything of [start, stop), each with its payload."""
        payload = table.replace("_chunk", "") + "_payload"
        names = [name for (name,) in rows.shelf.query(f"select name from pragma_table_info('{table}')")]
        at = start
        while at < stop:
            found = rows.shelf.query(
                f"select {', '.join(f'c.{name}' for name in names)}, p.payload from {table} c"
                f" join {payload} p on p.{table} = c.id where c.stream = ?1 and c.{first} < ?3 and c.{first} >="
                f" coalesce((select max({first}) from {table} where stream = ?1 and {first} <= ?2), 0)"
                f" order by c.{first} limit 8",
                (rows.stream_id, at, stop),
            )
            beyond = False
            for *values, content in found:
                columns = dict(zip(names, values, strict=True))
                if columns[first] + columns[count] > at:
                    del columns["id"]
                    if "step_schema" in columns:  # a row of this database; what judged the steps stays here
                        columns["step_schema"] = None
                    at, beyond = columns[first] + columns[count], True
                    yield {
                        "kind": "frames" if table == "frame_chunk" else "chunk",
                        "columns": columns,
                        "payload": content,
                    }
            if not beyond:
                return

    def _pack_open(self, rows: StreamRows, view: View, sent: Sent) -> list[dict[str, Any]]:
        """What of the open blocks was not sent, as chunks. Moved where the writer was faster than we."""
        found: list[dict[str, Any]] = []
        before, episodes = view.totals.open, view.totals.episodes
        envs = tuple(rows.identity.stream.get("frame_envs", ()))
        for block in view.blocks:
            start, opened, ended = block.first_row, before, episodes
            before, episodes = block.advanced.after, episodes + len(block.episodes["ended"])
            if sent.reach >= block.stop:
                continue
            known = self._after.get(rows.stream_id)
            if known is not None and known[0] == sent.reach > start:
                start, opened, ended = known
            found += _as_rows(rows.stream_id, block, start, opened, rows, ended, envs)
        if view.blocks:
            self._after[rows.stream_id] = (view.rows, before, episodes)
        return found

    def _mark(self, rows: StreamRows, moment: Moment, ledger: Any) -> dict[str, Any]:
        """The stream's row as it would be if all that is open were sealed, and its ledger."""
        view, totals = moment.view, moment.view.totals
        closed = any(part.closed for part in view.parts)
        frames = [number for block in view.blocks for number in block.frames]
        rewards = [float(np.nansum(block.reward[block.advanced.transition])) for block in view.blocks]
        counts = {"received": ledger.received, **ledger.dropped}
        for name in ("sampled", "quarantined", "duplicate"):
            counts |= {name: getattr(ledger, name)} if getattr(ledger, name) else {}
        return {
            "kind": "mark",
            "stream": rows.stream_id,
            "rows": view.rows,
            "t": moment.step_count,
            "sequence": max([totals.sequence, *(part.end_sequence for part in view.parts)]),
            "transitions": totals.transitions + moment.open_transitions,
            "episodes": view.episode_count,
            "reward_sum": totals.reward_sum + sum(rewards),
            "frames": max([totals.frames, *(number + 1 for number in frames)]),
            "bytes": totals.bytes,
            "last_us": moment.last_us,
            "ended_us": totals.ended_us or (_now() if closed else None),
            "open": view.after.encode(),
            "notes": list(totals.notes),
            "ledger": counts,
            "copied_us": _now(),
            "seconds": self.seconds,
        }

    # --- files -------------------------------------------------------------------------------------------------------

    def _introduce(self, rows: StreamRows) -> None:
        """Each file says itself which streams it is about, and again when more is known of one."""
        files = self._open_files()
        manifest = rows._newest_manifest()
        if self._introduced.get(rows.stream_id) != manifest:
            run, stream = rows.identity
            content = StreamIdentity(run, {**stream, "manifest": manifest, "spaces": texts(rows)}).encode()
            files.append({"kind": "stream", "identity": content})
            self._introduced[rows.stream_id] = manifest

    def _send_statistics(self, rows: StreamRows) -> None:
        """Normalization statistics that are newer than those sent; brought twice they do no harm."""
        snapshots = snapshots_of(rows, self._statistics.get(rows.stream_id, -1))
        if snapshots:
            self._append({"kind": "statistics", "stream": rows.stream_id, "snapshots": list(map(tuple, snapshots))})
            self._statistics[rows.stream_id] = snapshots[-1].t

    def _send_judgements(self, rows: StreamRows) -> None:
        """What schemas said of the stream so far, where that is new; brought twice it does no harm."""
        row = judgement_copies.row_of(rows.shelf.query, rows.stream_id)
        if row is not None and row != self._judged.get(rows.stream_id):
            self._append(row)
            self._judged[rows.stream_id] = row

    def _send_folder(self, run: dict[str, Any]) -> None:
        """The run's manifest and inputs travel once, with its first rows."""
        if run["run_id"] not in self._folders and (files := contents(self.place.local, run["job"], run["run_id"])):
            self._append({"kind": "folder", "run": run["run_id"], "job": run["job"], "files": files})
            self._folders.add(run["run_id"])

    def _append(self, row: dict[str, Any]) -> None:
        files = self._open_files()
        files.append(row)
        if files.buffered > FLUSH_BYTES:
            files.flush()

    def _flush(self) -> None:
        if self._files is not None:
            self._files.flush()
            if self._files.full:
                self._files.end()
                self._introduced.clear()

    def _say_alive(self, processes: list[str]) -> bool:
        if not processes or time.monotonic() - self._said_alive < ALIVE_SECONDS:
            return False
        self._said_alive = time.monotonic()
        self._append({"kind": "alive", "processes": sorted(set(processes)), "us": _now(), "seconds": self.seconds})
        return True

    def _open_files(self) -> CopyFiles:
        if self._files is None:
            process = self.process or new_ulid()
            header = {
                "store": store_id(self._writable()),
                "host": socket.gethostname(),
                "process": process,
                "created_us": _now(),
            }
            folder = self.place.copies / f"{file_name(socket.gethostname())}-{process}"
            self._files = CopyFiles(folder, header)
        return self._files


def _as_rows(
    stream: int, block: OpenBlock, start: int, opened: Open, rows: StreamRows, ended: int, envs: tuple[int, ...]
) -> list[dict[str, Any]]:
    """The rows of an open block from `start` on, as those of the tables of chunks."""
    part, segment = block.part, block.part.mapped.segment
    height = height_of(rows.identity, segment.layout)
    try:
        chunks = pack_segment(segment, start - part.first_row, part.count, rows.mode, opened, envs, height)
    except Exception:
        part.mapped.check(part.generation)  # Moved, where the bytes changed under us
        raise
    part.mapped.check(part.generation)
    found = []
    for packed in chunks:
        found += _rows_of(stream, packed, ended)
        ended += packed.episodes
    return found


def _rows_of(stream: int, packed: Packed, ended: int) -> list[dict[str, Any]]:
    columns = chunk_columns(stream, ended, packed, OPEN_SEGMENT, packed.first_row)
    found: list[dict[str, Any]] = [{"kind": "chunk", "columns": columns, "payload": packed.payload}]
    if packed.frames:
        first, count, payload = packed.frames
        columns = frame_columns(stream, first, count, payload)
        found.insert(0, {"kind": "frames", "columns": columns, "payload": payload})
    return found


def _now() -> int:
    return time.time_ns() // 1000


def store_id(connection: apsw.Connection) -> str:
    """Which database this is: what another wrote into the network folder is another node's."""
    ((found,),) = connection.execute("select value from store_meta where key = 'store_id'").fetchall()
    return str(found)


def copy_the_rest(place: Place, seconds: float = 5.0) -> bool:
    """Carry what dead processes of this node did not get to; False where there is more than so many seconds allow."""
    copier = Copier(place, seconds)
    try:
        return copier.round(until=time.monotonic() + seconds)
    finally:
        copier.close()
