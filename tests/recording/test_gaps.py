"""What was dropped leaves a gap that shows: `t` goes on counting, no episode reaches across it, the ledger adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import cornerman


class Counting(gymnasium.Env):
    """Observes the number of its step."""

    observation_space: Any = gymnasium.spaces.Box(-1, 2**40, (1,), np.int64)
    action_space: Any = gymnasium.spaces.Discrete(2)

    def __init__(self, length: int) -> None:
        self.number, self.at, self.length = 0, 0, length

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.at = 0
        return np.array([-1], np.int64), {}

    def step(self, action: Any) -> Any:
        number, self.number, self.at = self.number, self.number + 1, self.at + 1
        return np.array([number], np.int64), 1.0, self.at == self.length, False, {}


def interrupt(env: Any, steps: int, reset: bool) -> None:
    """So many steps while there is no room for any."""
    session = env._recorder.session
    writer = env._recorder.writer
    session.no_room = lambda: "budget"
    writer.cursor.end = writer.cursor.offset
    take(env, steps, reset)
    del session.no_room
    writer._no_room = None


def take(env: Any, steps: int, reset: bool) -> None:
    vector = hasattr(env, "num_envs")
    action = np.zeros(env.num_envs, np.int64) if vector else 0
    for _ in range(steps):
        step = env.step(action)
        if reset and (step[2] or step[3]):
            env.reset()


@pytest.mark.parametrize("lost", [1, 5, 6, 7, 13])
def test_a_gap_in_a_single_environment(tmp_path: Path, lost: int) -> None:
    """Episodes of seven steps; the gap begins in the middle of one."""
    env = cornerman.record(Counting(7), store=tmp_path, job="gap")
    env.reset(seed=1)
    take(env, 10, reset=True)
    interrupt(env, lost, reset=True)
    take(env, 20, reset=True)
    env.close()
    check(tmp_path, [7], received=30 + lost, dropped=lost)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("lost", [1, 2, 3, 4, 9])
def test_a_gap_in_a_vector_environment(tmp_path: Path, mode: AutoresetMode, lost: int) -> None:
    """Sub-environments that end at other steps: those that end inside the gap, at its edges, and across it."""
    env: Any = gymnasium.vector.SyncVectorEnv(
        [lambda: Counting(3), lambda: Counting(5), lambda: Counting(100)], autoreset_mode=mode
    )
    env = cornerman.record(env, store=tmp_path, job="gap")
    env.reset(seed=1)
    take(env, 10, reset=False)
    interrupt(env, lost, reset=False)
    take(env, 20, reset=False)
    env.close()
    check(tmp_path, [3, 5, 100])


def check(path: Path, lengths: list[int], received: int | None = None, dropped: int | None = None) -> None:
    with cornerman.open_store(path) as store:
        run = store.run("latest")
        ledger = run.summary().ledger
        assert ledger.balanced, ledger
        assert received in (None, ledger.received)
        assert dropped in (None, ledger.dropped["budget"])
        for episode in run.episodes():
            numbers = episode.observations.ravel()
            numbers = numbers[numbers >= 0]
            assert np.array_equal(np.diff(numbers), np.ones(max(len(numbers) - 1, 0))), episode
            assert episode.length == len(numbers) <= lengths[episode.env_index]
            assert episode.ended in ("terminated", "interrupted")
        stream = run.streams()[0]
        assert run.step_count - stream.step(stream.row_count() - 1).t in (0, 1)
