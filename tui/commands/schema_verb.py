"""What each verb of `cornerman schema` brings, and what they share: where a document comes from."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.errors import InvalidSchema, StoreNotFound

from .. import output
from ..chosen import chosen_store

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument
    from cornerman.store.schemas import SchemaRegistry


class Verb(NamedTuple):
    """One verb: its texts, its arguments, and what it does."""

    purpose: str
    description: str
    examples: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


@contextmanager
def registry_of(args: argparse.Namespace) -> Iterator[SchemaRegistry]:
    """The registry of a store that is there; opening it changes nothing. StoreNotFound where there is none."""
    from cornerman.store.api import open_store

    with open_store(chosen_store(args), read_only=True) as store:
        yield store.schemas


@contextmanager
def registry_to_fill(args: argparse.Namespace) -> Iterator[SchemaRegistry]:
    """The same, in a store that is made where there is none."""
    from cornerman.store.api import make_store

    with make_store(chosen_store(args)) as store:
        yield store.schemas


def is_file(text: str) -> bool:
    """Whether an argument means a file rather than a pin: it is one, looks like one, or is standard input."""
    return text == "-" or text.endswith(".json") or "/" in text or Path(text).is_file()


def document_in(file: str) -> SchemaDocument:
    """The document in a file, or from standard input; InvalidSchema names the file. OSError where it cannot be read."""
    from cornerman.core.schema.folder import read_document

    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return read_document(PurePosixPath("stdin" if file == "-" else Path(file).as_posix()), content)
    except InvalidSchema as error:
        name = "standard input" if file == "-" else file
        raise InvalidSchema(f"{name}: {error.what}", error.remedy, error.path) from error


def document_of(args: argparse.Namespace, text: str) -> SchemaDocument:
    """The document that an argument names, a file or a pin, with what it refers to put into it."""
    from cornerman.core.schema.references import bundled, references

    if not is_file(text):
        try:
            with registry_of(args) as registry:
                return registry.bundle(text)
        except StoreNotFound:
            if (ours := _our_own(text)) is not None:
                return ours
            raise
    document = document_in(text)
    if not references(document.schema):
        return document
    with registry_of(args) as registry:
        return bundled(document, registry.get)


def _our_own(pin: str) -> SchemaDocument | None:
    """One of the product's schemas: they are known without a store."""
    from cornerman.core.published import published
    from cornerman.core.schema import latest, parse_pin

    wanted = parse_pin(pin)
    known = {document.version: document for document in published() if document.id == wanted.id}
    return known.get(wanted.version or latest(known) or "")


def write_json(args: argparse.Namespace, value: Any) -> None:
    """A document to standard output, or to the file that --output names."""
    text = json.dumps(value, indent=None if args.json else 2, ensure_ascii=False)
    if args.output is None:
        print(text)
    else:
        args.output.write_text(text + "\n", encoding="utf-8")
        output.say(f"written: {args.output}")
