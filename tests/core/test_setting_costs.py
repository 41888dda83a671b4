"""Guard rails: what a value costs here is computed, and said where it is too much."""

from __future__ import annotations

import pytest

from cornerman.core.setting_costs import Cost, Measured, costs
from cornerman.core.setting_keys import KEYS
from cornerman.core.setting_profiles import PROFILES

HOST = Measured(
    run_id="R", steps_per_second=50_000, bytes_per_step=20, store_bytes=5_000_000, free_bytes=100_000_000_000,
    sync_seconds=0.005, memory_bytes=8_000_000_000, processors=4, gpus=1,
)  # fmt: skip


def said(name: str, value: object, measured: Measured = HOST) -> list[Cost]:
    return costs({one.name: one.default for one in KEYS.values()} | {name: value}, measured, name)


def test_small_chunks_are_counted_as_commits_and_syncs() -> None:
    """50,000 steps a second in chunks of 16, four of them a commit: 781 commits, more than the disk can sync."""
    words = {cost.words: cost.warning for cost in said("storage.rows_per_chunk", 16)}
    assert words["781 commits a second at 50,000 steps a second"]
    assert words["if each is synced (5.0 ms on this disk): 390.6% of the time"]
    assert not any(cost.warning for cost in said("storage.rows_per_chunk", 2048))


def test_a_budget_is_seen_in_time() -> None:
    """86 GB a day; a budget of 1 GB lasts 17 minutes; one that is used up already stops recording."""
    assert [cost.words for cost in said("storage.max_store_bytes", 10**9)] == [
        "the newest run writes 86.4 GB a day",
        "at that pace the budget is used up in 17 minutes",
    ]
    assert any(cost.stops for cost in said("storage.max_store_bytes", 1_000_000))
    assert not any(cost.stops for cost in said("storage.max_store_bytes", 0))


def test_sampling_says_what_is_not_kept() -> None:
    """In steps a second; it is no warning, for it was asked for."""
    assert said("producer.sample", "every=10")[0].words.startswith("of 50,000 steps a second 5,000 are kept")
    assert said("producer.sample", "none") == []


def test_a_journal_is_seen_in_memory_and_disk() -> None:
    """The default is no warning; one that is most of the memory is."""
    assert not any(cost.warning for cost in said("storage.max_journal_bytes", 1 << 30))
    assert "86% of the memory" in said("storage.max_journal_bytes", 6_872_000_000)[1].words
    assert said("storage.max_journal_bytes", 10**12)[-1].warning


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resources.cpus", 5), ("resources.memory_bytes", 9_000_000_000), ("resources.gpus", "0,1"),
        ("storage.min_free_bytes", 10**12), ("storage.sealing_process", False), ("producer.enabled", False),
    ],
)  # fmt: skip
def test_what_this_host_cannot_give_is_a_warning(name: str, value: object) -> None:
    """More processors, memory or GPUs than there are; a reserve larger than the disk; nothing recorded."""
    assert any(cost.warning for cost in said(name, value))


def test_nothing_is_claimed_that_was_not_measured() -> None:
    """A store without a run: no pace, so no figures that need one, and no warning about the defaults."""
    everything = costs({one.name: one.default for one in KEYS.values()}, Measured())
    assert everything
    assert not any(cost.warning or "second" in cost.words for cost in everything)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_holds_values_that_could_be_typed(name: str) -> None:
    """Within the bounds, and different from the defaults in something."""
    values = PROFILES[name].values
    assert {key: KEYS[key].parse(value, name) for key, value in values.items()} == values
    assert any(value != KEYS[key].default for key, value in values.items())
