"""`cornerman sql`: ask the recorded steps a question, without an export first."""

from __future__ import annotations

import argparse
import csv
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from cornerman.core.errors import InvalidQuery

from .. import exits, output
from ..chosen import chosen_store
from . import Subparsers, describe

DESCRIPTION = """
Ask the store a question in SQL, SQLite's. It only reads. Ctrl-C interrupts it.

  step       one row a transition: what each env.step did in each environment
  step_all   the same with reset rows, whose action and reward are null
  episode    one row an episode: return, length, seed, how it ended
  run, stream, chunk
             what is recorded, and where

Arrays come as JSON text, so json_extract(observation, '$[0]') is the first
number of an observation; sums, means and counts over whole runs are answered
from stored statistics where they can be."""

EXAMPLES = """
  cornerman sql "select count(*), sum(reward) from step"
  cornerman sql "select run_id, job from run"
  cornerman sql "select env_index, avg(length) from episode group by 1"
  cornerman sql "select * from step limit 3" --json
  cornerman sql "select t, reward from step where reward < -10" --csv > bad.csv
  cornerman sql --columns                 every table with its columns
  echo "select 1" | cornerman sql -       a longer question from a file or pipe"""

LIMIT = 1000
"""Rows shown as a table where nothing else was asked for; as CSV and JSON all of them."""


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
    from cornerman.store.api import open_store

    with open_store(chosen_store(args), read_only=True) as store, _interruptible(store):
        if args.columns:
            return _print_columns(store, args)
        result = store.sql(_query(args), timeout=args.timeout)
        columns, rows = list(result.columns), iter(result)
        limit = args.limit if args.limit is not None else None if args.csv or args.json else LIMIT
        shown = islice(rows, limit)
        _printer(args)(columns, shown)
        if limit is not None and next(rows, None) is not None:
            output.say(f"There are more rows than the {limit:,} shown; --limit N shows N.")
    return exits.OK


def _query(args: argparse.Namespace) -> str:
    query = sys.stdin.read() if args.query == "-" else args.query or ""
    if not query.strip():
        raise InvalidQuery("There is no question.", 'Try `cornerman sql "select count(*) from step"`.')
    return str(query)


@contextmanager
def _interruptible(store: Any) -> Iterator[None]:
    """Ctrl-C reaches Python only between SQLite's steps, which one long step would keep it waiting for."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def _printer(args: argparse.Namespace) -> Any:
    return _print_json if args.json else _print_csv if args.csv else _print_rows


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
        return "–"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(".", "").replace("-", "").replace("+", "").replace("e", "").isdigit()
