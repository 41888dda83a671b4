"""The table `episode` of SQL; sorted by return or length it reads no more than it is asked for (`episode_order.py`)."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from cornerman.core.records import EpisodeRollup

from .episode_order import Ranking
from .sql_values import iso, scalar
from .step_table import OF_STREAM, streams_of
from .virtual import Batch, BatchTable, Values, Wanted, only

if TYPE_CHECKING:
    from .api import Store, Stream

EPISODE = (
    "run", "job", "stream", "env_id", "env_index", "episode", "length", "total_reward", "ended", "seed", "seed_source",
    "started", "finished", "first_t", "last_t", "first_row", "last_row", "started_us", "finished_us",
)  # fmt: skip
_ORDERS: dict[tuple[str, bool], Ranking] = {
    ("total_reward", True): "best",
    ("total_reward", False): "worst",
    ("length", True): "longest",
}
_FIRST, _MOST = 64, 4096
"""Episodes of a batch, the first time and later: `limit 10` should not make thousands of them."""


def episode_table(store: Store) -> BatchTable:
    return BatchTable(EPISODE, OF_STREAM.keys() | {"env_index"}, partial(_episodes, store), _ORDERS.keys())


def _episodes(store: Store, wanted: list[Wanted], order: tuple[str, bool] | None) -> Iterator[Batch]:
    env = only(wanted, "env_index")
    streams = [
        stream
        for stream in streams_of(store, wanted)
        if env is None or (isinstance(env, int) and 0 <= env < stream.envs)
    ]
    if order is None:
        for stream in streams:
            yield from _by_end(stream, env)
        return
    ranking = _ORDERS[order]
    merged = heapq.merge(
        *(_ranked(stream, ranking, env) for stream in streams), key=lambda pair: _key(ranking, pair[1])
    )
    size = _FIRST
    while found := list(islice(merged, size)):
        yield _batch(found)
        size = min(size * 4, _MOST)


def _by_end(stream: Stream, env: int | None) -> Iterator[Batch]:
    if env is not None:
        yield _batch([(stream, rollup) for rollup in stream.episodes(env_index=env)])
        return
    at = 0
    while found := stream.rows.consistent(partial(stream.episode_index.window, at, _MOST)):
        at += len(found)
        yield _batch([(stream, rollup) for rollup in found])
    yield _batch([(stream, rollup) for rollup in stream.rows.consistent(stream.episode_index.under_way)])


def _ranked(stream: Stream, ranking: Ranking, env: int | None) -> Iterator[tuple[Stream, EpisodeRollup]]:
    """All episodes of a stream in an order, those under way among them."""
    index = stream.episode_index
    view, ended = stream.rows.consistent(lambda: _begun(stream, ranking, env))
    opened = sorted(index.under_way(view, env), key=partial(_key, ranking))
    for rollup in heapq.merge(ended, opened, key=partial(_key, ranking)):
        yield stream, rollup


def _begun(stream: Stream, ranking: Ranking, env: int | None) -> Any:
    """A moment of the stream and its ended episodes: of what is open then, the journal is not asked again."""
    view = stream.rows.view()
    return view, stream.episode_index.ranked(view, ranking, env)


def _key(ranking: Ranking, rollup: EpisodeRollup) -> tuple[float, int]:
    """Sorts as `episode_order` does, and as SQLite does: what is no number is below all numbers."""
    if ranking == "longest":
        return -rollup.length, 0
    value = rollup.total_reward
    if ranking == "worst":
        return (-math.inf, -1) if math.isnan(value) else (value, 0)
    return (math.inf, 1) if math.isnan(value) else (-value, 0)


def _batch(rows: list[tuple[Stream, EpisodeRollup]]) -> Batch:
    def column(name: str) -> Values:
        if of := OF_STREAM.get(name):
            return [of(stream) for stream, _ in rows]
        if name in ("started", "finished"):
            return [iso(rollup.started_us if name == "started" else rollup.ended_us) for _, rollup in rows]
        field = "ended_us" if name == "finished_us" else name
        return [scalar(getattr(rollup, field)) for _, rollup in rows]

    return Batch(len(rows), column)
