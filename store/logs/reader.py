"""What is asked of the log records of a store: `core.logs.port.LogReader`, answered from `logs.db`.

Each call is one read transaction on one connection, one call after the other; a search comes up for air every 50 ms and
lets others in. What a call needs first (which blocks there are) is brought up to date at its beginning: one look-up
where nothing has changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw
import msgspec
import numpy as np

from cornerman.core.errors import Interrupted, NotFound, StoreNotFound
from cornerman.core.logs.during import During, PeriodOf, narrowed
from cornerman.core.logs.filter import FACETS, LogFilter
from cornerman.core.logs.matching import Period
from cornerman.core.logs.port import Damaged, Found, Sample
from cornerman.core.logs.records import Facets, LogEntry, Span, Timeline
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog.constant import LEVELS

from ..connection import snapshot, translated
from .block import NUMBERS, BlockDamaged, Numbers, Slice, decoding, optional, unpack_body
from .damage import Damage
from .database import FILE, LOGS, connect_logs, meta
from .index import (
    MOST_RECORDS,
    SELECT_FRESH,
    SELECT_OPEN,
    SELECT_SEALED,
    Heads,
    Index,
    Part,
    Spot,
    read_part,
    sound_heads,
)
from .kinds import COLUMNS, KindIndex
from .plan import Plan
from .shelf import Shelf
from .walk import Met, Walk

Array = np.ndarray[Any, Any]

STEP_SECONDS = 0.04
"""So long a search works before it says how far it is."""
FEW_BLOCKS = 128
"""Blocks that are looked into for a count; where more would have to be, the terms that need it are left out."""


Answered = TypeVar("Answered")
Asked = ParamSpec("Asked")


def past_damage(
    asked: Callable[Concatenate[Logs, Asked], Answered],
) -> Callable[Concatenate[Logs, Asked], Answered]:
    """A question is asked again without a block that turns out to be damaged: one of millions stops no answer."""

    @wraps(asked)
    def answered(logs: Logs, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answered:
        while True:
            try:
                return asked(logs, *args, **kwargs)
            except BlockDamaged as damage:
                logs._leave_out(damage)

    return answered


def _no_jobs() -> Mapping[str, str]:
    return {}


def _no_episodes(run: str, during: During) -> Period:
    raise NotFound(f"No episodes of {run} are known here.")


class Logs:
    """The log records of the store at `path`; empty where it has none. Usable from any thread."""

    def __init__(
        self, path: Path, jobs: Callable[[], Mapping[str, str]] = _no_jobs, refresh: Callable[[], None] = lambda: None,
        period_of: PeriodOf = _no_episodes,
    ) -> None:  # fmt: skip
        self.path = path
        self._period_of = period_of
        self._bring = refresh
        """Brings in what other nodes added, now and then."""
        self._jobs = jobs
        self._known_jobs: dict[str, str] = {}
        self._connection: apsw.Connection | None = None
        self._lock = threading.RLock()
        self._stops = 0
        self._file = (0, 0)
        self._damage = Damage(path)
        self._index: Index = self._empty()
        self._forget()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close(True)
                self._connection = None
            self._damage = Damage(self.path)
            self._forget()

    def interrupt(self) -> None:
        """From any thread: what is being answered now ends with Interrupted."""
        self._stops += 1

    def version(self) -> object:
        """Equal to what it was before while nothing was added, removed or found to be damaged."""
        self._bring()
        with self._lock, translated(self.path, LOGS):
            connection = self._connected()
            return None if connection is None else (id(connection), meta(connection, "version"), self.damaged())

    def count(self) -> int:
        with self._session() as session:
            return session.index.total

    @past_damage
    def page(
        self, chosen: LogFilter, *, before: int | None = None, after: int | None = None, limit: int = 100
    ) -> Sequence[LogEntry]:
        """Up to `limit` records, the oldest first: those just before the id `before`, those just after the id `after`,
        or the newest of all."""
        with self._session() as session:
            walk = session.walk(chosen)
            if after is not None:
                return session.collect(walk.oldest_first(after), limit)
            return session.collect(walk.newest_first(before), limit)[::-1]

    def search(self, chosen: LogFilter, *, before: int | None = None, batch: int = 50) -> Iterator[Found]:
        """The records newest first, as they are found, with the progress; answers at least each 50 ms."""
        stops, bound, done = self._stops, before, False
        plan: Plan | None = None
        while not done:
            plan, (found, bound, done) = self._search_on(chosen, plan, bound, batch, stops)
            yield found

    @past_damage
    def entry(self, id: int) -> LogEntry:
        """NotFound where it was removed."""
        with self._session() as session:
            return session.entry(id)

    @past_damage
    def rank(self, chosen: LogFilter, id: int) -> tuple[int, int]:
        """How many records of the filter come before `id`, and how many there are; as exact as `facets`."""
        with self._session() as session:
            return session.rank(session.counted(chosen)[0], id)

    @past_damage
    def at_rank(self, chosen: LogFilter, rank: int) -> int | None:
        """The id of the record with that many before it."""
        with self._session() as session:
            return session.at_rank(session.counted(chosen)[0], rank)

    @past_damage
    def at_time(self, chosen: LogFilter, time_us: int) -> int | None:
        """The id of the first record of the filter at or after a time, else of the last before it."""
        with self._session() as session:
            plan = session.plan(chosen)
            since = plan.period.since_us
            plan.period = plan.period._replace(since_us=time_us if since is None else max(since, time_us))
            for met in session.walk_of(plan).oldest_first(None):
                if met.rows:
                    return session.ids(met)[0]
            for met in session.walk(chosen).newest_first(None):
                if met.rows:
                    return session.ids(met)[0]
            return None

    @past_damage
    def facets(self, chosen: LogFilter) -> Facets:
        """The values that the filter's records have, with their counts."""
        with self._session() as session:
            plan, without = session.counted(chosen)
            weights = session.kind_counts(plan)
            kinds = session.kinds
            values = {}
            for field in FACETS:
                mask = kinds.chosen(chosen, without=field) if chosen.of_field(field) else plan.mask
                values[field] = kinds.facet(field, weights if mask is None else weights * mask)
            total = weights.sum() if plan.mask is None else weights[plan.mask].sum()
            return Facets(values, int(total), without)

    @past_damage
    def timeline(
        self, chosen: LogFilter, spans: int, *, since_us: int | None = None, until_us: int | None = None
    ) -> Timeline:
        """At most `spans` columns over the whole time of the filter's records, or the one given."""
        with self._session() as session:
            plan, without = session.counted(chosen)
            return Timeline(session.spans(plan, max(spans, 1), since_us, until_us), without)

    def period(self, chosen: LogFilter) -> Period:
        """The time that a filter's `since`, `until` and `during` leave."""
        with self._session() as session:
            return session.plan(chosen).period

    def jobs(self) -> dict[str, str]:
        """The job of each run, as far as anybody has said it."""
        with self._session():
            return {**self._jobs(), **self._known_jobs}

    def samples(self, run_id: str, since_us: int = 0) -> Sequence[Sample]:
        """What a run's process used, the oldest first."""
        with self._session() as session:
            return session.samples(run_id, since_us)

    def damaged(self) -> Damaged:
        """What could not be read until now, by any call."""
        return self._damage.facts()

    # --- one call ----------------------------------------------------------------------------------------------------

    @past_damage
    def _search_on(
        self, chosen: LogFilter, plan: Plan | None, bound: int | None, batch: int, stops: int
    ) -> tuple[Plan, tuple[Found, int, bool]]:
        with self._session(stops) as session:
            if plan is None or plan.kinds != len(session.kinds):
                plan = session.plan(chosen)
            return plan, session.search_on(plan, bound, batch)

    @contextmanager
    def _session(self, stops: int | None = None) -> Iterator[_Session]:
        stops = self._stops if stops is None else stops
        self._bring()

        def check() -> None:
            if self._stops != stops:
                raise Interrupted("The search was stopped.")

        with self._lock, translated(self.path, LOGS):
            check()
            connection = self._connected()
            if connection is None:
                yield _Session(None, self._empty(), KindIndex(lambda _: ""), self._shelf, check, self._period_of)
                return
            with snapshot(connection):
                self._refresh(connection)
                yield _Session(connection, self._index, self._kinds, self._shelf, check, self._period_of)

    def _connected(self) -> apsw.Connection | None:
        """The connection, made when there is a database, and again where its file was replaced."""
        try:
            stats = (self.path / FILE).stat()
        except OSError:
            self.close()
            return None
        if self._connection is not None and self._file != (stats.st_dev, stats.st_ino):
            self.close()
        if self._connection is None:
            try:
                self._connection = connect_logs(self.path)
            except StoreNotFound:  # it is being made
                return None
            self._file = stats.st_dev, stats.st_ino
        return self._connection

    def _leave_out(self, damage: BlockDamaged) -> None:
        """From now on without this block; the error itself, if it is another's."""
        with self._lock:
            at = np.flatnonzero(self._index.column("id") == damage.block)
            if not len(at):
                raise damage
            self._damage.add_block(damage.block, self._index.spot(int(at[0])).count, damage.reason)
            self._index = self._index.without(damage.block)

    def _sound(self, heads: Heads) -> Heads:
        """Those of some heads that blocks can have, and are not known to be damaged."""
        found = []
        for head, is_one in zip(heads, sound_heads(heads, self._kinds.places), strict=True):
            if not is_one:
                self._damage.add_block(
                    head[0], min(max(head[3], 0), MOST_RECORDS), "its head does not agree with itself"
                )
            elif head[0] not in self._damage.blocks:
                found.append(head)
        return found

    def _read_part(self, connection: apsw.Connection, statement: str, *bindings: int) -> Part:
        return read_part(connection, statement, bindings, self._kinds, self._sound)

    def _forget(self) -> None:
        self._shelf = Shelf(self._damage)
        self._index = self._empty()
        self._generation = -1
        self._kinds = KindIndex(self._job_of)
        self._jobless: set[str] = set()
        self._file = (0, 0)

    def _empty(self) -> Index:
        nothing = Part([], KindIndex(lambda _: ""))
        return Index(-1, nothing, nothing)

    def _refresh(self, connection: apsw.Connection) -> None:
        """Bring the index up to the version that this transaction sees."""
        version = meta(connection, "version")
        if version == self._index.version and not self._has_jobs():
            return
        file = self._file
        if meta(connection, "generation") != self._generation or version < self._index.version:
            self._forget()
            self._file, self._generation = file, meta(connection, "generation")
            self._damage.keep(id for (id,) in connection.execute("select id from block"))
        self._known_jobs.update(connection.execute("select run_id, job from log_run"))
        self._kinds.add(
            connection.execute(f"select id, {COLUMNS} from kind where id > ? order by id", (self._kinds.last_id,))
        )
        sealed = self._index.sealed
        after = int(sealed.id.max()) if len(sealed) else 0
        more = self._read_part(connection, SELECT_FRESH if after else SELECT_SEALED, after)
        if len(more):
            sealed = sealed.joined(more) if len(sealed) else more
        self._index = Index(version, sealed, self._read_part(connection, SELECT_OPEN))

    def _job_of(self, run_id: str) -> str:
        if not run_id:
            return ""
        job = self._known_jobs.get(run_id) or self._jobs().get(run_id, "")
        if not job:
            self._jobless.add(run_id)
        return job

    def _has_jobs(self) -> bool:
        """Whether a run whose job was not known has one by now: then all is read anew."""
        if not self._jobless:
            return False
        jobs = self._jobs()
        found = {run: jobs[run] for run in self._jobless if run in jobs}
        if not found:
            return False
        self._known_jobs.update(found)
        self._generation = -1
        return True


class _Session:
    """The answers within one transaction."""

    def __init__(
        self, connection: apsw.Connection | None, index: Index, kinds: KindIndex, shelf: Shelf,
        check: Callable[[], None], period_of: PeriodOf,
    ) -> None:  # fmt: skip
        self._connection, self.index, self.kinds, self.shelf, self.check = connection, index, kinds, shelf, check
        self.period_of = period_of
        self.now_us = time.time_ns() // 1000

    @property
    def connection(self) -> apsw.Connection:
        assert self._connection is not None, "an empty index has no blocks to look into"
        return self._connection

    def plan(self, chosen: LogFilter) -> Plan:
        plan = Plan(chosen, self.kinds.chosen(chosen), len(self.kinds), self.now_us)
        plan.period = narrowed(chosen, plan.period, self.period_of)
        return plan

    def walk(self, chosen: LogFilter) -> Walk:
        return self.walk_of(self.plan(chosen))

    def walk_of(self, plan: Plan) -> Walk:
        return Walk(self._connection, self.index, plan, self.shelf, self.check)  # type: ignore[arg-type]

    # --- records -----------------------------------------------------------------------------------------------------

    def collect(self, walk: Iterator[Met], limit: int) -> list[LogEntry]:
        found: list[LogEntry] = []
        if limit <= 0:
            return found
        for met in walk:
            found += self.entries(met.spot, met.rows[: limit - len(found)])
            if len(found) >= limit:
                break
        return found

    def entries(self, spot: Spot, rows: list[int]) -> list[LogEntry]:
        if not rows:
            return []
        columns = self.shelf.columns(self.connection, spot)
        places = columns.place[rows]
        slices = np.searchsorted(columns.bounds, places, "right") - 1
        of_all = [spot.kinds[columns.kind[rows]], columns.time[rows], columns.ids(spot.first_id)[rows], places, slices]
        numbers = zip(*(_of_rows(columns.numbers(name), rows) for name in NUMBERS), strict=True)
        found: list[LogEntry] = []
        slice, number_of = None, -1
        for kind, time_us, id, place, number, some in zip(*(each.tolist() for each in of_all), numbers, strict=True):
            if slice is None or number != number_of:
                slice, number_of = self.shelf.slice(self.connection, spot, columns, number), number
            try:
                record = self._record(slice, place - slice.begin, kind, time_us, some)
            except BlockDamaged as damage:
                slice = self.shelf.lose(spot, columns, number, damage.reason)
                record = self._record(slice, place - slice.begin, kind, time_us, some)
            found.append(LogEntry(id, record))
        return found

    def _record(
        self, slice: Slice, at: int, kind_place: int, time_us: int, numbers: tuple[int | None, ...]
    ) -> LogRecordV1:
        kind = self.kinds.kinds[kind_place]
        with decoding(0):
            message, _, raw = slice.parts(at)
            body = unpack_body(slice.body(at))
        pid, episode, step, env = numbers
        return LogRecordV1(
            time_us=time_us, code=kind.code, level=kind.level, component=kind.component,  # type: ignore[arg-type]
            subcomponent=kind.subcomponent, message=message, tags=kind.tags, fields=body.fields, run_id=kind.run_id,
            stream=kind.stream, agent=body.agent, episode=episode, step=step,
            source=kind.source, raw=raw, extra=body.extra, output=kind.output,  # type: ignore[arg-type]
            pid=pid, env_index=env, logger=kind.logger, flags=kind.flags, repeats=body.repeats,
            raw_bytes=body.raw_bytes,
        )  # fmt: skip

    def ids(self, met: Met) -> list[int]:
        ids = self.shelf.columns(self.connection, met.spot).ids(met.spot.first_id)
        return ids[met.rows].tolist()  # type: ignore[no-any-return]

    def entry(self, id: int) -> LogEntry:
        spot = self._spot_with(id)
        if spot is not None:
            ids = self.shelf.columns(self.connection, spot).ids(spot.first_id)
            row = int(np.searchsorted(ids, id))
            if ids[row] == id:
                return self.entries(spot, [row])[0]
        raise NotFound(f"There is no log record {id} (any more).", "`cornerman logs` lists the newest.")

    def _spot_with(self, id: int) -> Spot | None:
        """The block that has the id, unless it is in a gap."""
        at = int(np.searchsorted(self.index.column("last_id"), id))
        return self.index.spot(at) if at < len(self.index) and self.index.spot(at).first_id <= id else None

    def search_on(self, plan: Plan, before: int | None, batch: int) -> tuple[Found, int, bool]:
        """Search for a while: what was found, where to go on, and whether that was all."""
        deadline = time.monotonic() + STEP_SECONDS
        entries: list[LogEntry] = []
        bound = before if before is not None else int(self.index.column("last_id").max(initial=0)) + 1
        searched_to = self.now_us
        for met in self.walk_of(plan).newest_first(before):
            room = batch - len(entries)
            entries += self.entries(met.spot, met.rows[:room])
            bound = met.next_id if len(met.rows) <= room else entries[-1].id
            searched_to = min(searched_to, int(met.spot.part.min_us[met.spot.at]))
            if len(entries) >= batch or time.monotonic() > deadline:
                return Found(tuple(entries), searched_to, self._above(bound), self.index.total, False), bound, False
        if len(self.index):
            searched_to = int(self.index.column("min_us").min())
        return Found(tuple(entries), searched_to, self.index.total, self.index.total, True), bound, True

    def _above(self, id: int) -> int:
        """How many records have this id or a higher one."""
        first, last, count = (self.index.column(name) for name in ("first_id", "last_id", "count"))
        whole = int(count[first >= id].sum())
        partly = np.flatnonzero((first < id) & (last >= id))
        return whole + sum(int(min(count[at], last[at] - id + 1)) for at in partly.tolist())

    # --- counts ------------------------------------------------------------------------------------------------------

    def counted(self, chosen: LogFilter) -> tuple[Plan, tuple[str, ...]]:
        """The filter without the terms that would take looking at too many records, and which those are."""
        plan = self.plan(chosen)
        if not plan.fields_without:
            return plan, ()
        plan = self.plan(chosen.without("text"))
        if plan.numbered and int(plan.blocks(self.index).sum()) > FEW_BLOCKS:
            return self.plan(chosen.without(*plan_fields(chosen))), plan_fields(chosen)
        return plan, ("text",) if chosen.of_field("text") else ()

    def kind_counts(self, plan: Plan) -> Array:
        """How many records each kind has in the plan's time, its kinds aside."""
        kinds = len(self.kinds)
        if plan.numbered:
            totals = np.zeros(kinds)
            self._look_into(totals, plan, plan.without_kinds().blocks(self.index))
            return totals
        if plan.period == (None, None):
            return self.index.kind_totals(kinds)
        open_plan = plan.without_kinds()
        blocks, within = open_plan.blocks(self.index), plan.within(self.index)
        totals = self.index.kind_totals(kinds, blocks & within)
        self._look_into(totals, plan, blocks & ~within)
        return totals

    def _look_into(self, totals: Array, plan: Plan, blocks: Array) -> None:
        open_plan = plan.without_kinds()
        for at in np.flatnonzero(blocks).tolist():
            self.check()
            spot = self.index.spot(at)
            columns = self.shelf.columns(self.connection, spot)
            rows = open_plan.rows(spot.kinds, columns)
            kind = columns.kind if rows is None else columns.kind[rows]
            totals += np.bincount(spot.kinds[kind], minlength=len(totals))

    def block_counts(self, plan: Plan) -> Array:
        """How many of the plan's records each block has."""
        counts = self.index.counts(plan.mask)
        blocks = plan.blocks(self.index)
        counts = np.where(blocks, counts, 0)
        exact = plan.within(self.index) if not plan.numbered else np.zeros(len(blocks), np.bool_)
        walk = self.walk_of(plan)
        for at in np.flatnonzero(blocks & ~exact).tolist():
            self.check()
            counts[at] = len(walk.rows(self.index.spot(at))[1])
        return counts

    def rank(self, plan: Plan, id: int) -> tuple[int, int]:
        counts = self.block_counts(plan)
        at = int(np.searchsorted(self.index.column("last_id"), id))
        before = int(counts[:at].sum())
        if at < len(counts) and counts[at]:
            spot = self.index.spot(at)
            columns, rows = self.walk_of(plan).rows(spot)
            before += int(np.searchsorted(columns.ids(spot.first_id)[rows], id))
        return before, int(counts.sum())

    def at_rank(self, plan: Plan, rank: int) -> int | None:
        ends = np.cumsum(self.block_counts(plan))
        if rank < 0 or not len(ends) or rank >= ends[-1]:
            return None
        at = int(np.searchsorted(ends, rank, "right"))
        spot = self.index.spot(at)
        columns, rows = self.walk_of(plan).rows(spot)
        return int(columns.ids(spot.first_id)[rows[rank - (int(ends[at - 1]) if at else 0)]])

    # --- time --------------------------------------------------------------------------------------------------------

    def spans(self, plan: Plan, spans: int, since_us: int | None, until_us: int | None) -> tuple[Span, ...]:
        begin, end = self._whole(plan, since_us, until_us)
        if end < begin:
            return ()
        width = -(-(end - begin + 1) // spans)
        number = -(-(end - begin + 1) // width)
        counts = self._by_level(plan, begin, width, number)
        return tuple(
            Span(begin + at * width, min(begin + (at + 1) * width, end + 1), dict(zip(LEVELS, row, strict=True)))
            for at, row in enumerate(counts.tolist())
        )

    def _whole(self, plan: Plan, since_us: int | None, until_us: int | None) -> tuple[int, int]:
        """First and last moment of the timeline: as given, else as the filter says, else of what there is."""
        blocks = plan.blocks(self.index)
        least, greatest = self.index.column("min_us")[blocks], self.index.column("max_us")[blocks]
        begin, end = (int(least.min()), int(greatest.max())) if blocks.any() else (0, -1)
        if blocks.any() and plan.period.since_us is not None:
            begin = max(begin, plan.period.since_us)
        if blocks.any() and plan.period.until_us is not None:
            end = min(end, plan.period.until_us)
        return begin if since_us is None else since_us, end if until_us is None else until_us

    def _by_level(self, plan: Plan, begin: int, width: int, number: int) -> Array:
        """Records by span and level: of a block within one span by its head, of others by their columns."""
        index, levels = self.index, len(LEVELS)
        blocks = plan.blocks(index)
        first = (index.column("min_us") - begin) // width
        last = (index.column("max_us") - begin) // width
        blocks &= (last >= 0) & (first < number)
        whole = blocks & (first == last) & plan.within(index)
        whole &= (index.column("min_us") >= begin) & (index.column("max_us") < begin + number * width)
        if plan.numbered:
            whole[:] = False
        counts = np.zeros((number, levels), np.int64)
        np.add.at(counts, first[whole], index.by_level(plan.mask)[whole])
        flat: Array = counts.ravel()
        walk = self.walk_of(plan)
        for at in np.flatnonzero(blocks & ~whole).tolist():
            self.check()
            spot = index.spot(at)
            columns, rows = walk.rows(spot)
            span = (columns.time[rows] - begin) // width
            inside = (span >= 0) & (span < number)
            level = self.kinds.level[spot.kinds[columns.kind[rows]]]
            flat += np.bincount((span * levels + level)[inside], minlength=len(flat))
        return flat.reshape(number, levels)

    def samples(self, run_id: str, since_us: int) -> list[Sample]:
        if self._connection is None:
            return []
        rows = self.connection.execute(
            "select time_us, content from sample where run_id = ? and time_us >= ? order by time_us", (run_id, since_us)
        )
        return [Sample(time_us, msgspec.json.decode(content)) for time_us, content in rows]


def plan_fields(chosen: LogFilter) -> tuple[str, ...]:
    """The fields of a filter whose terms take looking at records."""
    return tuple(field for field in ("text", "episode", "step", "env", "pid") if chosen.of_field(field))


def _of_rows(numbers: Numbers | None, rows: list[int]) -> list[int | None]:
    """A column of numbers at some rows, None where there is none."""
    if numbers is None or not numbers.values.size:
        return [None] * len(rows)
    present = None if numbers.present is None else numbers.present[rows]
    return optional(Numbers(numbers.values[rows], present), len(rows))
