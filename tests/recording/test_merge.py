"""Small chunks become few, whoever is killed, reads or carries copies meanwhile: not a row moves."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

import cornerman
from cornerman.store import merge, sealer
from cornerman.store.connection import connect
from cornerman.store.recovery import recover

CODE = """
import sys, gymnasium, cornerman
import cornerman.adapters.recorder as recorder, cornerman.store.sealing_process as sealing_process
sealing_process.SealingProcess.ensure = lambda self: None
recorder.segment_rows = lambda *sizes: 32
make, kind = gymnasium.make, sys.argv[2]
env = make("CartPole-v1") if kind == "single" else gymnasium.make_vec("CartPole-v1", 3, "sync")
env = cornerman.record(env, store=sys.argv[1], job="small")
env.reset(seed=1)
env.action_space.seed(1)
for _ in sys.stdin:
    for _ in range(400):
        step = env.step(env.action_space.sample())
        if kind == "single" and (step[2] or step[3]): env.reset()
    print("there", flush=True)
"""


class Training:
    """A child that records 400 steps each time it is asked, in segments of 32 rows that nobody seals but the test."""

    def __init__(self, store: Path, kind: str = "single") -> None:
        pipe = subprocess.PIPE
        self.store = store
        self.child = subprocess.Popen(
            [sys.executable, "-c", CODE, str(store), kind], stdin=pipe, stdout=pipe, text=True, bufsize=1
        )

    def go(self) -> Training:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write("\n")
        assert self.child.stdout.readline() == "there\n"
        return self

    def chunks(self) -> list[int]:
        """How many rows each chunk has."""
        found: list[Any] = connect(self.store).execute("select rows from chunk order by first_row").fetchall()
        return [rows for (rows,) in found]


@pytest.fixture(params=["single", "vector"])
def training(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Training]:
    training = Training(tmp_path / "store", request.param)
    yield training
    training.child.communicate()
    check(training.store)


def check(store: Path) -> list[Any]:
    """Everything that was recorded is there, and nothing twice; the episodes as a reader sees them."""
    with cornerman.open_store(store) as opened:
        assert [str(finding) for finding in opened.verify()] == []
        assert opened.run().summary().ledger.balanced
        return seen(opened)


def seen(store: cornerman.Store) -> list[Any]:
    """All that is in it, by three ways of reading."""
    steps = store.sql("select row, env_index, episode, t, reward, observation from step_all").fetchall()
    episodes = store.sql("select env_index, episode, length, total_reward, first_row, last_row from episode").fetchall()
    returns = [(episode.seed, episode.observations.tobytes()) for episode in store.run().episodes()]
    return [steps, episodes, returns]


@contextlib.contextmanager
def sealing(store: Path) -> Iterator[sealer.Sealer]:
    working = sealer.Sealer(store)
    try:
        yield working
    finally:
        working.close()


def test_small_chunks_become_few_while_they_come(training: Training) -> None:
    """A sealer that comes again and again leaves no more than eight at the end; what is read stays the same."""
    training.go()
    with cornerman.open_store(training.store, read_only=True) as opened, sealing(training.store) as working:
        for _ in range(8):
            before = seen(opened)
            working.turn()
            assert seen(opened) == before
            training.go()
    rows = training.chunks()
    assert len(rows) < 8 + 2
    assert sum(rows) > 2800


class _Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


@pytest.mark.parametrize("place", ["_merged", "_replace", "_replace-after", "transaction-after", "log"])
def test_a_merge_may_die_anywhere(training: Training, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Before and after packing, inside the transaction and after it: the next merge goes on."""
    training.go()
    name, _, after = place.partition("-")
    original = getattr(merge, name)

    @contextlib.contextmanager
    def dying_inside(connection: apsw.Connection) -> Iterator[apsw.Connection]:
        with original(connection):
            yield connection
            raise _Killed

    def dying(*arguments: Any, **named: Any) -> Any:
        if after:
            original(*arguments, **named)
        raise _Killed

    with monkeypatch.context() as patched, sealing(training.store) as working:
        patched.setattr(merge, name, dying_inside if name == "transaction" else dying)
        with pytest.raises(_Killed):
            working.turn()
    with sealing(training.store) as working:
        training.go()
        working.turn()
    assert len(training.chunks()) < 8 + 2


def test_a_reader_in_the_middle_sees_each_row_once(tmp_path: Path) -> None:
    """Steps, episodes and SQL that were begun over small chunks go on over merged ones."""
    training = Training(tmp_path / "store").go()
    with sealing(training.store) as working, pytest.MonkeyPatch.context() as patched:
        patched.setattr(merge, "FEWEST", 1000)
        working.turn()
    assert set(training.chunks()) == {32}
    with cornerman.open_store(training.store, read_only=True) as opened:
        run = opened.run()
        expected = seen(opened)[0], [record.row for record in run.steps()], [e.length for e in run.episodes()][:-1]
        cursors = [
            iter(opened.sql("select row, env_index, episode, t, reward, observation from step_all")),
            (record.row for record in run.steps()),
            (episode.length for episode in run.episodes()),
        ]
        begun = [[next(cursor) for _ in range(5)] for cursor in cursors]
        run.ledger()
        with sealing(training.store) as working:
            training.go()
            working.turn()
        found = [[*first, *rest][: len(whole)] for first, rest, whole in zip(begun, cursors, expected, strict=True)]
        assert found == list(expected)
        assert run.ledger().balanced
    assert len(training.chunks()) < 8 + 2
    training.child.communicate()


def test_no_merge_reaches_across_the_cursor_of_a_relay(tmp_path: Path) -> None:
    """What was carried to a sink is not carried again: a chunk begins where the cursor is."""
    training = Training(tmp_path / "store").go()
    cursor = 5 * 32
    with sealing(training.store) as working, pytest.MonkeyPatch.context() as patched:
        patched.setattr(merge, "FEWEST", 1000)
        working.turn()
        store = connect(training.store, write=True)
        store.execute(
            "insert into relay select 'sink', id, 'run', ?, 0, 0, 0, 0, 0, 0 from stream", (cursor,)
        ).fetchall()
    with sealing(training.store) as working:
        training.go()
        working.turn()
    first: Any = store.execute("select first_row from chunk order by 1").fetchall()
    assert (cursor,) in first
    assert len(first) <= 5 + 8
    training.child.communicate()
    check(training.store)


def test_what_a_killed_training_left_is_merged_by_who_recovers_it(tmp_path: Path) -> None:
    """Two chunks that fit into one are one; nobody has to have sealed before."""
    training = Training(tmp_path / "store").go()
    training.child.kill()
    training.child.communicate()
    recover(training.store)
    assert len(training.chunks()) == 1
    check(training.store)


def test_chunks_of_different_columns_stay_apart(tmp_path: Path) -> None:
    """A stream that changed its form half way is merged on both sides of the change."""
    import gymnasium
    import numpy as np

    class Changing(gymnasium.Env[Any, Any]):
        observation_space = gymnasium.spaces.Box(0, 1, (3,))
        action_space = gymnasium.spaces.Discrete(2)
        count = 0

        def reset(self, **_: Any) -> Any:
            return np.zeros(3, np.float32), {}

        def step(self, action: Any) -> Any:
            self.count += 1
            return np.full(3, self.count, "f4" if self.count < 300 else "f8"), 1.0, False, False, {}

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CORNERMAN_STORAGE_SEALING_PROCESS", "false")
        patched.setattr("cornerman.adapters.recorder.segment_rows", lambda *_: 16)
        env = cornerman.record(Changing(), store=tmp_path)
        env.reset()
        for _ in range(600):
            env.step(0)
        env.close()
    with cornerman.open_store(tmp_path) as opened:
        assert [str(finding) for finding in opened.verify()] == []
        (episode,) = opened.run().episodes()
        assert [observation[0] for observation in episode.observations] == list(range(601))
        assert opened.sql("select count(*) from chunk").fetchall()[0][0] <= 3
