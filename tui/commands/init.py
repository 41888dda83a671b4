"""`cornerman init producer PIN`: a program that sends what a schema allows, and the test that holds it to it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from . import Subparsers, describe
from .schema_verb import document_of

DESCRIPTION = """
Begin a producer: a program that sends records of a schema. Written are

  producer.py          sends records as lines of JSON, with the standard
                       library alone; the first one is made of the schema
  schema.json          the schema, with all that it refers to
  test_producer.py     runs the program and has each line judged, by
                       `cornerman contract test`; it passes as it is

What is there is never written over. An environment needs none of this: wrap
it with `cornerman.record`."""

EXAMPLES = """
  cornerman init producer ticks_v1@1.1.0 --out ticks
  cd ticks && python -m pytest"""

PRODUCER = '''"""Sends records of {pin}, a line of JSON each. `pytest` checks that the schema allows them."""

import json

SCHEMA = "{pin}"


def records():
    """Yield what is to be sent; this one was made of the schema."""
    yield json.loads({example!r})


for record in records():
    print(json.dumps({{"schema": SCHEMA, "payload": record}}), flush=True)
'''

TEST = '''"""What producer.py sends is what its schema allows. Needs `cornerman` on the path."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_the_schema_allows_what_is_sent(tmp_path):
    store = ["--store", str(tmp_path / "store")]
    subprocess.run(["cornerman", "schema", "add", str(HERE / "schema.json"), *store], check=True)
    command = ["cornerman", "contract", "test", *store, "--", sys.executable, str(HERE / "producer.py")]
    judged = subprocess.run(command, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout + judged.stderr
'''


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "init", DESCRIPTION, EXAMPLES)
    parser.add_argument("verb", metavar="producer", choices=("producer",), help="what to begin; there is one thing")
    parser.add_argument("schema", metavar="PIN|FILE", help="id, id@version, or a schema's file")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write them into")


def run(args: argparse.Namespace) -> int:
    from cornerman.core.schema.samples import valid

    document = document_of(args, args.schema)
    example = json.dumps(valid(document, 1)[0], ensure_ascii=False)
    files = {
        "producer.py": PRODUCER.format(pin=document.pin, example=example),
        "schema.json": json.dumps({**document.content, **document.schema}, indent=2, ensure_ascii=False) + "\n",
        "test_producer.py": TEST,
    }
    _write(args.out, files)
    written: dict[str, Any] = {"schema": document.pin, "files": [str(args.out / name) for name in files]}
    if args.json:
        output.print_json(written)
    else:
        print("\n".join(written["files"]))
        output.say(f"Try it: python {args.out / 'producer.py'}")
    return exits.OK


def _write(folder: Path, files: dict[str, str]) -> None:
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise InvalidOption(f"{folder} has {', '.join(there)} already.", "Name another folder with --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidOption(f"{folder} cannot be written: {error.strerror}.", "Name another folder.") from error
