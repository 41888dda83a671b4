"""`cornerman sql`: questions over real steps, in three notations, that only read and can be stopped."""

from __future__ import annotations

import csv
import io
import json
import signal
import time

import pytest
from command_line import Cornerman

ENDLESS = "select count(*) from step a, step b, step c, step d"


def test_it_counts_what_was_recorded(recorded: Cornerman) -> None:
    answer = recorded.json("sql", "select count(*) as n, sum(reward) as total from step where job = 'single'")
    assert answer == {"columns": ["n", "total"], "rows": [[300, 300.0]]}


def test_csv_has_a_heading_and_every_row(recorded: Cornerman) -> None:
    done = recorded("sql", "select t, action, reward from step where job = 'single' order by t", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [int(row["t"]) for row in rows] == list(range(300))
    assert {row["action"] for row in rows} == {"0", "1"}


def test_a_table_is_cut_and_says_so(recorded: Cornerman) -> None:
    done = recorded("sql", "select t from step", "--limit", "5")
    assert len(done.stdout.splitlines()) == 6
    assert "more rows" in done.stderr


def test_the_columns_are_listed(recorded: Cornerman) -> None:
    tables = recorded.json("sql", "--columns")
    assert set(tables) == {
        "step", "step_all", "episode", "seed", "run", "stream", "vector_env", "space", "chunk", "document", "log"
    }  # fmt: skip
    assert {"env_index", "episode", "seed", "seed_source"} <= set(tables["seed"])
    assert {"run", "t", "reward", "action", "observation"} <= set(tables["step"])


def test_a_question_may_come_from_a_pipe(recorded: Cornerman) -> None:
    """Nothing is typed here: stdin is empty, and that is said."""
    done = recorded("sql", "-")
    assert done.returncode == 2
    assert "no question" in done.stderr


@pytest.mark.parametrize("statement", ["selec", "drop table step", "select nothing from step", "attach 'x' as y"])
def test_what_cannot_be_answered_is_refused(recorded: Cornerman, statement: str) -> None:
    done = recorded("sql", statement)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_it_gives_up_after_its_timeout(recorded: Cornerman) -> None:
    done = recorded("sql", ENDLESS, "--timeout", "0.5")
    assert done.returncode == 2
    assert "longer than 0.5 s" in done.stderr


def test_ctrl_c_interrupts_it(recorded: Cornerman) -> None:
    child = recorded.start("sql", ENDLESS)
    time.sleep(3)
    asked = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 130, stderr
    assert time.monotonic() - asked < 5
    assert "Traceback" not in stderr


def test_numbers_that_json_has_no_word_for_are_words(cornerman: Cornerman) -> None:
    """Strict JSON: any parser reads it."""
    cornerman.json("record", "CartPole-v1", "--steps", "5")
    done = cornerman("sql", "select 9e999 as large, -9e999 as small", "--json")
    assert json.loads(done.stdout, parse_constant=lambda _: pytest.fail("not strict"))["rows"] == [
        ["Infinity", "-Infinity"]
    ]
