"""What the recorder says inside a training process is in the store's logs, with or without `cornerman run`: once."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cornerman
from cornerman.core import inherited
from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog.recorder import LOG_RECORDING_RESUMED, LOG_STEPS_DROPPED
from cornerman.log_catalog.settings import LOG_SETTING_IGNORED
from cornerman.store.api import make_store
from cornerman.store.logs.said import SaidLines, left_to_the_bridge

TRAINING = """
import sys, gymnasium, cornerman
env = cornerman.record(gymnasium.make("CartPole-v1"), job="tight", name="training")
env.reset(seed=1)
for _ in range(20):
    if any(env.step(0)[2:4]):
        env.reset()
assert "structlog" not in sys.modules
"""


def train(store: Path, *before: str) -> None:
    """A program whose store may have four kilobytes."""
    environ = {**os.environ, "CORNERMAN_STORE": str(store), "CORNERMAN_STORAGE_MAX_STORE_BYTES": "4 KiB"}
    subprocess.run([*before, sys.executable, "-c", TRAINING], env=environ, check=True, capture_output=True, timeout=60)


def lines(store: Path, chosen: str = "code:LOG1110") -> list[LogRecordV1]:
    make_store(store).close()
    with cornerman.open_store(store) as opened:
        return [entry.record for entry in opened.logs.page(LogFilter.parse(chosen))]


def test_a_loss_is_in_the_logs_of_its_run_though_nobody_reads_the_output(tmp_path: Path) -> None:
    train(tmp_path)
    (line,) = lines(tmp_path)
    with cornerman.open_store(tmp_path) as store:
        assert line.run_id == store.run("tight").run_id
    assert (line.stream, line.level, line.fields["cause"], line.output) == ("training", "ERROR", "budget", "")
    assert line.pid is not None


def test_under_the_bridge_it_comes_once(tmp_path: Path) -> None:
    """From the output that the bridge reads, and not from the recorder as well."""
    train(tmp_path, sys.executable, "-m", "cornerman", "run", "--")
    (line,) = lines(tmp_path)
    assert (line.output, line.stream, line.fields) == (
        "stderr",
        "training",
        {"store": str(tmp_path), "cause": "budget"},
    )


def test_a_disk_that_takes_no_line_is_counted_and_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    said = SaidLines()
    said.belong(tmp_path, "R1", [])
    assert said(LOG_STEPS_DROPPED, {"store": str(tmp_path)}, 1, None)  # it waits in memory
    for _ in range(40):
        said(LOG_STEPS_DROPPED, {"why": "x" * (1 << 18)}, 1, None)
    said(LOG_STEPS_DROPPED, {"store": "/another"}, 1, None)
    assert said.lost["of no store"] == 1
    assert sum(said.lost.values()) > 1


def test_what_is_said_before_the_first_recorder_waits_for_it(tmp_path: Path) -> None:
    """And belongs to its run by conclusion only, as a line does that names none."""
    said = SaidLines()
    assert said(LOG_SETTING_IGNORED, {"reason": "a typo"}, 3, io.StringIO())
    said.belong(tmp_path, "R1", ["the store"])
    said(LOG_RECORDING_RESUMED, {"store": "the store", "run": "R2"}, 1, None)
    first, second = lines(tmp_path, "")
    assert (first.code, first.run_id, first.flags, first.repeats) == ("LOG1401", "R1", ("inferred",), 3)
    assert (second.run_id, second.flags, second.pid) == ("R2", (), os.getpid())


def test_a_forked_child_writes_a_spool_of_its_own(tmp_path: Path) -> None:
    said = SaidLines()
    said.belong(tmp_path, "R1", [])
    said(LOG_STEPS_DROPPED, {"of": "parent"}, 1, None)
    child = os.fork()
    if not child:
        said.forget()
        said(LOG_STEPS_DROPPED, {"of": "child"}, 1, None)
        os._exit(0)
    os.waitpid(child, 0)
    said(LOG_STEPS_DROPPED, {"of": "parent"}, 1, None)
    assert sorted(line.fields["of"] for line in lines(tmp_path)) == ["child", "parent", "parent"]


def test_a_line_is_left_to_the_bridge_only_where_it_arrives_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w") as pipe, open(tmp_path / "file", "w") as file:
        assert not left_to_the_bridge(pipe)
        monkeypatch.setattr(inherited, "BRIDGED", True)
        assert left_to_the_bridge(pipe)
        assert not left_to_the_bridge(file)
        assert not left_to_the_bridge(io.StringIO())
