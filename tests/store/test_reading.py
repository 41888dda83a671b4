"""What is read back is what the loop saw: from chunks, from the open journal, and from both while a writer goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from recordings import Recording, Seen, Walk

import cornerman
from cornerman.core.errors import NotFound, StoreNotFound, StoreUnreadable
from cornerman.core.records import EpisodeOrder, EpisodeRollup
from cornerman.store.api import Episode, Store, open_store
from cornerman.store.connection import connect


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def same(episode: Episode, seen: Seen) -> bool:
    """Bit for bit."""
    observations = np.array(seen.observations)
    return bool(
        episode.observations.dtype == observations.dtype
        and episode.observations.tobytes() == observations.tobytes()
        and episode.actions.tolist() == [int(action) for action in seen.actions]
        and episode.rewards.tolist() == seen.rewards
        and np.array_equal(episode.final_observation, observations[-1])
    )


def check(path: Path, seen: list[Seen]) -> None:
    expected = [episode for episode in seen if episode.actions]
    with open_store(path, read_only=True) as opened:
        episodes = [episode for episode in opened.run().episodes() if episode.length]
        assert len(episodes) == len(expected)
        for episode, one in zip(episodes, expected, strict=True):
            assert same(episode, one), episode
            assert (episode.ended in ("terminated", "truncated")) == one.over


@pytest.mark.parametrize("steps", [1, 30, 3000])
def test_a_recording_reads_the_same_open_and_closed(store: Path, steps: int) -> None:
    recording = Recording(store).run(steps)
    check(store, recording.seen)
    recording.close()
    check(store, recording.seen)


def test_a_step_is_the_transition_that_the_loop_saw(store: Path) -> None:
    recording = Recording(store).run(500).close()
    with open_store(store) as opened:
        (stream,) = opened.run().streams()
        first = stream.step(0)
        assert first.reset
        assert (first.action, first.reward, first.step, first.seed) == (None, None, -1, 3)
        flat = [(a, r) for episode in recording.seen for a, r in zip(episode.actions, episode.rewards, strict=True)]
        assert [(s.action, s.reward) for s in stream.steps() if not s.reset] == flat
        for t in (0, 17, 499):
            record = stream.step(stream.row_at(t))
            assert (record.t, record.action, record.reward) == (t, *flat[t])
            again = next(stream.steps(record.row, record.row + 1))
            assert (again.row, again.t, again.info) == (record.row, t, record.info)
            assert again.observation.tobytes() == record.observation.tobytes()


def test_every_row_knows_its_episode_and_place(store: Path) -> None:
    Recording(store).run(400).close()
    with open_store(store) as opened:
        (stream,) = opened.run().streams()
        for rollup in stream.episodes():
            rows = range(rollup.first_row + 1, rollup.last_row + 1)
            assert [stream.step(row).step for row in rows] == list(range(rollup.length))
            assert all(stream.episode_at(row) == rollup for row in (rollup.first_row, *rows))
            assert stream.episode(0, rollup.episode) == rollup


def test_a_row_knows_its_episode_though_it_is_sealed_while_it_is_looked_for(store: Path) -> None:
    """Where the episode ends in a part of the journal that was not read yet, and is in a chunk when it would be."""
    recording = Recording(store, Walk(longest=40, end=0.0)).run(30)
    with open_store(store) as reading:
        (stream,) = reading.run("latest").streams()
        block = stream.rows.block(20)
        recording.run(30).close()
        found = stream.episode_index.at(20, 0, block)
    assert found is not None
    assert (found.episode, found.length, found.ended) == (0, 40, "truncated")


def test_pages_of_episodes_are_parts_of_the_whole_list(store: Path) -> None:
    recording = Recording(store).run(2500)
    with open_store(store, read_only=True) as opened:
        (stream,) = opened.run().streams()
        whole = list(stream.episodes())
        assert list(stream.episodes(limit=5)) == whole[:5]
        assert list(stream.episodes(limit=5, offset=7)) == whole[7:12]
        assert list(stream.episodes(order="newest")) == whole[::-1]
        assert list(stream.episodes(order="newest", limit=3, offset=1)) == whole[::-1][1:4]
    recording.close()


def test_rewards_are_nan_on_reset_rows(store: Path) -> None:
    Recording(store).run(100).close()
    with open_store(store) as opened:
        (stream,) = opened.run().streams()
        rewards = stream.rewards(0, stream.row_count())
        assert [bool(np.isnan(reward)) for reward in rewards] == [step.reset for step in stream.steps()]


def test_summaries_count_what_the_loop_did(store: Path) -> None:
    recording = Recording(store).run(3000)
    for state in ("live", "done"):
        with open_store(store, read_only=True) as opened:
            run = opened.run("test")
            summary, (stream,) = run.summary(), run.streams()
            assert (summary.state, summary.step_count, run.step_count) == (state, 3000, 3000)
            assert summary.episode_count == sum(episode.over for episode in recording.seen)
            assert summary.last_return == pytest.approx(sum([e for e in recording.seen if e.over][-1].rewards))
            assert stream.ledger().balanced
            assert stream.ledger().received == 3000
            assert stream.summary().reward_sum == pytest.approx(sum(sum(e.rewards) for e in recording.seen))
            assert 0 < len(summary.returns) <= 60
        recording.close()


def test_a_run_that_ended_is_summed_up_again_when_it_changes(store: Path) -> None:
    """What has ended is kept between looks, so that hundreds cost little; never longer than it holds."""
    recording = Recording(store).run(300)
    with open_store(store, read_only=True) as opened:
        assert (opened.run().summary().state, opened.run().summary().step_count) == ("live", 300)
        recording.run(10).close()
        done = opened.run().summary()
        assert (done.state, done.step_count) == ("done", 310)
        assert opened.run().summary() is done
        connection = connect(store, write=True)
        connection.execute("update ledger set transitions = transitions + 5 where cause = 'received'")
        connection.close()
        assert not opened.run().summary().ledger.balanced


def test_runs_are_found_by_name_job_and_prefix(store: Path) -> None:
    for job in ("a", "b"):
        script = (
            "from recordings import Recording; import pathlib;"
            f"Recording(pathlib.Path({str(store)!r}), job={job!r}).run(20).close()"
        )
        subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": _support()})
    with open_store(store) as opened:
        newest, oldest = opened.runs()
        assert (newest.job, oldest.job) == ("b", "a")
        assert opened.run("latest").run_id == newest.run_id
        assert opened.run("a").run_id == oldest.run_id
        assert opened.run(oldest.run_id).job == "a"
        with pytest.raises(NotFound):
            opened.run("nobody")


class Odd(Walk):
    """Returns that are equal, infinite or no number, among others."""

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = super().step(action)
        odd = {0: np.nan, 1: np.inf, 2: -np.inf}.get(int(self.np_random.integers(2000)), round(reward))
        return observation, odd, terminated, truncated, info


def _by(order: EpisodeOrder, rollup: EpisodeRollup) -> tuple[float, ...]:
    if order == "longest":
        return -rollup.length, -rollup.last_row
    nan = np.isnan(rollup.total_reward)
    if order == "worst":
        return (-np.inf if nan else rollup.total_reward), -int(nan), -rollup.last_row
    return (np.inf if nan else -rollup.total_reward), int(nan), -rollup.last_row


@pytest.mark.parametrize("order", ["best", "worst", "longest"])
def test_the_best_episodes_are_those_of_the_whole_stream(
    store: Path, order: EpisodeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed and open ones alike, in any page, and the same in SQL."""
    monkeypatch.setenv("CORNERMAN_STORAGE_ROWS_PER_CHUNK", "128")
    monkeypatch.setenv("CORNERMAN_STORAGE_SEALING_PROCESS", "0")
    recording = Recording(store, Odd(longest=60)).run(3500)
    with open_store(store, read_only=True) as opened:
        (stream,) = opened.run().streams()
        chunks = opened.sql("select count(*) from chunk where episodes > 0").fetchall()[0][0]
        assert chunks > 20
        assert stream.row_count() > opened.sql("select rows from stream").fetchall()[0][0]
        whole = sorted((e for e in stream.episodes() if e.ended != "open"), key=partial(_by, order))
        for offset, limit in ((0, 5), (3, 40), (len(whole) - 3, 9), (0, None)):
            page = stream.episodes(order=order, offset=offset, limit=limit)
            stop = None if limit is None else offset + limit
            assert [e.episode for e in page] == [e.episode for e in whole[offset:stop]], (offset, limit)
        column = {"best": "total_reward desc", "worst": "total_reward", "longest": "length desc"}[order]
        found = opened.sql(f"select episode from episode where ended != 'open' order by {column}").fetchall()
        assert [row for (row,) in found] == [e.episode for e in whole]
    recording.close()
    with open_store(store, read_only=True) as opened:
        (stream,) = opened.run().streams()
        stream.episodes(order=order, limit=4)
        known = [e for e in whole[:4] if not np.isnan(e.total_reward)]
        assert len(opened._shelf.chunks._items) <= 4 or len(known) < 4, "more chunks were read than were needed"
    with open_store(store) as opened:
        assert not list(opened.verify())


def test_the_best_of_a_vector_environment_and_of_one_of_its_environments(tmp_path: Path) -> None:
    env = cornerman.record(gymnasium.make_vec("CartPole-v1", 5, vectorization_mode="sync"), store=tmp_path)
    env.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(3000):
        env.step(env.action_space.sample())
    env.close()
    with open_store(tmp_path) as opened:
        (stream,) = opened.run().streams()
        for index in (None, 3):
            whole = [e for e in stream.episodes(env_index=index) if e.ended == "terminated"]
            best = stream.episodes(env_index=index, order="best", limit=20)
            assert [e.total_reward for e in best] == sorted((e.total_reward for e in whole), reverse=True)[:20]


@pytest.mark.parametrize("envs", [0, 3])
def test_a_seed_beyond_64_bits_is_that_of_the_episodes_that_go_on_from_it(tmp_path: Path, envs: int) -> None:
    """Sealed and open, in the chunk of its reset and in later ones."""
    env: Any = gymnasium.make("CartPole-v1") if not envs else gymnasium.make_vec("CartPole-v1", envs, "sync")
    env = cornerman.record(env, store=tmp_path)
    env.reset(seed=2**70)
    env.action_space.seed(1)
    for _ in range(2500):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if not envs and (terminated or truncated):
            env.reset()
    with open_store(tmp_path, read_only=True) as opened:
        seeds = {(episode.env_index, episode.seed) for episode in opened.run().episodes()}
    env.close()
    assert seeds == {(index, 2**70 + index) for index in range(max(envs, 1))}
    with open_store(tmp_path) as opened:
        assert {(episode.env_index, episode.seed) for episode in opened.run().episodes()} == seeds
        sources = [episode.seed_source for episode in opened.run().streams()[0].episodes(env_index=0)]
        assert sources == ["given", *["continued"] * (len(sources) - 1)]


def _support() -> str:
    return str(Path(__file__).parents[1] / "_support")


def test_what_a_killed_process_left_is_read_without_recovery_and_after_it(store: Path) -> None:
    script = (
        "import os, signal, pathlib; from recordings import Recording;"
        f"kept = Recording(pathlib.Path({str(store)!r})).run(2500); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": _support()})
    for read_only in (True, False):
        with open_store(store, read_only=read_only) as opened:
            run = opened.run()
            assert (run.summary().state, run.step_count) == ("interrupted", 2500)
            *ended, last = [episode for episode in run.episodes() if episode.length]
            assert all(episode.ended in ("terminated", "truncated") for episode in ended)
            assert last.ended in ("interrupted", "terminated", "truncated")
            assert run.ledger().balanced
            assert not list(opened.verify())


@pytest.mark.slow
def test_eight_readers_and_a_writer_never_see_a_gap(store: Path) -> None:
    """Every reader, at any moment, sees rows 0 … n in order, whatever is sealed meanwhile."""
    recording = Recording(store).run(10)
    stop, failures = threading.Event(), list[BaseException]()

    def read(opened: Store) -> None:
        try:
            rounds = 0
            while not stop.is_set() or not rounds:
                (stream,) = opened.run().streams()
                count = stream.row_count()
                rows = [step.row for step in stream.steps(max(0, count - 300), count)]
                assert rows == list(range(max(0, count - 300), count))
                assert stream.summary().ledger.balanced
                rounds += 1
        except BaseException as error:
            failures.append(error)

    with open_store(store, read_only=True) as shared:
        threads = [threading.Thread(target=read, args=(shared,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        recording.run(8000)
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    recording.close()
    check(store, recording.seen)


def test_no_reader_leaves_a_transaction_open(store: Path) -> None:
    """A reader that did would hold the write-ahead log back for as long as it is open."""
    recording = Recording(store).run(3000)
    with open_store(store, read_only=True) as opened:
        run = opened.run()
        next(run.episodes()).observations  # noqa: B018
        run.summary()
        next(run.steps())
        connection = connect(store, write=True)
        busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchall()[0]
        connection.close()
        assert busy == 0
    recording.close()


def test_a_folder_that_cannot_be_written_is_read(store: Path) -> None:
    recording = Recording(store).run(300).close()
    connection = connect(store, write=True)
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    connection.close()
    for path in sorted(store.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    store.chmod(0o555)
    try:
        check(store, recording.seen)
        with open_store(store) as opened:
            assert opened.run().step_count == 300
    finally:
        store.chmod(0o755)


def test_what_is_no_store_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound):
        open_store(tmp_path / "nothing")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "store.db").write_bytes(b"a text that is no database at all")
    with pytest.raises(StoreUnreadable):
        open_store(foreign)
    (foreign / "store.db").write_bytes(b"SQLite")
    with pytest.raises(StoreUnreadable):
        open_store(foreign)


def test_a_store_of_a_newer_version_is_read_with_a_notice(store: Path) -> None:
    recording = Recording(store).run(50).close()
    connection = connect(store, write=True)
    connection.execute("pragma user_version=99")
    connection.close()
    with open_store(store) as opened:
        assert "format 99" in opened.notices[0]
    check(store, recording.seen)


def test_questions_about_what_is_not_there_say_so(store: Path) -> None:
    Recording(store).run(20).close()
    with open_store(store) as opened:
        (stream,) = opened.run().streams()
        for ask in (
            lambda: stream.step(9999),
            lambda: stream.step(-1),
            lambda: stream.row_at(20),
            lambda: stream.episode(0, 999),
        ):
            with pytest.raises(NotFound):
                ask()
        with pytest.raises(NotFound):
            stream.step(0, env_index=1)


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_a_page_is_the_same_part_of_the_whole_list(tmp_path: Path, order: EpisodeOrder) -> None:
    """Whatever its offset, in the middle, at the end, beyond it: sealed episodes and the one under way alike."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    env.reset(seed=1)
    for _ in range(20_000):
        step = env.step(0)
        if step[2] or step[3]:
            env.reset()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        stream = store.run("latest").streams()[0]
        whole = list(stream.episodes(order=order))
        count = len(whole)
        assert [episode.episode for episode in whole] == sorted((e.episode for e in whole), reverse=order == "newest")
        for offset in (0, 1, 900, count - 2, count - 1, count, count + 3):
            for limit in (0, 1, 7):
                page = stream.episodes(order=order, limit=limit, offset=offset)
                assert list(page) == whole[offset : offset + limit], (offset, limit)
    env.close()
