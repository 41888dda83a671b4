"""Descriptors of spaces in a store: once each, read when they are asked for, gone with the last run that has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import cornerman
from cornerman.adapters.spaces import describe
from cornerman.core import values
from cornerman.core.errors import PayloadError
from cornerman.store import spaces as stored
from cornerman.store.location import DATABASE


class Large(gymnasium.Env):
    """Bounds of which no two are alike: a descriptor of a megabyte."""

    def __init__(self, count: int = 25_000) -> None:
        high = np.linspace(1, 2, count)
        self.observation_space: Any = spaces.Box(-high, high, dtype=np.float64)
        self.action_space: Any = spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return np.zeros(self.observation_space.shape), {}

    def step(self, action: Any) -> Any:
        return np.zeros(self.observation_space.shape), 0.0, False, False, {}


def record(store: Path, env: gymnasium.Env, job: str, close: bool = True) -> Any:
    recorded = cornerman.record(env, store=store, job=job, frames="none")
    recorded.reset(seed=1)
    for _ in range(3):
        recorded.step(1)
    if close:
        recorded.close()
    return recorded


def rows(store: Path, statement: str) -> list[Any]:
    connection = apsw.Connection(str(store / DATABASE))
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_equal_spaces_are_stored_once(tmp_path: Path) -> None:
    for _ in range(3):
        record(tmp_path, gymnasium.make("CartPole-v1"), "cart")
    assert rows(tmp_path, "select count(*) from space") == [(2,)]
    assert rows(tmp_path, "select count(*) from stream_space") == [(6,)]


def test_lists_do_not_read_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a manifest carry them: it has their words."""
    env = Large()
    record(tmp_path, env, "large")
    read: list[str] = []
    text = stored._text
    monkeypatch.setattr(stored, "_text", lambda *given: read.append(given[1]) or text(*given))  # type: ignore[func-returns-value]
    with cornerman.open_store(tmp_path) as store:
        run = store.run("latest")
        assert run.summary().step_count == 3
        stream = run.streams()[0]
        assert stream.step(1).action == 1
        assert "25000" in stream.summary().manifest["observation_space"]["words"]
        assert len(values.encode(stream.manifest)) < 2000
        assert read == []
        assert stream.observation_space == describe(env.observation_space)
        assert stream.observation_space is stream.observation_space
        assert read == ["observation_space"]


def test_spaces_of_a_running_stream_are_read_from_its_journal(tmp_path: Path) -> None:
    """The store may not know the stream yet: it was locked when it began."""
    blocker = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, frames="none")
    blocker.reset()
    blocker.step(0)
    blocker.close()
    lock = apsw.Connection(str(tmp_path / DATABASE))
    lock.execute("begin immediate")
    try:
        env = record(tmp_path, gymnasium.make("Acrobot-v1"), "late", close=False)
        with cornerman.open_store(tmp_path, read_only=True) as store:
            stream = store.stream(env.cornerman.stream_id)
            assert not stream.stored
            assert stream.observation_space == describe(env.observation_space)
    finally:
        lock.execute("rollback")
        lock.close()
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert store.run("late").streams()[0].observation_space == describe(env.observation_space)
        assert list(store.verify()) == []


def test_a_deleted_run_takes_its_spaces_along(tmp_path: Path) -> None:
    """Those that no other run has."""
    record(tmp_path, gymnasium.make("CartPole-v1"), "one")
    record(tmp_path, gymnasium.make("CartPole-v1"), "two")
    record(tmp_path, gymnasium.make("Acrobot-v1"), "three")
    assert rows(tmp_path, "select count(*) from space") == [(4,)]
    with cornerman.open_store(tmp_path) as store:
        store.delete(store.run("two").run_id)
        store.delete(store.run("three").run_id)
    assert rows(tmp_path, "select count(*) from space") == [(2,)]
    assert rows(tmp_path, "select count(*) from stream_space") == [(2,)]


@pytest.mark.parametrize("damage", ["delete from space", "update space set descriptor = '{}'"])
def test_a_lost_descriptor_is_found_and_hides_no_step(tmp_path: Path, damage: str) -> None:
    env: Any = cornerman.record(gymnasium.make_vec("CartPole-v1", num_envs=2), store=tmp_path, frames="none")
    env.reset(seed=1)
    env.step(env.action_space.sample())
    env.close()
    rows(tmp_path, damage)
    with cornerman.open_store(tmp_path) as store:
        stream = store.run("latest").streams()[0]
        assert stream.step(1, 1).observation.shape == (4,)
        with pytest.raises(PayloadError, match="descriptor"):
            _ = stream.observation_space
        found = list(store.verify())
        assert {finding.what for finding in found} == {"space"}
        assert len(found) == 4


def test_a_manifest_that_has_its_descriptors_inside_is_read(tmp_path: Path) -> None:
    """As they all had once."""
    env: Any = cornerman.record(gymnasium.make_vec("CartPole-v1", num_envs=2), store=tmp_path, frames="none")
    env.reset(seed=1)
    env.step(env.action_space.sample())
    env.close()
    with cornerman.open_store(tmp_path) as store:
        manifest = store.run("latest").streams()[0].manifest
    manifest["single_observation_space"] = {
        "type": "Box", "dtype": "<f4", "shape": [4], "low": "-inf", "high": [1.0, "inf", 3.0, 4.0]
    }  # fmt: skip
    connection = apsw.Connection(str(tmp_path / DATABASE))
    connection.execute("update stream set manifest = ?", (values.encode(manifest),))
    connection.close()
    with cornerman.open_store(tmp_path) as store:
        stream = store.run("latest").streams()[0]
        assert stream.single_observation_space.bounds[1].tolist() == [1, np.inf, 3, 4]  # type: ignore[union-attr]
        assert stream.step(1, 1).observation.shape == (4,)


def test_sql_has_spaces_seeds_and_vector_environments(tmp_path: Path) -> None:
    env: Any = cornerman.record(gymnasium.make_vec("CartPole-v1", num_envs=2), store=tmp_path, frames="none")
    env.reset(seed=7)
    for _ in range(40):
        env.step(env.action_space.sample())
    env.close()
    with cornerman.open_store(tmp_path) as store:

        def sql(statement: str) -> list[tuple[Any, ...]]:
            return store.sql(statement).fetchall()

        assert sql("select json_extract(descriptor, '$.n') from space where name = 'single_action_space'") == [(2,)]
        assert sql("select num_envs, autoreset_mode from vector_env") == [(2, "NextStep")]
        given = sql("select env_index, seed from seed where seed_source = 'given' order by 1")
        assert given == [(0, 7), (1, 8)]
