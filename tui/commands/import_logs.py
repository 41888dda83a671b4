"""`cornerman import-logs FILE…`: log files that are there already, beside the lines of commands that were run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..chosen import chosen_store
from ..progress import Ticker
from . import Subparsers, describe

if TYPE_CHECKING:
    from cornerman.adapters.bridge.log_import import ImportedFile, ImportedLogs

FORMATS = (
    "auto", "json", "structlog", "bunyan", "pino", "logfmt", "glog", "logging", "syslog", "journald", "journald-export",
    "text",
)  # fmt: skip

DESCRIPTION = """
Read log files into the logs of the store: JSON lines (structlog, bunyan, pino and others), logfmt, glog, Python's
logging, syslog, the journal (journalctl -o json, short or export), plain text with times; plain, gzip or zstd; - is
standard input. Several files are merged by time. Tracebacks are one record, repeats and progress bars are counted, and
a line that is of no known format is kept as it is.

The same file again adds nothing, whatever it is called by then, and one that has grown adds what is new. Ctrl-C stops
between two batches, and the same command goes on there."""

EXAMPLES = """
  cornerman import-logs train.log
  cornerman import-logs rank0.log rank1.log --run 01KAB
                                          of a run that is in the store
  cornerman import-logs old/*.log.gz --job old-baseline
  journalctl -u trainer -o export | cornerman import-logs -
  cornerman import-logs glog.INFO --since-year 2025
  cornerman import-logs train.log --json | jq .formats"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "import-logs", DESCRIPTION, EXAMPLES)
    parser.add_argument("files", metavar="FILE", nargs="+", help="log files; - for standard input")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="auto",
        metavar="NAME",
        help=f"the only format to look for: {', '.join(FORMATS)} (default: any)",
    )
    parser.add_argument("--run", help="the run that the lines belong to (default: the one they name, if any)")
    parser.add_argument("--job", help="the job that they belong to, where it is not a recorded run's")
    parser.add_argument("--since-year", type=int, metavar="YEAR", help="of times that have none (default: the newest)")


def run(args: argparse.Namespace) -> int:
    from cornerman.adapters.bridge.log_import import import_logs
    from cornerman.adapters.stopping import StopSignals

    if args.since_year is not None and not 1970 <= args.since_year <= 9999:
        raise InvalidOption(f"{args.since_year} is no year.", "For example --since-year 2025.")
    run_id = _run_id(args) if args.run else ""
    ticker = Ticker("importing log lines")
    with StopSignals() as stop:
        try:
            done = import_logs(
                chosen_store(args),
                [None if name == "-" else Path(name) for name in args.files],
                format=args.format,
                run_id=run_id,
                job=args.job or "",
                since_year=args.since_year,
                on_progress=_drawn_by(ticker),
                stopped=lambda: stop.received is not None,
            )
        finally:
            ticker.close()
    _print(args, done)
    return exits.OK if stop.received is None else 128 + int(stop.received)


def _run_id(args: argparse.Namespace) -> str:
    """The whole id of the run that was named; NotFound where the store has none."""
    from ..chosen import opened_store

    with opened_store(args) as store:
        return str(store.run(args.run).run_id)


def _drawn_by(ticker: Ticker) -> Callable[[ImportedLogs], None]:
    began = time.monotonic()

    def draw(done: ImportedLogs) -> None:
        if ticker.due():
            pace = output.rate(done.records / max(time.monotonic() - began, 1e-3))
            head = f"{ticker.bar(done.read / done.size)}{done.read / done.size:4.0%} · " if done.size else ""
            ticker.draw(f"{head}{done.records:,} records · {pace}/s")

    return draw


def _print(args: argparse.Namespace, done: ImportedLogs) -> None:
    if args.json:
        output.print_json(_facts(done))
        return
    rows = [(file.source, f"{file.records:,}", f"{file.before:,}", _counts(file)) for file in done.files]
    output.print_table(("FILE", "RECORDS", "BEFORE", "LINES BY FORMAT"), rows, right=(1, 2))
    pace = output.rate(done.records / max(done.seconds, 1e-3))
    output.say(f"{done.records:,} records in {output.duration(done.seconds)}, {pace} per second.")
    if not done.whole:
        output.say("Stopped before the end; the same command goes on there.")


def _facts(done: ImportedLogs) -> dict[str, Any]:
    return {
        "run_id": done.run_id or None,
        "records": done.records,
        "whole": done.whole,
        "formats": dict(done.formats),
        "seconds": done.seconds,
        "files": [
            {
                "source": file.source,
                "records": file.records,
                "before": file.before,
                "formats": dict(file.formats),
                "same_as": file.same_as or None,
            }
            for file in done.files
        ],
    }


def _counts(file: ImportedFile) -> str:
    if file.same_as:
        return f"as in {file.same_as}"
    return ", ".join(f"{count:,} {name}" for name, count in file.formats.most_common())
