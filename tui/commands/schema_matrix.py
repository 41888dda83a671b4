"""`cornerman schema matrix`: which version reads the data of which other."""

from __future__ import annotations

import argparse

from .. import exits, output
from .schema_verb import Verb, registry_of

MOST = 12
"""Versions that are compared unless more are asked for: the newest ones."""


def _matrix(args: argparse.Namespace) -> int:
    from cornerman.core.schema.matrix import matrix

    with registry_of(args) as registry:
        entries = [entry for entry in registry.versions(args.id) if not entry.retired or args.retired]
        policy = args.policy or registry.rules(args.id).policy
        shown = matrix([registry.bundle(entry.pin) for entry in entries[-args.most :]], policy)
    if args.json:
        output.print_json({"id": args.id, "policy": policy, "reads": shown})
        return exits.OK
    headings = [f"data of {args.id}", *(f"read by {version}" for version in shown)]
    output.print_table(headings, [[data, *("yes" if row[v] else "no" for v in shown)] for data, row in shown.items()])
    if len(entries) > args.most:
        output.say(f"{len(entries)} versions, the newest {args.most} are shown; --most shows more.")
    output.say(f"Under the policy {policy}; `no` also where it cannot be proved. `schema diff` says why.")
    return exits.OK


def _matrix_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="which schema")
    parser.add_argument("--policy", metavar="POLICY", help="strict, defaults-filled or tolerant-reader")
    parser.add_argument("--retired", action="store_true", help="versions out of use, too")
    parser.add_argument("--most", type=int, default=MOST, metavar="N", help=f"the newest N versions (default: {MOST})")


MATRIX = {
    "matrix": Verb(
        "which version reads the data of which other",
        """
Compare every version of a schema with every other: a row for the version that data has, a column for the version that
its reader knows. It is computed from the documents; nothing is kept by hand.""",
        """
  cornerman schema matrix ticks
  cornerman schema matrix ticks --policy tolerant-reader --json""",
        _matrix_arguments,
        _matrix,
    ),
}
