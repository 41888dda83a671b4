"""`cornerman export RUN`: the steps of a run as a table that other programs read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..chosen import opened_store
from . import Subparsers, describe

DESCRIPTION = """
Write the steps of a run, one row a transition, as CSV, JSON lines or Parquet. It goes to stdout, or to a file that
appears whole or not at all. In CSV and Parquet an observation of four numbers is four columns, observation.0 to
observation.3; JSON lines keep it as it is. Parquet needs a file, and `pip install pyarrow`.

RUN is a run id, an unambiguous beginning of one, a job's name (its newest run), or `latest`."""

EXAMPLES = """
  cornerman export latest --to csv > steps.csv
  cornerman export baseline --to jsonl --output steps.jsonl
  cornerman export 01KAB --to parquet --output steps.parquet
  cornerman export latest --to jsonl | jq 'select(.reward > 0)'"""

FORMATS = ("csv", "jsonl", "parquet")


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "export", DESCRIPTION, EXAMPLES)
    parser.add_argument("run", metavar="RUN", help="which run")
    parser.add_argument("--to", choices=FORMATS, help="the format (default: as the file's name ends, else csv)")
    parser.add_argument("--output", "-o", metavar="FILE", help="where to; - is stdout (default: stdout)")
    parser.add_argument("--resets", action="store_true", help="the rows of resets too: they hold first observations")


def run(args: argparse.Namespace) -> int:
    from cornerman.adapters.export import export

    target = None if args.output in (None, "-") else Path(args.output)
    if target is not None and target.is_dir():
        raise InvalidOption(f"{target} is a folder.", "Name a file in it.")
    if args.json and target is None:
        raise InvalidOption("--json describes an export into a file.", "Add --output FILE, or say --to jsonl.")
    with opened_store(args, read_only=True) as store:
        reader = store.run(args.run)
        count = export(reader, _format(args, target), target, resets=args.resets)
    if args.json:
        output.print_json({"run_id": reader.run_id, "output": str(target), "rows": count})
    elif target is not None:
        output.say(f"{count:,} rows in {target}, {output.size(target.stat().st_size)}.")
    elif not count:
        output.say(f"{reader.run_id} has no recorded step.")
    return exits.OK


def _format(args: argparse.Namespace, target: Path | None) -> Any:
    ending = target.suffix.removeprefix(".").lower() if target else ""
    return args.to or (ending if ending in FORMATS else "csv")
