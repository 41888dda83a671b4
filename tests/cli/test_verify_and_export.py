"""`cornerman verify` finds what is damaged; `cornerman export` writes what was recorded."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import pytest
from command_line import Cornerman


def test_what_was_recorded_is_sound(recorded: Cornerman) -> None:
    answer = recorded.json("verify")
    assert answer["sound"]
    assert len(answer["runs"]) == 3
    assert recorded("verify", "single").stdout.startswith("sound: 1 runs, 300 transitions")


def test_a_flipped_byte_is_found(cornerman: Cornerman) -> None:
    """In a chunk's payload, where SQLite's own check sees nothing."""
    cornerman.json("record", "CartPole-v1", "--steps", "100")
    with sqlite3.connect(cornerman.store / "store.db") as store:
        ((chunk, payload),) = store.execute("select chunk, payload from chunk_payload")
        damaged = payload[:-20] + bytes([payload[-20] ^ 1]) + payload[-19:]
        store.execute("update chunk_payload set payload = ? where chunk = ?", (damaged, chunk))
    done = cornerman("verify")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not json.loads(cornerman("verify", "--json").stdout)["sound"]


def test_one_damaged_run_hides_no_other(cornerman: Cornerman) -> None:
    """The list shows those that can be read, names the one that cannot, and says so with its exit code."""
    damaged = cornerman.json("record", "CartPole-v1", "--steps", "100", "--job", "damaged")["run_id"]
    with sqlite3.connect(cornerman.store / "store.db") as store:
        store.execute("update chunk_payload set payload = substr(payload, 1, length(payload) / 2)")
    cornerman.json("record", "CartPole-v1", "--steps", "100", "--job", "whole")
    done = cornerman("runs")
    assert "whole" in done.stdout
    assert done.returncode == (1 if damaged in done.stderr else 0)


@pytest.mark.parametrize("to_file", [False, True])
def test_csv_has_every_transition(recorded: Cornerman, to_file: bool) -> None:
    target = recorded.folder / "single.csv"
    done = recorded("export", "single", "--to", "csv", *(["--output", str(target)] if to_file else []))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(target.read_text() if to_file else done.stdout)))
    assert len(rows) == 300
    assert sum(float(row["reward"]) for row in rows) == 300


def test_json_lines_are_one_object_a_transition(recorded: Cornerman) -> None:
    done = recorded("export", "vector", "--to", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["env_index"] for row in rows} == {0, 1, 2}
    assert len(rows) == recorded.json("show", "vector")["transition_count"]


def test_parquet_goes_to_a_file(recorded: Cornerman) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    target = recorded.folder / "lake.parquet"
    assert recorded("export", "lake", "--to", "parquet", "--output", str(target)).returncode == 0
    assert parquet.read_table(target).num_rows == recorded.json("show", "lake")["transition_count"]
    assert recorded("export", "lake", "--to", "parquet").returncode == 2


def test_the_name_of_the_file_says_the_format(recorded: Cornerman) -> None:
    target = recorded.folder / "steps.jsonl"
    assert recorded("export", "single", "--output", str(target)).returncode == 0
    assert json.loads(target.read_text().splitlines()[0])["t"] == 0


def test_a_folder_that_is_not_there_is_said(recorded: Cornerman) -> None:
    done = recorded("export", "single", "--to", "csv", "--output", "/nowhere/at/all.csv")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
