"""SQL over steps: the same numbers as the arrays, shortcuts that change nothing, and nothing but reading."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import gymnasium as gym
import numpy as np
import pytest
from recordings import Recording, Walk

import cornerman
from cornerman.core.errors import InvalidQuery
from cornerman.store.aggregates import bare_aggregate
from cornerman.store.api import Store, open_store
from cornerman.store.sql_values import to_json


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A closed recording of one environment, and one of three that is still under way, half of it in the journal."""
    path = tmp_path_factory.mktemp("sql") / "store"
    Recording(path, job="one").run(3000).close()
    envs = gym.vector.SyncVectorEnv([Walk for _ in range(3)])
    vector = cornerman.record(envs, job="one", store=path, name="many")
    vector.action_space.seed(1)
    vector.reset(seed=5)
    for _ in range(2500):
        vector.step(vector.action_space.sample())
    yield path
    vector.close()


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path, read_only=True) as opened:
        yield opened


def answer(store: Store, statement: str, *bindings: Any) -> list[Any]:
    return store.sql(statement, bindings).fetchall()


SHORTCUTS = ("count(*)", "sum(reward)", "min(reward)", "max(reward)", "total(reward)", "avg(reward)", "count(reward)")


@pytest.mark.parametrize("aggregate", SHORTCUTS)
@pytest.mark.parametrize("where", ["", " where run = ?", " where run = 'nobody'"])
def test_a_bare_aggregate_equals_the_scan_it_saves(store: Store, aggregate: str, where: str) -> None:
    bindings = (store.run().run_id,) if "?" in where else ()
    statement = f"select {aggregate} from step{where}"
    assert bare_aggregate(store, statement, bindings) is not None
    ((quick,),) = answer(store, statement, *bindings)
    ((scanned,),) = answer(store, f"select {aggregate} from (select reward from step{where} limit -1)", *bindings)
    assert quick == (scanned if scanned is None else pytest.approx(scanned, rel=1e-12))


@pytest.mark.parametrize(
    "statement",
    [
        "select sum(reward) from step where env_index = 0",
        "select sum(reward) from step_all",
        "select avg(t) from step",
        "select sum(reward), run from step",
        "select sum(reward) from step group by run",
        "select sum(reward) from step where run = 'x' or 1",
        "select sum(-reward) from step",
    ],
)
def test_whatever_else_is_asked_is_left_to_the_table(store: Store, statement: str) -> None:
    assert bare_aggregate(store, statement, ()) is None


def test_a_mean_is_counted_where_chunks_do_not_say_how_many_numbers_they_have(path: Path, tmp_path: Path) -> None:
    """A store of an older version answers as before, by looking at each step."""
    old = shutil.copytree(path, tmp_path / "old", ignore=shutil.ignore_patterns("journal"))
    with open_store(old, read_only=True) as store:
        expected = answer(store, "select avg(reward) from step")
    connection = apsw.Connection(str(old / "store.db"))
    connection.execute("update chunk set reward_numbers = null where id = 1").fetchall()
    connection.close()
    with open_store(old, read_only=True) as store:
        assert bare_aggregate(store, "select avg(reward) from step", ()) is None
        assert bare_aggregate(store, "select sum(reward) from step", ()) is not None
        assert answer(store, "select avg(reward) from step") == [pytest.approx(expected[0], rel=1e-12)]


def test_the_rows_of_step_are_the_transitions(store: Store) -> None:
    for stream in store.run().streams():
        for env in range(stream.envs):
            expected = [
                (s.t, s.episode, s.step, s.reward, s.action.item()) for s in stream.steps(env_index=env) if not s.reset
            ]
            columns = "select t, episode, step, reward, action from step"
            got = answer(store, f"{columns} where stream = ? and env_index = ?", stream.stream_id, env)
            assert got == expected


def test_step_all_has_the_reset_rows_too(store: Store) -> None:
    for stream in store.run().streams():
        counted = answer(store, "select count(*), sum(reset) from step_all where stream = ?", stream.stream_id)
        rows = [step for env in range(stream.envs) for step in stream.steps(env_index=env)]
        assert counted == [(len(rows), sum(step.reset for step in rows))]


@pytest.mark.parametrize(
    "where",
    ["t = 5", "t between 100 and 130", "t < 3", "t >= 2490", "t > 2497.5", "t = 'x'", "row = 7", "episode = 3",
     "env_index = 2",
     "env_index = 1 and episode = 4", "t > 10 and t < 20 and env_index = 0", "env_index = 9", "episode = 99999"],
)  # fmt: skip
def test_constraints_change_what_is_read_never_what_is_answered(store: Store, where: str) -> None:
    columns = "stream, env_index, row, t, episode, step, reward"
    pushed = answer(store, f"select {columns} from step where {where}")
    hidden = (
        where.replace("env_index", "+env_index")
        .replace("t ", "+t ")
        .replace("episode", "+episode")
        .replace("row", "+row")
    )
    assert pushed == answer(store, f"select {columns} from step where {hidden}")


def test_episodes_are_those_of_the_steps(store: Store) -> None:
    joined = answer(
        store,
        "select count(*) from episode e where abs(e.total_reward - (select total(s.reward) from step s"
        " where s.stream = e.stream and s.env_index = e.env_index and s.episode = e.episode)) > 1e-9"
        " and e.length > 0 and e.episode < 4",
    )
    assert joined == [(0,)]


def test_observations_and_infos_are_json(store: Store) -> None:
    (stream, *_) = store.run().streams()
    ((observation, info),) = answer(
        store, "select observation, info from step where stream = ? and t = 4", stream.stream_id
    )
    record = stream.step(stream.row_at(4))
    assert np.array(json.loads(observation), np.float32).tobytes() == record.observation.tobytes()
    assert json.loads(info) == record.info


def test_json_has_a_form_for_what_json_lacks() -> None:
    text = to_json({"a": [math.nan, math.inf, -math.inf], "b": "Infinity", "c": np.float32(0.5), "d": b"\0"})
    assert text == '{"a":[null,9e999,-9e999],"b":"Infinity","c":0.5,"d":"AA=="}'
    assert json.loads(text)["a"] == [None, math.inf, -math.inf]


@pytest.mark.parametrize(
    "statement",
    ["delete from chunk", "insert into step values (1)", "attach 'other.db' as other", "drop view run",
     "pragma user_version = 3", "create temp table x(a)", "update stream set rows = 0", "vacuum into 'x.db'"],
)  # fmt: skip
def test_nothing_can_be_written(store: Store, statement: str) -> None:
    with pytest.raises(InvalidQuery):
        answer(store, statement)


@pytest.mark.parametrize(
    "statement", ["select nothing from step", "selct 1", "select * from nowhere", "select t from step where"]
)
def test_a_mistake_is_explained(store: Store, statement: str) -> None:
    with pytest.raises(InvalidQuery, match=r"step_all, episode"):
        answer(store, statement)


def test_a_query_that_takes_too_long_is_stopped(store: Store) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidQuery, match="longer than"):
        store.sql("select count(*) from step a, step b, step c", timeout=0.2).fetchall()
    assert time.monotonic() - began < 20


def test_the_views_say_what_is_sealed(store: Store) -> None:
    ((run, job),) = answer(store, "select run, job from run")
    assert (run, job) == (store.run().run_id, "one")
    assert answer(store, "select name from stream order by created") == [(s.name,) for s in store.run().streams()]
    assert answer(store, "select sum(transitions) = (select sum(stored) from stream) from chunk") == [(1,)]


def test_columns_are_known_before_the_first_row(store: Store) -> None:
    with store.sql("select t, reward as r from step where t < 0") as result:
        assert result.columns == ("t", "r")
        assert result.fetchall() == []
