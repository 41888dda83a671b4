"""`cornerman contract test -- COMMAND`: does a producer send what its schemas promise?"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption, StoreNotFound

from .. import exits, output
from ..chosen import chosen_store
from . import Subparsers, describe
from .schema_verb import document_of

if TYPE_CHECKING:
    from cornerman.adapters.contract import ContractReport

DESCRIPTION = """
Run a program and judge what it sends:

  lines of JSON on its stdout, each by the schema that it names,
    {"schema": "ticks_v1@1.1.0", "ts": …, "price": …}
    {"schema": "ticks_v1@1.1.0", "payload": {"ts": …, "price": …}}
  or by --schema where it names none; other lines are talk, and go to stderr

  the steps that it records: CORNERMAN_STORE names a store made for this test;
  they are judged by the schema that was named for them, else by what the
  spaces of their environment declare

For each schema: how many were sent, how many refused, and the first reasons. Schemas are looked up in your store.

The exit code is the program's own where that is not 0, and 128 plus the signal where one ended it; else 1 where
something was refused, was lost, or nothing was sent. Signals are passed on to the program."""

EXAMPLES = """
  cornerman contract test -- python producer.py
  cornerman contract test --schema ticks_v1@1.1.0 -- ./feed --once
  cornerman contract test -- python train.py --steps 1000
  cornerman contract test --json -- python producer.py | jq .refused"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "contract", DESCRIPTION, EXAMPLES)
    parser.add_argument("verb", metavar="test", choices=("test",), help="what to do; there is one thing")
    parser.add_argument("--schema", metavar="PIN", help="judges lines that name none: id, id@version, or a file")
    parser.add_argument("program", metavar="COMMAND", nargs="+", help="the program and its arguments, after --")


def run(args: argparse.Namespace) -> int:
    report = _tested(args)
    if args.json:
        output.print_json(_facts(report))
    else:
        _print(report)
    if report.exit_code:
        return report.exit_code if report.exit_code > 0 else 128 - report.exit_code
    return exits.OK if report.kept else exits.PROBLEM


def _tested(args: argparse.Namespace) -> ContractReport:
    from cornerman.adapters.contract import try_producer
    from cornerman.store.api import open_store

    document = document_of(args, args.schema) if args.schema else None
    if not args.program:
        raise InvalidOption("Which program?", "Name it after --: `cornerman contract test -- python producer.py`.")
    try:
        with open_store(chosen_store(args), read_only=True) as store:
            return try_producer(args.program, schemas=store.schemas, document=document, on_other=_talk)
    except StoreNotFound:
        return try_producer(args.program, document=document, on_other=_talk)


def _talk(line: bytes) -> None:
    sys.stderr.buffer.write(line)
    sys.stderr.buffer.flush()


def _facts(report: ContractReport) -> dict[str, Any]:
    return {
        "kept": report.kept,
        "exit_code": report.exit_code,
        "sent": sum(tally.sent for tally in report.tallies),
        "refused": report.refused,
        "schemas": [
            {
                "schema": tally.schema,
                "kind": tally.kind,
                "sent": tally.sent,
                "valid": tally.sent - tally.refused,
                "refused": tally.refused,
                "first": [{"where": where, "problem": problem} for where, problem in tally.first],
            }
            for tally in report.tallies
        ],
        "other_lines": report.other_lines,
        "runs": report.runs,
        "transitions": report.transitions,
        "findings": report.findings,
    }


def _print(report: ContractReport) -> None:
    rows = [
        (tally.schema, tally.kind, f"{tally.sent:,}", f"{tally.sent - tally.refused:,}", f"{tally.refused:,}")
        for tally in report.tallies
    ]
    if rows:
        output.print_table(("SCHEMA", "WHAT", "SENT", "VALID", "REFUSED"), rows, right=(2, 3, 4))
    for tally in report.tallies:
        for where, problem in tally.first:
            print(output.harmless(f"{tally.schema}: {where}: {problem}"))
    for finding in report.findings:
        print(output.harmless(finding))
    if not rows:
        output.say("It sent nothing: no line of JSON on stdout, and no step recorded.")
    verdict = "kept its contract" if report.kept else "did not keep its contract"
    ended = f", and ended with {report.exit_code}" if report.exit_code else ""
    output.say(f"The program {verdict}{ended}.")
