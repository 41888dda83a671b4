"""The embedded store as a person or a screen asks it: runs, streams, episodes, steps.

    with open_store() as store:
        for episode in store.run("latest").episodes():
            print(episode.seed, episode.total_reward, episode.observations.shape)

Everything is read afresh at each call, from chunks and from the open journal alike, while its writer lives and after it
was killed.
"""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cornerman.core import values
from cornerman.core.alert_rules import ALERT_RULES, own_alerts
from cornerman.core.alerts import Alert, alerts_of
from cornerman.core.errors import (
    NotFound,
    PayloadError,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreTooNew,
)
from cornerman.core.near import did_you_mean
from cornerman.core.normalization import NormalizationStatistics
from cornerman.core.payloads.frame_v1 import Frame
from cornerman.core.payloads.run_manifest_v1 import RunManifestV1
from cornerman.core.records import (
    EpisodeOrder,
    EpisodeRollup,
    LedgerEntry,
    LedgerRow,
    RunSummary,
    StepRecord,
    StreamSummary,
)
from cornerman.core.run_command import RunCommand
from cornerman.core.run_figures import RunFigures
from cornerman.core.spaces import Descriptor
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_RUN_DELETED

from . import run_folder
from .commands import commands as commands_in
from .commands import state_of
from .commands import version as commands_version
from .connection import FORMAT, create, format_of
from .episode import Episode
from .episode_index import EpisodeIndex
from .filesystem import free_bytes
from .liveness import alive
from .location import SPOOL, store_path
from .network import place_of, prepare
from .network_view import NetworkView
from .normalization import newest
from .reader import MARKS, STREAMS, Shelf, StreamRows, identity_of
from .seal import StreamIdentity
from .spaces import space_of
from .steps import StepFactory
from .summaries import Summarizer, summarize, without_streams

if TYPE_CHECKING:
    from cornerman.core.logs.during import During
    from cornerman.core.logs.matching import Period

    from .documents import Documents
    from .enforcement import Enforcement
    from .logs.reader import Logs
    from .quarantine import Quarantine
    from .query import Result as QueryResult
    from .schemas import SchemaRegistry
    from .verify import Finding

__all__ = ["Episode", "Run", "Store", "Stream", "open_store"]

Answer = TypeVar("Answer")
LISTED = "`cornerman runs` lists what is there."


def open_store(path: Path | str | None = None, *, read_only: bool = False) -> Store:
    """The store in the folder `path`, else `$CORNERMAN_STORE`, else the user's data folder.

    What killed processes left in its journal is put into chunks first, unless `read_only`; it can be read either way.
    A folder on a network is read from this node's own database, into which what other nodes copied comes by itself.
    Raises StoreNotFound or StoreUnreadable.
    """
    store = Store(store_path(path))
    if not read_only:
        store.recover()
    return store


def make_store(path: Path | str | None = None) -> Store:
    """The store in the folder `path`, made where there is none: for what can be written before the first recording.

    Raises what `cornerman.store.connection.create` does.
    """
    place = place_of(store_path(path))
    if place.on_network:
        prepare(place)
    create(place.local).close()
    return Store(place.named)


class Store:
    """A store of runs. A context manager; usable from any thread."""

    def __init__(self, path: Path) -> None:
        self._network = NetworkView(path)
        path = self.path = self._network.path
        """Where the database is: on this node, also where the folder that was named is on a network."""
        self._notices: tuple[str, ...] = ()
        self._shelf = Shelf(path)
        self._logs: Logs | None = None
        self._streams: dict[int, Stream] = {}
        self._commands: dict[str, tuple[Any, RunCommand]] = {}
        found = format_of(self._shelf.connections.get(), path)
        if found > FORMAT:
            self._notices = (str(StoreTooNew(path, found, FORMAT)),)

    @cached_property
    def schemas(self) -> SchemaRegistry:
        """The schema registry of this store. Loaded when it is asked for: who only reads steps needs none of it."""
        from .schemas import SchemaRegistry

        return SchemaRegistry(self.path, self._shelf.query)

    @cached_property
    def enforcement(self) -> Enforcement:
        """What happens to steps that their schema does not allow, and what schemas said so far."""
        from .enforcement import Enforcement

        return Enforcement(self.path, self._shelf.query)

    @cached_property
    def quarantine(self) -> Quarantine:
        """What schemas refused."""
        from .quarantine import Quarantine

        return Quarantine(self.path, self._shelf.query, self.schemas)

    @cached_property
    def documents(self) -> Documents:
        """Records of other programs that were imported."""
        from .documents import Documents

        return Documents(self.path, self._shelf.query)

    @property
    def logs(self) -> Logs:
        """The log records of this store; empty where there are none."""
        if self._logs is None:
            from .logs.reader import Logs

            jobs = partial(self._shelf.query, "select run_id, job from run")
            self._logs = Logs(self.path, lambda: dict(jobs()), self._network.refresh, self._period_of)
        return self._logs

    def _period_of(self, run: str, during: During) -> Period:
        from .episode_times import period_of

        return period_of(self.run(run), during)

    @property
    def notices(self) -> tuple[str, ...]:
        """What its user should know: that it was written by a newer version, cannot be written here, or is on a network
        and how old the copies are."""
        return self._notices + self._network.notices(self._shelf.query)

    def version(self) -> object:
        """Equal to what it was before while no other process begins, adds, ends or removes anything. Says nothing of
        the steps that a living process goes on writing into its journal."""
        self._network.refresh()
        changes = self._shelf.query("pragma data_version")[0][0], commands_version(self.path)
        return changes, self._shelf.journal.version(), self.notices

    def recover(self) -> None:
        """Seal what killed processes left behind; where the store cannot be written, say so and go on reading."""
        if self._notices or self._network.immutable:
            return
        try:
            recovery = importlib.import_module("cornerman.store.recovery")
        except ModuleNotFoundError:
            return
        try:
            recovery.recover(self.path)
            self._ingest_logs()
            self._network.copy_the_rest()
        except (StoreReadOnly, StoreLocked, StoreFull) as error:
            self._notices += (f"{error.what} What is in its journal is shown from there.",)
        except PayloadError as error:  # of log records: no reason to show no steps
            self._notices += (f"{error.what} {error.remedy}",)

    def ingest_logs(self) -> None:
        """Bring in what other programs have in their spools of log records, for whoever follows these. Where the
        database is locked, or only to be read, it is left to who writes it."""
        with contextlib.suppress(StoreError):
            self._ingest_logs()

    def _ingest_logs(self) -> None:
        """Log records of programs that ended before they were in the database. Most stores have none waiting."""
        if (self.path / SPOOL).is_dir():
            from .logs.writer import ingest_leftovers

            ingest_leftovers(self.path)

    def runs(self) -> Sequence[Run]:
        """Newest first."""
        self._network.refresh()
        grouped: dict[str, list[Stream]] = {}
        for stream in self._all_streams():
            grouped.setdefault(stream.run_id, []).append(stream)
        commands = commands_in(self.path, self._commands)
        if commands.keys() - grouped.keys():
            deleted = {run for (run,) in self._shelf.query("select run_id from run where deleted_us is not null")}
            grouped |= {run_id: [] for run_id in commands.keys() - grouped.keys() - deleted}
        runs = [Run(self, run_id, streams, commands.get(run_id)) for run_id, streams in grouped.items()]
        return sorted(runs, key=lambda run: (run.created_us, run.run_id), reverse=True)

    def run(self, name: str = "latest") -> Run:
        """By id, a unique beginning or end of it, a job's newest, or `latest`; NotFound otherwise."""
        runs = self.runs()
        if not runs:
            what = "The store has no runs." if name == "latest" else f"There is no run {name!r}: the store has none."
            raise NotFound(what, "`cornerman demo` records three.")
        if name == "latest":
            return runs[0]
        for run in runs:
            if name in (run.run_id, run.job):
                return run
        found = [run for run in runs if run.run_id.startswith(name) or run.run_id.endswith(name)] if name else []
        if len(found) > 1:
            raise NotFound(
                f"{len(found)} runs begin or end with {name}.", "Give more of the id; `cornerman runs` lists them."
            )
        if not found:
            meant = did_you_mean(name, [run.job for run in runs])
            raise NotFound(f"There is no run, and no job, {name!r}.", f"{meant} {LISTED}".strip())
        return found[0]

    def stream(self, stream_id: int) -> Stream:
        for stream in self._all_streams():
            if stream.stream_id == stream_id:
                return stream
        raise NotFound(f"There is no stream {stream_id}.")

    def sql(self, statement: str, bindings: Sequence[Any] = (), *, timeout: float | None = None) -> QueryResult:
        """The rows of a read-only SQL statement over `step`, `episode` and the other tables of `cornerman sql`."""
        from .query import run_query

        return run_query(self, statement, bindings, timeout)

    def verify(self, run: str | None = None) -> Iterator[Finding]:
        """What is wrong with a run, or with the whole store; nothing where all is well."""
        from .verify import verify

        return verify(self, run)

    def delete(self, run_id: str) -> int:
        """Remove a run in one transaction; the bytes freed. Its writer, if alive, stops recording and counts."""
        from .delete import delete_run

        freed = delete_run(self, self.run(run_id))
        self._streams = {}
        self._shelf.chunks.clear()
        log(LOG_RUN_DELETED, run=run_id, bytes=freed)
        return freed

    def close(self) -> None:
        if self._logs is not None:
            self._logs.close()
        if "schemas" in self.__dict__ and self.schemas.changed:
            self._network.copy_the_rest()
        self._shelf.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all_streams(self) -> list[Stream]:
        """Those that the store knows, then those that only the journal does."""
        introduced = self._shelf.journal.identities()
        marks = {row[0]: row for row in self._shelf.query(MARKS)}
        rows = self._shelf.query(STREAMS) if marks.keys() - self._streams.keys() else []
        new = [self._stream(identity_of(row), True) for row in rows if row[0] not in self._streams]
        streams = [stream for stream in (*self._streams.values(), *new) if stream.stream_id in marks]
        for stream in streams:
            stream.mark = marks[stream.stream_id]
        known = {stream.stream_id for stream in streams}
        if introduced.keys() - known:
            deleted = {run for (run,) in self._shelf.query("select run_id from run where deleted_us is not null")}
            for number, identity in introduced.items():
                if number not in known and identity.run["run_id"] not in deleted:
                    streams.append(self._stream(identity, False))
        self._streams = {stream.stream_id: stream for stream in streams if stream.stored}
        return sorted(streams, key=lambda stream: (stream.created_us, stream.stream_id))

    def _stream(self, identity: StreamIdentity, stored: bool) -> Stream:
        return Stream(StreamRows(self._shelf, identity, stored))


class Run:
    """One execution of a job: its streams, and what they add up to."""

    def __init__(self, store: Store, run_id: str, streams: list[Stream], command: RunCommand | None = None) -> None:
        self._store, self._run_id, self._streams = store, run_id, streams
        self.command = command
        """The command that it is, where `cornerman run` ran it or an exception ended it. A run has a command, or a
        stream, or both."""

    @property
    def run_id(self) -> str:
        return self._run_id

    @property
    def job(self) -> str:
        return self.command.job if self.command is not None else str(self._streams[0].identity.run["job"])

    @property
    def created_us(self) -> int:
        return self.command.started_us if self.command is not None else int(self._streams[0].identity.run["created_us"])

    @property
    def provenance(self) -> dict[str, Any]:
        """Command line, git commit, host, …: of the recording, else of the command that was run."""
        if self._streams:
            found = values.decode(self._streams[0].identity.run["provenance"])
            return found if isinstance(found, dict) else {}
        return self.command.provenance if self.command is not None else {}

    def __repr__(self) -> str:
        return f"<Run {self.run_id} of {self.job}>"

    @property
    def folder(self) -> Path:
        """Where its manifest and the snapshots of its inputs are, on this node; imported runs have none."""
        return run_folder.folder_of(self._store.path, self.job, self.run_id)

    def manifest(self) -> RunManifestV1 | None:
        """Identity, inputs and provenance as they were written when it began; None where there is no folder."""
        return run_folder.manifest_of(self._store.path, self.job, self.run_id)

    def summary(self) -> RunSummary:
        """State, totals, pace and curve. Costs the same for a long run as for a short one."""
        network = self._store._network
        network.refresh()
        notes = network.run_notes(self._store._shelf.query, [stream.stream_id for stream in self._streams])
        summary = self._summarized() if self._streams else None
        if self.command is not None:
            state = state_of(self._store.path, self.command, summary.state if summary else None)
            summary = summary or without_streams(self.command, state)
            summary = replace(summary, state=state, command=self.command)
        assert summary is not None
        own = self._own_alerts(summary)
        if not notes and not own:
            return summary
        return replace(summary, notes=notes + summary.notes, alerts=(*summary.alerts, *own))

    def _own_alerts(self, summary: RunSummary) -> Sequence[Alert]:
        """Those by the user's rules; nothing is loaded for them where there are none."""
        rules = ALERT_RULES.current().rules
        return own_alerts(summary, RunFigures(self, summary), self._store.logs, rules) if rules else ()

    def _summarized(self) -> RunSummary:
        """Summed up anew, unless it has ended, nothing of it is in the journal, and the store has not changed it."""
        known = ALERT_RULES.current()
        first, marks = self._streams[0], (*(stream.mark for stream in self._streams), known)
        if first.summed is not None and first.summed[0] == marks:
            return first.summed[1]
        summary = first.rows.consistent(lambda: summarize([stream.summarizer for stream in self._streams]))
        summary = replace(summary, alerts=alerts_of(summary, self._free(summary), known.limits, known.off))
        over = summary.state not in ("live", "stale") and not any(s.summarizer.journal_bytes for s in self._streams)
        first.summed = (marks, summary) if over else None
        return summary

    def _free(self, summary: RunSummary) -> float:
        """Bytes free on the disk that a run under way fills."""
        try:
            return free_bytes(self._store.path) if summary.bytes_per_hour else math.inf
        except OSError:
            return math.inf

    def streams(self) -> Sequence[Stream]:
        return tuple(self._streams)

    def ledger(self) -> LedgerRow:
        """What became of every transition; the stored ones counted chunk by chunk."""
        total = LedgerRow(0, 0, 0)
        for stream in self._streams:
            total += stream.ledger()
        return total

    @property
    def step_count(self) -> int:
        """Vector steps: calls of `step`, over all streams."""
        return sum(stream.step_count for stream in self._streams)

    def episodes(self) -> Iterator[Episode]:
        """Every stream's episodes: those that ended, in order, then those under way."""
        for stream in self._streams:
            yield from stream.iter_episodes()

    def steps(self, env_index: int | None = None) -> Iterator[StepRecord]:
        """Every row, `reset` rows too, stream by stream; of all sub-environments, or of one."""
        for stream in self._streams:
            for env in range(stream.envs) if env_index is None else [env_index]:
                yield from stream.steps(env_index=env)

    def __getitem__(self, name: str) -> Stream:
        for stream in self._streams:
            if stream.name == name:
                return stream
        raise NotFound(f"The run {self.run_id} has no stream {name!r}.")


class Stream:
    """What one `record()` call records. Rows are counted from 0; the newest is `row_count() - 1`."""

    def __init__(self, rows: StreamRows) -> None:
        self.rows = rows
        self.mark: tuple[Any, ...] = ()
        """What the store said of it when the runs were last listed; () for one that only the journal knows."""
        self.summed: tuple[tuple[Any, ...], RunSummary] | None = None
        """Of a run whose first stream this is: its summary, and the marks of all its streams then."""
        self.identity: StreamIdentity = rows.identity
        self.episode_index = EpisodeIndex(rows, self.ongoing)
        self.summarizer = Summarizer(rows, self.episode_index)

    @property
    def factory(self) -> StepFactory:
        return StepFactory(self.rows, self.episode_index)

    @property
    def stream_id(self) -> int:
        return self.rows.stream_id

    @property
    def stored(self) -> bool:
        return self.rows.stored

    @property
    def run_id(self) -> str:
        return str(self.identity.run["run_id"])

    @property
    def name(self) -> str:
        return str(self.identity.stream["name"])

    @property
    def created_us(self) -> int:
        return int(self.identity.stream["created_us"])

    @property
    def manifest(self) -> dict[str, Any]:
        return self.rows.manifest

    @property
    def observation_space(self) -> Descriptor | None:
        """What the environment declared, of the whole batch where it is a vector environment; read when asked for.

        None where nothing was declared; PayloadError where the descriptor is lost.
        """
        return space_of(self.rows, "observation_space")

    @property
    def action_space(self) -> Descriptor | None:
        return space_of(self.rows, "action_space")

    @property
    def single_observation_space(self) -> Descriptor | None:
        """Of one sub-environment; of a single environment, its own."""
        return space_of(self.rows, "single_observation_space") or self.observation_space

    @property
    def single_action_space(self) -> Descriptor | None:
        return space_of(self.rows, "single_action_space") or self.action_space

    def spaces(self) -> dict[str, Descriptor]:
        """All that its environment declared, by name: reads the descriptors."""
        names = ("observation_space", "action_space", "single_observation_space", "single_action_space")
        found = {name: space_of(self.rows, name) for name in names}
        return {name: space for name, space in found.items() if space is not None}

    def normalization(self, t: int | None = None) -> dict[str, NormalizationStatistics]:
        """What the normalizing wrappers around the environment knew at step `t`, or last: by kind, `observation` and
        `reward`. Empty where there are none, or nothing was noted so early."""
        return newest(self.rows, t)

    @property
    def envs(self) -> int:
        """Sub-environments; 1 for a single environment."""
        return self.rows.envs

    def __repr__(self) -> str:
        return f"<Stream {self.stream_id} {self.name}>"

    def summary(self) -> StreamSummary:
        return self.rows.consistent(self.summarizer.summary)

    def ledger(self) -> LedgerRow:
        """What became of every transition; the stored ones counted chunk by chunk."""
        return self.rows.consistent(lambda: self.summarizer.ledger(self.summarizer.moment(), counted=True))

    def ongoing(self) -> bool:
        """Whether its recorder is alive and has not closed it."""
        view = self.rows.view()
        if view.totals.ended_us is not None or any(part.closed for part in view.parts):
            return False
        return alive(self.rows.shelf.path, self.rows.process)

    def row_count(self) -> int:
        """Sealed and open rows; costs one indexed look-up and a look at the journal's tail."""
        return self.rows.consistent(lambda: self.rows.view().rows)

    def ledger_entries(self) -> Sequence[LedgerEntry]:
        """Every cause of the loss ledger that occurred, and when."""
        return self.rows.consistent(lambda: self.summarizer.entries(self.summarizer.moment()))

    @property
    def step_count(self) -> int:
        """Vector steps: calls of `step`."""
        return self.rows.consistent(lambda: self.summarizer.moment().step_count)

    def step(self, row: int, env_index: int = 0, *, frame: bool = True) -> StepRecord:
        """One row of one sub-environment; NotFound where there is none."""
        self._check(env_index)
        return self.rows.consistent(lambda: self.factory.record(row, env_index, frame))

    def steps(self, first: int = 0, stop: int | None = None, env_index: int = 0) -> Iterator[StepRecord]:
        """Rows [first, stop) of one sub-environment, without frames; up to the newest there is when this is called."""
        self._check(env_index)
        return self.factory.records(first, self.row_count() if stop is None else stop, env_index)

    def row_at(self, t: int) -> int:
        """The row of vector step `t`."""
        return self.rows.consistent(lambda: self.rows.row_at(t))

    def frame(self, row: int, env_index: int = 0) -> Frame | None:
        """The picture of a row, None where none was taken."""
        self._check(env_index)

        def look() -> Frame | None:
            block = self.rows.block(row)
            return self.factory.frame_of(block, row - block.first_row, env_index)

        return self.rows.consistent(look)

    def rewards(self, first: int, stop: int, env_index: int = 0) -> np.ndarray:
        """float64, NaN on reset rows."""
        self._check(env_index)

        def collect() -> np.ndarray:
            found = np.full(max(stop - first, 0), np.nan)
            for block in self.rows.blocks(first, stop):
                a, b = max(first, block.first_row), min(stop, block.stop)
                chosen = slice(a - block.first_row, b - block.first_row)
                taken = block.transition[chosen, env_index]
                found[a - first : b - first][taken] = block.reward[chosen, env_index][taken]
            return found

        return self.rows.consistent(collect)

    def episodes(
        self,
        *,
        env_index: int | None = None,
        order: EpisodeOrder = "oldest",
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[EpisodeRollup]:
        """Episodes in an order; costs what is asked for (offset included), not the history.

        By their end (`oldest`, `newest`) with those under way at the new end; by return or length only those that
        ended.
        """
        return self.rows.consistent(lambda: self.episode_index.page(env_index, order, limit, offset))

    def iter_episodes(self) -> Iterator[Episode]:
        """All episodes with their data, read a few hundred at a time."""
        at = 0
        while found := self.rows.consistent(partial(self.episode_index.window, at, 512)):
            at += len(found)
            yield from map(self.data, found)
        for rollup in self.rows.consistent(lambda: self.episode_index.under_way()):
            yield self.data(rollup)

    def episode_at(self, row: int, env_index: int = 0) -> EpisodeRollup | None:
        """The episode that a row belongs to."""
        self._check(env_index)
        return self.rows.consistent(lambda: self.episode_index.at(row, env_index))

    def episode(self, env_index: int, episode: int) -> EpisodeRollup:
        """An episode of a sub-environment by its ordinal, from 0; NotFound where there is none."""
        self._check(env_index)
        return self.rows.consistent(lambda: self.episode_index.get(env_index, episode))

    def data(self, rollup: EpisodeRollup) -> Episode:
        """An episode's arrays."""
        return Episode(self.rows, self.factory, rollup)

    def _check(self, env_index: int) -> None:
        if not 0 <= env_index < self.envs:
            raise NotFound(f"The stream {self.name} has no sub-environment {env_index}.", f"It has {self.envs}.")
