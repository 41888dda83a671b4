"""`cornerman schema audit`: which fields a producer really sends, and what its schema knows of them."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import exits, output
from .schema_verb import Verb, document_of

if TYPE_CHECKING:
    from cornerman.core.schema.infer import Proposal

MOST = 10_000
"""Steps of each stream that are looked at, unless more are asked for."""


def _audit(args: argparse.Namespace) -> int:
    from cornerman.core.schema.audit import gaps

    document = document_of(args, args.schema) if args.schema else None
    found = list(_proposals(args))
    between = {name: gaps(proposal.fields, document) for name, proposal in found} if document else {}
    if args.json:
        facts = [
            {"producer": name, "records": proposal.records, "fields": proposal.fields,
             **(between[name]._asdict() if document else {})}
            for name, proposal in found
        ]  # fmt: skip
        output.print_json(facts)
    else:
        for name, proposal in found:
            _print(name, proposal)
            for words, places in zip(("not in the schema", "never seen"), between.get(name, ((), ())), strict=True):
                if places:
                    print(output.harmless(f"{words}: {', '.join(places)}"))
    agree = not any(places for each in between.values() for places in each)
    return exits.OK if agree else exits.PROBLEM


def _proposals(args: argparse.Namespace) -> Iterator[tuple[str, Proposal]]:
    """What each producer sent: each stream of a run, or a file."""
    from cornerman.core.schema.infer import infer, infer_file

    if args.what == "-" or Path(args.what).is_file():
        yield args.what, infer_file(args.what, id="audited", limit=args.limit)
        return
    from cornerman.store.api import open_store

    from ..chosen import chosen_store

    with open_store(chosen_store(args), read_only=True) as store:
        for stream in store.run(args.what).streams():
            yield stream.summary().name, infer(itertools.islice(_steps(stream), args.limit))


def _steps(stream: Any) -> Iterator[dict[str, Any]]:
    """The steps as a step schema sees them."""
    from cornerman.core.schema.step_document import as_json

    for record in stream.steps():
        if not record.reset:
            yield {
                "observation": as_json(record.observation), "action": as_json(record.action),
                "reward": as_json(record.reward), "terminated": record.terminated, "truncated": record.truncated,
                "info": as_json(record.info),
            }  # fmt: skip


def _print(name: str, proposal: Proposal) -> None:
    print(output.harmless(f"{name}: {proposal.records:,} records"))
    rows = []
    for field in proposal.fields:
        count = field.present + field.missing
        span = "" if field.minimum is None else f"{field.minimum:.4g} to {field.maximum:.4g}"
        example = output.harmless(str(field.examples[0]))[:24] if field.examples else ""
        rows.append((
            field.path or "/", " or ".join(field.types), f"{field.present / count:.1%}" if count else "-",
            f"{field.nulls:,}" if field.nulls else "", span, example,
        ))  # fmt: skip
    output.print_table(("field", "types", "present", "null", "range", "such as"), rows, right=(2, 3))


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="RUN|FILE", help="a run, or JSON lines or CSV; - for standard input")
    parser.add_argument("--schema", metavar="PIN", help="what should describe it: id, id@version, or a schema's file")
    parser.add_argument("--limit", type=int, default=MOST, metavar="N", help=f"records of each (default: {MOST:,})")


AUDIT = {
    "audit": Verb(
        "which fields a run or a file really has",
        """
Look at the steps of a run, stream by stream, or at the records of a file: every field with its types, how often it is
there, its range and an example. With --schema also what the schema does not describe, and what it describes and nobody
sends; the exit code is 1 then.""",
        """
  cornerman schema audit latest
  cornerman schema audit baseline --schema telemetry.step@1.2.0
  cornerman schema audit data.jsonl --schema ticks --json""",
        _audit_arguments,
        _audit,
    ),
}
