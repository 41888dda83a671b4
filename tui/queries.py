"""What the screens ask of the store and what they get: plain requests in, plain answers out.

Every function here runs on the reader's thread. `Reading` keeps what need not be read again for each question: the
run and stream being looked at, their summaries for a quarter of a second, and the episodes already listed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from .moves import Landing, Move, first_of, opening, resolve
from .words import short_ids

if TYPE_CHECKING:
    from cornerman.core.normalization import NormalizationStatistics
    from cornerman.core.ports import StreamReader, TelemetryRepository
    from cornerman.core.records import EpisodeOrder, EpisodeRollup, RunSummary, StepRecord, StreamSummary

    from .live import LivePath
    from .schema_queries import SchemaAnswer, SchemaQuery

ORDERS: tuple[EpisodeOrder, ...] = ("newest", "best", "worst", "longest")

FRESH_S = 0.25
"""How long a summary is good enough for the screen."""
MOST_REWARDS = 100_000
"""Rewards read for the strip of one episode; beyond it the strip shows those around the cursor."""


@dataclass(frozen=True, slots=True)
class RunsQuery:
    """The list of runs."""

    channel: ClassVar[str] = "runs"
    watched: ClassVar[bool] = True

    def answer(self, reading: Reading) -> RunsAnswer:
        version, known = reading.repository.version(), reading.listed
        if known is not None and known[0] == version and not known[1].live:
            return known[1]
        notices: list[str] = list(getattr(reading.repository, "notices", ()))
        summaries: list[RunSummary] = []
        for reader in reading.repository.runs():
            try:
                summaries.append(reader.summary())
            except Exception as error:  # one damaged run is no reason to show none
                notices.append(f"run {reader.run_id} cannot be read ({type(error).__name__}): `cornerman verify`")
        reading.listed = version, RunsAnswer(tuple(summaries), tuple(notices))
        return reading.listed[1]


class RunsAnswer(NamedTuple):
    runs: tuple[RunSummary, ...]
    notices: tuple[str, ...] = ()
    """What the store says about itself: written by a newer version, read-only here."""

    @property
    def live(self) -> bool:
        return any(run.state in ("live", "stale") for run in self.runs)

    def same(self, other: object) -> bool:
        return isinstance(other, RunsAnswer) and (self.runs, self.notices) == (other.runs, other.notices)


@dataclass(frozen=True, slots=True)
class ViewQuery:
    """A row of a stream, and everything the run screen says around it. `newest` is followed as it grows."""

    channel: ClassVar[str] = "view"
    run_id: str
    stream: int
    env: int
    move: Move
    frame: bool = True
    """Whether the frame is wanted: with rendering off none is read nor decoded."""
    live: LivePath[Any] | None = field(default=None, compare=False)
    """The way of what is followed to the screen that asked."""
    normalization: bool = False
    """Whether the statistics are wanted that an observation is normalized by, or was."""
    named: str = ""
    """The stream by its name, where the run has one of it; wins over the number."""

    @property
    def watched(self) -> bool:
        return True

    def answer(self, reading: Reading) -> ViewAnswer:
        return self._answer(reading, None)

    def at(self, reading: Reading, row: int) -> ViewAnswer:
        """What is said around one row, wherever the move leads."""
        return self._answer(reading, row)

    def newest(self, reading: Reading) -> int | None:
        """The newest row of a living run that is followed; None where nothing is."""
        if self.move.kind != "newest":
            return None
        summary, streams = reading.summaries(self.run_id)
        if not streams or summary.state not in ("live", "stale"):
            return None
        rows = reading.stream(max(0, min(self.stream, len(streams) - 1))).row_count()
        return rows - 1 if rows > 0 else None

    def _answer(self, reading: Reading, row: int | None) -> ViewAnswer:
        summary, streams = reading.summaries(self.run_id)
        short = reading.short_id
        index = max(0, min(self.stream, len(streams) - 1))
        index = next((at for at, stream in enumerate(streams) if self.named and stream.name == self.named), index)
        if not streams:
            return ViewAnswer(summary, short, (), 0, 0, 0, None, None, _nothing(summary))
        stream = reading.stream(index)
        env = max(0, min(self.env, max(1, streams[index].num_envs) - 1))
        rows = stream.row_count()
        if rows <= 0:
            return ViewAnswer(summary, short, streams, index, env, 0, None, None, _nothing(summary))
        live = summary.state in ("live", "stale")
        landing = self._landing(reading, stream, rows, env, live) if row is None else Landing(row)
        record = stream.step(landing.row, env, frame=self.frame)
        episode = stream.episode_at(landing.row, env)
        statistics = stream.normalization(record.t).get("observation") if self.normalization else None
        return ViewAnswer(summary, short, streams, index, env, rows, record, episode, landing.said, statistics)

    def _landing(self, reading: Reading, stream: StreamReader, rows: int, env: int, live: bool) -> Landing:
        """A watched view lands once and then stays, unless it follows."""
        if self.move.kind != "newest" and reading.landed is not None and reading.landed[0] is self:
            return reading.landed[1]._replace(said="")
        move = self.move._replace(kind=opening(live)) if self.move.kind == "open" else self.move
        landing = resolve(move, stream, rows, env, reading.stop)
        reading.landed = (self, landing)
        return landing


def _nothing(summary: RunSummary) -> str:
    """A run that has ended will have no steps any more."""
    return "no step is recorded yet" if summary.state in ("live", "stale") else "no step was recorded"


class ViewAnswer(NamedTuple):
    run: RunSummary
    short_id: str
    """What can be typed for the run's id."""
    streams: tuple[StreamSummary, ...]
    stream: int
    env: int
    rows: int
    record: StepRecord | None
    episode: EpisodeRollup | None
    said: str = ""
    statistics: NormalizationStatistics | None = None

    @property
    def live(self) -> bool:
        return self.run.state in ("live", "stale")

    def same(self, other: object) -> bool:
        """Whether another answer would draw the same: arrays are not compared, the row they came from is."""
        if not isinstance(other, ViewAnswer):
            return False
        mine, theirs = self.record, other.record
        rows = (mine and (mine.row, mine.env_index)) == (theirs and (theirs.row, theirs.env_index))
        rows = rows and (self.statistics and self.statistics.t) == (other.statistics and other.statistics.t)
        return rows and (self.run, self.streams, self.rows, self.episode, self.env) == (
            other.run,
            other.streams,
            other.rows,
            other.episode,
            other.env,
        )


@dataclass(frozen=True, slots=True)
class EpisodesQuery:
    """A window of the list of episodes."""

    channel: ClassVar[str] = "episodes"
    watched: ClassVar[bool] = True
    run_id: str
    stream: int
    order: EpisodeOrder
    offset: int
    limit: int

    def answer(self, reading: Reading) -> EpisodesAnswer:
        _, streams = reading.summaries(self.run_id)
        if not streams:
            return EpisodesAnswer((), 0, 0, self.order)
        index = max(0, min(self.stream, len(streams) - 1))
        stream, ended = reading.stream(index), streams[index].episode_count
        rows = tuple(stream.episodes(order=self.order, limit=self.limit, offset=self.offset))
        under_way = max(1, streams[index].num_envs) if streams[index].rows and self.order == "newest" else 0
        total = max(ended + under_way, self.offset + len(rows))
        if len(rows) < self.limit:
            total = self.offset + len(rows)
        return EpisodesAnswer(rows, self.offset, total, self.order)


class EpisodesAnswer(NamedTuple):
    episodes: tuple[EpisodeRollup, ...]
    offset: int
    total: int
    order: EpisodeOrder

    def same(self, other: object) -> bool:
        return self == other


@dataclass(frozen=True, slots=True)
class RewardsQuery:
    """The rewards of the episode around a row, for the strip under the frame."""

    channel: ClassVar[str] = "rewards"
    watched: ClassVar[bool] = True
    run_id: str
    stream: int
    env: int
    episode: int
    row: int

    def answer(self, reading: Reading) -> RewardsAnswer:
        _, streams = reading.summaries(self.run_id)
        stream = reading.stream(max(0, min(self.stream, len(streams) - 1)))
        episode = stream.episode(self.env, self.episode)
        first = first_of(episode)
        stop = (stream.row_count() if episode.ended == "open" else episode.last_row + 1) if episode.length else first
        note = ""
        if stop - first > MOST_REWARDS:
            begin = max(first, min(self.row - MOST_REWARDS // 2, stop - MOST_REWARDS))
            note = f"{MOST_REWARDS:,} of {stop - first:,} rows"
            first, stop = begin, begin + MOST_REWARDS
        values = tuple(map(float, stream.rewards(first, stop, self.env))) if stop > first else ()
        return RewardsAnswer(self.episode, self.env, first, values, note, episode.ended != "open")


class RewardsAnswer(NamedTuple):
    episode: int
    env: int
    first_row: int
    rewards: tuple[float, ...]
    """One a row; NaN where the row is a reset."""
    note: str
    settled: bool
    """The episode has ended: there is nothing more to come."""

    def same(self, other: object) -> bool:
        return isinstance(other, RewardsAnswer) and (self.episode, self.env, self.first_row, len(self.rewards)) == (
            other.episode,
            other.env,
            other.first_row,
            len(other.rewards),
        )


@dataclass(frozen=True, slots=True)
class DeleteQuery:
    """Remove a run. Not a question: it is done once and never repeated."""

    channel: ClassVar[str] = "delete"
    watched: ClassVar[bool] = False
    run_id: str

    def answer(self, reading: Reading) -> DeleteAnswer:
        return DeleteAnswer(self.run_id, reading.writable().delete(self.run_id))


class DeleteAnswer(NamedTuple):
    run_id: str
    freed: int

    def same(self, other: object) -> bool:
        return False


Query: TypeAlias = "RunsQuery | ViewQuery | EpisodesQuery | RewardsQuery | DeleteQuery | SchemaQuery"
Answer: TypeAlias = "RunsAnswer | ViewAnswer | EpisodesAnswer | RewardsAnswer | DeleteAnswer | SchemaAnswer"


@dataclass
class Reading:
    """The reader's own connection and what it remembers between questions."""

    repository: TelemetryRepository
    writable: Callable[[], TelemetryRepository]
    stop: Callable[[], bool] = lambda: False
    landed: tuple[ViewQuery, Landing] | None = None
    listed: tuple[object, RunsAnswer] | None = None
    """The list of runs as it was, and what the store said then."""
    unchanged: dict[str, tuple[object, object]] = field(default_factory=dict)
    """By channel: what was asked of the store as it was then, and the answer. For answers that cost a scan."""
    short_id: str = ""
    _run_id: str = ""
    _streams: tuple[StreamReader, ...] = ()
    _summaries: tuple[RunSummary, tuple[StreamSummary, ...]] | None = None
    _read_at: float = 0.0

    def summaries(self, run_id: str) -> tuple[RunSummary, tuple[StreamSummary, ...]]:
        """The run's and its streams' summaries, at most `FRESH_S` old."""
        now = time.monotonic()
        if run_id != self._run_id:
            self._run_id, self._summaries = run_id, None
        if self._summaries is None or now - self._read_at >= FRESH_S:
            run = self.repository.run(run_id)  # anew: it may have streams now that it did not have before
            if self._summaries is None:
                self.short_id = short_ids([other.run_id for other in self.repository.runs()])[run.run_id]
            self._streams = tuple(run.streams())
            self._summaries = run.summary(), tuple(stream.summary() for stream in self._streams)
            self._read_at = now
        return self._summaries

    def stream(self, index: int) -> StreamReader:
        return self._streams[index]
