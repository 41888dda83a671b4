"""What a stream and a run add up to, from the totals of their rows and a look at the journal: never from all steps.

The curve of returns is sampled at ordinals that stay the same while a run grows, so a list that is drawn again and
again reads each sample once.
"""

from __future__ import annotations

import itertools
import time
from typing import Any, NamedTuple

import numpy as np

from cornerman.core import values
from cornerman.core.alerts import ENTROPY_ACTIONS
from cornerman.core.records import LedgerEntry, LedgerRow, RunState, RunSummary, StreamSummary
from cornerman.core.run_command import RunCommand

from .blocks import Block
from .chunk_sums import sealed_statistics
from .episode_index import EpisodeIndex
from .flow import FlowMeter
from .liveness import alive
from .reader import StreamRows, View
from .segments import SAMPLED
from .tail import Moved

STALE_AFTER = 10_000_000
"""Microseconds without a record after which a living recorder is called stale, unless its pace is slower still."""
CURVE = 60
_WINDOW = 10_000_000
_FIELDS = {"sampled", "quarantined", "duplicate"}


class Moment(NamedTuple):
    """What both summaries need of a stream."""

    view: View
    state: RunState
    last_us: int
    step_count: int
    open_transitions: int
    open_sampled: int
    """Left out by the source before the rows that are open."""


class Recent(NamedTuple):
    """Of a stream's newest episodes that ended."""

    last_return: float | None
    mean_length: float | None
    ended_us: int
    same_length: int
    """How many in a row, from the newest back, have the same length."""


class Summarizer:
    """Sums up one stream. Keeps what cannot change any more: sampled returns."""

    def __init__(self, rows: StreamRows, episodes: EpisodeIndex) -> None:
        self.rows = rows
        self.episodes = episodes
        self._samples: dict[tuple[int, int], tuple[int, float]] = {}
        self._meter = FlowMeter(rows)
        self._first_entropy: float | None = None

    # --- state -------------------------------------------------------------------------------------------------------

    def moment(self) -> Moment:
        view = self.rows.view()
        steps, opened, sampled, last = view.totals.t, 0, 0, view.totals.last_us
        for block in view.blocks:
            opened += int(block.advanced.transition.sum())
            last = int(block.time_us[-1])
            steps = block.first_t + block.calls
            sampled += block.sampled
        if view.parts and not (view.blocks and not view.blocks[-1].part.same(view.parts[-1])):
            steps += view.parts[-1].dropped_steps
        return Moment(view, self._state(view, last), last, steps, opened, sampled)

    def _state(self, view: View, last_us: int) -> RunState:
        if view.totals.ended_us is not None or any(part.closed for part in view.parts):
            return "done"
        if not alive(self.rows.shelf.path, self.rows.process):
            return "interrupted"
        pace = 0.0
        if view.blocks and view.blocks[-1].rows > 1:
            times = view.blocks[-1].time_us
            pace = float(times[-1] - times[0]) / (len(times) - 1)
        return "live" if time.time_ns() // 1000 - last_us < max(STALE_AFTER, 5 * pace) else "stale"

    # --- the ledger --------------------------------------------------------------------------------------------------

    def ledger(self, moment: Moment, *, counted: bool) -> LedgerRow:
        """What became of the transitions. With `counted`, those stored are counted chunk by chunk, so that a chunk
        that got lost shows; otherwise they are what the stream's row says."""
        found = self.rows.shelf.query("select cause, transitions from ledger where stream = ?", (self.rows.stream_id,))
        causes = {str(cause): int(count) for cause, count in found}
        received = causes.pop("received", 0)
        for part in moment.view.parts:
            if part.dropped and part.end_sequence > moment.view.totals.sequence:
                causes[part.cause] = causes.get(part.cause, 0) + part.dropped
        received = max(received, self._received(moment))
        totals = moment.view.totals
        stored = sealed_statistics(self.rows, totals.rows).number if counted else totals.transitions
        if self.rows.totals().sequence != moment.view.totals.sequence:
            raise Moved  # more was sealed meanwhile: the two sides of the equation would be of two moments
        known = {name: causes.pop(name, 0) for name in _FIELDS}
        known["sampled"] += moment.open_sampled
        return LedgerRow(received, stored, moment.open_transitions, dropped=causes, **known)

    def entries(self, moment: Moment) -> list[LedgerEntry]:
        """The causes with their times. What only the journal knows so far was counted by its newest record."""
        found = self.rows.shelf.query(
            "select cause, transitions, first_us, last_us from ledger where stream = ? and cause <> 'received'",
            (self.rows.stream_id,),
        )
        known = {str(row[0]): LedgerEntry(*row) for row in found}
        more = {SAMPLED: moment.open_sampled} if moment.open_sampled else {}
        for part in moment.view.parts:
            if part.dropped and part.end_sequence > moment.view.totals.sequence:
                more[part.cause] = more.get(part.cause, 0) + part.dropped
        for cause, count in more.items():
            before = known.get(cause) or LedgerEntry(cause, 0, moment.last_us, moment.last_us)
            last = max(before.last_us, moment.last_us)
            known[cause] = LedgerEntry(cause, before.transitions + count, before.first_us, last)
        return list(known.values())

    def _received(self, moment: Moment) -> int:
        """The recorder's own count, as the newest segment's header has it, and what came after it."""
        view = moment.view
        if not view.parts:
            return 0
        last = view.parts[-1]
        block = view.blocks[-1] if view.blocks and view.blocks[-1].part.same(last) else None
        if last.count and (block is None or block.rows != last.count):
            return 0
        since = int(block.advanced.transition.sum()) + block.sampled if block else 0
        return last.received + since + last.dropped

    # --- the curve ---------------------------------------------------------------------------------------------------

    def curve(self, view: View) -> list[tuple[int, float]]:
        """(time, return) at no more than CURVE ordinals; each the mean of up to a stride of neighbours."""
        total = view.episode_count
        stride = 1
        while total > CURVE * stride:
            stride *= 2
        points = [self._sample(view, ordinal, stride) for ordinal in range(0, total, stride)]
        return [point for point in points if point is not None]

    def _sample(self, view: View, ordinal: int, stride: int) -> tuple[int, float] | None:
        key = (ordinal, stride)
        if key in self._samples:
            return self._samples[key]
        for before, columns in self.episodes.found(view, False, ordinal):
            chosen = slice(ordinal - before, ordinal - before + stride)
            returns = columns["total_reward"][chosen]
            point = (int(columns["ended_us"][chosen][-1]), float(np.mean(returns)))
            if ordinal + stride <= view.totals.episodes:
                if len(self._samples) > 8 * CURVE:
                    self._samples.clear()
                self._samples[key] = point
            return point
        return None

    def recent(self, count: int = 100) -> Recent:
        """Of the newest episodes that ended: the last return, mean length, the time, equal lengths in a row."""
        lengths: list[int] = []
        last: tuple[float | None, int] = (None, 0)
        for _, columns in self.episodes.found(self.rows.view(), True):
            if not lengths:
                last = (float(columns["total_reward"][-1]), int(columns["ended_us"][-1]))
            lengths += columns["length"][::-1][: count - len(lengths)].tolist()
            if len(lengths) >= count:
                break
        same = next((at for at, length in enumerate(lengths) if length != lengths[0]), len(lengths))
        return Recent(last[0], sum(lengths) / len(lengths) if lengths else None, last[1], same)

    def action_entropy(self, moment: Moment) -> float | None:
        """Of the newest actions while it records, in bits: what is open, and the chunk before that where it is short.

        None also where they never had any: a script that always does the same.
        """
        if moment.state not in ("live", "stale"):
            return None
        blocks = moment.view.blocks
        found = [_discrete_actions(block) for block in blocks]
        if sum(map(len, found)) < ENTROPY_ACTIONS and moment.view.totals.rows:
            found.insert(0, _discrete_actions(self.rows.block(moment.view.totals.rows - 1)))
        actions = np.concatenate(found)[-ENTROPY_ACTIONS:] if found else _NO_ACTIONS
        if len(actions) < ENTROPY_ACTIONS:
            return None
        bits = _entropy(actions)
        if bits < SOME_ENTROPY and self._first_entropy is None:
            self._first_entropy = _entropy(_discrete_actions(self.rows.block(0)))
        return bits if bits >= SOME_ENTROPY or (self._first_entropy or 0.0) >= SOME_ENTROPY else None

    # --- pace --------------------------------------------------------------------------------------------------------

    def pace(self, moment: Moment) -> float:
        """Vector steps a second: over the last seconds while it is live, over its whole life otherwise."""
        created = int(self.rows.identity.stream["created_us"])
        if moment.state != "live":
            return moment.step_count * 1e6 / max(moment.last_us - created, 1) if moment.step_count else 0.0
        steps, first = 0, moment.last_us
        for block in reversed(moment.view.blocks):
            steps, first = steps + block.calls, int(block.time_us[0])
        recent = self.rows.shelf.query(
            "select steps, first_us from chunk where stream = ? order by first_row desc limit 16",
            (self.rows.stream_id,),
        )
        for count, begun in recent:
            if moment.last_us - first > _WINDOW:
                break
            steps, first = steps + count, min(first, begun)
        return max(steps - 1, 0) * 1e6 / max(moment.last_us - first, 1)

    def bytes(self, view: View) -> int:
        """On disk: chunks, frames and journal."""
        return view.totals.bytes + self.journal_bytes

    @property
    def journal_bytes(self) -> int:
        """On disk in the journal."""
        return self.rows.shelf.journal.bytes(self.rows.process, self.rows.stream_id)

    # --- the summary -------------------------------------------------------------------------------------------------

    def summary(self) -> StreamSummary:
        moment = self.moment()
        view, rows = moment.view, self.rows
        manifest = rows.manifest
        rewards = [block.reward[block.advanced.transition] for block in view.blocks]
        return StreamSummary(
            stream_id=rows.stream_id,
            run_id=str(rows.identity.run["run_id"]),
            name=str(rows.identity.stream["name"]),
            env_id=str(manifest.get("env_id") or ""),
            num_envs=rows.num_envs,
            autoreset_mode=rows.mode,
            rows=view.rows,
            step_count=moment.step_count,
            transition_count=view.totals.transitions + moment.open_transitions,
            episode_count=view.episode_count,
            reward_sum=view.totals.reward_sum + sum(float(np.nansum(reward)) for reward in rewards),
            state=moment.state,
            started_us=int(rows.identity.stream["created_us"]),
            last_us=moment.last_us,
            bytes=self.bytes(view),
            frame_kind=frame_kind(manifest),
            frame_envs=rows.frame_envs,
            ledger=self.ledger(moment, counted=True),
            notes=view.totals.notes,
            manifest=manifest,
            flow=self._meter.flow(view),
        )


def _bytes_per_hour(streams: list[Summarizer], moments: list[Moment], started_us: int) -> float | None:
    """What is sealed by the time it took. The journal is bounded and does not grow with the run; while there is nothing
    else, no pace is known: a run of a second with a segment of half a megabyte would fill any disk."""
    sealed = sum(moment.view.totals.bytes for moment in moments)
    until = max(moment.view.totals.last_us for moment in moments)
    return sealed * 3.6e9 / max(until - started_us, 1_000_000) if sealed else None


def frame_kind(manifest: dict[str, Any]) -> str:
    """The kind of a stream's frames, as its manifest has it."""
    frames = manifest.get("frames") or {}
    if frames.get("kind"):
        return str(frames["kind"])
    if frames.get("source") == "render":
        return "text" if manifest.get("render_mode") == "ansi" else "rgb"
    return {"observation": "rgb", "adapter": "grid"}.get(frames.get("source") or "", "none")


def summarize(streams: list[Summarizer]) -> RunSummary:
    """One run out of its streams."""
    moments = [stream.moment() for stream in streams]
    run = streams[0].rows.identity.run
    state = _joined([moment.state for moment in moments])
    started, last = int(run["created_us"]), max(moment.last_us for moment in moments)
    recent = [stream.recent() for stream in streams]
    newest = max(recent, key=lambda item: item.ended_us)
    lengths = [item.mean_length for item in recent if item.mean_length is not None]
    pace = [stream.pace(moment) for stream, moment in zip(streams, moments, strict=True)]
    counted = [p for p, moment in zip(pace, moments, strict=True) if state != "live" or moment.state == "live"]
    total = sum(stream.bytes(moment.view) for stream, moment in zip(streams, moments, strict=True))
    ledger = LedgerRow(0, 0, 0)
    for stream, moment in zip(streams, moments, strict=True):
        ledger += stream.ledger(moment, counted=False)
    entropies = [stream.action_entropy(moment) for stream, moment in zip(streams, moments, strict=True)]
    provenance = values.decode(run["provenance"])
    return RunSummary(
        run_id=str(run["run_id"]),
        job=str(run["job"]),
        state=state,
        env_ids=tuple(dict.fromkeys(str(stream.rows.manifest.get("env_id") or "") for stream in streams)),
        started_us=started,
        last_us=last,
        step_count=sum(moment.step_count for moment in moments),
        transition_count=sum(moment.view.totals.transitions + moment.open_transitions for moment in moments),
        episode_count=sum(moment.view.episode_count for moment in moments),
        steps_per_second=sum(counted),
        last_return=newest.last_return,
        returns=_thinned(sorted(p for s, m in zip(streams, moments, strict=True) for p in s.curve(m.view))),
        mean_length=sum(lengths) / len(lengths) if lengths else None,
        bytes=total,
        bytes_per_hour=_bytes_per_hour(streams, moments, started) if state in ("live", "stale") else None,
        ledger=ledger,
        provenance=provenance if isinstance(provenance, dict) else {},
        notes=tuple(dict.fromkeys(note for moment in moments for note in moment.view.totals.notes)),
        same_length=newest.same_length,
        action_entropy=min((bits for bits in entropies if bits is not None), default=None),
    )


def without_streams(command: RunCommand, state: RunState) -> RunSummary:
    """A run whose command never recorded a step, or has not yet."""
    return RunSummary(
        run_id=command.run_id,
        job=command.job,
        state=state,
        env_ids=(),
        started_us=command.started_us,
        last_us=command.ended_us or command.started_us,
        step_count=0,
        transition_count=0,
        episode_count=0,
        steps_per_second=0.0,
        last_return=None,
        returns=(),
        mean_length=None,
        bytes=0,
        bytes_per_hour=None,
        ledger=LedgerRow(0, 0, 0),
        provenance=command.provenance,
    )


SOME_ENTROPY = 0.1
"""Bits: below it, whether the first actions had more is looked at, once."""
_NO_ACTIONS = np.empty(0, np.int64)


def _discrete_actions(block: Block) -> np.ndarray[Any, Any]:
    """The actions of a block's transitions, where each is one whole number; else none."""
    try:
        actions = block.column("action")
    except KeyError:
        return _NO_ACTIONS
    if actions.ndim != 1 + bool(block.num_envs) or actions.dtype.kind not in "iu":
        return _NO_ACTIONS
    return actions.reshape(block.rows, -1)[block.transition].astype(np.int64)


def _entropy(actions: np.ndarray[Any, Any]) -> float:
    shares = np.unique(actions, return_counts=True)[1] / max(len(actions), 1)
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _joined(states: list[RunState]) -> RunState:
    """A run lives while any of its streams does; it is done when all ended cleanly."""
    for state in ("live", "stale", "interrupted"):
        if state in states:
            return state
    return "done"


def _thinned(points: list[tuple[int, float]]) -> tuple[float, ...]:
    """Each point the mean of its share: none is left out, so that one that is not finite is seen."""
    if len(points) <= CURVE:
        return tuple(value for _, value in points)
    edges = [at * len(points) // CURVE for at in range(CURVE + 1)]
    return tuple(float(np.mean([value for _, value in points[a:b]])) for a, b in itertools.pairwise(edges))
