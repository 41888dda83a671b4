"""The tables `step` and `step_all` of SQL, decoded from chunks and the open journal as they are read.

Times are ISO 8601 in UTC. Observations, actions of more than one number, and infos are JSON text: see `sql_values.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cornerman.core.errors import NotFound
from cornerman.core.layout import EXTRAS

from .blocks import Array, Block
from .gather import Picked, gather, info_at, info_of_env
from .sql_values import iso, scalar, to_json
from .tail import Moved
from .virtual import Batch, BatchTable, Values, Wanted, only

if TYPE_CHECKING:
    from .api import Store, Stream

ITEMS = 1 << 16
"""Rows of a table that are made at once, about."""
FIRST_ITEMS = 64
"""The first time: `limit 1` should not write a chunk's observations as JSON."""

STEP = (
    "run", "job", "stream", "env_id", "env_index", "episode", "step", "t", "time", "reward", "terminated", "truncated",
    "reset", "action", "observation", "info", "seed", "note", "row", "time_us",
    "payload_version", "skipped_count",
)  # fmt: skip
OF_STREAM: dict[str, Callable[[Stream], Any]] = {
    "run": lambda stream: stream.run_id,
    "job": lambda stream: stream.identity.run["job"],
    "stream": lambda stream: stream.stream_id,
    "env_id": lambda stream: stream.manifest.get("env_id"),
}
"""Columns that are the same for all rows of a stream: wanted with `=`, they say which streams are not read at all."""


def step_table(store: Store, *, resets: bool) -> BatchTable:
    """`step`: the transitions; `step_all`: every row, those of resets too."""
    return BatchTable(
        STEP, OF_STREAM.keys() | {"env_index", "episode", "t", "row"}, lambda wanted, _: _steps(store, wanted, resets)
    )


def streams_of(store: Store, wanted: list[Wanted]) -> Iterator[Stream]:
    """The streams that a query can mean."""
    fixed = [item for item in wanted if item.operator == "=" and item.column in OF_STREAM]
    for run in reversed(store.runs()):
        for stream in run.streams():
            if all(OF_STREAM[item.column](stream) == item.value for item in fixed):
                yield stream


# --- steps -----------------------------------------------------------------------------------------------------------


def _steps(store: Store, wanted: list[Wanted], resets: bool) -> Iterator[Batch]:
    for stream in streams_of(store, wanted):
        env = only(wanted, "env_index")
        if env is not None and not (isinstance(env, int) and 0 <= env < stream.envs):
            continue
        at, stop = _range(stream, wanted, env)
        items = FIRST_ITEMS
        while at < stop:
            try:
                block = next(stream.rows.blocks(at, at + 1), None)
            except Moved:
                continue
            if block is None:
                at = _after_gap(stream, at, stop)
                continue
            end = min(stop, block.stop, at + max(1, items // block.envs))
            yield from _settled(stream, block, at, end, env, resets)
            at, items = end, min(items * 4, ITEMS)


def _settled(stream: Stream, block: Block, a: int, b: int, env: int | None, resets: bool) -> Iterator[Batch]:
    """The rows [a, b) of a block. Where they moved to a chunk meanwhile, they are read from there."""
    for _ in range(50):
        try:
            yield StepBatch(stream, block, a - block.first_row, b - block.first_row, env, resets).batch()
            return
        except Moved:
            block = stream.rows.consistent(partial(stream.rows.block, a))
            if b > block.stop:
                yield from _settled(stream, block, a, block.stop, env, resets)
                a = block.stop


def _after_gap(stream: Stream, at: int, stop: int) -> int:
    """Where rows go on after a chunk that is missing."""
    found = stream.rows.shelf.query(
        "select min(first_row) from chunk where stream = ? and first_row > ?", (stream.stream_id, at)
    )
    return int(found[0][0]) if found[0][0] is not None else stop


def _range(stream: Stream, wanted: list[Wanted], env: int | None) -> tuple[int, int]:
    """The rows that a query can mean, [first, stop)."""
    first, stop = 0, stream.row_count()
    low, high = _bounds(wanted, "row")
    first, stop = max(first, low), min(stop, high)
    low, high = _bounds(wanted, "t")
    if low > 0:
        first = max(first, stream.rows.consistent(lambda: stream.rows.floor_of(low)))
    if high < 1 << 62:
        stop = min(stop, stream.rows.consistent(lambda: stream.rows.ceiling_of(high)))
    episode = only(wanted, "episode")
    if isinstance(episode, int) and (env is not None or stream.envs == 1):
        try:
            found = stream.episode(env or 0, episode)
            first = max(first, found.first_row if found.first_row >= 0 else first)
            stop = min(stop, found.last_row + 1)
        except NotFound:
            return 0, 0
    return first, stop


def _bounds(wanted: list[Wanted], column: str) -> tuple[int, int]:
    """The integers [low, high) that constraints on a column leave; what is no number constrains nothing."""
    low, high = 0, 1 << 62
    for item in wanted:
        if item.column != column or not isinstance(item.value, (int, float)) or not abs(item.value) < 1 << 60:
            continue
        if item.operator in ("=", ">=", ">"):
            low = max(low, math.ceil(item.value) if item.operator != ">" else math.floor(item.value) + 1)
        if item.operator in ("=", "<=", "<"):
            high = min(high, math.floor(item.value) + 1 if item.operator != "<" else math.ceil(item.value))
    return low, high


class StepBatch:
    """Some rows of a block as lists by column. `_row` and `_env` say which (offset, sub-environment) each is."""

    def __init__(self, stream: Stream, block: Block, a: int, b: int, env: int | None, resets: bool) -> None:
        self.stream, self.block = stream, block
        shape = (b - a, block.envs)
        taken = block.transition[a:b]
        if resets:  # every row but those that are in quarantine
            taken = np.ones(shape, np.bool_) if block.withheld is None else ~block.withheld[a:b]
        rows, envs = np.nonzero(taken if env is None else taken[:, [env]])
        self._row: Array = rows + a
        self._env: Array = envs if env is None else np.full(len(rows), env)
        self._taken = block.transition[self._row, self._env]
        self._all = bool(self._taken.all())
        self._standing: tuple[Values, Values, list[int | None]] | None = None

    def batch(self) -> Batch:
        return Batch(len(self._row), self.column)

    def column(self, name: str) -> Values:
        if name in OF_STREAM:
            return [OF_STREAM[name](self.stream)] * len(self._row)
        return cast(Values, getattr(self, f"_{name}_column")())

    def _env_index_column(self) -> Values:
        return self._env.tolist()  # type: ignore[no-any-return]

    def _row_column(self) -> Values:
        return (self._row + self.block.first_row).tolist()  # type: ignore[no-any-return]

    def _t_column(self) -> Values:
        return self.block.t[self._row].tolist()  # type: ignore[no-any-return]

    def _time_us_column(self) -> Values:
        return self.block.take("time", self._row).tolist()  # type: ignore[no-any-return]

    def _time_column(self) -> Values:
        return [iso(time) for time in self._time_us_column()]

    def _reward_column(self) -> Values:
        rewards = self.block.reward[self._row, self._env].astype(np.float64, copy=False).tolist()
        return rewards if self._all else [r if t else None for r, t in zip(rewards, self._taken, strict=True)]

    def _reset_column(self) -> Values:
        return (~self._taken).astype(np.int64).tolist()  # type: ignore[no-any-return]

    def _terminated_column(self) -> Values:
        return self._ended("terminated")

    def _truncated_column(self) -> Values:
        return self._ended("truncated")

    def _ended(self, name: str) -> Values:
        return (self.block.ended(name)[self._row, self._env] & self._taken).astype(np.int64).tolist()  # type: ignore[no-any-return]

    # --- where each stands in its episode ----------------------------------------------------------------------------

    def _episode_column(self) -> Values:
        return self._stand()[0]

    def _step_column(self) -> Values:
        return self._stand()[1]

    def _seed_column(self) -> Values:
        return cast(Values, self._stand()[2])

    def _stand(self) -> tuple[Values, Values, list[int | None]]:
        if self._standing is None:
            count = len(self._row)
            episode, first_t = np.full(count, -1, np.int64), np.zeros(count, np.int64)
            seed = np.full(count, None, object)
            for env in np.unique(self._env).tolist():
                self._stand_env(env, episode, first_t, seed)
            step = self.block.t[self._row] - first_t
            steps = np.where(self._taken & (episode >= 0), step, -1).tolist()
            self._standing = (episode.tolist(), steps, seed.tolist())
        return self._standing

    def _stand_env(self, env: int, episode: Array, first_t: Array, seed: Array) -> None:
        """The episodes of one sub-environment: each row belongs to the first that ends at it or after."""
        index = self.stream.episode_index
        where = np.flatnonzero(self._env == env)
        rows = self._row[where] + self.block.first_row
        at = 0
        while at < len(rows):
            found = self.stream.rows.consistent(lambda at=at: index.at(int(rows[at]), env))  # type: ignore[misc]
            if found is None:
                at += 1
                continue
            ongoing = found.ended in ("open", "interrupted") and found.last_row < rows[at]
            end = len(rows) if ongoing else int(np.searchsorted(rows, found.last_row, side="right"))
            chosen = where[at : max(end, at + 1)]
            episode[chosen], first_t[chosen], seed[chosen] = found.episode, found.first_t, found.seed
            at = max(end, at + 1)

    # --- as JSON -----------------------------------------------------------------------------------------------------

    def _action_column(self) -> Values:
        found = self._parts("action", self.stream.factory.action_space)
        return [a if t else None for a, t in zip(found, self._taken, strict=True)]

    def _observation_column(self) -> Values:
        return self._parts("observation", self.stream.factory.observation_space)

    def _parts(self, part: str, space: Any) -> Values:
        found: Values = [None] * len(self._row)
        for env in np.unique(self._env).tolist():
            where = np.flatnonzero(self._env == env)
            picked = [Picked(self.block, self._row[where])]
            gathered = gather(picked, part, env if self.block.num_envs else None, space)
            for index, text in zip(where.tolist(), _texts(gathered, len(where)), strict=True):
                found[index] = text
        return found

    def _info_column(self) -> Values:
        single = not self.block.num_envs
        infos = {row: info_at(self.block, row) for row in np.unique(self._row).tolist()}
        return [
            to_json(infos[row] if single else info_of_env(infos[row], env))
            for row, env in zip(self._row.tolist(), self._env.tolist(), strict=True)
        ]

    def _note_column(self) -> Values:
        flags = self.block.flags
        return [self.block.extra(row).get("note", "") if flags[row] & EXTRAS else "" for row in self._row.tolist()]

    def _payload_version_column(self) -> Values:
        return [self.block.payload_version_at(row) for row in self._row.tolist()]

    def _skipped_count_column(self) -> Values:
        """Steps that the source left out before the row; 0 where it does not sample."""
        left_out = self.block.skipped
        return [0] * len(self._row) if left_out is None else left_out[self._row].tolist()


def _texts(gathered: Any, count: int) -> Values:
    """What `gather` gave, value by value: numbers and texts as they are, all else as JSON."""
    if isinstance(gathered, np.ndarray):
        if gathered.ndim == 1 and gathered.dtype.kind in "biuf":
            return [scalar(item) for item in gathered.tolist()]
        if gathered.dtype.kind in "biu" or (gathered.dtype.kind == "f" and np.isfinite(gathered).all()):
            return [json.dumps(item, separators=(",", ":")) for item in gathered.tolist()]
        return [to_json(item) for item in gathered]
    if isinstance(gathered, dict):
        parts = {key: _values(item, count) for key, item in gathered.items()}
        return [to_json({key: part[index] for key, part in parts.items()}) for index in range(count)]
    if isinstance(gathered, tuple):
        rows = [_values(item, count) for item in gathered]
        return [to_json([part[index] for part in rows]) for index in range(count)]
    return [scalar(item) if isinstance(item, (str, int, float, type(None))) else to_json(item) for item in gathered]


def _values(gathered: Any, count: int) -> Values:
    if isinstance(gathered, dict):
        parts = {key: _values(item, count) for key, item in gathered.items()}
        return [{key: part[index] for key, part in parts.items()} for index in range(count)]
    if isinstance(gathered, tuple):
        rows = [_values(item, count) for item in gathered]
        return [tuple(part[index] for part in rows) for index in range(count)]
    return list(gathered)
