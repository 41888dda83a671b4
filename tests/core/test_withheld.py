"""Steps that a schema refused end episodes as they did, and count nowhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.episodes import AutoresetMode, Open, Rows, advance

SAME = ("env_index", "episode", "first_row", "last_row", "first_t", "last_t", "ended", "seed", "started_us", "ended_us")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["", "NextStep", "SameStep"]), st.integers(1, 40), st.integers(0, 40), st.integers(0, 2**32))
def test_withheld_steps_change_lengths_and_returns_alone(mode: AutoresetMode, rows: int, cut: int, seed: int) -> None:
    """In one piece or in two, episodes stay where they were; their lengths lose what was withheld."""
    generator = np.random.default_rng(seed)
    envs = 1 if not mode else 3
    step = np.ones(rows, np.bool_) if mode else generator.random(rows) > 0.2
    step[0] = False
    ends = (generator.random((rows, envs)) < 0.25) & step[:, None]
    for row in range(1, rows if mode == "NextStep" else 0):
        ends[row] &= ~ends[row - 1]  # the row after an end is its reset
    over = ends & (generator.random((rows, envs)) < 0.7)
    whole = Rows(
        0, 0, mode, step, np.arange(rows, dtype=np.int64), np.ones((rows, envs)), over, ends & ~over, {}, {}
    )  # fmt: skip
    withheld = generator.random((rows, envs)) < 0.4
    plain = advance(whole, Open.new(envs))
    found = advance(whole._replace(withheld=withheld), Open.new(envs))
    assert all((plain.episodes[name] == found.episodes[name]).all() for name in SAME)
    assert (found.transition == (plain.transition & ~withheld)).all()
    assert (plain.reset == found.reset).all()
    total = int(found.episodes["length"].sum() + found.after.length.sum())
    assert total == np.count_nonzero(found.transition)
    assert (found.episodes["total_reward"] == found.episodes["length"]).all()
    cut = min(cut, rows - 1)
    if cut:
        first = advance(_part(whole, withheld, 0, cut), Open.new(envs))
        second = advance(_part(whole, withheld, cut, rows), first.after)
        lengths = np.concatenate([part.episodes["length"] for part in (first, second)])
        assert int(lengths.sum() + second.after.length.sum()) == total


def _part(rows: Rows, withheld: np.ndarray, first: int, stop: int) -> Rows:
    return rows._replace(
        first_row=first, first_t=int(np.count_nonzero(rows.step[:first])), step=rows.step[first:stop],
        time_us=rows.time_us[first:stop], reward=rows.reward[first:stop], terminated=rows.terminated[first:stop],
        truncated=rows.truncated[first:stop], withheld=withheld[first:stop],
    )  # fmt: skip
