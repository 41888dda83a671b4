"""`cornerman schema export`: a schema for those who have no registry."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from cornerman.core.errors import InvalidOption

from .. import exits, output
from .schema_verb import Verb, registry_of, write_json

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument


def _export(args: argparse.Namespace) -> int:
    if args.folder is not None:
        return _export_folder(args)
    if args.pin is None:
        raise InvalidOption("Nothing to export was named.", "Name a schema, or --folder DIR for all of them.")
    with registry_of(args) as registry:
        document = registry.bundle(args.pin) if args.bundle else registry.get(args.pin)
    if args.arrow:
        return _export_arrow(args, document)
    write_json(args, {**document.content, **document.schema} if args.bundle else document.content)
    return exits.OK


def _export_arrow(args: argparse.Namespace, document: SchemaDocument) -> int:
    """The block as text, or for a file what Arrow's own programs read."""
    if args.output is None:
        if document.arrow is None:
            raise InvalidOption(f"{document.pin} has no Arrow block.", "`cornerman schema infer` writes one for data.")
        write_json(args, document.arrow)
        return exits.OK
    from cornerman.core.schema.arrow_schema import ipc_bytes

    args.output.write_bytes(ipc_bytes(document))
    output.say(f"written: {args.output}")
    return exits.OK


def _export_folder(args: argparse.Namespace) -> int:
    """Every version in force as a file, so that `schema sync` of the folder changes nothing."""
    from cornerman.core.schema.admission import OWN
    from cornerman.core.schema.folder import RULES_FILE

    written: list[str] = []
    rules: dict[str, dict[str, str]] = {}
    with registry_of(args) as registry:
        for entry in registry.list():
            if entry.id.startswith(OWN) or (args.pin and entry.id != args.pin):
                continue
            rules[entry.id] = entry.rules._asdict()
            for version in registry.versions(entry.id):
                if not version.retired:
                    path = args.folder / entry.id / f"{version.version}.json"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    text = json.dumps(registry.get(version.pin).content, indent=2, ensure_ascii=False)
                    path.write_text(text + "\n", encoding="utf-8")
                    written.append(str(path))
    args.folder.mkdir(parents=True, exist_ok=True)
    (args.folder / RULES_FILE).write_text(json.dumps(rules, indent=2) + "\n", encoding="utf-8")
    if args.json:
        output.print_json({"written": written})
    else:
        print("\n".join(written))
        output.say(f"{len(written)} versions; `cornerman schema sync {args.folder}` makes this folder the truth")
    return exits.OK


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID[@VERSION]", nargs="?", help="which schema")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--bundle", action="store_true", help="with all that it refers to inside: one file for anyone")
    kind.add_argument("--arrow", action="store_true", help="the Arrow block; into a file as an IPC schema message")
    kind.add_argument("--folder", type=Path, metavar="DIR", help="every version in force as a file: what sync reads")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="where to (default: standard output)")


EXPORT = {
    "export": Verb(
        "a schema for others: self-contained, as Arrow, or as a folder",
        """
Write a schema for somebody who has no registry. With --bundle every schema it refers to ("$ref":
"schema:ID@VERSION") is put into its definitions. With --folder every version in force becomes a file: put the folder
into git, and let `schema sync` follow it. With --arrow -o FILE the file is what `pyarrow.ipc.read_schema` and other
Arrow programs read.""",
        """
  cornerman schema export ticks@1.0.0 --bundle -o ticks.json
  cornerman schema export ticks --arrow -o ticks.arrow
  cornerman schema export --folder schemas""",
        _export_arguments,
        _export,
    ),
}
