"""What guard rails rest on: the store's own figures, and none where there are none."""

from __future__ import annotations

from pathlib import Path

from recordings import Recording

from cornerman.store.measured import measure


def test_the_pace_of_the_newest_run_is_what_it_takes_on_disk(tmp_path: Path) -> None:
    """A finished run's bytes by its steps; a disk that is synced takes time."""
    Recording(tmp_path / "store").run(3000).close()
    found = measure(tmp_path / "store")
    assert found.run_id
    assert found.steps_per_second
    assert found.bytes_per_step
    assert found.bytes_per_step < 2000
    assert found.sync_seconds
    assert found.processors


def test_a_store_that_is_not_there_is_measured_as_a_host(tmp_path: Path) -> None:
    """No pace, no sync, nothing made."""
    found = measure(tmp_path / "none")
    assert (found.run_id, found.steps_per_second, found.bytes_per_step, found.sync_seconds) == ("", None, None, None)
    assert found.free_bytes
    assert found.memory_bytes
    assert not (tmp_path / "none").exists()
