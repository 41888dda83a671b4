"""Steps are judged where they are sealed: counted, said or refused, and nothing of a run is lost or doubled by it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from recordings import Faulty, Recording
from waiting import wait_until

import cornerman
from cornerman.core.errors import InvalidVersion, NotFound, StoreError
from cornerman.core.schema import parse
from cornerman.core.schema.enforcement import ProducersFail
from cornerman.core.schema.refused import Refused
from cornerman.core.schema.validate import Problem
from cornerman.log_catalog import captured
from cornerman.log_catalog.recorder import LOG_SCHEMA_MISMATCH, LOG_STEPS_REFUSED
from cornerman.store.api import Store, make_store
from cornerman.store.quarantine import Selection
from cornerman.store.verify import StreamCheck


def store_with(path: Path, mode: str, **rule: Any) -> Store:
    store = make_store(path)
    store.enforcement.set("*", mode, **rule)  # type: ignore[arg-type]
    return store


def step_schema(version: str = "1.0.0", **observation: Any) -> Any:
    return parse({"id": "tele.step", "version": version, "properties": {"observation": {"items": observation}}})


def sound(store: Path) -> bool:
    with cornerman.open_store(store) as opened:
        return [str(finding) for finding in opened.verify()] == []


def test_bad_steps_are_counted_and_said_once_and_all_are_stored(tmp_path: Path) -> None:
    with captured() as events:
        Recording(tmp_path, Faulty()).run(3000).close()
    with cornerman.open_store(tmp_path) as store:
        (judged,) = store.enforcement.judged()
        assert (judged.mode, judged.steps, judged.judged, judged.bad, judged.refused) == ("warn", 3000, 3000, 400, 0)
        found = {(each.path, each.rule): each for each in store.enforcement.mismatches()}
        assert found["/observation/*", "maximum"].steps == 300
        assert found["/reward", "x-nan"].steps == 200
        assert (found["/observation/*", "maximum"].place, found["/observation/*", "maximum"].got) == (
            "/observation/1",
            "99",
        )
        example = found["/reward", "x-nan"]
        assert str(store.run().streams()[0].step(example.row).reward) == "nan"
        assert store.run().ledger().stored == 3000
    said = [dict(event.fields) for event in events if event.constant is LOG_SCHEMA_MISMATCH]
    assert {(each["path"], each["steps"]) for each in said} >= {("/observation/*", 300), ("/reward", 200)}
    assert all(each["run"] and each["expected"] and each["got"] for each in said)
    assert sound(tmp_path)


@pytest.mark.parametrize("mode", ["off", "observe"])
def test_a_mode_that_is_quiet_says_nothing(tmp_path: Path, mode: str) -> None:
    store_with(tmp_path, mode).close()
    with captured() as events:
        Recording(tmp_path, Faulty()).run(500).close()
    with cornerman.open_store(tmp_path) as store:
        assert sum(each.bad for each in store.enforcement.judged()) == (0 if mode == "off" else 67)
    assert not [event for event in events if event.constant is LOG_SCHEMA_MISMATCH]


def test_refused_steps_are_in_quarantine_whole_and_not_in_the_run(tmp_path: Path) -> None:
    """Episodes go on around them: their ends, lengths and arrays are those of what is stored."""
    store_with(tmp_path, "enforce").close()
    with captured() as events:
        recording = Recording(tmp_path, Faulty()).run(3000).close()
    assert [event.fields["steps"] for event in events if event.constant is LOG_STEPS_REFUSED] == [400]
    with cornerman.open_store(tmp_path) as store:
        ledger = store.run().ledger()
        assert (ledger.received, ledger.stored, ledger.quarantined, ledger.balanced) == (3000, 2600, 400, True)
        assert store.quarantine.count() == 400
        kept = {(item.t, item.env): item.document() for item in store.quarantine.each()}
        number = 0
        for seen, episode in zip(recording.seen, store.run().episodes(), strict=False):
            bad = [(number + at + 1) % 10 == 0 or (number + at + 1) % 15 == 0 for at in range(len(seen.rewards))]
            assert episode.rewards.tolist() == [
                reward for reward, gone in zip(seen.rewards, bad, strict=True) if not gone
            ]
            assert len(episode.observations) == episode.length + 1 == len(episode.actions) + 1
            assert not np.isnan(episode.observations).any()
            for at in np.flatnonzero(bad).tolist():
                document = kept[number + at, 0]
                assert np.array_equal(np.float32(document["observation"]), seen.observations[at + 1])
                assert document["action"] == seen.actions[at]
            number += len(seen.rewards)
        assert number == 3000
        ((count,),) = store.sql("select count(*) from step where observation is not null")
        assert count == 2600
        record = store.run().streams()[0].step(store.quarantine.get(1).row or 0)
        assert record.withheld
        assert not record.reset
        assert record.observation is None
        assert "refused" in record.note
    assert sound(tmp_path)


class Twins(gym.Env[Any, Any]):
    """Ends after `length` steps; says so in its observation where its number says that it is faulty."""

    observation_space = gym.spaces.Dict({"at": gym.spaces.Box(-1, 100, (), np.int64), "kind": gym.spaces.Discrete(9)})
    action_space = gym.spaces.Discrete(2)

    def __init__(self, length: int, faulty: bool) -> None:
        self.length, self.faulty, self.at = length, faulty, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.at = 0
        return self._look(), {}

    def step(self, action: Any) -> Any:
        self.at += 1
        return self._look(), 1.0, self.at >= self.length, False, {"at": self.at}

    def _look(self) -> Any:
        beyond = self.faulty and self.at and self.at % self.length in (0, 2)
        return {"at": np.array(1000 if beyond else self.at), "kind": np.int64(3)}


@pytest.mark.parametrize("mode", list(gym.vector.AutoresetMode))
def test_one_sub_environment_is_refused_and_the_others_are_not(tmp_path: Path, mode: gym.vector.AutoresetMode) -> None:
    """Of the faulty one the second step and the last are refused: it still ends where it ended."""
    store_with(tmp_path, "enforce").close()
    env = gym.vector.SyncVectorEnv(
        [lambda: Twins(5, False), lambda: Twins(4, True), lambda: Twins(3, False)], autoreset_mode=mode
    )
    recorded = cornerman.record(env, store=tmp_path, job="twins")
    recorded.reset(seed=1)
    for _ in range(240):
        _, _, terminated, _, _ = recorded.step(np.zeros(3, np.int64))
        if mode is gym.vector.AutoresetMode.DISABLED and terminated.any():
            recorded.reset(options={"reset_mask": terminated})
    recorded.close()
    with cornerman.open_store(tmp_path) as store:
        ledger = store.run().ledger()
        assert ledger.balanced
        ended = [episode for episode in store.run().episodes() if episode.ended == "terminated"]
        for env_index, episodes in itertools.groupby(
            sorted(ended, key=lambda each: each.env_index), lambda each: each.env_index
        ):
            lengths = {episode.length for episode in episodes}
            same_step = mode is gym.vector.AutoresetMode.SAME_STEP
            assert lengths == [{5}, {3 if same_step else 2}, {3}][env_index]
        assert {item.env for item in store.quarantine.each()} == {1}
        for episode in ended:
            assert len(episode.observations["at"]) == episode.length + 1
            assert (episode.observations["kind"] == 3).all()
            assert len(episode.infos) == episode.length
    assert sound(tmp_path)


def test_a_run_may_name_its_schema(tmp_path: Path) -> None:
    store = store_with(tmp_path, "enforce", job="named")
    store.schemas.add(step_schema(maximum=1))
    Recording(tmp_path, job="named", schema="tele.step").run(400).close()
    (judged,) = store.enforcement.judged()
    assert judged.schema == "tele.step@1.0.0"
    assert 0 < judged.refused == store.quarantine.count(Selection(schema="tele.step"))
    ((pins,),) = store.sql("select count(*) from chunk where transitions > 0")
    assert pins
    store.close()
    assert sound(tmp_path)


def test_what_is_not_registered_refuses_nothing(tmp_path: Path) -> None:
    """Recording goes on by what the spaces declare, and the run says so."""
    store = store_with(tmp_path, "enforce")
    Recording(tmp_path, Faulty(), schema="absent@1.0.0").run(100).close()
    assert store.run().ledger().quarantined == 0
    assert any("not by absent@1.0.0" in note for note in store.run().summary().notes)
    (judged,) = store.enforcement.judged()
    assert judged.schema.startswith("derived.")
    assert judged.mode == "warn"
    with pytest.raises(InvalidVersion):
        Recording(tmp_path, Faulty(), schema="no pin@at all")


def test_enforce_waits_for_active_producers_unless_forced(tmp_path: Path) -> None:
    Recording(tmp_path, Faulty(), job="faulty").run(200).close()
    Recording(tmp_path, Faulty(sound=True), job="sound").run(200).close()
    with cornerman.open_store(tmp_path) as store:
        with pytest.raises(ProducersFail, match=r"faulty.*27 of 200"):
            store.enforcement.set("*", "enforce")
        assert store.enforcement.rules().rules == ()
        store.enforcement.set("*", "enforce", job="sound")
        store.enforcement.set("*", "enforce", force=True, note="it is put right tomorrow")
        newest = store.enforcement.history()[0]
        assert (newest.forced, newest.note, newest.action) == (True, "it is put right tomorrow", "set")
        assert newest.who
        store.enforcement.rollback()
        assert [rule.job for rule in store.enforcement.rules().rules] == ["sound"]
        store.enforcement.rollback(1)
        assert store.enforcement.rules().rules == ()
        assert [event.action for event in store.enforcement.history()] == ["rollback", "rollback", "set", "set"]


def test_a_canary_is_promoted_and_rolled_back(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        store.enforcement.cohort("canary", 1.0)
        store.enforcement.set("*", "enforce", cohort="canary")
        Recording(tmp_path, Faulty(), job="one").run(2000).close()
        assert store.run().ledger().quarantined == 267
        assert store.enforcement.canary("canary").proposal == "roll back"
        store.enforcement.promote("canary", force=True)
        assert [(rule.cohort, rule.mode) for rule in store.enforcement.rules().rules] == [("", "enforce")]
        store.enforcement.rollback()
        assert [rule.cohort for rule in store.enforcement.rules().rules] == ["canary"]


def test_the_history_of_the_rules_cannot_be_changed(tmp_path: Path) -> None:
    from cornerman.store.connection import connect

    store_with(tmp_path, "observe").close()
    connection = connect(tmp_path, write=True)
    for statement in ("update enforcement_event set who = 'nobody'", "delete from enforcement_event"):
        with pytest.raises(Exception, match="never changes"):
            connection.execute(statement)
    connection.close()


def test_adoption_ticks_by_itself(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.schemas.add(step_schema("1.0.0"))
    store.schemas.add(step_schema("1.1.0", description="the same"))
    Recording(tmp_path, job="old", schema="tele.step@1.0.0").run(100).close()
    Recording(tmp_path, job="new", schema="tele.step").run(300).close()
    versions, point = store.enforcement.adoption("tele.step")
    assert [(each.pin, each.runs, each.step_share) for each in versions] == [
        ("tele.step@1.1.0", 1, 0.75), ("tele.step@1.0.0", 1, 0.25),
    ]  # fmt: skip
    assert point is not None
    assert (point.pin, point.share, point.met, point.met_us) == ("tele.step@1.1.0", 0.5, False, None)
    _, half = store.enforcement.adoption("tele.step", share=0.5)
    _, again = store.enforcement.adoption("tele.step", share=0.5)
    assert half is not None
    assert half.met_us
    assert half == again, "the moment at which it was met stays"


def test_what_was_refused_is_judged_again(tmp_path: Path) -> None:
    store = store_with(tmp_path, "enforce")
    store.schemas.add(step_schema(maximum=1))
    Recording(tmp_path, schema="tele.step").run(300).close()
    refused = store.quarantine.count()
    (group,) = store.quarantine.groups()
    assert (group.records, group.path, group.rule, group.schema) == (
        refused,
        "/observation/*",
        "maximum",
        "tele.step@1.0.0",
    )
    assert store.quarantine.retry().accepted == ()
    store.schemas.add(step_schema("1.1.0", maximum=2))
    tried = store.quarantine.retry(dry_run=True)
    assert 0 < len(tried.accepted) < refused
    assert store.quarantine.count() == refused

    def fail(records: Any) -> None:
        raise StoreError("no room for them")

    with pytest.raises(StoreError):
        store.quarantine.retry(accept=fail)
    assert store.quarantine.count() == refused, "all or nothing"
    assert store.quarantine.retry().accepted == tried.accepted
    assert store.quarantine.count(Selection(state="accepted")) == len(tried.accepted)
    rest = store.quarantine.count()
    assert store.quarantine.discard(Selection(rule="maximum"), note="noise") == rest
    assert store.quarantine.get(next(iter(tried.refused))).note == "noise"
    with pytest.raises(NotFound):
        store.quarantine.get(10**6)
    store.close()
    assert sound(tmp_path)


def test_an_import_puts_its_records_there_as_they_came(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        store.schemas.add(parse({"id": "ticks", "version": "1.0.0", "required": ["price"]}))
        errors = (Problem("/price", "required", "present", "missing", "no price"),)
        lines = [Refused(b'{"size": 3}', errors, "line 7"), Refused(b"\xff{not json", errors, "line 9")]
        assert store.quarantine.add(lines, source="ticks.jsonl", schema="ticks@1.0.0") == 2
        second, first = store.quarantine.list()
        assert (first.source, first.place, first.document(), first.errors) == (
            "ticks.jsonl",
            "line 7",
            {"size": 3},
            errors,
        )
        assert (second.raw, second.document()) == (b"\xff{not json", None)
        store.schemas.add(parse({"id": "ticks", "version": "2.0.0"}))
        assert store.quarantine.retry(schema="ticks@2.0.0").accepted == (first.id,)


def test_a_deleted_run_takes_its_quarantine_along(tmp_path: Path) -> None:
    store = store_with(tmp_path, "enforce")
    Recording(tmp_path, Faulty()).run(100).close()
    assert store.quarantine.count()
    store.delete(store.run().run_id)
    assert store.quarantine.count(Selection(state=None)) == 0
    assert list(store.enforcement.mismatches()) == []


def test_columns_and_extras_are_judged_alike(tmp_path: Path) -> None:
    """Text has no column: such observations are judged one at a time."""

    class Talking(gym.Env[Any, Any]):
        observation_space = gym.spaces.Text(3)
        action_space = gym.spaces.Discrete(2)
        at = 0

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            return "a", {}

        def step(self, action: Any) -> Any:
            self.at += 1
            return "long one" if self.at % 4 == 0 else "abc", 0.0, False, False, {}

    store = store_with(tmp_path, "enforce")
    env = cornerman.record(Talking(), store=tmp_path)
    env.reset()
    for _ in range(100):
        env.step(0)
    env.close()
    (found,) = store.enforcement.mismatches()
    assert (found.path, found.rule, found.steps) == ("/observation", "maxLength", 25)
    assert store.run().ledger().quarantined == 25
    assert json.loads(json.dumps(store.quarantine.get(1).document()))["observation"] == "long one"
    store.close()
    assert sound(tmp_path)


def test_a_check_of_a_stream_that_goes_on_is_no_false_alarm(tmp_path: Path) -> None:
    """What is refused behind the rows that were checked is in the ledger already; that is no fault."""
    store_with(tmp_path, "enforce").close()
    recording = Recording(tmp_path, env=Faulty()).run(20_000)
    with cornerman.open_store(tmp_path) as store:
        run = store.run()
        (stream,) = run.streams()
        wait_until(lambda: stream.rows.view().totals.rows > 0)
        check = StreamCheck(run, stream)
        assert not list(check._chunks(stream.rows.consistent(stream.rows.view)))
        before = check.withheld
        recording.run(3000).close()
        assert stream.ledger().quarantined > before > 0
        assert not list(check._ledger())
