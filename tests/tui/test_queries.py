"""What the screens ask of a real store: what only the journal knows, hundreds of sub-environments, deleted runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import gymnasium
import numpy as np
import pytest
from recordings import Recording

import cornerman
from cornerman.core.errors import NotFound
from cornerman.store.api import open_store
from cornerman.tui.feed import Feed
from cornerman.tui.moves import Move
from cornerman.tui.queries import (
    EpisodesQuery,
    Query,
    Reading,
    RewardsQuery,
    RunsAnswer,
    RunsQuery,
    ViewAnswer,
    ViewQuery,
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def reading(path: Path) -> Reading:
    return Reading(open_store(path, read_only=True), lambda: open_store(path))


def test_a_run_that_only_the_journal_knows_is_listed_and_shown(store: Path) -> None:
    """The store was locked when it began; nobody who looks has to know."""
    Recording(store, job="first").run(5).close()
    holder = apsw.Connection(str(store / "store.db"))
    holder.execute("begin immediate")
    recording = Recording(store, job="late").run(50)
    asked = reading(store)
    runs = RunsQuery().answer(asked).runs
    assert [(run.job, run.state, run.step_count) for run in runs] == [("late", "live", 50), ("first", "done", 5)]
    view = ViewQuery(runs[0].run_id, 0, 0, Move("newest")).answer(asked)
    assert view.record is not None
    assert view.record.t == 49
    assert view.streams[0].ledger.balanced
    for order in ("newest", "best"):
        assert EpisodesQuery(runs[0].run_id, 0, order, 0, 20).answer(asked).episodes
    assert view.episode is not None
    rewards = RewardsQuery(runs[0].run_id, 0, 0, view.episode.episode, view.record.row).answer(asked)
    assert len(rewards.rewards) == view.episode.length + 1
    holder.execute("rollback")
    recording.close()
    assert [run.step_count for run in RunsQuery().answer(asked).runs] == [50, 5]


@pytest.mark.parametrize("envs", [300])
def test_hundreds_of_sub_environments(store: Path, envs: int) -> None:
    env = cornerman.record(
        gymnasium.make_vec("CartPole-v1", envs, vectorization_mode="vector_entry_point"), store=store
    )
    env.reset(seed=1)
    rng = np.random.default_rng(0)
    seen = [env.step(rng.integers(0, 2, envs)) for _ in range(200)]
    asked = reading(store)
    for index in (0, 150, envs - 1, envs + 7):
        view = ViewQuery("latest", 0, index, Move("t", amount=120)).answer(asked)
        assert view.record is not None
        assert (view.env, view.record.t) == (min(index, envs - 1), 120)
        assert np.array_equal(view.record.observation, seen[120][0][view.env])
    began = time.thread_time()
    answer = EpisodesQuery("latest", 0, "longest", 0, 200).answer(asked)
    assert time.thread_time() - began < 1
    lengths = [episode.length for episode in answer.episodes]
    assert lengths == sorted(lengths, reverse=True)
    env.close()


def test_a_run_that_is_deleted_while_it_is_looked_at_is_not_found(store: Path) -> None:
    Recording(store).run(30).close()
    asked = reading(store)
    query = ViewQuery("latest", 0, 0, Move("row", 3))
    run_id = query.answer(asked).run.run_id
    with open_store(store) as other:
        other.delete(run_id)
    time.sleep(0.3)
    with pytest.raises(NotFound):
        query.answer(asked)


class Looked:
    """A feed over a real store, asked as a screen asks it."""

    def __init__(self, path: Path) -> None:
        self.feed = Feed(lambda read_only: open_store(path, read_only=read_only), lambda: None)
        self.feed.start()

    def until(self, query: Query, wanted: type, seconds: float = 20) -> object:
        self.feed.ask(query)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for delivery in self.feed.take():
                if isinstance(delivery.answer, wanted):
                    return delivery.answer
            time.sleep(0.005)
        raise AssertionError("no answer")


@pytest.fixture
def looked(store: Path) -> Iterator[Looked]:
    Recording(store).run(30).close()
    found = Looked(store)
    yield found
    found.feed.stop()


def test_the_feed_answers_from_a_thread_of_its_own(looked: Looked) -> None:
    runs = looked.until(RunsQuery(), RunsAnswer)
    assert isinstance(runs, RunsAnswer)
    view = looked.until(ViewQuery(runs.runs[0].run_id, 0, 0, Move("row", 3)), ViewAnswer)
    assert isinstance(view, ViewAnswer)
    assert view.record is not None
    assert view.record.row == 3
    assert view.short_id == runs.runs[0].run_id[:8]
