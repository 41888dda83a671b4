"""`cornerman documents`: what `cornerman import` stored; list it, write it out, remove it."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption, NotFound

from .. import exits, output
from ..chosen import chosen_store
from . import Subparsers, describe

if TYPE_CHECKING:
    from cornerman.store.documents import Document, DocumentImport

DESCRIPTION = """
List what was imported, or write it out again, or remove it. WHICH is the number of an import, or a schema as `id` or
`id@1.2.0`: then all imports of it.

Exported JSON lines are what was read: an accepted record of a JSON file comes back byte for byte, a row of CSV with its
cells typed. What was refused is in quarantine."""

EXAMPLES = """
  cornerman documents                                  every import
  cornerman documents list ticks_v1                    those of one schema
  cornerman documents export ticks_v1 > ticks.jsonl    all of them
  cornerman documents export 3 --to csv -o ticks.csv   one import, as a table
  cornerman documents delete 3"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "documents", DESCRIPTION, EXAMPLES)
    parser.add_argument("verb", metavar="VERB", nargs="?", choices=("list", "export", "delete"), default="list",
                        help="list, export or delete (default: list)")  # fmt: skip
    parser.add_argument("which", metavar="WHICH", nargs="?", help="the number of an import, or a schema (default: all)")
    parser.add_argument("--to", choices=("jsonl", "csv"), help="of export: the format (default: as the file is named)")
    parser.add_argument("--output", "-o", metavar="FILE", type=Path, help="of export: where to (default: stdout)")


def run(args: argparse.Namespace) -> int:
    from cornerman.store.api import open_store

    with open_store(chosen_store(args), read_only=args.verb != "delete") as store:
        chosen = _chosen(store, args.which)
        if args.verb == "list":
            return _list(args, chosen)
        if args.which is None:
            raise InvalidOption(
                f"`cornerman documents {args.verb}` needs to know which.", "Name an import or a schema."
            )
        if args.verb == "delete":
            return _delete(args, store, chosen)
        return _export(args, store.documents.documents(chosen))


def _chosen(store: Any, which: str | None) -> list[DocumentImport]:
    """NotFound where nothing was imported under that name."""
    if which is not None and which.isdecimal():
        return [store.documents.get(int(which))]
    found: list[DocumentImport] = store.documents.imports(which)
    if which is not None and not found:
        raise NotFound(f"Nothing was imported as {which}.", "`cornerman documents` lists what was.")
    return found


def _list(args: argparse.Namespace, found: Sequence[DocumentImport]) -> int:
    if args.json:
        output.print_json({"imports": list(map(_facts, found))})
    elif found:
        headings = ("IMPORT", "SCHEMA", "DOCUMENTS", "REFUSED", "STATE", "WHEN", "SOURCE")
        rows = [_row(one) for one in found]
        output.print_table(headings, rows, right=(0, 2, 3), spare=("WHEN", "STATE"))
    else:
        output.say("Nothing was imported. `cornerman import FILE --schema ID` does.")
    return exits.OK


def _row(one: DocumentImport) -> tuple[str, ...]:
    state = "whole" if one.whole else "stopped"
    when = output.moment(one.changed_us)
    return str(one.id), one.pin, f"{one.accepted:,}", f"{one.refused:,}", state, when, one.source


def _facts(one: DocumentImport) -> dict[str, Any]:
    facts = one._asdict()
    return {"schema": one.pin, **{name: facts[name] for name in facts if name not in ("head", "chain")}}


def _delete(args: argparse.Namespace, store: Any, chosen: Sequence[DocumentImport]) -> int:
    count = sum(store.documents.delete(one.id) for one in chosen)
    if args.json:
        output.print_json({"imports": [one.id for one in chosen], "documents": count})
    else:
        output.say(f"{count:,} documents of {len(chosen)} imports removed.")
    return exits.OK


def _export(args: argparse.Namespace, documents: Iterator[Document]) -> int:
    ending = args.output.suffix.removeprefix(".").lower() if args.output else ""
    to = args.to or ("csv" if ending == "csv" else "jsonl")
    write = _write_csv if to == "csv" else _write_lines
    if args.output is None:
        if args.json:
            raise InvalidOption("--json describes an export into a file.", "Add --output FILE.")
        write(documents, sys.stdout)
        return exits.OK
    partial = args.output.with_name(args.output.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            count = write(documents, file)
        partial.replace(args.output)
    finally:
        partial.unlink(missing_ok=True)
    if args.json:
        output.print_json({"output": str(args.output), "documents": count})
    else:
        output.say(f"{count:,} documents in {args.output}.")
    return exits.OK


def _write_lines(documents: Iterator[Document], file: IO[str]) -> int:
    count = 0
    for count, document in enumerate(documents, 1):  # noqa: B007
        file.write(document.content + "\n")
    return count


def _write_csv(documents: Iterator[Document], file: IO[str]) -> int:
    """The columns are the names of the first thousand documents; what comes later goes, as JSON, into `more`."""
    from itertools import chain, islice

    values = (json.loads(document.content) for document in documents)
    begin = list(islice(values, 1000))
    columns = list(dict.fromkeys(name for value in begin if isinstance(value, dict) for name in value))
    writer = csv.writer(file, lineterminator="\n")
    count, named = 0, set(columns)
    for count, value in enumerate(chain(begin, values), 1):
        row = value if isinstance(value, dict) else {"value": value}
        if count == 1:
            writer.writerow([*columns, "more"])
        more = {name: item for name, item in row.items() if name not in named}
        writer.writerow([*(_cell(row.get(name)) for name in columns), json.dumps(more) if more else ""])
    return count


def _cell(value: Any) -> str:
    """As `cornerman import` reads it back."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
