"""Sampling at the source: what is left out is counted with the row that follows, and episodes stay true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from recordings import Recording, Walk

import cornerman
from cornerman.adapters.export import rows
from cornerman.core.errors import InvalidOption
from cornerman.log_catalog import captured
from cornerman.log_catalog.settings import LOG_SETTING_IGNORED


def over(seen: Recording) -> list[Any]:
    return [episode for episode in seen.seen if episode.over]


def test_episodes_of_a_sampled_stream_have_their_true_length_and_return(tmp_path: Path) -> None:
    seen = Recording(tmp_path, sample="every=4").run(3000).close()
    with cornerman.open_store(tmp_path) as store:
        stream = store.run("test").streams()[0]
        found = [e for e in stream.episodes() if e.ended != "interrupted"]
        assert [e.length for e in found] == [len(e.rewards) for e in over(seen)]
        assert [e.total_reward for e in found] == pytest.approx([sum(e.rewards) for e in over(seen)])
        assert stream.row_count() < 2200


def test_the_count_is_the_same_while_it_is_recorded_and_after(tmp_path: Path) -> None:
    """received = stored + open + sampled, in the journal as in the store, and `verify` agrees."""
    seen = Recording(tmp_path, Walk(60, 0.01), sample=5).run(1001)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        live = store.run("test").summary()
    seen.close()
    with cornerman.open_store(tmp_path) as store:
        ledger = store.run("test").summary().ledger
        assert live.ledger.balanced
        assert ledger.balanced
        assert ledger.received == 1001 == ledger.stored + ledger.sampled
        assert store.run("test").step_count == 1001
        assert live.ledger.sampled > 500
        assert not list(store.verify())


def test_a_row_says_how_many_steps_were_left_out_before_it(tmp_path: Path) -> None:
    """`t` goes on counting every step; the first step of an episode is there, then every third, then the last."""
    env = cornerman.record(gym.make("MountainCar-v0", max_episode_steps=9), store=tmp_path, job="car", sample=3)
    env.reset(seed=1)
    for _ in range(9):
        env.step(0)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        found = store.sql("select t, step, skipped_count, reward from step order by t")
        assert [tuple(row) for row in found] == [(0, 0, 0, -1), (3, 3, 2, -1), (6, 6, 2, -1), (8, 8, 1, -1)]
        record = store.run("car").streams()[0].step(2)
        assert (record.t, record.skipped_count, record.skipped_reward) == (3, 2, -2.0)
        assert store.run("car").streams()[0].episode(0, 0).total_reward == -9


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_sampled_vector_has_the_episodes_of_one_that_is_not(tmp_path: Path, mode: AutoresetMode) -> None:
    def episodes(job: str, **options: Any) -> list[Any]:
        made = SyncVectorEnv([lambda: Walk(40, 0.02)] * 3, autoreset_mode=mode)
        env = cornerman.record(made, store=tmp_path, job=job, **options)
        env.reset(seed=5)
        for _ in range(400):
            env.step(np.zeros(3, np.int64))
        env.close()
        with cornerman.open_store(tmp_path) as store:
            run = store.run(job)
            assert run.summary().ledger.balanced
            assert not list(store.verify())
            ended = [e for e in run.streams()[0].episodes() if e.ended != "interrupted"]
            return [(e.env_index, e.first_t, e.last_t, e.length, round(e.total_reward, 9), e.ended) for e in ended]

    assert episodes("whole") == episodes("thin", sample="every=4")


@pytest.mark.parametrize(
    ("mode", "recorded"),
    [(AutoresetMode.NEXT_STEP, [0, 3, 6, 8, 9, 12]), (AutoresetMode.SAME_STEP, [0, 3, 6, 8, 11, 14])],
)
def test_what_follows_an_end_is_whole_only_where_an_episode_begins_there(
    tmp_path: Path, mode: AutoresetMode, recorded: list[int]
) -> None:
    made = SyncVectorEnv([lambda: gym.make("MountainCar-v0", max_episode_steps=9)] * 2, autoreset_mode=mode)
    env = cornerman.record(made, store=tmp_path, job="cars", sample=3)
    env.reset(seed=1)
    for _ in range(15):
        env.step(np.zeros(2, np.int64))
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert [row[0] for row in store.sql("select distinct t from step_all where t >= 0 order by t")] == recorded


def test_a_reset_in_the_middle_ends_the_episode_with_what_was_left_out(tmp_path: Path) -> None:
    env = cornerman.record(Walk(1000, 0.0), store=tmp_path, job="cut", sample=10)
    env.reset(seed=1)
    for _ in range(25):
        env.step(0)
    env.reset()
    env.step(0)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        first, second = store.run("cut").streams()[0].episodes()
        assert (first.length, first.ended, second.length) == (25, "interrupted", 1)


def test_a_kill_loses_no_row_and_the_count_still_adds_up(tmp_path: Path) -> None:
    """Whoever recovers the journal counts what was left out as the recorder did."""
    seen = Recording(tmp_path, Walk(50, 0.02), sample=4).run(500)
    recorder: Any = seen.env.get_wrapper_attr("_recorder")
    recorder.forked()  # what is left behind is what a kill leaves: a journal nobody closed
    with cornerman.open_store(tmp_path, read_only=True) as store:
        ledger = store.run("test").summary().ledger
        assert ledger.balanced
        assert 497 <= ledger.received <= 500
    seen.close()


@pytest.mark.parametrize("sample", [0, "every=0", -3, "some", True])
def test_a_sample_that_means_nothing_is_refused_before_anything_is_recorded(sample: Any) -> None:
    with pytest.raises(InvalidOption, match="every=N"):
        cornerman.record(Walk(), sample=sample)


def sampled(store: Path, job: str) -> Any:
    """How a run was sampled, by its manifest; None where it is whole."""
    with cornerman.open_store(store) as opened:
        return opened.run(job).streams()[0].manifest.get("sample")


def test_a_variable_outweighs_what_the_script_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who starts a program has the last word. A value that cannot be used has none, and is refused by its name."""
    monkeypatch.setenv("CORNERMAN_PRODUCER_SAMPLE", "every=2")
    Recording(tmp_path, job="thin", sample="none").run(100).close()
    assert sampled(tmp_path, "thin") == "every=2"
    monkeypatch.setenv("CORNERMAN_PRODUCER_SAMPLE", "every=second")
    with captured() as events:
        Recording(tmp_path, job="as written", sample="every=3").run(100).close()
    assert sampled(tmp_path, "as written") == "every=3"
    refused = [event.fields for event in events if event.constant == LOG_SETTING_IGNORED]
    assert all("$CORNERMAN_PRODUCER_SAMPLE" in str(fields["reason"]) for fields in refused)
    assert refused


def test_a_file_holds_only_where_the_script_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[producer]\nsample = "every=2"\n')
    monkeypatch.setenv("CORNERMAN_CONFIG", str(file))
    Recording(tmp_path, job="thin").run(100).close()
    Recording(tmp_path, job="whole", sample="none").run(100).close()
    assert (sampled(tmp_path, "thin"), sampled(tmp_path, "whole")) == ("every=2", None)


def test_exports_of_sampled_runs_say_what_was_left_out(tmp_path: Path) -> None:
    """Two columns that other runs do not have."""
    Recording(tmp_path, job="thin", sample=3).run(60).close()
    Recording(tmp_path, job="whole").run(60).close()
    with cornerman.open_store(tmp_path) as store:
        thin, whole = list(rows(store.run("thin"))), list(rows(store.run("whole")))
        assert 57 < sum(row["skipped_count"] for row in thin) + len(thin) <= 60
        assert "skipped_count" not in whole[0]
