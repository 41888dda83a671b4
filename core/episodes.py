"""Episodes out of rows: the one place that knows what the three autoreset modes mean.

A row is a call of `reset` or `step` of a stream. For sub-environment n a row of `step` is a transition, unless it is a
reset row (NEXT_STEP: the step after an end resets, its action is ignored). Nobody downstream has to know.

    single       reset · step … step(end) · reset · step …
    NEXT_STEP    the row after an end holds the first observation of the next episode
    SAME_STEP    the row of the end does; the final observation of the ended episode travels in the extras
    DISABLED     a `reset` with a mask does

`advance` takes the state that the rows before left open and returns the episodes that ended, and the new open state.
It is used when a chunk is sealed and, for what is not yet sealed, by every viewer: the same code, the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np

AutoresetMode = Literal["", "NextStep", "SameStep", "Disabled"]
Array: TypeAlias = np.ndarray[Any, Any]

TERMINATED, TRUNCATED, INTERRUPTED = 1, 2, 4

FIELDS: dict[str, str] = {
    "env_index": "<i4",
    "episode": "<i8",
    "first_row": "<i8",
    "last_row": "<i8",
    "first_t": "<i8",
    "last_t": "<i8",
    "length": "<i8",
    "ended": "|u1",
    "total_reward": "<f8",
    "seed": "<i8",
    "seed_source": "|u1",
    "started_us": "<i8",
    "ended_us": "<i8",
}
"""A column each. `first_row` holds the first observation (-1: there was none), `last_row` the last transition."""

SEED_NONE, SEED_GIVEN, SEED_CONTINUED, SEED_LARGE, SEED_LARGE_CONTINUED = 0, 1, 2, 3, 4
"""No seed known · given to the reset · drawn from the generator an earlier seed started · the last two again, of a seed
beyond 64 bits: it stands in the extras of the reset that it was given to, and the column has that row."""


_OPEN: dict[str, str] = {
    "episode": "<i8",
    "first_row": "<i8",
    "last_row": "<i8",
    "first_t": "<i8",
    "last_t": "<i8",
    "length": "<i8",
    "total_reward": "<f8",
    "seed": "<i8",
    "seed_source": "|u1",
    "started_us": "<i8",
    "ended_us": "<i8",
    "done": "|b1",
}


class Open(NamedTuple):
    """The episodes under way, one item a sub-environment.

    `done`: the last transition ended an episode and nothing has begun since. `ended_us` is the time of the last
    transition counted.
    """

    episode: Array
    first_row: Array
    last_row: Array
    first_t: Array
    last_t: Array
    length: Array
    total_reward: Array
    seed: Array
    seed_source: Array
    started_us: Array
    ended_us: Array
    done: Array

    @classmethod
    def new(cls, envs: int) -> Open:
        """Before the first row: no reset was seen."""
        state = cls(*(np.zeros(envs, dtype) for dtype in _OPEN.values()))
        state.first_row[:] = state.last_row[:] = -1
        return state

    def encode(self) -> bytes:
        return msgspec.msgpack.encode([values.tobytes() for values in self])

    @classmethod
    def decode(cls, data: bytes) -> Open:
        parts = msgspec.msgpack.decode(data, type=list[bytes])
        return cls(*(np.frombuffer(raw, dtype).copy() for raw, dtype in zip(parts, _OPEN.values(), strict=True)))


class Rows(NamedTuple):
    """What `advance` needs of consecutive rows: `step` and `time_us` by row, the rest by row and sub-environment."""

    first_row: int
    first_t: int
    mode: AutoresetMode
    step: Array  # bool (rows,): a call of step, not of reset
    time_us: Array  # int64 (rows,)
    reward: Array  # float64 (rows, envs)
    terminated: Array  # bool (rows, envs)
    truncated: Array  # bool (rows, envs)
    masks: dict[int, Array]  # offset of a reset that did not reset every sub-environment: which it did
    seeds: dict[int, list[int | None]]  # offset of a reset that was given seeds: one for each sub-environment
    gap: Array | None = None  # rows before the first were dropped: which sub-environments were done at the gap's end
    withheld: Array | None = None  # bool (rows, envs): steps that a schema refused: they end episodes and count nowhere
    skipped: Array | None = None  # int (rows,): steps left out before each row, where the source samples
    skipped_reward: Array | None = None  # float64 (rows, envs): what those were rewarded with

    @property
    def t(self) -> Array:
        """`t` of each row: a call of reset has that of the step that follows it."""
        return t_of(self.first_t, self.step, self.skipped)


class Advanced(NamedTuple):
    """What `advance` found: columns of the episodes that ended, the state after, and (row, env) masks."""

    episodes: dict[str, Array]
    after: Open
    transition: Array
    reset: Array


def t_of(first_t: int, step: Array, skipped: Array | None) -> Array:
    """`t` of rows, given how many calls of step there were before the first and those left out in front of it."""
    calls = np.cumsum(step if skipped is None else step + skipped)
    return first_t + calls - step


def reset_rows(rows: Rows, done_before: Array) -> Array:
    """bool (rows, envs): where a call of `step` was a reset (NEXT_STEP only), its action ignored."""
    mask = np.zeros(rows.terminated.shape, np.bool_)
    if rows.mode == "NextStep":
        np.logical_or(rows.terminated[:-1], rows.truncated[:-1], out=mask[1:])
        mask[0] = done_before
        mask[1:] &= rows.step[:-1, None]
        mask &= rows.step[:, None]
    return mask


def advance(rows: Rows, before: Open) -> Advanced:
    """The episodes that ended in `rows`, what is open after them, and which (row, env) are transitions and resets.

    Everything is laid out sub-environment by sub-environment and cut where an episode begins, so that a chunk with
    forty episodes a row costs NumPy a few dozen calls and Python nothing.
    """
    lost, before = _cut_off(rows, before)
    skipped, before = _skipped(rows, before)
    reset = reset_rows(rows, before.done)
    transition = rows.step[:, None] & ~reset
    done = (rows.terminated | rows.truncated) & transition
    begin = _begins(rows, reset, transition, done, before)
    cut = _cut(rows, begin)
    stored = transition if rows.withheld is None else transition & ~rows.withheld
    groups = _groups(rows, before, transition, stored, done, cut, skipped)
    closed, last = groups["closed"], cut.last
    episodes = {name: groups[name][closed].astype(dtype, copy=False) for name, dtype in FIELDS.items()}
    order = np.lexsort((episodes["env_index"], episodes["last_row"])) if len(before.done) > 1 else slice(None)
    episodes = {name: np.concatenate((lost[name], values[order])) for name, values in episodes.items()}
    after = {name: groups[name][last].astype(dtype) for name, dtype in _OPEN.items()}
    shut = closed[last]
    after["episode"] += shut
    after["length"][shut] = 0
    after["total_reward"][shut] = 0.0
    return Advanced(episodes, Open(**after), stored, reset)


class Rewards(NamedTuple):
    """What rewards add up to. NaN counts as no value, as NULL does in SQL."""

    total: float = 0.0
    least: float | None = None
    greatest: float | None = None
    numbers: int = 0


def rewards_of(rewards: Array) -> Rewards:
    """Of the rewards of some transitions."""
    total = float(rewards.sum())
    if math.isnan(total):  # or infinities of both signs
        rewards = rewards[~np.isnan(rewards)]
        total = float(rewards.sum())
    if not rewards.size:
        return Rewards()
    return Rewards(0.0 if math.isnan(total) else total, float(rewards.min()), float(rewards.max()), rewards.size)


def extremes(episodes: Mapping[str, Array]) -> tuple[float | None, float | None, int | None]:
    """Least and greatest return, and greatest length; None for what is not known: nothing, or no number among them."""
    returns = episodes["total_reward"]
    if not returns.size:
        return None, None, None
    least, greatest = float(returns.min()), float(np.fmax.reduce(returns))
    return (
        None if math.isnan(least) else least,
        None if math.isnan(greatest) else greatest,
        int(episodes["length"].max()),
    )


def _cut_off(rows: Rows, before: Open) -> tuple[dict[str, Array], Open]:
    """What a gap ends: the open episodes are interrupted, and what follows begins without a first observation."""
    shut = np.zeros(len(before.done), np.bool_) if rows.gap is None else before.length > 0
    episodes = {
        "env_index": np.flatnonzero(shut),
        "ended": np.full(int(shut.sum()), INTERRUPTED),
        **{name: getattr(before, name)[shut] for name in FIELDS if name in _OPEN},
    }
    episodes = {name: episodes[name].astype(dtype) for name, dtype in FIELDS.items()}
    if rows.gap is None:
        return episodes, before
    fresh = Open.new(len(shut))._replace(episode=before.episode + shut, done=np.asarray(rows.gap, np.bool_))
    return episodes, fresh


_Skipped: TypeAlias = "tuple[Array, Array] | None"
"""Counts and rewards of steps left out, (rows, envs), each at a row of the episode that it belongs to."""


def _skipped(rows: Rows, before: Open) -> tuple[_Skipped, Open]:
    """The steps that the source left out. Before a call of reset they belong to the episode that the call ends.

    The first step of an episode and the one after its end are never left out (`adapters/sampling.py`), so the row
    before is of the same episode. What was left out in a gap belongs to no episode that is known.
    """
    if rows.skipped is None or rows.skipped_reward is None:
        return None, before
    count = np.repeat(np.asarray(rows.skipped, np.int64)[:, None], rows.reward.shape[1], axis=1)
    reward = np.array(rows.skipped_reward, np.float64)
    if rows.gap is not None:
        count[0], reward[0] = 0, 0.0
    for row in np.flatnonzero(~rows.step & (rows.skipped > 0)).tolist():
        if row:
            count[row - 1] += count[row]
            reward[row - 1] += reward[row]
        else:
            before = before._replace(length=before.length + count[0], total_reward=before.total_reward + reward[0])
        count[row], reward[row] = 0, 0.0
    return (count, reward), before


class _Cut(NamedTuple):
    """Groups of rows, sub-environment by sub-environment: one that continues from before, then one a beginning."""

    start: Array  # flat position (env * rows + row) of each group's first row
    size: Array  # rows in it
    env: Array
    row: Array  # offset of the row of its beginning; -1 where it continues from before
    unseen: Array  # it began without a reset: a step after an end
    first: Array  # each sub-environment's first group
    last: Array  # each sub-environment's last group


def _begins(rows: Rows, reset: Array, transition: Array, done: Array, before: Open) -> Array:
    """int8 (rows, envs): 1 where the row holds an episode's first observation, 2 where one goes on after its end."""
    begin = reset.astype(np.int8)
    if rows.mode == "SameStep":
        begin[done] = 1
    begin[~rows.step] = 1
    for row, mask in rows.masks.items():
        begin[row] = mask
    if rows.mode == "SameStep":
        return begin
    # an end that is not followed at once by a beginning is rare: only then is it worth looking for steps after an end
    followed = begin[1:] > 0
    if not (done[:-1] & ~followed).any() and not (before.done & (begin[0] == 0)).any():
        return begin
    height = len(begin)
    at = np.arange(1, height + 1)[:, None]
    ended = np.zeros(done.shape, np.int64)
    np.multiply(done[:-1], at[:-1], out=ended[1:])
    ended[0] = -1
    started = np.where(begin > 0, at, 0)
    ended, started = np.maximum.accumulate(ended), np.maximum.accumulate(started)
    over = (ended > 0) & (ended >= started) | before.done & (started == 0) & (ended <= 0)
    stray = transition & over
    if stray.any():
        # the first after each end: a call of reset that left this one alone may stand between them
        strayed = np.zeros(done.shape, np.int64)
        np.multiply(stray[:-1], at[:-1], out=strayed[1:])
        first = stray & (np.maximum.accumulate(strayed) <= np.maximum(ended, 0))
        begin[first] = 2
    return begin


def _cut(rows: Rows, begin: Array) -> _Cut:
    height, envs = begin.shape
    flat = begin.T.ravel()
    at = np.flatnonzero(flat)
    env_of = at // height
    row_of = at - env_of * height
    # the row of an end is part of the ended episode where the next begins in the same row
    shift = 1 if rows.mode == "SameStep" else 0
    shifted = at + shift * rows.step[row_of]
    heads = np.arange(envs) * height
    order = np.concatenate((heads, shifted))
    env = np.concatenate((np.arange(envs), env_of))
    row = np.concatenate((np.full(envs, -1), row_of))
    kind = np.concatenate((np.zeros(envs, np.int8), flat[at]))
    if envs > 1:
        sort = np.lexsort((row, env))
        order, env, row, kind = order[sort], env[sort], row[sort], kind[sort]
    first = np.searchsorted(env, np.arange(envs))
    last = np.append(first[1:], len(env)) - 1
    stop = np.append(order[1:], height * envs)
    stop[last] = heads + height
    return _Cut(order, stop - order, env, row, kind == 2, first, last)


def _groups(
    rows: Rows, before: Open, transition: Array, stored: Array, done: Array, cut: _Cut, skipped: _Skipped
) -> dict[str, Array]:
    """Every field of every group, whether it closed or not.

    Length and return are those of the stored transitions and of those that the source left out.
    """
    height = len(transition)
    flat = transition.T.ravel()
    taken = counts = _reduce(flat.astype(np.int64), cut)
    kept = stored.T.ravel()
    if stored is not transition:
        counts = _reduce(kept.astype(np.int64), cut)
    rewards = _reduce(np.where(kept, rows.reward.T.ravel(), 0.0), cut)
    if skipped is not None:
        counts = counts + _reduce(skipped[0].T.ravel(), cut)
        rewards = rewards + _reduce(skipped[1].T.ravel(), cut)
    at = np.where(flat, np.tile(np.arange(height), transition.shape[1]), -1)
    last = _last(at, cut)
    carried = np.zeros(len(cut.env), np.bool_)
    carried[cut.first] = True
    over = _reduce((done.T.ravel()).astype(np.int64), cut) > 0
    t = rows.t
    env, begun = cut.env, ~carried
    length = counts + np.where(carried, before.length[env], 0)
    seen = begun & ~cut.unseen
    has = last >= 0
    first_t = t[cut.row] + rows.step[cut.row]
    first_t = np.where(cut.unseen, t[cut.row], first_t)
    interrupted = ~over & (length + taken > 0)
    interrupted[cut.last] = False
    over &= length + taken > 0
    groups: dict[str, Array] = {
        "env_index": env,
        "first_row": np.where(carried, before.first_row[env], np.where(seen, rows.first_row + cut.row, -1)),
        "last_row": np.where(has, rows.first_row + last, np.where(carried, before.last_row[env], -1)),
        "first_t": np.where(carried, before.first_t[env], first_t),
        "last_t": np.where(has, t[last], np.where(carried, before.last_t[env], -1)),
        "length": length,
        "total_reward": np.where(carried, before.total_reward[env], 0.0) + rewards,
        "started_us": np.where(carried, before.started_us[env], rows.time_us[cut.row]),
        "ended_us": np.where(has, rows.time_us[last], np.where(carried, before.ended_us[env], rows.time_us[cut.row])),
        "closed": over | interrupted,
        "done": over | carried & before.done[env] & (taken == 0),
    }
    _unstarted(rows, groups, before, transition, taken, cut)
    how = rows.terminated[last, env] * TERMINATED | rows.truncated[last, env] * TRUNCATED
    groups["ended"] = np.where(over, how, INTERRUPTED)
    groups["episode"] = _number(groups["closed"], before.episode, cut)
    groups["seed"], groups["seed_source"] = _seeds(rows, before, cut)
    return groups


def _unstarted(rows: Rows, groups: dict[str, Array], before: Open, transition: Array, taken: Array, cut: _Cut) -> None:
    """A stream whose first row is a step: its first episode starts there, its first observation was never seen."""
    new = cut.first[(before.first_row == -1) & (before.length == 0)]
    new = new[taken[new] > 0]
    if new.size:
        first = np.argmax(transition[:, cut.env[new]], axis=0)
        groups["first_t"][new] = rows.t[first]
        groups["started_us"][new] = rows.time_us[first]


def _reduce(values: Array, cut: _Cut) -> Array:
    """The sum of each group; an empty group is 0 (`reduceat` gives the next item instead)."""
    sums: Array = np.add.reduceat(_padded(values, 0), cut.start)
    sums[cut.size == 0] = 0
    return sums


def _padded(values: Array, item: int) -> Array:
    """One item more, so that an empty group may begin behind the last row."""
    padded = np.empty(len(values) + 1, values.dtype)
    padded[:-1] = values
    padded[-1] = item
    return padded


def _last(at: Array, cut: _Cut) -> Array:
    """The greatest item of each group, -1 for an empty one."""
    largest: Array = np.maximum.reduceat(_padded(at, -1), cut.start)
    largest[cut.size == 0] = -1
    return largest


def _number(closed: Array, episode: Array, cut: _Cut) -> Array:
    """The ordinal of each group's episode: every one that closed before it in its sub-environment counts."""
    before = np.cumsum(closed) - closed
    number: Array = episode[cut.env] + before - before[cut.first][cut.env]
    return number


def _seeds(rows: Rows, before: Open, cut: _Cut) -> tuple[Array, Array]:
    """The seed of each group: given to its reset, or that of the generator that an earlier seed started."""
    seed, source = np.zeros(len(cut.env), np.int64), np.zeros(len(cut.env), np.uint8)
    seed[cut.first], source[cut.first] = before.seed, before.seed_source
    given = np.zeros(len(cut.env), np.bool_)
    given[cut.first] = True
    for row, seeds in rows.seeds.items():
        for group in np.flatnonzero(cut.row == row):
            value = seeds[int(cut.env[group])]
            if value is not None:
                fits = -(2**63) <= value < 2**63
                seed[group], source[group] = (value, SEED_GIVEN) if fits else (rows.first_row + row, SEED_LARGE)
                given[group] = True
    origin = np.maximum.accumulate(np.where(given, np.arange(len(given)), 0))
    seed, source = seed[origin], source[origin]
    inherited = ~given & (source != SEED_NONE)
    source[inherited] = np.where(source[inherited] < SEED_LARGE, SEED_CONTINUED, SEED_LARGE_CONTINUED)
    return seed, source
