"""Alerts of runs that were really recorded: the newest actions, and rules of the user's."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import pytest
from waiting import wait_until

import cornerman
from cornerman.core.alert_rules import ALERT_RULES
from cornerman.core.errors import InvalidOption
from cornerman.core.payloads.alert_rules_v1 import AlertRule, AlertRulesV1


def play(env: gym.Env, actions: list[int]) -> None:
    """One step for each action."""
    env.reset(seed=0)
    for action in actions:
        if any(env.step(action)[2:4]):
            env.reset()


def rules_of(store: Path) -> list[str]:
    with cornerman.open_store(store) as opened:
        return [alert.rule for alert in opened.run("latest").summary().alerts]


def hourly(store: Path) -> float | None:
    with cornerman.open_store(store) as opened:
        return opened.run("latest").summary().bytes_per_hour


def test_actions_that_come_to_be_always_the_same_are_an_alert_while_it_records(tmp_path: Path) -> None:
    env = cornerman.record(gym.make("CartPole-v1"), store=tmp_path)
    play(env, [0, 1] * 600)
    assert "entropy to zero" not in rules_of(tmp_path)
    play(env, [1] * 1_200)
    assert "entropy to zero" in rules_of(tmp_path)
    env.close()


def test_a_script_that_always_does_the_same_is_left_alone(tmp_path: Path) -> None:
    env = cornerman.record(gym.make("CartPole-v1"), store=tmp_path)
    play(env, [1] * 1_500)
    assert "entropy to zero" not in rules_of(tmp_path)
    env.close()


def test_a_run_that_has_just_begun_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its journal's first segment is no pace; what is sealed by the time it took is one."""
    monkeypatch.setenv("CORNERMAN_STORAGE_ROWS_PER_CHUNK", "64")
    env = cornerman.record(gym.make("CartPole-v1"), store=tmp_path)
    play(env, [0, 1] * 10)
    assert hourly(tmp_path) is None
    play(env, [0, 1] * 2_000)
    wait_until(lambda: hourly(tmp_path))
    env.close()


def test_a_rule_of_the_user_holds_for_the_jobs_it_names(tmp_path: Path) -> None:
    """A condition on figures; its words are those of the constant it names."""
    env = cornerman.record(gym.make("CartPole-v1"), store=tmp_path, job="night-1")
    play(env, [0, 1] * 50)
    env.close()
    rules = (
        AlertRule(name="short", when="length<400", job="night*"),
        AlertRule(name="not", when="length<400", job="x"),
    )
    ALERT_RULES.change(lambda _: AlertRulesV1(rules=rules))
    with cornerman.open_store(tmp_path) as store:
        (alert,) = store.run("latest").summary().alerts
    assert (alert.rule, alert.code) == ("short", "LOG1807")
    assert alert.detail.startswith("length<400: length is ")


@pytest.mark.parametrize("wrong", [{"when": "lenght<3"}, {"when": "length<3", "code": "LOG4"}, {"when": ""}])
def test_a_rule_that_means_nothing_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidOption):
        ALERT_RULES.change(lambda _: AlertRulesV1(rules=(AlertRule(name="a", **wrong),)))
