"""Checking what is stored against what it says of itself, so that a promise can be proved on the user's own data.

What is checked: the database's own integrity; each chunk's SHA-256, whether it decodes, and its counts against its
row; that rows, steps and episodes follow one another without a gap; the totals of each stream; the frames; the open
journal; the equation of the ledger, with stored transitions counted anew in the decoded chunks; the snapshots of what
the run was started with; and, with the whole store, the documents of imports: their number and each one's checksum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cornerman.core.episodes import extremes
from cornerman.core.errors import CornermanError
from cornerman.core.payloads import read

from . import run_folder
from .blocks import SealedBlock
from .logs.check import log_problems
from .normalization import snapshots_of, unpacked
from .reader import FrameBlock, View
from .spaces import space_of
from .tail import Moved

if TYPE_CHECKING:
    from .api import Run, Store, Stream

What = Literal[
    "database", "chunk", "rows", "episodes", "totals", "frames", "journal", "ledger", "space", "quarantine", "inputs",
    "documents", "logs", "normalization"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. `stream_id` is None where it concerns the whole store."""

    what: What
    message: str
    run_id: str | None = None
    stream_id: int | None = None
    row: int | None = None

    def __str__(self) -> str:
        places = (("run", self.run_id), ("stream", self.stream_id), ("row", self.row))
        where = " ".join(f"{name} {value}" for name, value in places if value is not None)
        return f"{self.what}: {where}: {self.message}" if where else f"{self.what}: {self.message}"


def verify(store: Store, run: str | None = None) -> Iterator[Finding]:
    """Every finding, as it is found: nothing where all is well."""
    for (message,) in store._shelf.query("pragma integrity_check"):
        if message != "ok":
            yield Finding("database", f"SQLite says: {message}")
    if run is None:
        yield from (Finding("documents", message) for message in store.documents.problems())
    if run is None:
        for message in log_problems(store.path):
            yield Finding("logs", message)
        for message in store._network.problems():
            yield Finding("logs", message)
    for item in store.runs() if run is None else [store.run(run)]:
        provenance = item.provenance
        for message in run_folder.problems(store.path, item.job, item.run_id, provenance):
            yield Finding("inputs", message, item.run_id)
        for stream in item.streams():
            yield from stream.rows.consistent(partial(_stream_findings, item, stream))


def _stream_findings(run: Run, stream: Stream) -> list[Finding]:
    """All of one stream; Moved where chunks were merged under it."""
    return list(StreamCheck(run, stream).findings())


class StreamCheck:
    """The check of one stream. While its writer goes on, what is sealed when the check begins is what is checked."""

    def __init__(self, run: Run, stream: Stream) -> None:
        self.run, self.stream = run, stream
        self.row = self.t = self.transitions = self.withheld = self.sampled = self.episodes = self.payload_bytes = 0
        self.reward_sum = 0.0
        self.numbers: dict[int, int] = {}
        self.highest_frame = -1

    def findings(self) -> Iterator[Finding]:
        try:
            view = self.stream.rows.consistent(self.stream.rows.view)
        except CornermanError as error:
            yield self._found("journal", str(error))
            return
        yield from self._chunks(view)
        yield from self._totals(view)
        yield from self._frames(view)
        yield from self._journal(view)
        yield from self._ledger()
        yield from self._spaces()
        yield from self._normalization()

    def _found(self, what: What, message: str, row: int | None = None) -> Finding:
        return Finding(what, message, self.run.run_id, self.stream.stream_id, row)

    def _spaces(self) -> Iterator[Finding]:
        """Each descriptor is there, is one, and is the one that was written."""
        for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
            try:
                space_of(self.stream.rows, name)
            except CornermanError as error:
                yield self._found("space", error.what)

    # --- chunks ------------------------------------------------------------------------------------------------------

    def _chunks(self, view: View) -> Iterator[Finding]:
        after = -1
        query = self.stream.rows.shelf.query
        while rows := query(_CHUNKS, (self.stream.stream_id, after, view.totals.rows)):
            if self._merged(after, rows[0][1]) or rows[-1][1] + rows[-1][2] > view.totals.rows:
                raise Moved
            for row in rows:
                after = row[1]
                yield from self._chunk(dict(zip(_NAMES, row, strict=True)))

    def _merged(self, after: int, first: int) -> bool:
        """Whether the chunk that was read last, and those after it up to row `first`, are one by now."""
        found = self.stream.rows.sealed(self.row) if first != self.row else None
        return found is not None and after <= found.first_row < self.row

    def _chunk(self, row: dict[str, Any]) -> Iterator[Finding]:
        first = int(row["first_row"])
        if first != self.row:
            lost = "are missing" if first > self.row else "are there twice"
            yield self._found("rows", f"rows {min(first, self.row)} to {max(first, self.row) - 1} {lost}", self.row)
        self.row = first + int(row["rows"])
        payload = row["payload"]
        if payload is None:
            yield self._found("chunk", "its payload is missing", first)
            return
        self.payload_bytes += len(payload)
        if hashlib.sha256(payload).digest() != row["sha256"]:
            yield self._found("chunk", "its bytes are not those that were written: SHA-256 differs", first)
        try:
            block = SealedBlock(payload)
            yield from self._content(block, row)
        except (CornermanError, KeyError, ValueError, IndexError) as error:
            yield self._found("chunk", f"it does not decode: {error}", first)

    def _content(self, block: SealedBlock, row: dict[str, Any]) -> Iterator[Finding]:
        for name in block.names:
            if len(block.column(name)) != block.rows:
                yield self._found("chunk", f"its column {name} has another number of rows", block.first_row)
        for offset in block.extras:
            block.extra(offset)
        rewards = block.reward[block.transition].astype(np.float64)
        numbers = rewards[~np.isnan(rewards)]
        total = float(numbers.sum()) if numbers.size else 0.0
        counted = {
            "first_row": block.first_row, "rows": block.rows, "first_t": block.first_t, "steps": block.calls,
            "transitions": int(block.transition.sum()), "episodes": len(block.episodes["ended"]),
            "first_episode": self.episodes, "reward_min": float(numbers.min()) if numbers.size else None,
            "reward_max": float(numbers.max()) if numbers.size else None, "reward_numbers": numbers.size,
        }  # fmt: skip
        counted.update(zip(_EXTREMES, extremes(block.episodes), strict=True))
        for name, value in counted.items():
            if row[name] != value and not (row[name] is None and name in _LATER):
                yield self._found("chunk", f"its row says {name} {row[name]}, its content {value}", block.first_row)
        if not np.isclose(row["reward_sum"], 0.0 if np.isnan(total) else total, rtol=1e-9, atol=1e-9):
            yield self._found(
                "chunk", f"its row says reward_sum {row['reward_sum']}, its content {total}", block.first_row
            )
        if block.first_t < self.t:
            yield self._found("rows", f"step {block.first_t} follows step {self.t - 1}", block.first_row)
        self.t = block.first_t + block.calls
        self.sampled += block.sampled
        self.transitions += int(block.transition.sum())
        self.withheld += 0 if block.withheld is None else int(block.withheld.sum())
        self.reward_sum += float(row["reward_sum"])
        yield from self._episodes(block)
        if "frame" in block.names:
            self.highest_frame = max(self.highest_frame, int(block.column("frame").max()))

    def _episodes(self, block: SealedBlock) -> Iterator[Finding]:
        columns = block.episodes
        self.episodes += len(columns["ended"])
        for env, number, last in zip(
            *(columns[name].tolist() for name in ("env_index", "episode", "last_row")), strict=True
        ):
            if number != self.numbers.get(env, -1) + 1:
                message = f"episode {number} of sub-environment {env} follows episode {self.numbers.get(env, -1)}"
                yield self._found("episodes", message, last)
            self.numbers[env] = number

    # --- the stream --------------------------------------------------------------------------------------------------

    def _totals(self, view: View) -> Iterator[Finding]:
        totals = view.totals
        for name, known, counted in (
            ("rows", totals.rows, self.row), ("transitions", totals.transitions, self.transitions),
            ("episodes", totals.episodes, self.episodes),
        ):  # fmt: skip
            if known != counted:
                yield self._found("totals", f"the stream says {known} {name}, its chunks have {counted}")
        if not np.isclose(totals.reward_sum, self.reward_sum, rtol=1e-9, atol=1e-6, equal_nan=True):
            yield self._found("totals", f"the stream says reward_sum {totals.reward_sum}, its chunks {self.reward_sum}")

    def _frames(self, view: View) -> Iterator[Finding]:
        expected, after = 0, -1
        query = self.stream.rows.shelf.query
        while rows := query(_FRAMES, (self.stream.stream_id, after)):
            for first, count, digest, payload in rows:
                after = first
                if first != expected and expected < view.totals.frames:
                    yield self._found("frames", f"frames {expected} to {first - 1} are missing")
                expected = first + count
                if payload is None or hashlib.sha256(payload).digest() != digest:
                    yield self._found("frames", f"the bytes of frames from {first} on are not those that were written")
                    continue
                try:
                    for frame in FrameBlock(payload).frames:
                        read(frame, "frame")
                except CornermanError as error:
                    yield self._found("frames", f"frames from {first} on do not decode: {error}")
        if self.highest_frame >= expected:
            yield self._found("frames", f"rows name frame {self.highest_frame}, but only {expected} are stored")

    def _journal(self, view: View) -> Iterator[Finding]:
        """What is open: without a gap to what is sealed, and readable to its last record."""
        for _ in range(10):
            try:
                for block in view.blocks:
                    for name in ("time", *block._leaves):
                        block.column(name)
                    block.advanced  # noqa: B018
                end = view.blocks[-1].stop if view.blocks else view.totals.rows
                beyond = [part for part in view.parts if part.count and part.stop > end]
                if beyond:
                    yield self._found("journal", f"rows {end} to {beyond[0].first_row - 1} are missing", end)
                return
            except Moved:
                view = self.stream.rows.consistent(self.stream.rows.view)
            except (CornermanError, ValueError) as error:
                yield self._found("journal", f"the open records do not decode: {error}")
                return

    def _normalization(self) -> Iterator[Finding]:
        """Snapshots of statistics: arrays of one shape, variances that are none below 0."""
        for one in snapshots_of(self.stream.rows):
            try:
                known = unpacked(one)
                whole = known.mean.shape == known.var.shape and not (known.var < 0).any()
            except Exception as error:  # bytes that are no arrays
                yield self._found("normalization", f"the {one.kind} statistics of step {one.t} do not decode: {error}")
                continue
            if not whole:
                yield self._found(
                    "normalization", f"the {one.kind} statistics of step {one.t} are not mean and variance"
                )

    def _ledger(self) -> Iterator[Finding]:
        ledger = self.stream.ledger()
        query, number = self.stream.rows.shelf.query, (self.stream.stream_id,)
        copied = bool(query("select 1 from replica where stream = ?", number))
        if self.withheld:
            kept, later = query(
                "select count(*) filter (where row < ?2), count(*) filter (where row >= ?2) from quarantine"
                " where stream = ?1", (*number, self.row),
            )[0]  # fmt: skip
            # its writer goes on: what was refused in rows behind those that were checked may be in the ledger by now
            missing = ledger.quarantined - self.withheld
            if missing < 0 or (missing > later and not copied):
                message = f"{ledger.quarantined} transitions are quarantined, but {self.withheld} rows are withheld"
                yield self._found("ledger", message)
            if kept != self.withheld and not copied:
                yield self._found("quarantine", f"{self.withheld} rows are withheld, but {kept} are in quarantine")
        if ledger.sampled < self.sampled:
            message = f"{ledger.sampled} transitions are sampled out, but the rows say {self.sampled}"
            yield self._found("ledger", message)
        if not ledger.balanced:
            yield self._found(
                "ledger",
                f"{ledger.received} transitions were received, but {ledger.stored} are stored, {ledger.open} open,"
                f" {ledger.sampled} sampled out, {ledger.quarantined} quarantined, {ledger.duplicate} duplicates"
                f" and {sum(ledger.dropped.values())} dropped",
            )


_EXTREMES = ("return_min", "return_max", "length_max")
_LATER = (*_EXTREMES, "reward_numbers")
"""Not known of chunks that an older version sealed."""
_NAMES = (
    "id", "first_row", "rows", "first_t", "steps", "transitions", "first_episode", "episodes", "reward_sum",
    "reward_min", "reward_max", *_LATER, "sha256", "payload",
)  # fmt: skip
_CHUNKS = (
    "select c." + ", c.".join(_NAMES[:-1]) + ", p.payload from chunk c left join chunk_payload p on p.chunk = c.id"
    " where c.stream = ? and c.first_row > ? and c.first_row < ? order by c.first_row limit 64"
)
_FRAMES = (
    "select f.first_frame, f.frames, f.sha256, p.payload from frame_chunk f"
    " left join frame_payload p on p.frame_chunk = f.id where f.stream = ? and f.first_frame > ?"
    " order by f.first_frame limit 16"
)
