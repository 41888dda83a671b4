"""Alerts: rules as data, whose words and levels are those of log constants."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from fake_telemetry import FakeRepository, lake, race
from screens import app_on, text_of, watching

from cornerman import log_catalog
from cornerman.core.alerts import RULES, alerts_of
from cornerman.core.records import LedgerRow, RunSummary

RISING = tuple(float(n) for n in range(60))
# fmt: off
RANDOM = (20.0, 28.0, 34.0, 23.0, 25.0, 37.0, 21.0, 60.0, 28.0, 26.0, 15.0, 17.0, 12.0, 20.0, 39.0, 22.0, 31.0, 31.0,
          17.0, 37.0, 26.0, 17.0, 25.0, 16.0, 22.0)
# fmt: on
"""Returns of random actions on CartPole: two in a row are always lower than some other two."""
WELL = replace(
    lake().summary(), returns=RISING, last_return=59.0, same_length=1, ledger=LedgerRow(10, 10, 0), bytes_per_hour=1e6
)


def rules(run: RunSummary, free: float = math.inf) -> list[str]:
    return [alert.rule for alert in alerts_of(run, free)]


def test_a_run_that_learns_has_no_alert() -> None:
    assert rules(WELL, 1e12) == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"returns": (*RISING, *[3.0] * 10)}, "reward collapse"),
        ({"returns": (*RISING, math.nan)}, "not finite"),
        ({"returns": (*RISING, -math.inf)}, "not finite"),
        ({"returns": (-200.0,) * 40, "last_return": -200.0, "same_length": 40}, "stuck episode length"),
        ({"returns": (0.0,) * 40, "last_return": 0.0, "same_length": 100}, "stuck episode length"),
        ({"state": "stale"}, "stalled stream"),
        ({"action_entropy": 0.001}, "entropy to zero"),
        ({"bytes_per_hour": 1e12}, "disk filling"),
        ({"ledger": LedgerRow(20, 10, 0, dropped={"disk full": 10})}, "lost data"),
    ],
)
def test_each_rule_finds_what_it_is_for(changed: dict[str, Any], rule: str) -> None:
    assert rules(replace(WELL, **changed), 1e12) == [rule]


@pytest.mark.parametrize(
    "changed",
    [
        {"returns": (*RISING[:50], *[500.0] * 30), "last_return": 500.0, "same_length": 100},  # CartPole, solved
        {"returns": (1.0,) * 40, "last_return": 1.0, "same_length": 40},
        {"returns": (), "last_return": None, "same_length": 0},
        {"returns": tuple(math.sin(n) for n in range(60)), "last_return": 0.0},
        {"returns": RANDOM, "last_return": 22.0},
        {"ledger": LedgerRow(20, 10, 0, sampled=10)},
    ],
)
def test_what_only_looks_like_trouble_is_left_alone(changed: dict[str, Any]) -> None:
    assert rules(replace(WELL, **changed), 1e12) == []


def test_limits_of_the_user_count_and_rules_can_be_off() -> None:
    run = replace(WELL, state="stale", bytes_per_hour=1e12)
    assert [alert.rule for alert in alerts_of(run, 1e14, {"disk": 200}, ["stalled"])] == ["disk filling"]


def test_every_rule_speaks_with_the_words_and_the_level_of_a_constant() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert log_catalog.get_constant_by_code(rule.constant.code) == rule.constant
    first, second = alerts_of(replace(WELL, state="stale", returns=(*RISING, math.nan)))
    assert (first.level, second.level) == ("ERROR", "WARNING")
    assert first.message == "returns are not finite numbers"


async def test_the_list_of_runs_has_a_badge_and_the_words_of_each_alert() -> None:
    run = race()
    original = run.summary
    run.summary = lambda: replace(original(), alerts=alerts_of(original()))  # type: ignore[method-assign]
    async with watching(app_on(FakeRepository([run])), size=(120, 40)) as pilot:
        text = text_of(pilot.app)  # type: ignore[arg-type]
    assert "pixels ⚠1" in text
    assert "E lost data: 37 transitions lost: disk full LOG1110" in text
