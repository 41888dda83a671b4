"""Episodes cut out of rows by NumPy equal those of a simulation that goes step by step, however the rows are split."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.episodes import (
    FIELDS,
    INTERRUPTED,
    SEED_CONTINUED,
    SEED_GIVEN,
    SEED_NONE,
    TERMINATED,
    TRUNCATED,
    AutoresetMode,
    Open,
    Rows,
    advance,
)


@dataclass
class Naive:
    """One sub-environment, stepped by hand."""

    env: int
    mode: str
    episode: int = 0
    first_row: int = -1
    last_row: int = -1
    first_t: int = 0
    last_t: int = 0
    length: int = 0
    total: float = 0.0
    seed: int = 0
    source: int = SEED_NONE
    started: int = 0
    ended: int = 0
    done: bool = False
    seen: bool = False
    closed: list[dict[str, Any]] = field(default_factory=list)
    transitions: list[bool] = field(default_factory=list)

    def reset(self, row: int, t: int, time: int, seed: int | None) -> None:
        if self.length:
            self._close(INTERRUPTED)
        self._begin(row, t, time)
        if seed is not None:
            self.seed, self.source = seed, SEED_GIVEN

    def step(self, row: int, t: int, time: int, reward: float, how: int) -> None:
        resetting = self.mode == "NextStep" and self.done
        self.transitions.append(not resetting)
        if resetting:
            self._begin(row, t + 1, time)
            return
        if self.done or not self.seen:
            self._begin(-1, t, time)
        self.last_row, self.last_t, self.ended = row, t, time
        self.length, self.total = self.length + 1, self.total + reward
        if how:
            self._close(how)
            self.done = True
            if self.mode == "SameStep":
                self._begin(row, t + 1, time)

    def _begin(self, row: int, t: int, time: int) -> None:
        if self.seen and self.source == SEED_GIVEN:
            self.source = SEED_CONTINUED
        self.first_row, self.first_t, self.started = row, t, time
        self.length, self.total, self.done, self.seen = 0, 0.0, False, True

    def _close(self, how: int) -> None:
        self.closed.append(
            {
                "env_index": self.env, "episode": self.episode, "first_row": self.first_row, "last_row": self.last_row,
                "first_t": self.first_t, "last_t": self.last_t, "length": self.length, "ended": how,
                "total_reward": self.total, "seed": self.seed, "seed_source": self.source,
                "started_us": self.started, "ended_us": self.ended,
            }
        )  # fmt: skip
        self.episode, self.length, self.total = self.episode + 1, 0, 0.0


@dataclass
class Case:
    """Rows of a stream as an environment of this mode would return them, and where they are cut into chunks."""

    mode: AutoresetMode
    step: list[bool]
    reward: list[list[float]]
    how: list[list[int]]
    masks: dict[int, list[bool]]
    seeds: dict[int, list[int | None]]
    cuts: list[int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    mode: AutoresetMode = draw(st.sampled_from(("", "NextStep", "SameStep", "Disabled")))
    envs = 1 if mode == "" else draw(st.integers(1, 4))
    rows = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ends, resets = draw(st.sampled_from((0.0, 0.1, 0.5, 1.0))), draw(st.sampled_from((0.0, 0.1, 0.5)))
    step = [bool(rng.random() >= resets) for _ in range(rows)]
    step[0] = draw(st.booleans())
    reward = rng.integers(-9, 10, (rows, envs)).astype(float).tolist()
    how = (rng.integers(1, 4, (rows, envs)) * (rng.random((rows, envs)) < ends)).tolist()
    masks = {
        row: (rng.random(envs) < 0.5).tolist()
        for row in range(rows)
        if mode == "Disabled" and not step[row] and rng.random() < 0.6
    }
    seeds: dict[int, list[int | None]] = {
        row: [int(rng.integers(0, 99)) if rng.random() < 0.7 else None for _ in range(envs)]
        for row in range(rows)
        if not step[row] and rng.random() < 0.5
    }
    cuts = sorted({0, rows, *rng.integers(0, rows + 1, draw(st.integers(0, 6))).tolist()})
    return Case(mode, step, reward, how, masks, seeds, cuts)


def simulate(case: Case) -> list[Naive]:
    """Step by step. What an environment would not return on a row that resets is taken out of the case."""
    envs = [Naive(env, case.mode) for env in range(len(case.reward[0]))]
    t = 0
    for row, is_step in enumerate(case.step):
        for env in envs:
            if not is_step:
                case.how[row][env.env] = 0
                if row not in case.masks or case.masks[row][env.env]:
                    env.reset(row, t, 1000 + row, case.seeds.get(row, [None] * len(envs))[env.env])
                env.transitions.append(False)
                continue
            if case.mode == "NextStep" and env.done:
                case.how[row][env.env] = 0
            env.step(row, t, 1000 + row, case.reward[row][env.env], case.how[row][env.env])
        t += is_step
    return envs


def advance_in_pieces(case: Case) -> tuple[list[dict[str, Any]], Open, np.ndarray]:
    """The same rows through `advance`, cut as the case says."""
    state, found, transitions = Open.new(len(case.reward[0])), [], []
    how, step = np.array(case.how), np.array(case.step)
    for a, b in zip(case.cuts, case.cuts[1:], strict=False):
        if a == b:
            continue
        rows = Rows(
            a, int(step[:a].sum()), case.mode, step[a:b], np.arange(1000 + a, 1000 + b), np.array(case.reward)[a:b],
            how[a:b] & TERMINATED > 0, how[a:b] & TRUNCATED > 0,
            {row - a: np.array(mask) for row, mask in case.masks.items() if a <= row < b},
            {row - a: seeds for row, seeds in case.seeds.items() if a <= row < b},
        )  # fmt: skip
        advanced = advance(rows, state)
        state = Open.decode(advanced.after.encode())
        transitions.append(advanced.transition)
        columns = {name: values.tolist() for name, values in advanced.episodes.items()}
        assert {name: str(values.dtype.str) for name, values in advanced.episodes.items()} == FIELDS
        found += [{name: columns[name][i] for name in FIELDS} for i in range(len(columns["ended"]))]
    return found, state, np.concatenate(transitions)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_episodes_equal_those_of_a_simulation_step_by_step(case: Case) -> None:
    envs = simulate(case)
    found, state, transitions = advance_in_pieces(case)
    expected = [episode for env in envs for episode in env.closed]
    order = lambda episode: (episode["last_row"], episode["env_index"])  # noqa: E731
    assert sorted(found, key=order) == sorted(expected, key=order)
    assert transitions.T.tolist() == [env.transitions for env in envs]
    for env in envs:
        index = env.env
        assert bool(state.done[index]) == env.done
        assert (state.episode[index], state.length[index], state.total_reward[index]) == (
            env.episode,
            env.length,
            env.total,
        )
        if env.seen and not env.done:
            known = (state.first_row[index], state.first_t[index], state.started_us[index], state.seed_source[index])
            assert known == (env.first_row, env.first_t, env.started, env.source)


@settings(max_examples=50, deadline=None)
@given(cases())
def test_episodes_come_in_the_order_of_their_ends(case: Case) -> None:
    simulate(case)
    case.cuts = [0, len(case.step)]
    found, _, _ = advance_in_pieces(case)
    ends = [(episode["last_row"], episode["env_index"]) for episode in found]
    assert ends == sorted(ends)


def test_nothing_received_leaves_nothing_open() -> None:
    state = Open.new(3)
    assert not state.done.any()
    assert (state.first_row == -1).all()
    assert Open.decode(state.encode())._asdict().keys() == state._asdict().keys()
