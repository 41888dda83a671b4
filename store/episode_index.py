"""Finding episodes: each chunk holds those that ended in it, and its row says how many ended before.

So the newest, or the thousandth, of a single environment is one look-up. Of a vector environment the episodes of one
sub-environment are spread over the chunks: they are found by bisection over chunks, because their numbers only grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal, NamedTuple

import numpy as np

from cornerman.core.episodes import INTERRUPTED, SEED_GIVEN, SEED_LARGE, SEED_NONE, TERMINATED, TRUNCATED, Open
from cornerman.core.errors import NotFound
from cornerman.core.payloads.chunk_v1 import PackedEpisodes
from cornerman.core.records import Ended, EpisodeOrder, EpisodeRollup

from .blocks import Array, Block, SealedBlock
from .episode_order import EpisodeRanking, Ranking
from .pack import spread_seed
from .reader import StreamRows, View
from .tail import Moved

_SOURCE: dict[int, Literal["none", "given", "continued"]] = {
    SEED_NONE: "none",
    SEED_GIVEN: "given",
    SEED_LARGE: "given",
}

_FORWARD = (
    "select id, first_row, rows, first_episode, episodes from chunk where stream = ? and episodes > 0"
    " and first_episode >= ? order by first_episode limit 64"
)
_BACKWARD = (
    "select id, first_row, rows, first_episode, episodes from chunk where stream = ? and episodes > 0"
    " and first_episode <= ? order by first_episode desc limit 16"
)


_HOLDING = (
    "select id, first_row, rows, first_episode, episodes, payload from chunk left join chunk_payload on chunk = id"
    " where stream = ? and episodes > 0 and first_episode <= ? order by first_episode desc limit 1"
)
_LATER = (
    "select id, first_row, rows from chunk where stream = ?1 and episodes > 0 and first_row >= coalesce("
    "(select max(first_row) from chunk where stream = ?1 and first_row <= ?2), 0) order by first_row limit 8"
)


class Found(NamedTuple):
    """The episodes that ended in a block, and how many of the stream ended before it."""

    before: int
    episodes: Mapping[str, Array]

    @property
    def stop(self) -> int:
        return self.before + len(self.episodes["ended"])

    def upto(self, stop: int) -> Found:
        """Without those that ended later than a view knows: their chunk was merged with later ones since."""
        if self.stop <= stop or not isinstance(self.episodes, PackedEpisodes):
            return self
        return Found(self.before, self.episodes.first(stop - self.before))


class EpisodeIndex:
    """The episodes of one stream. `ongoing` says whether its recorder may still go on: open episodes are then open."""

    def __init__(self, rows: StreamRows, ongoing: Callable[[], bool]) -> None:
        self.rows = rows
        self.ranking = EpisodeRanking(rows)
        self._ongoing = ongoing

    # --- by position in the stream -----------------------------------------------------------------------------------

    def page(self, env: int | None, order: EpisodeOrder, limit: int | None, offset: int) -> list[EpisodeRollup]:
        """Episodes [offset, offset + limit) of an order. Only in `oldest` and `newest` are those that are under way."""
        view = self.rows.view()
        if order != "oldest" and order != "newest":
            ranked = self.ranked(view, order, env)
            return list(islice(ranked, offset, None if limit is None else offset + limit))
        newest = order == "newest"
        if env is None:
            return self._counted_page(view, newest, limit, offset)
        wanted = None if limit is None else offset + limit
        found: list[EpisodeRollup] = []
        parts = (self._under_way(view, env), self._ended(view, env, newest, 0))
        for part in parts if newest else reversed(parts):
            for rollup in part:
                if wanted is not None and len(found) >= wanted:
                    break
                found.append(rollup)
            if wanted is not None and len(found) >= wanted:
                break
        return found[offset:]

    def _counted_page(self, view: View, newest: bool, limit: int | None, offset: int) -> list[EpisodeRollup]:
        """A page over all sub-environments: ended episodes have ordinals, so that it costs what it holds."""
        under_way = list(self._under_way(view, None))
        ended = view.episode_count
        stop = ended + len(under_way) if limit is None else offset + limit
        if not newest:
            return (
                self.window(offset, max(0, min(stop, ended) - offset))
                + under_way[max(0, offset - ended) : max(0, stop - ended)]
            )
        open_first = len(under_way)
        last = ended - max(0, offset - open_first)
        first = max(0, ended - max(0, stop - open_first))
        return under_way[offset:stop] + self.window(first, last - first)[::-1]

    def window(self, first: int, count: int) -> list[EpisodeRollup]:
        """Ended episodes of the stream by ordinal, [first, first + count)."""
        found: list[EpisodeRollup] = []
        view = self.rows.view()
        for rollup in self._ended(view, None, False, first):
            if len(found) >= count:
                break
            found.append(rollup)
        return found

    def under_way(self, view: View | None = None, env: int | None = None) -> list[EpisodeRollup]:
        """The open episodes of every sub-environment, or of one."""
        return list(self._under_way(view or self.rows.view(), env))

    def _ended(self, view: View, env: int | None, newest: bool, first: int) -> Iterator[EpisodeRollup]:
        for before, columns in self.found(view, newest, first):
            which = (
                range(len(columns["ended"])) if env is None else np.flatnonzero(columns["env_index"] == env).tolist()
            )
            if env is None and before < first:
                which = which[first - before :]
            for index in reversed(which) if newest else which:
                yield self._rollup(columns, index)

    def found(self, view: View, newest: bool, first: int = 0) -> Iterator[Found]:
        """The ended episodes, block by block: from the one with the ordinal `first` on, or from the newest back."""
        opened, sealed = self._open(view), view.totals.episodes
        if newest:
            yield from reversed(opened)
            yield from (found.upto(sealed) for found in self._sealed_backward(sealed - 1))
        else:
            yield from (found.upto(sealed) for found in self._sealed_forward(first, sealed))
            yield from (found for found in opened if found.stop > first)

    def _open(self, view: View) -> list[Found]:
        found, before = [], view.totals.episodes
        for block in view.blocks:
            if len(block.episodes["ended"]):
                found.append(Found(before, block.episodes))
                before = found[-1].stop
        return found

    def _sealed_forward(self, first: int, stop: int) -> Iterator[Found]:
        at = first
        while at < stop:
            begin = self.rows.shelf.query(_HOLDING, (self.rows.stream_id, at))
            if at > first and begin and begin[0][3] < at < begin[0][3] + begin[0][4]:
                raise Moved  # merged since, with some that were given already
            chunks = begin
            if not begin or begin[0][3] + begin[0][4] < stop:
                chunks = begin + self.rows.shelf.query(_FORWARD, (self.rows.stream_id, at + 1 if begin else at))
            for number, row, rows, before, count, *payload in chunks:
                if before < stop and before + count > at:
                    yield self._sealed(number, row, rows, before, *payload)
                    at = before + count
            if not chunks or chunks[-1][3] >= stop or len(chunks) < 64:
                return

    def _sealed_backward(self, last: int) -> Iterator[Found]:
        first = last + 1
        while last >= 0:
            chunks = self.rows.shelf.query(_BACKWARD, (self.rows.stream_id, last))
            if not chunks:
                return
            given = last + 1
            for number, row, rows, before, count in chunks:
                if before + count > given < first:
                    raise Moved  # merged since, with some that were given already
                yield self._sealed(number, row, rows, before)
                last, given = before - 1, before

    def _sealed(self, number: int, row: int, rows: int, before: int, payload: bytes | None = None) -> Found:
        return Found(before, self.rows.chunk(number, row, rows, payload).episodes)

    def ranked(self, view: View, order: Ranking, env: int | None = None) -> Iterator[EpisodeRollup]:
        """The ended episodes by return or length, one after the other."""
        for columns, index in self.ranking.ranked(view, order):
            if env is None or columns["env_index"][index] == env:
                yield self._rollup(columns, index)

    # --- one episode -------------------------------------------------------------------------------------------------

    def at(self, row: int, env: int, block: Block | None = None) -> EpisodeRollup | None:
        """The episode that a row belongs to: the first that ended at it or after, if it had begun by then.

        `block` is the one that holds the row, where the caller has it at hand.
        """
        block = block or self.rows.block(row)
        found = self._first_ended(block.episodes, row, env)
        if found is None and isinstance(block, SealedBlock):
            found = self._ended_later(block.stop, row, env)
        found = found or self._ended_since(block, row, env)
        return found if found is not None and self._covers(found, row) else None

    def _ended_since(self, block: Block, row: int, env: int) -> EpisodeRollup | None:
        """Where the chunks do not say: among what was sealed since the block was read, in the journal, or under way."""
        view = self.rows.view()
        looked = block.stop if isinstance(block, SealedBlock) else block.first_row
        found = self._ended_later(looked, row, env) if view.totals.rows > looked else None
        for opened in view.blocks:
            found = found or self._first_ended(opened.episodes, row, env)
        return found or next(iter(self._under_way(view, env, empty=True)), None)

    def _ended_later(self, row: int, wanted: int, env: int) -> EpisodeRollup | None:
        """The first episode of a sub-environment that ended in a chunk from `row` on."""
        while True:
            chunks = self.rows.shelf.query(_LATER, (self.rows.stream_id, row))
            for number, first, rows in chunks:
                found = self._first_ended(self.rows.chunk(number, first, rows).episodes, wanted, env)
                if found is not None:
                    return found
                row = first + rows
            if len(chunks) < 8:
                return None

    def _first_ended(self, columns: Mapping[str, Array], row: int, env: int) -> EpisodeRollup | None:
        if not columns or not len(columns["ended"]):
            return None
        if not self.rows.num_envs:
            at = int(columns["last_row"].searchsorted(row))
            return self._rollup(columns, at) if at < len(columns["last_row"]) else None
        which = (columns["last_row"] >= row) & (columns["env_index"] == env)
        found = int(np.argmax(which))
        return self._rollup(columns, found) if which[found] else None

    def _covers(self, rollup: EpisodeRollup, row: int) -> bool:
        """Whether an episode had begun by `row`. One without a first observation begins with its first transition."""
        if rollup.first_row >= 0:
            return rollup.first_row <= row
        return rollup.last_row - rollup.length < row

    def get(self, env: int, episode: int) -> EpisodeRollup:
        """The episode of a sub-environment by its ordinal; NotFound where there is none."""
        if not self.rows.num_envs and episode >= 0:  # its ordinal says which chunk: no look at the journal is needed
            found = self._among(list(self._sealed_forward(episode, episode + 1)), env, episode)
            if found is not None:
                return found
        view = self.rows.view()
        found = self._among(self._sealed_with(view, env, episode), env, episode) if episode >= 0 else None
        found = found or self._among(self._open(view), env, episode)
        found = found or next((r for r in self._under_way(view, env, empty=True) if r.episode == episode), None)
        if found is None:
            raise NotFound(
                f"Sub-environment {env} of stream {self.rows.stream_id} has no episode {episode}.",
                "`cornerman show RUN` lists its episodes.",
            )
        return found

    def _among(self, found: list[Found], env: int, episode: int) -> EpisodeRollup | None:
        for _, columns in found:
            which = np.flatnonzero((columns["env_index"] == env) & (columns["episode"] == episode))
            if which.size:
                return self._rollup(columns, int(which[0]))
        return None

    def _sealed_with(self, view: View, env: int, episode: int) -> list[Found]:
        """The chunk in which an episode ended, by bisection over the ordinals of the stream's episodes."""
        if not self.rows.num_envs:
            return list(self._sealed_forward(episode, min(episode + 1, view.totals.episodes)))
        low, high = episode, view.totals.episodes  # at least `episode` episodes of this one ended before it
        while low < high:
            middle = (low + high) // 2
            for found in self._sealed_forward(middle, high):
                columns = found.episodes
                mine = columns["episode"][columns["env_index"] == env]
                if mine.size and mine[-1] < episode:
                    low = found.stop
                    break
                if mine.size and mine[0] <= episode:
                    return [found]
                if mine.size:
                    high = min(middle, found.before)
                    break
            else:
                high = middle
        return []

    # --- rollups -----------------------------------------------------------------------------------------------------

    def _rollup(self, columns: Mapping[str, Array], index: int) -> EpisodeRollup:
        one = columns.one(index) if isinstance(columns, PackedEpisodes) else _one(columns, index)
        how, source, env = one["ended"], one["seed_source"], one["env_index"]
        ended: Ended = "interrupted" if how & INTERRUPTED else "terminated" if how & TERMINATED else "truncated"
        return EpisodeRollup(
            self.rows.stream_id, env, one["episode"], one["first_row"], one["last_row"], one["first_t"], one["last_t"],
            one["length"], one["total_reward"], ended, self._seed(one["seed"], source, env),
            _SOURCE.get(source, "continued"), one["started_us"], one["ended_us"], bool(how & TERMINATED),
            bool(how & TRUNCATED),
        )  # fmt: skip

    def _under_way(self, view: View, env: int | None, empty: bool = False) -> Iterator[EpisodeRollup]:
        """The open episodes; of a stream that has ended, those that have a transition: they were interrupted."""
        state = view.after
        ongoing = self._ongoing()
        ended: Ended = "open" if ongoing else "interrupted"
        begun = ~state.done & ((state.first_row >= 0) | (state.length > 0))
        if not ongoing and not empty:
            begun &= state.length > 0
        for index in (
            np.flatnonzero(begun).tolist() if env is None else [env] if env < len(begun) and begun[env] else []
        ):
            yield self._open_rollup(state, index, ended)

    def _open_rollup(self, state: Open, env: int, ended: Ended) -> EpisodeRollup:
        source, first_row = int(state.seed_source[env]), int(state.first_row[env])
        length = int(state.length[env])
        return EpisodeRollup(
            self.rows.stream_id, env, int(state.episode[env]), first_row,
            int(state.last_row[env]) if length else first_row, int(state.first_t[env]), int(state.last_t[env]), length,
            float(state.total_reward[env]), ended, self._seed(int(state.seed[env]), source, env),
            _SOURCE.get(source, "continued"), int(state.started_us[env]), int(state.ended_us[env]),
        )  # fmt: skip

    def _seed(self, seed: int, source: int, env: int) -> int | None:
        """A seed beyond 64 bits stands in the extras of the reset it was given to: `seed` is that row."""
        if source == SEED_NONE:
            return None
        if source < SEED_LARGE:
            return seed
        block = self.rows.block(seed)
        given: Any = block.extra(seed - block.first_row).get("seed")
        return spread_seed(given, self.rows.envs)[env] if given is not None else None


def _one(columns: Mapping[str, Array], index: int) -> dict[str, Any]:
    return {name: column[index].item() for name, column in columns.items()}
