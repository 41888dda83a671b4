"""`cornerman selftest` proves the promises where they hold, and says so where one does not: each check can fail."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Cornerman
from waiting import wait_until

from cornerman.adapters import fast_step
from cornerman.adapters.selftest import children, contents, cost, kills, quiet, reader, scratch, suite
from cornerman.adapters.selftest.result import Bench, Result
from cornerman.core.errors import CornermanError
from cornerman.store.connection import connect, transaction
from cornerman.tui import cli


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """What a check is given; its folder is removed as `selftest` removes it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield Bench(folder, "CartPole-v1", quick=True)
    scratch.remove(folder)
    assert not folder.exists()


@pytest.mark.slow
def test_the_promises_hold_here(cornerman: Cornerman) -> None:
    """End to end, as a user runs it: every check, its figures, the exit code, and nothing left behind."""
    proof = cornerman.json("selftest", "--quick")
    assert proof["holds"] is True, [check for check in proof["checks"] if not check["holds"]]
    assert [check["check"] for check in proof["checks"]] == list(suite.CHECKS)
    figures = {check["check"]: check["figures"] for check in proof["checks"]}
    assert figures["cost"]["added_ns"]["least"] <= figures["cost"]["added_ns"]["median"]
    assert figures["killed"]["acknowledged"] > 0
    assert (figures["killed"]["lost"], figures["killed"]["doubled"]) == (0, 0)
    assert figures["whole"]["received"] == figures["whole"]["stored"] > 0
    assert figures["reader"]["sealed_meanwhile"] > 0
    assert figures["quiet"]["sealer"], "the sealing process was looked at too"
    assert all(check["said"] for check in proof["checks"])
    assert not cornerman.store.exists(), "the store is not even made"
    assert [entry.name for entry in cornerman.folder.iterdir() if entry.name.startswith(scratch.PREFIX)] == []


def test_the_command_says_what_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, the remedy, the exit code; a check that cannot be carried out has proved nothing."""

    def broken(_: Bench) -> Result:
        raise CornermanError("The disk is on fire.", "Put it out.")

    held = Result("fine", "it is fine", True, ("It was looked at.",))
    checks = {"hot": ("nothing burns", broken), "fine": ("it is fine", lambda _: held)}
    monkeypatch.setattr(suite, "CHECKS", checks)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert cli.main(["selftest", "--store", str(tmp_path / "store")]) == 1
    said = capsys.readouterr().out
    assert "FAIL  hot     nothing burns" in said
    assert "The disk is on fire." in said
    assert "→ Put it out." in said
    assert "ok    fine" in said
    assert "1 of 2 promises do not hold here (hot)" in said


def test_where_recording_is_switched_off_nothing_is_proved(cornerman: Cornerman) -> None:
    done = cornerman("selftest", "--quick", CORNERMAN_PRODUCER_ENABLED="false")
    assert done.returncode == 2
    assert "Recording is switched off" in done.stderr
    assert "producer.enabled" in done.stderr
    assert not done.stdout


def test_an_unknown_environment_is_refused(cornerman: Cornerman) -> None:
    done = cornerman("selftest", "CartPol-v1")
    assert done.returncode == 2
    assert "CartPole" in done.stderr


def test_interrupting_it_leaves_nothing_behind(cornerman: Cornerman) -> None:
    """SIGTERM in the middle: the folder goes, and with it what recorded there."""
    child = cornerman.start("selftest")
    wait_until(lambda: list(cornerman.folder.glob(f"{scratch.PREFIX}*/cost/journal")))
    time.sleep(0.2)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)
    assert child.returncode == 143
    assert not list(cornerman.folder.glob(f"{scratch.PREFIX}*"))


# --- each check can fail ---------------------------------------------------------------------------------------------


def test_cost_fails_where_recording_is_slow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that dawdles at every step."""
    monkeypatch.setattr(fast_step, "_STEP", fast_step._STEP.replace("    try:", "    sum(range(600))\n    try:", 1))
    monkeypatch.setattr(cost, "QUICK", (3, 0.05))
    result = cost.check(bench)
    assert not result.holds
    assert result.figures["added_ns"]["median"] > result.figures["limits"]["added_ns"]
    assert result.remedy


def test_same_fails_where_an_end_is_recorded_wrongly(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that takes what was truncated for terminated, and adds one to each reward."""
    template = fast_step._STEP.replace("        {unpack}", "        reward = reward + 1\n        {unpack}", 1)
    monkeypatch.setattr(fast_step, "_STEP", template)
    result = contents.check_same(bench)
    assert not result.holds
    assert any("reward was 1.0" in text or "reward was np.float64(1.0)" in text for text in result.said)
    assert contents.check_whole(bench).holds, "as far as the store knows all is well"


def test_whole_fails_where_a_chunk_is_damaged(bench: Bench) -> None:
    assert contents.check_same(bench).holds
    connection = connect(bench.scratch / contents.STORE, write=True)
    connection.execute("update chunk_payload set payload = zeroblob(100)")
    connection.execute("update ledger set transitions = transitions + 1")
    connection.close()
    result = contents.check_whole(bench)
    assert not result.holds
    assert any("DOES NOT ADD UP" in text for text in result.said)
    assert any("SHA-256 differs" in text for text in result.said)


def test_whole_fails_where_steps_were_dropped(bench: Bench) -> None:
    """A ledger that adds up because it counts what was lost is no proof that nothing was."""
    env = bench.record(bench.make(), contents.STORE)
    env.reset()
    env.step(0)
    env.get_wrapper_attr("_recorder")._drop("disk full")
    env.step(0)
    env.close()
    result = contents.check_whole(bench)
    assert not result.holds
    assert "Steps were dropped: disk full." in result.said


def test_reader_fails_where_it_stops_the_writer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes the write lock, as one that forgot a `begin immediate` would."""
    monkeypatch.setattr(reader, "connect", lambda path: connect(path, write=True))
    monkeypatch.setattr(reader, "snapshot", transaction)
    monkeypatch.setattr(reader, "QUICK_SECONDS", 1.0)
    result = reader.check(bench)
    assert not result.holds
    assert result.figures["sealed_meanwhile"] == 0


def test_killed_fails_where_steps_are_acknowledged_that_are_not_recorded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that says it had got a hundred steps more."""
    breaking = (
        "import struct, types\n"
        "children.struct = types.SimpleNamespace("
        "pack_into=lambda form, memory, at, n: struct.pack_into(form, memory, at, n + 100))\n"
    )
    monkeypatch.setattr(children, "PROGRAM", children.PROGRAM.replace("getattr(", breaking + "getattr(", 1))
    result = kills.check(bench)
    assert not result.holds
    assert result.figures["lost"] >= 198
    assert result.remedy


def test_killed_fails_where_what_is_left_cannot_be_read(bench: Bench) -> None:
    store = bench.scratch / "killed"
    (count,) = kills.kill_all(bench.env_id, [store])
    (store / "store.db").write_bytes(b"SQLite for")
    kill = kills.found(store, count)
    assert kill.problems
    assert kill.lost == count


def test_quiet_fails_where_a_socket_is_opened_and_logging_touched(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder that phones home and sets up logging, as libraries do."""
    breaking = (
        "import cornerman.adapters.record as module\n"
        "def record(*args, before=module.record, **options):\n"
        "    import logging, socket\n"
        "    logging.basicConfig()\n"
        "    module.kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "    module.kept.connect(('127.0.0.1', 9))\n"
        "    return before(*args, **options)\n"
        "module.record = record\n"
    )
    monkeypatch.setattr(children, "PROGRAM", children.PROGRAM.replace("getattr(", breaking + "getattr(", 1))
    result = quiet.check(bench)
    assert not result.holds
    assert result.figures["changed"] == ["the root logger"]
    assert result.figures["held"]["the training process"] == 1
    assert any("socket.connect" in text for text in result.said)


# --- what the checks are made of -------------------------------------------------------------------------------------

ONE = np.array([1.0, np.nan, -0.0], np.float32)
DIFFERENT: list[tuple[Any, Any]] = [
    (ONE, ONE.astype(np.float64)),
    (ONE, ONE.reshape(3, 1)),
    (ONE, np.array([1.0, np.nan, 0.0], np.float32)),
    (0.0, -0.0),
    (1, 2),
    (1, 1.0),
    ((1, ONE), (1,)),
    ({"a": 1}, {"b": 1}),
    ("a", "b"),
]


@pytest.mark.parametrize(("kept", "read"), DIFFERENT)
def test_what_differs_in_a_bit_is_not_the_same(kept: Any, read: Any) -> None:
    assert not contents.same(kept, read)
    assert contents.same(kept, kept)
    assert contents.same(read, read)


def test_a_row_that_is_missing_is_a_difference(bench: Bench) -> None:
    """And a reset that is read back as a step is one."""
    env = bench.record(bench.make(), contents.STORE)
    first, _ = env.reset(seed=1)
    stream = env.cornerman.stream_id
    env.step(0)
    env.close()
    from cornerman.store.api import open_store

    with open_store(bench.scratch / contents.STORE) as store:
        kept = [contents.Row(first), contents.Row(first), contents.Row(first)]
        found = contents.differences(store.stream(stream), kept, 0)
    assert found[0] == "3 rows were recorded, 2 are read back."
    assert "it was a reset, and is none." in found[1]


def test_the_folder_lies_beside_the_store_or_what_will_hold_it(tmp_path: Path) -> None:
    """On the same file system, whether there is a store yet or not."""
    (tmp_path / "a").mkdir()
    for store, parent in ((tmp_path / "a" / "store", tmp_path / "a"), (tmp_path / "b" / "c" / "store", tmp_path)):
        with scratch.scratch(store) as folder:
            assert folder.parent == parent
            (folder / "x").mkdir()
            (folder / "x" / "sealer").write_text("1")
        assert not folder.exists()
        assert not store.exists()


def test_where_no_folder_can_be_made_that_is_said(tmp_path: Path) -> None:
    """A file where a folder should be: nobody may write into that, not even root."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CornermanError, match="read-only"), scratch.scratch(tmp_path / "file" / "store"):
        pass
