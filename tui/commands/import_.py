"""`cornerman import FILE`: data of other programs into the store, nothing unchecked, nothing thrown away."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..chosen import chosen_store
from ..progress import Ticker
from . import Subparsers, describe
from .schema_verb import document_in, document_of, is_file

if TYPE_CHECKING:
    from cornerman.adapters.importing import ImportedDocuments
    from cornerman.core.schema import SchemaDocument

STEP = "cornerman.step"

DESCRIPTION = """
Read a file of JSON lines or CSV (gzip or not; - is standard input) into the store.

With --schema every record is judged by that version of a registered schema. What fits is stored with its line;
`cornerman documents` lists it and writes it out. What does not goes to quarantine, with its bytes and every reason. The
cells of CSV are read as the schema's types: an empty cell is null where null is allowed, else it is left out; 007 is
text; a boolean may be written true, false, 1 or 0. A schema's file may be given in place of a pin: it is registered
first. `cornerman schema infer FILE` proposes a schema for data that has none.

Without --schema the file holds recorded steps, of any program that wrote them as JSON: they become runs, with episodes
and replay like any other.

Ctrl-C stops between two batches, and the same command goes on there. The same file again adds nothing, one that has
grown adds what is new, and equal records of one file are all kept. The exit code is 1 where a record of the file was
refused, now or earlier."""

EXAMPLES = """
  cornerman import ticks.csv --schema ticks_v1@1.1.0
  cornerman import ticks.csv.gz --schema ticks_v1 --dry-run    judge only
  cornerman import data.jsonl --schema data.json   registers the schema as well
  producer | cornerman import - --schema ticks_v1 --format jsonl
  cornerman import steps.jsonl --job old-baseline  steps become a run
  cornerman import ticks.csv --schema ticks_v1 --json | jq .refused_by"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "import", DESCRIPTION, EXAMPLES)
    parser.add_argument("file", metavar="FILE", help="JSON lines or CSV, gzip or not; - for standard input")
    parser.add_argument("--schema", metavar="PIN", help="id, id@version, or a schema's file (default: recorded steps)")
    parser.add_argument("--format", choices=("jsonl", "csv"), help="whatever the name says")
    parser.add_argument("--delimiter", metavar="C", help="between the cells of CSV (default: as in its first line)")
    parser.add_argument("--job", help="of steps: the name to find the run by (default: the file's)")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen; nothing is stored")


def run(args: argparse.Namespace) -> int:
    if args.delimiter is not None and len(args.delimiter) != 1:
        raise InvalidOption("A delimiter is one character.", "For a tab: --delimiter $'\\t'.")
    with _spooled(args) as path:
        return _import_steps(args, path) if args.schema is None else _import_documents(args, path)


@contextmanager
def _spooled(args: argparse.Namespace) -> Iterator[Path]:
    """The file; what comes from standard input is written down first, for it may have to be read twice."""
    if args.file != "-":
        yield Path(args.file)
        return
    ending = f".{args.format}" if args.format else ""
    with tempfile.NamedTemporaryFile(prefix="cornerman-", suffix=ending) as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)


# --- documents --------------------------------------------------------------------------------------------------


def _import_documents(args: argparse.Namespace, path: Path) -> int:
    from cornerman.adapters.importing import import_documents
    from cornerman.adapters.stopping import StopSignals
    from cornerman.store.api import make_store

    document = _document(args)
    shown = "standard input" if args.file == "-" else args.file
    ticker = Ticker(f"importing {shown}")
    opened = nullcontext() if args.dry_run else make_store(chosen_store(args))
    with StopSignals() as stop, opened as store:
        try:
            done = import_documents(
                store,
                path,
                document,
                source=shown,
                format=args.format,
                delimiter=args.delimiter,
                on_progress=_drawn_by(ticker),
                stopped=lambda: stop.received is not None,
            )
        finally:
            ticker.close()
    if args.json:
        output.print_json(_facts(args, done))
    else:
        _print(args, done)
    if stop.received is not None:
        return 128 + int(stop.received)
    return exits.PROBLEM if done.refused or done.refused_before else exits.OK


def _document(args: argparse.Namespace) -> SchemaDocument:
    """The document to judge by; one that comes in a file is registered, unless nothing is to be stored."""
    from cornerman.store.api import make_store

    if not is_file(args.schema) or args.dry_run:
        return document_of(args, args.schema)
    document = document_in(args.schema)
    with make_store(chosen_store(args)) as store:
        if store.schemas.add(document, note=f"for {args.file}").new:
            output.say(f"registered {document.pin}")
        return store.schemas.bundle(document.pin)


def _drawn_by(ticker: Ticker) -> Callable[[ImportedDocuments], None]:
    began = time.monotonic()

    def draw(done: ImportedDocuments) -> None:
        if ticker.due():
            pace = output.rate(done.records / max(time.monotonic() - began, 1e-3))
            head = f"{ticker.bar(done.read / done.size)}{done.read / done.size:4.0%} · " if done.size else ""
            ticker.draw(f"{head}{done.accepted:,} accepted · {done.refused:,} refused · {pace}/s")

    return draw


def _facts(args: argparse.Namespace, done: ImportedDocuments) -> dict[str, Any]:
    by = sorted(done.rules.items(), key=lambda each: (-each[1], each[0]))
    return {
        "source": done.source,
        "schema": done.schema,
        "import": done.import_id or None,
        "dry_run": args.dry_run,
        "whole": done.whole,
        "accepted": done.accepted,
        "refused": done.refused,
        "before": {"accepted": done.before, "refused": done.refused_before},
        "refused_by": [{"rule": rule, "path": path, "records": count} for (rule, path), count in by],
        "first": [{"place": each.place, "problems": list(each.errors)} for each in done.first],
        "seconds": done.seconds,
    }


def _print(args: argparse.Namespace, done: ImportedDocuments) -> None:
    would = " (nothing stored)" if args.dry_run else ""
    print(output.harmless(
        f"{done.source}: {done.accepted:,} accepted, {done.refused:,} refused by {done.schema}"
        f" in {output.duration(done.seconds)}{would}"
    ))  # fmt: skip
    if done.before or done.refused_before:
        print(f"{done.before:,} accepted and {done.refused_before:,} refused records of it were there before")
    if done.rules:
        by = sorted(done.rules.items(), key=lambda each: (-each[1], each[0]))
        output.print_table(
            ("RECORDS", "RULE", "PLACE"), [(f"{n:,}", rule, path or "/") for (rule, path), n in by], right=[0]
        )
    for each in done.first:
        print(output.harmless(f"{each.place}: {each.errors[0].path or '/'}: {each.errors[0].message}"))
    if done.refused > len(done.first):
        print(f"and {done.refused - len(done.first):,} more")
    if not done.whole:
        output.say("Stopped before the end; the same command goes on there.")
    if done.refused and not args.dry_run:
        output.say("The refused records are kept: `cornerman quarantine list`.")
    if done.accepted and not args.dry_run:
        output.say(f"`cornerman documents export {done.import_id}` writes the others out.")
    if done.schema.partition("@")[0] == STEP:
        output.say("Imported without --schema, steps become runs, with episodes and replay.")


# --- steps ------------------------------------------------------------------------------------------------------


def _import_steps(args: argparse.Namespace, path: Path) -> int:
    from cornerman.adapters.legacy import import_legacy, is_legacy
    from cornerman.store.api import make_store

    if not is_legacy(path):
        raise InvalidOption(
            f"{args.file} holds no recorded steps.",
            "Name the schema of its records with --schema; `cornerman schema infer` proposes one.",
        )
    job = args.job or (None if args.file != "-" else "standard-input")
    if args.dry_run:
        done = import_legacy(chosen_store(args), path, job=job, dry_run=True)
    else:
        with make_store(chosen_store(args)) as store:
            done = import_legacy(store, path, job=job)
    if args.json:
        output.print_json(_step_facts(args, done))
    else:
        _print_steps(args, done)
    return exits.PROBLEM if done.refused else exits.OK


def _step_facts(args: argparse.Namespace, done: Any) -> dict[str, Any]:
    return {
        "source": args.file,
        "dry_run": args.dry_run,
        "runs": list(done.runs),
        "lines": done.lines,
        "refused": done.refused,
        "beside": done.beside,
        "whole": done.whole,
        "as_they_came": done.as_they_came,
        "payload_versions": dict(done.versions),
        "first": [{"line": each.line, "reason": each.reason} for each in done.refusals[:5]],
        "episodes": {
            "told": done.claims.told,
            "agree": done.claims.agreed,
            "differ": done.claims.differing,
            "without_steps": done.claims.without_steps,
            "differences": [each._asdict() for each in done.claims.differences],
        },
        "fields": [{**output.plain(report._asdict()), "records": count} for report, count in done.fields.most_common()],
    }


def _print_steps(args: argparse.Namespace, done: Any) -> None:
    verb = "would be imported" if args.dry_run else "imported"
    for one in done.runs:
        there = "" if one.new else ", there before"
        print(output.harmless(
            f"{one.run_id} ({one.job}): {one.steps:,} steps, {one.episodes:,} episodes {verb}{there}"
        ))  # fmt: skip
    print(f"{done.whole:,} steps without loss, {done.as_they_came:,} with their bytes beside them")
    if done.claims.told:
        print(f"{done.claims.told:,} lines tell of episodes: {done.claims.agreed:,} agree with their steps,"
              f" {done.claims.differing:,} do not, {done.claims.without_steps:,} have none here")  # fmt: skip
    for difference in done.claims.differences[:5]:
        print(output.harmless(str(difference)))
    for each in done.refusals[:5]:
        print(output.harmless(f"line {each.line}: {each.reason}"))
    if done.refused > 5:
        print(f"and {done.refused - 5:,} more lines that could not be read; their bytes are beside their neighbours")
