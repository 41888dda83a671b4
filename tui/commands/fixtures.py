"""`cornerman fixtures make`: sample data of a schema for the tests of whoever reads or writes it."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from . import Subparsers, describe
from .schema_verb import document_of

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument

DESCRIPTION = """
Write sample data of a schema into a folder, the same for the same seed:

  valid.jsonl      records that the schema allows
  mutated.jsonl    records that break one rule of it each, every rule in turn
  legacy.jsonl     for schemas of steps: steps of payload version 0, which
                   name no version, as older programs wrote them
  manifest.json    the schema and its digest, the seed, a checksum of each
                   file, and for each mutated line the rule and the place
                   that are broken

Every record was checked by the validator. The schema is registered, or a file."""

EXAMPLES = """
  cornerman fixtures make ticks_v1@1.1.0 --out tests/data/ticks
  cornerman fixtures make ticks.json --out data --count 1000 --seed 7
  cornerman fixtures make cornerman.step --out data    steps, legacy ones too
  cornerman import data/mutated.jsonl --schema ticks_v1    all are refused"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "fixtures", DESCRIPTION, EXAMPLES)
    parser.add_argument("verb", metavar="make", choices=("make",), help="what to do; there is one thing")
    parser.add_argument("schema", metavar="PIN|FILE", help="id, id@version, or a schema's file")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write them into")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="records in each file (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="another seed, other samples (default: 0)")


def run(args: argparse.Namespace) -> int:
    if args.count < 1:
        raise InvalidOption("--count is at least 1.", "Leave it out for 100.")
    document = document_of(args, args.schema)
    manifest = make(document, args.out, args.count, args.seed)
    if args.json:
        output.print_json(manifest)
        return exits.OK
    for name, facts in manifest["files"].items():
        print(f"{args.out / name}: {facts['records']:,} records")
    if manifest["files"]["mutated.jsonl"]["records"] < args.count:
        output.say("Fewer mutated records than asked for: the schema has no further rule to break.")
    return exits.OK


def make(document: SchemaDocument, folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Write the files; the manifest. Raises InvalidSchema where no valid record is found."""
    from cornerman.core.schema.samples import legacy, mutated, valid

    broken = mutated(document, count, seed)
    samples: dict[str, Sequence[Any]] = {
        "valid.jsonl": valid(document, count, seed),
        "mutated.jsonl": [mutation.value for mutation in broken],
    }
    if document.id.rpartition(".")[2] == "step":
        samples["legacy.jsonl"] = legacy(count, seed)
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: _write(folder / name, values) for name, values in samples.items()}
    files["mutated.jsonl"]["breaks"] = [
        {"line": line, "rule": each.rule, "path": each.path, "message": each.message}
        for line, each in enumerate(broken, 1)
    ]
    manifest = {"schema": document.pin, "digest": document.digest, "seed": seed, "count": count, "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _write(path: Path, values: Sequence[Any]) -> dict[str, Any]:
    content = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode("utf-8", "replace")
    path.write_bytes(content)
    return {"records": len(values), "sha256": hashlib.sha256(content).hexdigest()}
