"""How a recording goes: what waits in the journal, how old it is, and what its schema has against the steps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from recordings import Recording, Walk
from waiting import wait_until

import cornerman
from cornerman.core.records import StreamSummary


def summary(store: Path, run: str = "latest") -> StreamSummary:
    with cornerman.open_store(store, read_only=True) as opened:
        return opened.run(run).streams()[0].summary()


def test_what_waits_in_the_journal_is_counted_and_its_age_known(tmp_path: Path) -> None:
    began = time.time()
    seen = Recording(tmp_path).run(40)
    live = summary(tmp_path)
    assert live.flow.backlog == live.rows > 40
    assert began - 1 < live.flow.oldest_us / 1e6 < time.time()
    assert live.flow.waiting == 0
    seen.close()
    done = summary(tmp_path).flow
    assert (done.backlog, done.oldest_us, done.waiting) == (0, 0, 0)
    assert done.rows_per_second > 0
    assert done.bytes_per_second > done.chunks_per_second > 0


def test_a_full_segment_that_nobody_seals_waits(tmp_path: Path) -> None:
    import apsw

    seen = Recording(tmp_path).run(10)
    holder = apsw.Connection(str(tmp_path / "store.db"))
    holder.execute("begin immediate")
    seen.run(20_000)
    assert summary(tmp_path).flow.waiting >= 1
    holder.execute("rollback")
    holder.close()
    seen.close()


def test_the_sealers_pace_is_measured_between_two_looks(tmp_path: Path) -> None:
    seen = Recording(tmp_path).run(10)
    with cornerman.open_store(tmp_path, read_only=True) as opened:
        stream = opened.run("latest").streams()[0]
        assert stream.summary().flow.sealed_per_second is None
        seen.run(20_000)
        wait_until(lambda: (stream.summary().flow.sealed_per_second or 0) > 0)
    seen.close()


class Outside(Walk):
    """Says that it stays between 0 and 1, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(0, 1, (3,), np.float32)


def test_steps_that_their_schema_does_not_allow_are_counted(tmp_path: Path) -> None:
    seen = Recording(tmp_path, Outside()).run(300).close()
    assert summary(tmp_path).flow.mismatches > 200
    assert Recording(tmp_path, job="well").run(300).close().seen
    assert summary(tmp_path, "well").flow.mismatches == 0
    assert seen


def test_sampled_steps_that_are_refused_leave_the_equation_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sampling and quarantine at once: each transition has one fate."""
    monkeypatch.setenv("CORNERMAN_PRODUCER_SCHEMA_MODE", "enforce")
    Recording(tmp_path, Outside(), sample=4).run(800).close()
    with cornerman.open_store(tmp_path) as store:
        ledger = store.run("latest").summary().ledger
        assert ledger.balanced
        assert ledger.received == 800
        assert min(ledger.sampled, ledger.quarantined) > 100
        assert not list(store.verify())


def test_frames_that_nobody_wants_are_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before the start, by the environment: `render()` is never called."""
    monkeypatch.setenv("CORNERMAN_PRODUCER_FRAMES", "none")
    env = gym.make("CartPole-v1", render_mode="rgb_array")
    calls: list[Any] = []
    monkeypatch.setattr(type(env.unwrapped), "render", lambda self: calls.append(self))
    recorded = cornerman.record(env, store=tmp_path, job="blind")
    recorded.reset(seed=1)
    for _ in range(5):
        recorded.step(0)
    recorded.close()
    assert calls == []
    assert summary(tmp_path).frame_kind == "none"


class Odd(gym.ObservationWrapper[Any, Any, Any]):
    """Every third observation is none of the space."""

    calls = 0

    def observation(self, observation: Any) -> Any:
        self.calls += 1
        return 99 if self.calls % 3 == 0 else observation


def test_invalid_steps_are_counted_before_they_are_sealed_and_once(tmp_path: Path) -> None:
    """A slow environment fills a segment in minutes: a look sees them; sealed they count the same."""
    env = cornerman.record(Odd(gym.make("FrozenLake-v1")), store=tmp_path)
    env.reset(seed=0)
    with cornerman.open_store(tmp_path) as store:
        stream = store.run("latest").streams()[0]
        counts = []
        for _ in range(3):
            for _ in range(30):
                if any(env.step(0)[2:4]):
                    env.reset()
            counts.append(stream.summary().flow.mismatches)
        assert 0 < counts[0] < counts[1] < counts[2] == stream.summary().flow.mismatches
        env.close()
        assert stream.summary().flow.mismatches == counts[2]
