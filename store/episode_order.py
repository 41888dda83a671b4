"""Episodes by return or by length, without reading all of them.

The row of a chunk says what the episodes that ended in it reach at most. So chunks are read in the order of what they
can hold, and an episode is given out when no chunk that was not read can hold one before it: the first `n` of a single
environment cost `n` chunks at most, most often one or two. What is kept between questions is three numbers a chunk.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from .blocks import Array
from .reader import StreamRows, View
from .tail import Moved

Ranking: TypeAlias = Literal["best", "worst", "longest"]
"""Greatest return first, least return first, greatest length first; the newer of equals before the older. A return that
is no number is below all others, as in SQL."""

Columns: TypeAlias = Mapping[str, Array]
_Key: TypeAlias = tuple[float, int, int]

_EXTREMES = ("best", "worst", "longest")
_CHUNKS = (
    "select id, first_row, rows, first_episode, episodes, return_max, return_min, length_max from chunk"
    " where stream = ? and episodes > 0 and first_episode >= ? order by first_episode"
)


class _Source(NamedTuple):
    """Ended episodes that were read, in the order that was asked for."""

    columns: Columns
    order: list[int]
    keys: list[_Key]


class EpisodeRanking:
    """The ended episodes of one stream in the orders that people compare them by."""

    def __init__(self, rows: StreamRows) -> None:
        self.rows = rows
        self._chunks: list[tuple[Any, ...]] = []
        self._bounded: dict[Ranking, _Bounded] = {}

    def ranked(self, view: View, ranking: Ranking) -> Iterator[tuple[Columns, int]]:
        """Where each episode is (its block's columns, and its place in them), one after the other. May raise Moved."""
        opened = [_source(block.episodes, ranking) for block in view.blocks if len(block.episodes["ended"])]
        return self._merged(opened, self._by_bound(view.totals.episodes, ranking), ranking)

    def _merged(self, sources: list[_Source], chunks: _Bounded, ranking: Ranking) -> Iterator[tuple[Columns, int]]:
        heads = [(source.keys[0], at, 0) for at, source in enumerate(sources)]
        heapq.heapify(heads)
        unread, bound = 0, chunks.bound(0)
        while heads or bound is not None:
            if bound is not None and (not heads or bound < heads[0][0]):
                sources.append(_source(self._episodes(chunks.chunk(unread)), ranking))
                heapq.heappush(heads, (sources[-1].keys[0], len(sources) - 1, 0))
                unread += 1
                bound = chunks.bound(unread)
                continue
            _, at, place = heads[0]
            source = sources[at]
            yield source.columns, source.order[place]
            if place + 1 < len(source.keys):
                heapq.heapreplace(heads, (source.keys[place + 1], at, place + 1))
            else:
                heapq.heappop(heads)

    def _episodes(self, chunk: tuple[Any, ...]) -> Columns:
        try:
            return self.rows.chunk(*chunk[:3]).episodes
        except Moved:
            self._chunks = []  # it gave way to a longer one
            raise

    def _by_bound(self, episodes: int, ranking: Ranking) -> _Bounded:
        """The chunks that hold the first so many episodes: what was sealed since is in the view's open blocks."""
        chunks = self._known(episodes)
        count = len(chunks)
        while count and chunks[count - 1][3] + chunks[count - 1][4] > episodes:
            count -= 1
            if chunks[count][3] < episodes:
                raise Moved  # merged since with later ones
        found = self._bounded.get(ranking)
        if found is None or found.chunks is not chunks or len(found.order) != count:
            found = self._bounded[ranking] = _Bounded(chunks, count, ranking)
        return found

    def _known(self, episodes: int) -> list[tuple[Any, ...]]:
        """Most often chunks were added, so only new ones are asked for. Where they do not go on from those known (some
        gave way to a longer one: merged, or a copy of another node's), all are."""
        query, stream, known = self.rows.shelf.query, self.rows.stream_id, self._chunks
        ended = known[-1][3] + known[-1][4] if known else 0
        if ended < episodes:
            more = query(_CHUNKS, (stream, ended))
            if known and (not more or more[0][3] != ended):
                known, more = [], query(_CHUNKS, (stream, 0))
            self._chunks = known + more
        return self._chunks


class _Bounded:
    """Chunks in the order of what they can hold: for each a key before which none of its episodes comes."""

    def __init__(self, chunks: list[tuple[Any, ...]], count: int, ranking: Ranking) -> None:
        self.chunks = chunks
        place = 5 + _EXTREMES.index(ranking)
        values = np.array([chunk[place] for chunk in chunks[:count]], np.float64)
        known = ~np.isnan(values)
        self._values = np.where(known, values if ranking == "worst" else -values, -np.inf)
        self._ranks = known.astype(int) - 1
        self._stops = np.array([-chunk[1] - chunk[2] for chunk in chunks[:count]], np.int64)
        self.order = np.lexsort((self._stops, self._ranks, self._values))

    def chunk(self, place: int) -> tuple[Any, ...]:
        return self.chunks[int(self.order[place])]

    def bound(self, place: int) -> _Key | None:
        if place >= len(self.order):
            return None
        at = self.order[place]
        return float(self._values[at]), int(self._ranks[at]), int(self._stops[at])


def _source(columns: Columns, ranking: Ranking) -> _Source:
    values = columns["length" if ranking == "longest" else "total_reward"].astype(np.float64)
    missing = np.isnan(values)
    values = values if ranking == "worst" else -values
    values = np.where(missing, -np.inf if ranking == "worst" else np.inf, values)
    ranks = missing * (-1 if ranking == "worst" else 1)
    newest = -columns["last_row"]
    order = np.lexsort((columns["env_index"], newest, ranks, values))
    keys = zip(values[order].tolist(), ranks[order].tolist(), newest[order].tolist(), strict=True)
    return _Source(columns, order.tolist(), list(keys))
