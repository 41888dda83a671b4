"""`cornerman sql`: ask the recorded steps a question, without an export first."""

from __future__ import annotations

import argparse
import csv
import sys
import textwrap
from collections.abc import Iterator
from itertools import islice
from typing import Any

from cornerman.core.errors import InvalidQuery

from .. import exits, output
from ..chosen import opened_store
from . import Subparsers, describe

DESCRIPTION = """
Ask the store a question in SQL, SQLite's. It only reads; Ctrl-C interrupts it.

  step      one row a transition: what each env.step did in each environment
  step_all  the same, with the rows of resets: no action, no reward
  episode   one row an episode: total_reward, length, seed, how it ended
  seed      the seed that each episode began with, and where it came from
  run, stream, vector_env, space, chunk
            what is recorded, of what, and where
  document  what `cornerman import` stored; content is JSON text
  log       log lines, as `cornerman logs` shows them

`cornerman sql --columns` lists the columns of each. Observations and actions
that are arrays come as JSON text: json_extract(observation, '$[0]') is the
first number of one. Counts and sums of rewards over whole runs are answered
from stored statistics, at once."""

EXAMPLES = """
  cornerman sql "select count(*), sum(reward) from step"
  cornerman sql "select job, max(total_reward) from episode group by job"
  cornerman sql "select * from step where job = 'mine' limit 3" --json
  cornerman sql "select action, count(*) from step group by action"
  cornerman sql "select t, reward from step where reward < 0" --csv > bad.csv
  cornerman sql --columns                 every table with its columns
  cornerman sql - < question.sql          a longer one, from a file or a pipe"""

TABLES = ("step", "step_all", "episode", "seed", "run", "stream", "vector_env", "space", "chunk", "document", "log")

LIMIT = 1000
"""Rows shown as a table where nothing else was asked for; as CSV and JSON all of them."""


WIDEST = 60
"""Characters of a value in a table; CSV and JSON have it whole."""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "sql", DESCRIPTION, EXAMPLES)
    parser.add_argument("query", metavar="SELECT", nargs="?", help="one statement; - reads it from stdin")
    parser.add_argument("--columns", action="store_true", help="list the tables and their columns instead")
    parser.add_argument(
        "--limit", type=int, metavar="N", help=f"at most N rows (default: {LIMIT:,} as a table, else all)"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="give up after this long (default: never)")
    parser.add_argument("--csv", action="store_true", help="print CSV with a heading instead of a table")


def run(args: argparse.Namespace) -> int:
    with opened_store(args, read_only=True) as store:
        if args.columns:
            _print_columns(args, {table: _columns(store, table) for table in TABLES})
            return exits.OK
        with store.sql(_query(args), timeout=args.timeout) as result:
            _print(args, list(result.columns), iter(result))
    return exits.OK


def _query(args: argparse.Namespace) -> str:
    query = sys.stdin.read() if args.query == "-" else args.query or ""
    if not query.strip():
        raise InvalidQuery("There is no question.", 'Try `cornerman sql "select count(*) from step"`.')
    return str(query)


def _columns(store: Any, table: str) -> list[str]:
    with store.sql(f"select * from {table} limit 0") as result:
        return list(result.columns)


def _print_columns(args: argparse.Namespace, tables: dict[str, list[str]]) -> None:
    if args.json:
        output.print_json(tables)
        return
    width = max(map(len, tables)) + 2
    for table, columns in tables.items():
        print(textwrap.fill(", ".join(columns), 78, initial_indent=table.ljust(width), subsequent_indent=" " * width))


def _print(args: argparse.Namespace, columns: list[str], rows: Iterator[Any]) -> None:
    """The rows, no more than were asked for; if there are more, that is said."""
    limit = args.limit if args.limit is not None else None if args.csv or args.json else LIMIT
    printer = _print_json if args.json else _print_csv if args.csv else _print_rows
    printer(columns, islice(rows, limit))
    if limit is not None and next(rows, None) is not None:
        output.say(f"There are more rows than the {limit:,} shown; --limit N shows N.")


def _print_rows(columns: list[str], rows: Iterator[Any]) -> None:
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [at for at in range(len(columns)) if cells and all(_is_number(row[at]) for row in cells)]
    output.print_table(columns, cells, right=numeric)


def _print_csv(columns: list[str], rows: Iterator[Any]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else output.plain(value) for value in row] for row in rows)


def _print_json(columns: list[str], rows: Iterator[Any]) -> None:
    output.print_json({"columns": columns, "rows": [list(row) for row in rows]})


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(".", "").replace("-", "").replace("+", "").replace("e", "").isdigit()
