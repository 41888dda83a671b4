"""Where a key takes the cursor: pure functions over one stream, run by the reader, never by the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from cornerman.core.ports import StreamReader
    from cornerman.core.records import EpisodeRollup

Kind: TypeAlias = Literal["open", "row", "newest", "replay", "t", "reward", "begin", "end", "episode", "number", "time"]

_FIRST_LOOK, _LONGEST_LOOK = 256, 65_536
"""Rows of rewards read at a time while looking for one that is not 0: few at first, for the near ones."""
MOST_ROWS = 5_000_000
"""How far a search goes before it says that it found nothing: seconds, not minutes."""


class Move(NamedTuple):
    """A wish: `row` is where the cursor is, `amount` the step, direction, `t`, episode number or time, by kind."""

    kind: Kind
    row: int = 0
    amount: int = 0
    step: int = -1
    """Of an episode by its number: the step in it; -1 for where it begins."""
    time_us: int = 0
    """When that was, for where there is no such episode."""


def opening(live: bool) -> Kind:
    """Where a run is opened: at its newest row while it lives, else where replaying begins."""
    return "newest" if live else "replay"


class Landing(NamedTuple):
    """Where it leads; `said` is the reason where that is nowhere new."""

    row: int
    said: str = ""


def resolve(move: Move, stream: StreamReader, rows: int, env: int, stop: Callable[[], bool] = lambda: False) -> Landing:
    """The row a move leads to, inside the stream. `stop` is asked between reads of a long search."""
    if rows <= 0:
        return Landing(-1, "no step is recorded yet")
    if move.kind == "reward":
        landing = _reward(move, stream, rows, env, stop)
    else:
        landing = _MOVES[move.kind](move, stream, rows, env)
    return landing._replace(row=max(0, min(rows - 1, landing.row)))


def _row(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    wanted = move.row + move.amount
    said = "this is the first row" if wanted < 0 else "this is the newest row" if wanted >= rows else ""
    return Landing(wanted, said)


def _newest(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    return Landing(rows - 1)


def _replay(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    """Where replaying begins: at the start of the newest whole episode."""
    episode = stream.episode_at(rows - 1, env)
    if episode is not None and episode.ended == "open" and episode.episode > 0:
        episode = _number(stream, env, episode.episode - 1) or episode
    return Landing(first_of(episode) if episode is not None else 0)


def _at_t(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    from cornerman.core.errors import CornermanError

    try:
        return Landing(stream.row_at(move.amount))
    except (CornermanError, IndexError, KeyError):
        return Landing(move.row, f"there is no vector step t = {move.amount:,}")


def _begin(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    episode = stream.episode_at(move.row, env)
    if episode is None:
        return Landing(0)
    if move.row > first_of(episode):
        return Landing(first_of(episode))
    before = _number(stream, env, episode.episode - 1)
    return Landing(first_of(before)) if before else Landing(move.row, "this is the first episode")


def _end(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    """The end of this episode, of the next one when there already, of the stream when that is under way."""
    episode = stream.episode_at(move.row, env)
    if episode is None:
        return Landing(rows - 1)
    if episode.ended == "open":
        return Landing(rows - 1, "this episode has not ended yet")
    if move.row < episode.last_row:
        return Landing(episode.last_row)
    after = _number(stream, env, episode.episode + 1)
    if after is None:
        return Landing(move.row, "this is the newest episode")
    return Landing(after.last_row if after.ended != "open" and after.last_row >= 0 else rows - 1)


def _episode(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    episode = stream.episode_at(move.row, env)
    if episode is None:
        return Landing(move.row, "no episode here")
    other = _number(stream, env, episode.episode + move.amount)
    if other is None:
        return Landing(move.row, "this is the newest episode" if move.amount > 0 else "this is the first episode")
    return Landing(first_of(other))


def _to_number(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    episode = _number(stream, env, move.amount)
    if episode is None and move.time_us:
        nearest = _at_time(move._replace(amount=move.time_us), stream, rows, env)
        return nearest._replace(said=f"episode {move.amount} is not recorded: this is the nearest in time")
    if episode is None:
        return Landing(move.row, f"there is no episode {move.amount}")
    if move.step < 0:
        return Landing(first_of(episode))
    last = episode.last_row if episode.last_row >= 0 else rows - 1
    return Landing(max(first_of(episode), min(last, last - (episode.length - 1 - move.step))))


def _at_time(move: Move, stream: StreamReader, rows: int, env: int) -> Landing:
    """The last row that was there at a time, in microseconds; the first one where none was."""
    low, high = 0, rows
    while low < high:
        middle = (low + high) // 2
        if stream.step(middle, env, frame=False).time_us <= move.amount:
            low = middle + 1
        else:
            high = middle
    return Landing(max(0, low - 1), "" if low else "the recording begins later: this is its first row")


_MOVES: dict[str, Callable[[Move, StreamReader, int, int], Landing]] = {
    "row": _row,
    "newest": _newest,
    "replay": _replay,
    "t": _at_t,
    "begin": _begin,
    "end": _end,
    "episode": _episode,
    "number": _to_number,
    "time": _at_time,
}


def first_of(episode: EpisodeRollup) -> int:
    """The first row there is of an episode: some begin before their first observation was seen."""
    return episode.first_row if episode.first_row >= 0 else max(0, episode.last_row - episode.length + 1)


def _number(stream: StreamReader, env: int, number: int) -> EpisodeRollup | None:
    from cornerman.core.errors import CornermanError

    if number < 0:
        return None
    try:
        return stream.episode(env, number)
    except (CornermanError, IndexError, KeyError):
        return None


def _reward(move: Move, stream: StreamReader, rows: int, env: int, stop: Callable[[], bool]) -> Landing:
    """The nearest reward that stands out: not 0, and not the one that nearly every step gets."""
    forward = move.amount > 0
    usual = _usual(stream.rewards(max(0, move.row - _FIRST_LOOK), min(rows, move.row + _FIRST_LOOK), env))
    at, look, seen = move.row + (1 if forward else 0), _FIRST_LOOK, 0
    while seen < MOST_ROWS and (at < rows if forward else at > 0):
        if stop():
            return Landing(move.row, "search stopped")
        first, last = (at, min(rows, at + look)) if forward else (max(0, at - look), at)
        found = _standing_out(stream.rewards(first, last, env), usual, forward)
        if found is not None:
            return Landing(first + found)
        seen += last - first
        at = last if forward else first
        look = min(look * 4, _LONGEST_LOOK)
    but = f" but {usual:g}" if usual else " but 0"
    return Landing(move.row, f"no reward{but} {'after' if forward else 'before'} this row")


def _usual(rewards: np.ndarray) -> float:
    """The reward that at least half of the steps around get; 0 where there is none."""
    import numpy as np

    values, counts = np.unique(rewards[~np.isnan(rewards)], return_counts=True)
    most = int(counts.argmax()) if counts.size else 0
    return float(values[most]) if counts.size and counts[most] * 2 >= counts.sum() else 0.0


def _standing_out(rewards: np.ndarray, usual: float, forward: bool) -> int | None:
    """The offset of the nearest such reward; a reset row (NaN) has none."""
    import numpy as np

    found = np.flatnonzero(~np.isnan(rewards) & (rewards != 0) & (rewards != usual))
    return int(found[0 if forward else -1]) if found.size else None
