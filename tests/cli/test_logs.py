"""`cornerman logs`: the newest lines, chosen, counted, followed; what a line holds is shown and never obeyed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from command_line import Cornerman

from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import open_writer

RUNS = {"01AAAAAAAAAA": "first", "01BBBBBBBBBB": "second"}


def line(number: int, **facts: object) -> LogRecordV1:
    run = list(RUNS)[number % 2]
    return LogRecordV1(
        time_us=time.time_ns() // 1000, level="ERROR" if number == 7 else "INFO", message=f"line {number}",
        component="Worker", subcomponent="Runtime", code="LOG512", run_id=run, episode=number // 5, **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def worked(command: Cornerman, *words: str) -> subprocess.CompletedProcess[str]:
    done = command(*words)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def logged(cornerman: Cornerman) -> Cornerman:
    """The command over a store of twenty lines of two runs."""
    with open_writer(cornerman.store) as writer:
        for run, job in RUNS.items():
            writer.belongs(run, job)
        writer.append(line(number) for number in range(20))
    return cornerman


def found(command: Cornerman, *words: str) -> list[str]:
    lines = worked(command, "logs", *words, "--json").stdout.splitlines()
    return [json.loads(text)["message"] for text in lines]


def test_words_and_options_choose_the_same(logged: Cornerman) -> None:
    """The filter's text, the options, and a run by id, beginning, job or `latest`."""
    assert found(logged, "level>=ERROR") == found(logged, "--min-level", "ERROR") == ["line 7"]
    assert found(logged, "component:Worker/Runtime episode:1") == found(logged, "--episode", "1")
    assert found(logged, "first", "--text", "line 4") == ["line 4"]
    assert (
        found(logged, "01BBBB", "--episode", "0") == found(logged, "second", "--episode", "0") == ["line 1", "line 3"]
    )
    assert found(logged, "latest", "--limit", "1") == ["line 19"]
    assert found(logged, "--exclude", "run:01AAAAAAAAAA", "--oldest", "--limit", "2") == ["line 1", "line 3"]


def test_lines_are_harmless(cornerman: Cornerman) -> None:
    """Escape sequences are read, not obeyed; a pipe gets no colours; a traceback keeps its lines."""
    with open_writer(cornerman.store) as writer:
        writer.append([line(1, raw="x"), LogRecordV1(time_us=1, level="ERROR", message="\x1b[2Jboom\n  at 3")])
    printed = worked(cornerman, "logs").stdout
    assert "\x1b" not in printed
    assert "\\x1b[2Jboom\n      at 3" in printed


def test_counts_are_tables(logged: Cornerman) -> None:
    """Facets and timeline, as text and as JSON, of what the filter chooses."""
    counts = json.loads(worked(logged, "logs", "first", "--facets", "--json").stdout)
    assert counts["total"] == 10
    assert counts["values"]["component"] == {"Worker": 10, "Worker/Runtime": 10}
    assert "Worker/Runtime" in worked(logged, "logs", "--facets").stdout
    spans = json.loads(worked(logged, "logs", "--timeline", "--json").stdout)["spans"]
    assert sum(span["counts"]["ERROR"] for span in spans) == 1


def test_a_timeline_is_of_the_lines_and_not_of_the_store(logged: Cornerman) -> None:
    """An hour of a run in a store of weeks fills the timeline; a time that the filter names is kept."""
    with open_writer(logged.store) as writer:
        writer.append([LogRecordV1(time_us=at, level="INFO", message="old") for at in range(0, 10**12, 10**11)])
    spans = json.loads(worked(logged, "logs", "first", "--timeline", "--json").stdout)["spans"]
    assert spans[-1]["ends_us"] - spans[0]["begins_us"] < 60_000_000
    asked = json.loads(worked(logged, "logs", "first", "since:2d", "--timeline", "--json").stdout)["spans"]
    assert asked[0]["begins_us"] <= spans[0]["begins_us"]


def test_a_filter_is_saved_under_a_name(logged: Cornerman) -> None:
    """And used, listed and forgotten by it."""
    worked(logged, "logs", "--min-level", "ERROR", "--save", "trouble")
    assert found(logged, "--filter", "trouble") == ["line 7"]
    assert "level>=ERROR" in worked(logged, "logs", "--filters").stdout
    worked(logged, "logs", "--forget", "trouble")
    assert logged("logs", "--filter", "trouble").returncode == 1


def test_a_value_that_no_line_has_is_explained(logged: Cornerman) -> None:
    """What there is instead is named."""
    assert "component:Worker" in worked(logged, "logs", "--component", "worker").stderr


def test_a_level_that_does_not_exist_is_refused(logged: Cornerman) -> None:
    """And not looked for as a text, which no line would have; a text with a colon is one."""
    for wrong in ("level>=NOPE", "level:NOPE", "step:first"):
        done = logged("logs", wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Write" in done.stderr
    assert logged("logs", "error: nan").returncode == 0


def test_a_line_calls_its_run_as_the_list_of_runs_does(cornerman: Cornerman) -> None:
    """So that one is found by the other; what a line nearly always is, concluded, is not said."""
    assert cornerman("run", "--job", "mine", "--", "echo", "hello").returncode == 0
    short = worked(cornerman, "runs").stdout.splitlines()[1].split()[0]
    assert worked(cornerman, "logs", short).stdout.splitlines()[0].endswith(f" D hello run={short}")


def test_following_shows_what_comes_and_ends_with_ctrl_c(logged: Cornerman) -> None:
    """Also what a new program writes, in a new file and of a new run."""
    program = logged.start("logs", "--follow", "--min-level", "ERROR", "--json")
    assert program.stdout is not None
    assert json.loads(program.stdout.readline())["message"] == "line 7"
    with open_writer(logged.store) as writer:
        writer.append([LogRecordV1(time_us=1, level="ERROR", message="newest", run_id="01CCCC")])
        assert json.loads(program.stdout.readline())["message"] == "newest"
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=10)
    assert program.returncode == 0


def test_sql_reads_the_same_records(logged: Cornerman) -> None:
    """With what a query fixes used to read less."""
    rows = json.loads(
        worked(
            logged,
            "sql",
            "select message, job, step from log where level = 'ERROR' and episode = 1 and id > 2",
            "--json",
        ).stdout
    )
    assert rows["rows"] == [["line 7", "second", None]] or rows == [
        {"message": "line 7", "job": "second", "step": None}
    ]
    assert worked(logged, "sql", "select count(*) from log", "--csv").stdout == "count(*)\n20\n"
    newest = worked(logged, "sql", "select message from log order by id desc limit 2", "--csv").stdout
    assert newest.split("\n")[1:3] == ["line 19", "line 18"]


def test_doctor_and_verify_look_at_the_logs(logged: Cornerman) -> None:
    """Sound as they are; a changed block is found."""
    import apsw

    assert "20 in" in logged("doctor").stdout
    worked(logged, "verify")
    with apsw.Connection(str(Path(logged.store) / "logs.db")) as connection:
        connection.execute("update block set min_us = 0")
    verified = logged("verify")
    assert verified.returncode == 1
    assert "logs: block" in verified.stdout


def test_what_our_own_programs_say_is_kept(tmp_path: Path) -> None:
    """A deleted run is in the log of the store it was deleted from; a store that is not there is not made."""
    command = Cornerman(tmp_path / "store", tmp_path)
    command("runs")
    assert not command.store.exists()
    command.json("record", "CartPole-v1", "--job", "short", "--steps", "50")
    worked(command, "delete", "short", "--yes")
    assert found(command, "--code", "LOG1208") == ["a run was deleted"]


def test_what_a_least_level_hides_is_said_where_it_is_nearly_all(logged: Cornerman) -> None:
    """Plain prints are DEBUG: who asks for INFO should not think them lost. Not as data."""
    with open_writer(logged.store) as writer:
        writer.append([msgspec.structs.replace(line(number), level="DEBUG") for number in range(120)])
    done = worked(logged, "logs", "first", "--json", "level>=WARNING", "--limit", "5")
    assert (done.stdout, "60 DEBUG lines are hidden by level>=WARNING" in done.stderr) == ("", True)
    assert "120 DEBUG lines" in worked(logged, "logs", "--min-level", "INFO").stderr
    assert "hidden" not in worked(logged, "logs", "first", "--min-level", "INFO").stderr
