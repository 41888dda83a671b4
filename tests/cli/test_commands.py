"""The commands that read: each over real recordings, as text, as JSON, and where there is nothing to read."""

from __future__ import annotations

import json
import sqlite3

import pytest
from command_line import Cornerman

READING = [("runs",), ("show", "latest"), ("verify",), ("sql", "select 1"), ("export", "latest", "--to", "csv")]


def test_runs_lists_every_run(recorded: Cornerman) -> None:
    """Newest first, with what a person asks: state, steps, return, size."""
    done = recorded("runs")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["JOB", "lake", "vector", "single"]
    assert "done" in lines[1]
    assert "free" in done.stderr, "the forecast is talk"


def test_runs_as_json_has_the_ledger_and_the_forecast(recorded: Cornerman) -> None:
    answer = recorded.json("runs")
    single = next(run for run in answer["runs"] if run["job"] == "single")
    assert single["step_count"] == 300
    assert single["ledger"]["stored"] == 300
    assert single["ledger"]["balanced"] is True
    assert answer["disk"]["bytes"] == sum(run["bytes"] for run in answer["runs"]) > 0
    assert answer["disk"]["hours_until_full"] is None, "nothing records now"


def test_runs_can_be_narrowed(recorded: Cornerman) -> None:
    assert [run["job"] for run in recorded.json("runs", "--limit", "1")["runs"]] == ["lake"]
    assert [run["job"] for run in recorded.json("runs", "--job", "vector")["runs"]] == ["vector"]
    assert recorded.json("runs", "--live")["runs"] == []


def test_a_shortened_id_names_its_run(recorded: Cornerman) -> None:
    """What the table shows is what other commands take."""
    shown = [line.split()[0] for line in recorded("runs").stdout.splitlines()[1:]]
    full = [recorded.json("show", short)["run_id"] for short in shown]
    assert full == [run["run_id"] for run in recorded.json("runs")["runs"]]


def test_show_has_streams_spaces_seeds_and_provenance(recorded: Cornerman) -> None:
    run = recorded.json("show", "vector")
    assert run["provenance"]
    stream = run["streams"][0]
    assert stream["num_envs"] == 3
    assert "Discrete" in json.dumps(stream["manifest"]) or "discrete" in json.dumps(stream["manifest"])
    assert {episode["env_index"] for episode in stream["episodes"]} <= {0, 1, 2}
    done = recorded("show", "single")
    assert done.returncode == 0
    assert "300 received = 300 stored · adds up" in done.stdout


def test_show_can_pick_the_best_episodes(recorded: Cornerman) -> None:
    best = recorded.json("show", "single", "--order", "best", "--episodes", "3")["streams"][0]["episodes"]
    returns = [episode["total_reward"] for episode in best]
    assert returns == sorted(returns, reverse=True)


@pytest.mark.parametrize("command", ["show", "delete", "export"])
def test_an_unknown_run_is_said_to_be_unknown(recorded: Cornerman, command: str) -> None:
    done = recorded(command, "nobody", *(("--to", "csv") if command == "export" else ()))
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert "cornerman runs" in done.stderr


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_where_no_store_is_that_is_said(cornerman: Cornerman, command: tuple[str, ...]) -> None:
    """And nothing is made by asking."""
    done = cornerman(*command)
    assert done.returncode == 3
    assert "There is no store" in done.stderr
    assert not cornerman.store.exists()


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_another_programs_file_is_refused(cornerman: Cornerman, command: tuple[str, ...]) -> None:
    cornerman.store.mkdir()
    with sqlite3.connect(cornerman.store / "store.db") as other:
        other.execute("create table mine (value)")
    done = cornerman(*command)
    assert done.returncode == 3
    assert "another program" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [b"", b"SQLite for", b"just some text"])
def test_a_file_that_is_no_database_is_refused(cornerman: Cornerman, content: bytes) -> None:
    cornerman.store.mkdir()
    (cornerman.store / "store.db").write_bytes(content)
    done = cornerman("runs")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_store_of_a_newer_version_is_read_not_written(cornerman: Cornerman) -> None:
    """The message says so and how to upgrade; the store is as it was."""
    cornerman.json("record", "CartPole-v1", "--steps", "20")
    with sqlite3.connect(cornerman.store / "store.db") as store:
        store.execute("pragma user_version=99")
    assert cornerman.json("runs")["runs"][0]["step_count"] == 20
    done = cornerman("record", "CartPole-v1", "--steps", "20")
    assert done.returncode == 3
    assert "format 99" in done.stderr


def test_delete_asks_before_it_deletes(cornerman: Cornerman) -> None:
    """Where nobody can answer it refuses; a dry run changes nothing; --yes deletes."""
    run = cornerman.json("record", "CartPole-v1", "--steps", "20")["run_id"]
    assert cornerman("delete", run).returncode == 2
    assert cornerman.json("delete", run, "--dry-run")["bytes"] > 0
    assert len(cornerman.json("runs")["runs"]) == 1
    assert cornerman.json("delete", run, "--yes")["deleted"][0]["run_id"] == run
    assert cornerman.json("runs")["runs"] == []
    assert cornerman("show", run).returncode == 1


def test_doctor_finds_a_sound_store_sound(recorded: Cornerman) -> None:
    findings = recorded.json("doctor")["findings"]
    assert {finding["level"] for finding in findings} <= {"ok", "note", "warn"}
    assert {"path", "file system", "space", "format", "recording", "journal", "write log", "integrity", "python"} <= {
        finding["subject"] for finding in findings
    }


def test_doctor_says_what_is_wrong_and_what_to_do(cornerman: Cornerman) -> None:
    cornerman.store.mkdir()
    (cornerman.store / "store.db").write_bytes(b"garbage, not a store")
    done = cornerman("doctor", "--json")
    assert done.returncode == 3
    failed = [finding for finding in json.loads(done.stdout)["findings"] if finding["level"] == "fail"]
    assert failed[0]["remedy"]


def test_doctor_speaks_where_there_is_no_store(cornerman: Cornerman) -> None:
    done = cornerman("doctor")
    assert done.returncode == 0
    assert "cornerman demo" in done.stdout


def test_show_tells_what_is_not_stored_with_its_cause_and_whether_it_is_lost(cornerman: Cornerman) -> None:
    cornerman("record", "CartPole-v1", "--steps", "200", "--job", "thin", "--sample", "every=5", "--seed", "1")
    text = cornerman("show", "thin").stdout
    assert "200 received = " in text
    assert "sampled at source" in text
    assert "not lost" in text
    assert "SKIPPED" in text
    entry = cornerman.json("show", "thin")["streams"][0]["ledger_entries"][0]
    assert (entry["cause"], entry["lost"]) == ("sampled", False)
    assert "lost" not in cornerman("runs").stderr


def test_runs_as_json_has_the_alerts_of_each(recorded: Cornerman) -> None:
    for run in recorded.json("runs")["runs"]:
        assert isinstance(run["alerts"], list)
