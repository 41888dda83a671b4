"""Every cause of the loss ledger has its own words, can be provoked, and leaves the equation whole.

The others are provoked where they belong: budget, store deleted and a disk that is really full in `test_faults.py`,
store read-only in `tests/store/test_network.py`, fault in `test_transparency.py`, duplicate in
`tests/adapters/test_legacy_import.py`, invalid in `tests/store/test_enforcement.py`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest
from recordings import Walk
from waiting import wait_until

import cornerman
from cornerman.core.ledger_words import CAUSES, cause_of, counts, lost
from cornerman.core.records import LedgerRow
from cornerman.store.segments import CAUSES as OF_THE_JOURNAL


def test_every_cause_that_is_counted_has_words() -> None:
    assert set(OF_THE_JOURNAL) - {""} | {"quarantined", "duplicate"} == set(CAUSES)
    assert cause_of("of a newer version").lost


def test_only_what_is_gone_counts_as_lost() -> None:
    ledger = LedgerRow(100, 60, 10, sampled=12, quarantined=5, duplicate=3, dropped={"disk full": 8, "journal full": 2})
    assert ledger.balanced
    assert lost(ledger) == 10
    assert list(counts(ledger)) == ["sampled", "quarantined", "duplicate", "journal full", "disk full"]


def ledger_of(store: Path) -> LedgerRow:
    with cornerman.open_store(store, read_only=True) as opened:
        stream = opened.run("latest").streams()[0]
        ledger = stream.ledger()
        entries = stream.ledger_entries()
    assert ledger.balanced
    assert {entry.cause: entry.transitions for entry in entries} == counts(ledger)
    assert all(entry.first_us <= entry.last_us for entry in entries)
    return ledger


def go(env: Any, steps: int) -> None:
    for _ in range(steps):
        if any(env.step(0)[2:4]):
            env.reset()


def test_a_disk_below_its_reserve_is_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = cornerman.record(Walk(), store=tmp_path, job="reserve")
    env.reset(seed=1)
    env.step(0)
    recorder: Any = env.get_wrapper_attr("_recorder")
    object.__setattr__(recorder.session.settings, "min_free_bytes", 1 << 60)
    go(env, 12_000)
    env.close()
    ledger = ledger_of(tmp_path)
    assert ledger.received == 12_001
    assert ledger.dropped["disk full"] == lost(ledger) > 1000


class Wide(Walk):
    """A kilobyte of noise each step."""

    def _look(self) -> np.ndarray:
        return self.np_random.normal(size=128)


def test_a_store_that_takes_nothing_until_the_journal_is_full_is_the_writer_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORNERMAN_STORAGE_MAX_JOURNAL_BYTES", str(16 << 20))
    env = cornerman.record(Wide(), store=tmp_path, job="behind")
    env.reset(seed=1)
    env.step(0)
    holder = apsw.Connection(str(tmp_path / "store.db"))
    holder.execute("begin immediate")
    deadline = time.monotonic() + 60
    while not env.cornerman.status()["lost"] and time.monotonic() < deadline:  # type: ignore[attr-defined]
        go(env, 500)
    holder.execute("rollback")
    holder.close()
    env.close()
    ledger = ledger_of(tmp_path)
    assert ledger.dropped["journal full"] == lost(ledger) > 0
    assert cause_of("journal full").label == "writer behind"


def test_what_comes_after_the_run_was_deleted_is_counted_as_that(tmp_path: Path) -> None:
    env = cornerman.record(Walk(), store=tmp_path, job="deleted")
    env.reset(seed=1)
    go(env, 100)
    with cornerman.open_store(tmp_path) as store:
        store.delete("deleted")

    def told() -> bool:
        go(env, 2000)
        return bool(env.cornerman.status()["lost"])  # type: ignore[attr-defined]

    wait_until(told)
    assert set(env.cornerman.status()["lost"]) == {"after delete"}  # type: ignore[attr-defined]
    env.close()
