"""From the records of a segment to chunks: packed, with their episodes followed; nothing is written here.

Packing needs no lock and lets go of the interpreter while it compresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cornerman.core import values
from cornerman.core.columns import Column, pack, pack_objects
from cornerman.core.episodes import Advanced, AutoresetMode, Open, Rewards, Rows, advance, extremes, rewards_of
from cornerman.core.layout import EXTRAS, GAP, RESET, SKIPPED, SKIPPED_REWARD, TERMINATED, TRUNCATED, Layout
from cornerman.core.payloads import chunk_v1, frame_chunk_v1

from .segments import Segment
from .withheld import blanked, without_values

if TYPE_CHECKING:
    from .step_judge import Judgement, StepJudge

Array = np.ndarray[Any, Any]


CHUNK_BYTES = 6 << 20
_STRUCTURE = frozenset({"flags", "terminated", "truncated", "reset", SKIPPED, SKIPPED_REWARD})
"""Columns that say how rows hang together: refused steps keep them."""


class Judged(NamedTuple):
    """The steps of a segment as they are about to be packed."""

    layout: Layout
    columns: dict[str, Array]
    flags: Array
    advanced: Advanced
    extras: dict[int, bytes]
    rows: Rows


class Packed(NamedTuple):
    """A chunk ready to be committed, and what is open after it."""

    first_row: int
    rows: int
    first_t: int
    steps: int
    transitions: int
    episodes: int
    rewards: Rewards
    times: tuple[int, int]
    payload: bytes
    frames: tuple[int, int, bytes] | None
    """Number of the first, how many, and the payload of their frame chunk."""
    after: Open | None = None
    """What is open after the last chunk of a segment; None for the ones before it."""
    extremes: tuple[float | None, float | None, int | None] = (None, None, None)
    """Least and greatest return, and greatest length, of the episodes that ended."""
    bad: int | None = None
    """Steps that their schema does not allow; None where they were not judged."""
    judgement: Judgement | None = None
    """What the schema said of the whole segment; with its last chunk."""
    sampled: int = 0
    """Transitions that the source left out before its rows."""


def chunk_height(layout: Layout, most: int) -> int:
    """Rows of a chunk: `most`, fewer where they are wide, so that a chunk stays near six megabytes before packing."""
    return max(16, min(most, CHUNK_BYTES // layout.row_bytes))


def pack_segment(
    segment: Segment, start: int, stop: int, mode: AutoresetMode, before: Open, envs: tuple[int, ...], height: int,
    judge: StepJudge | None = None,
) -> list[Packed]:  # fmt: skip
    """The records [start, stop) of a segment as chunks of `height` rows, given the episodes that were open before.

    A segment holds several chunks: what costs the same for few rows and for many (following the episodes, the
    transaction) is done once, and a reader of one episode still decompresses little.
    """
    layout = segment.layout
    heads = segment.heads()[start:stop]
    flags = heads["flags"].astype(np.uint8)
    extras, frames = _extras(segment, heads, flags)
    rows = episode_rows(segment, start, stop, mode, heads, flags, extras)
    advanced = advance(rows, before)
    columns = _Columns(segment, start, stop, heads, flags, rows, advanced)
    judgement = None if judge is None else judge.judge(Judged(layout, columns.plain, flags, advanced, extras, rows))
    if judgement is not None and judgement.withheld is not None:
        rows = rows._replace(withheld=judgement.withheld)
        advanced = advance(rows, before)
        columns.withhold(judgement.withheld)
        extras = without_values(extras, judgement.withheld, layout)
    chunks = []
    t = rows.first_t
    for first in range(0, stop - start, height):
        part = slice(first, min(first + height, stop - start))
        left_out = 0 if rows.skipped is None else int(rows.skipped[part].sum())
        steps = int(np.count_nonzero(rows.step[part])) + left_out
        ended = _ended_in(advanced.episodes, rows.first_row + part.start if first else 0, rows.first_row + part.stop)
        chunk = chunk_v1.ChunkV1(
            chunk_v1.VERSION, chunk_v1.SCHEMA, rows.first_row + part.start, part.stop - part.start, t, layout.num_envs,
            layout.observation, layout.action, layout.info, columns.packed(part),
            pack_objects({row - part.start: data for row, data in extras.items() if part.start <= row < part.stop}),
            chunk_v1.pack_episodes(ended), envs if layout.frames else (),
        )  # fmt: skip
        drawn = [frame for frame in frames if part.start <= frame[0] < part.stop]
        chunks.append(Packed(
            chunk.first_row, chunk.rows, t, steps, int(np.count_nonzero(advanced.transition[part])),
            len(ended["ended"]), rewards_of(rows.reward[part][advanced.transition[part]]),
            (int(rows.time_us[part.start]), int(rows.time_us[part.stop - 1])), chunk_v1.encode(chunk),
            _frame_chunk(drawn), extremes=extremes(ended), bad=None if judgement is None else judgement.bad_in(part),
            sampled=left_out * rows.reward.shape[1],
        ))  # fmt: skip
        t += steps
    return [*chunks[:-1], chunks[-1]._replace(after=advanced.after, judgement=judgement)]


def _ended_in(episodes: dict[str, Array], first: int, stop: int) -> dict[str, Array]:
    """The episodes that are stored with the rows [first, stop): those whose last row is there.

    An episode may end (by a reset) in a later segment than its last row: it belongs to the first chunk of that one.
    """
    last = episodes["last_row"]
    if not last.size or (last[0] >= first and last[-1] < stop):
        return episodes
    found = slice(int(np.searchsorted(last, first)), int(np.searchsorted(last, stop)))
    return {name: values[found] for name, values in episodes.items()}


def _frame_chunk(frames: list[tuple[int, int, bytes]]) -> tuple[int, int, bytes] | None:
    if not frames:
        return None
    first = frames[0][1]
    return first, len(frames), frame_chunk_v1.encode(first, [payload for _, _, payload in frames])


def episode_rows(
    segment: Segment, start: int, stop: int, mode: AutoresetMode, heads: Array, flags: Array, extras: dict[int, bytes]
) -> Rows:
    """What `core.episodes.advance` needs of the records [start, stop)."""
    before = segment.heads()["flags"][:start]
    first_t = segment.first_t + int(np.count_nonzero((before & RESET) == 0)) + _left_out(segment, start)
    step = (flags & RESET) == 0
    reward, terminated, truncated = _outcomes(segment, start, stop, heads, flags)
    masks: dict[int, Array] = {}
    seeds: dict[int, list[int | None]] = {}
    width = max(segment.layout.num_envs, 1)
    for row in np.flatnonzero(~step & (flags & EXTRAS > 0)).tolist():
        extra = values.decode(extras[row]) if row in extras else {}
        if "mask" in extra:
            masks[row] = np.asarray(extra["mask"], np.bool_)
        if "seed" in extra:
            seeds[row] = spread_seed(extra["seed"], width)
    time_us = np.rint(heads["time"] * 1e6).astype(np.int64)
    gap = None
    if start == 0 and int(heads["flags"][0]) & GAP:
        gap = np.asarray(values.decode(extras[0])["done"], np.bool_)
    return Rows(
        segment.first_row + start, first_t, mode, step, time_us, reward, terminated, truncated, masks, seeds, gap,
        None, *_skipped(segment, start, stop),
    )  # fmt: skip


def _skipped(segment: Segment, start: int, stop: int) -> tuple[Array | None, Array | None]:
    """What the source left out before the records [start, stop): how many steps, and their rewards by environment."""
    if not segment.layout.sampled:
        return None, None
    width = max(segment.layout.num_envs, 1)
    rewards = column_of(segment, SKIPPED_REWARD, start, stop).reshape(stop - start, width)
    return column_of(segment, SKIPPED, start, stop), rewards


def _left_out(segment: Segment, records: int) -> int:
    """Vector steps that the source left out before each of a segment's first records, together."""
    return int(column_of(segment, SKIPPED, 0, records).sum()) if segment.layout.sampled else 0


def received_in(segment: Segment, records: int, mode: str, done_before: Array) -> tuple[int, int, Array]:
    """Calls of step and transitions among a segment's first records, and which sub-environments were done after them.

    The recorder's own count: it looks at what was received, not at what became of it.
    """
    width = max(segment.layout.num_envs, 1)
    step = (segment.heads()["flags"][:records] & RESET) == 0
    steps = int(np.count_nonzero(step)) + _left_out(segment, records)
    if mode != "NextStep" or not records:
        return steps, steps * width, done_before
    if int(segment.heads()["flags"][0]) & GAP:
        extras = segment.extras()[segment.first_sequence]
        done_before = np.asarray(values.decode(bytes(extras))["done"], np.bool_)
    done = column_of(segment, "terminated", 0, records) | column_of(segment, "truncated", 0, records)
    done = np.concatenate((done_before[None], done & step[:, None]))
    return steps, steps * width - int(np.count_nonzero(done[:-1] & step[:, None])), done[-1]


def spread_seed(seed: Any, width: int) -> list[int | None]:
    """The seed of each sub-environment: an integer means seed, seed + 1, … as Gymnasium's vector environments do."""
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + index for index in range(width)]
    given = (
        [None if item is None else int(item) for item in seed] if isinstance(seed, (list, tuple, np.ndarray)) else []
    )
    return (given + [None] * width)[:width]


def _outcomes(segment: Segment, start: int, stop: int, heads: Array, flags: Array) -> tuple[Array, Array, Array]:
    """Rewards and ends as (rows, envs)."""
    if not segment.layout.num_envs:
        reward = heads["reward"].astype(np.float64).reshape(-1, 1)
        return reward, (flags & TERMINATED > 0)[:, None], (flags & TRUNCATED > 0)[:, None]
    names = ("reward", "terminated", "truncated")
    columns = [column_of(segment, name, start, stop) for name in names]
    return columns[0].astype(np.float64), columns[1].astype(np.bool_), columns[2].astype(np.bool_)


def column_of(segment: Segment, name: str, start: int, stop: int) -> Array:
    """The values of one column of the layout, in its own dtype."""
    leaf = next(leaf for leaf in segment.layout.leaves if leaf.column == name)
    if leaf.in_lane:
        return segment.lane(name)[start:stop]
    found: Array = segment.heads()[name][start:stop]
    return found.astype(leaf.type) if leaf.scalar else found


class _Columns:
    """The columns of a segment's records, taken out of it once and packed chunk by chunk."""

    def __init__(
        self, segment: Segment, start: int, stop: int, heads: Array, flags: Array, rows: Rows, advanced: Advanced
    ) -> None:
        layout = segment.layout
        found = {leaf.column: column_of(segment, leaf.column, start, stop) for leaf in layout.leaves}
        if not layout.num_envs and not rows.step.all():
            # a reset has no reward: the one beside it stands in its place, so that equal rewards stay one constant
            some = rows.reward[np.argmax(rows.step), 0]
            found["reward"] = np.where(rows.step, rows.reward[:, 0], some)
        self.plain = {"flags": flags, **found}
        if layout.num_envs:
            self.plain["reset"] = advanced.reset
        self._batched = bool(layout.num_envs)
        self._time = rows.time_us
        self._frame = heads["frame"] if layout.frames else None

    def withhold(self, withheld: Array) -> None:
        """Take the values of refused steps out: NaN, or zero where a column has none. Ends and resets stay."""
        for name in self.plain.keys() - _STRUCTURE:
            self.plain[name] = blanked(self.plain[name], withheld if self._batched else withheld[:, 0])
        self.plain["withheld"] = withheld if self._batched else withheld[:, 0]

    def packed(self, part: slice) -> list[Column]:
        columns = [pack("time", self._time[part], delta=True)]
        columns += [pack(name, values[part]) for name, values in self.plain.items()]
        if self._frame is not None:
            columns.append(pack("frame", self._frame[part], delta=True))
        return columns


def _extras(segment: Segment, heads: Array, flags: Array) -> tuple[dict[int, bytes], list[tuple[int, int, bytes]]]:
    """The extras by row offset, without the frames; and the frames as (row offset, number, payload)."""
    extras: dict[int, bytes] = {}
    frames: list[tuple[int, int, bytes]] = []
    marked = np.flatnonzero(flags & EXTRAS).tolist()
    if not marked:
        return extras, frames
    entries = segment.extras()
    for row in marked:
        entry = entries.get(int(heads["sequence"][row]))
        if entry is None:
            continue
        data = bytes(entry)
        if b"\xa6frames" in data[:16]:  # the first key, where there are any
            content = values.decode(data)
            if isinstance(content, dict) and "frames" in content:
                frames += [(row, number, payload) for number, payload in content.pop("frames")]
                data = values.encode(content) if content else b""
        if data:
            extras[row] = data
    return extras, frames
