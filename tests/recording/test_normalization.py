"""Statistics of normalizing wrappers: few rows beside the steps, equal to the wrapper's own, safe from kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import NormalizeObservation, NormalizeReward
from gymnasium.wrappers.vector import NormalizeObservation as NormalizeVectorObservation

import cornerman
from cornerman.core.normalization import NormalizationStatistics
from cornerman.log_catalog import captured
from cornerman.log_catalog.recorder import LOG_NORMALIZATION_STATS_DROPPED
from cornerman.store import normalization


def loop(env: Any, steps: int = 300) -> None:
    env.reset(seed=1)
    for step in range(steps):
        _, _, terminated, truncated, _ = env.step(step % 2)
        if terminated or truncated:
            env.reset()


def last(store: Path, t: int | None = None, read_only: bool = False) -> dict[str, NormalizationStatistics]:
    with cornerman.open_store(store, read_only=read_only) as opened:
        return opened.run("latest").streams()[0].normalization(t)


def rows(store: Path) -> list[tuple[Any, ...]]:
    with cornerman.open_store(store) as opened:
        return opened.sql("select kind, t, place, count from norm_stats order by t").fetchall()


def same(found: NormalizationStatistics, rms: Any) -> None:
    assert found.count == rms.count
    np.testing.assert_array_equal(found.mean, rms.mean)
    np.testing.assert_array_equal(found.var, rms.var)


@pytest.mark.parametrize("place", ["below", "above"])
def test_the_last_statistics_are_the_wrappers_own(tmp_path: Path, place: str) -> None:
    """Wherever the wrapper is, without a word from the script; the close of the outermost ends the stream."""

    def record(env: Any) -> Any:
        return cornerman.record(env, store=tmp_path, frames="none")

    made = gymnasium.make("CartPole-v1")
    inner: Any = NormalizeObservation(NormalizeReward(made if place == "below" else record(made)))
    env = record(inner) if place == "below" else inner
    loop(env)
    env.close()
    found = last(tmp_path)
    assert {(one.kind, one.place, one.t) for one in found.values()} == {
        ("observation", place, 299),
        ("reward", place, 299),
    }
    same(found["observation"], inner.obs_rms)
    same(found["reward"], inner.env.return_rms)
    assert not last(tmp_path, t=-1)


def test_recorded_observations_can_be_read_as_they_were(tmp_path: Path) -> None:
    """A wrapper below the recorder: the newest statistics give the last observation back."""
    plain = gymnasium.make("CartPole-v1")
    env = cornerman.record(NormalizeObservation(plain), store=tmp_path, frames="none")
    env.reset(seed=1)
    observation = env.step(1)[0]
    truth = np.array(plain.unwrapped.state)  # type: ignore[attr-defined]
    env.close()
    np.testing.assert_allclose(last(tmp_path)["observation"].denormalize(observation), truth, rtol=1e-4)


def test_a_vector_environments_statistics(tmp_path: Path) -> None:
    """One set of statistics for all sub-environments."""
    wrapper = NormalizeVectorObservation(gymnasium.make_vec("CartPole-v1", 3))
    env = cornerman.record(wrapper, store=tmp_path, frames="none")
    env.reset(seed=1)
    for _ in range(50):
        env.step(np.array([0, 1, 0]))
    env.close()
    same(last(tmp_path)["observation"], wrapper.obs_rms)


def test_no_wrapper_no_rows_and_no_file(tmp_path: Path) -> None:
    """Whoever does not normalize pays nothing: no row, and the compiled reset is the plain one."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, frames="none")
    loop(env)
    assert "noting" not in env.reset.__name__
    assert not list(tmp_path.rglob("*.norm"))
    env.close()
    assert rows(tmp_path) == []


KILLED = """
import os, sys, gymnasium, cornerman
from gymnasium.wrappers import NormalizeObservation
wrapper = NormalizeObservation(gymnasium.make("CartPole-v1"))
env = cornerman.record(wrapper, store=sys.argv[1], frames="none")
env.reset(seed=1)
for step in range(5):
    env.step(0)
env.reset()
print(wrapper.obs_rms.count, flush=True)
os.kill(os.getpid(), 9)
"""


def test_kill_keeps_the_last_note(tmp_path: Path) -> None:
    """Read from the journal first, then brought into the store, once."""
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, env=os.environ, text=True
    )
    count = float(child.stdout)
    assert last(tmp_path, read_only=True)["observation"].count == count
    with cornerman.open_store(tmp_path):
        pass
    assert rows(tmp_path) == [("observation", 5, "below", count)]
    assert not list(tmp_path.rglob("*.norm"))


def test_a_deleted_run_takes_its_statistics_along(tmp_path: Path) -> None:
    """Nothing stays of it."""
    env = cornerman.record(NormalizeObservation(gymnasium.make("CartPole-v1")), store=tmp_path, frames="none")
    loop(env)
    env.close()
    assert rows(tmp_path)
    with cornerman.open_store(tmp_path) as opened:
        opened.delete(opened.run("latest").run_id)
    assert rows(tmp_path) == []


def test_statistics_that_give_way_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store takes nothing the oldest go; the newest are kept, however large."""
    monkeypatch.setattr(normalization, "MOST_BYTES", 40)
    many = [normalization.Snapshot("observation", t, "below", 1.0, b"m" * 8, b"v" * 8) for t in range(4)]
    with captured() as events:
        kept = normalization.note(tmp_path / "1.norm", many[:3], many[3:], 0)
    assert [one.t for one in kept] == [2, 3]
    assert [(event.constant, event.fields["snapshots"]) for event in events] == [(LOG_NORMALIZATION_STATS_DROPPED, 2)]
