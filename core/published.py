"""The schemas of the product itself: a document for each kind of payload, generated from its typed definition.

    for document in published():
        print(document.pin)             # cornerman.step@1.0.0, …

The documents lie in `core/payloads/documents/`, a file for each version ever released, and that is what is read: a
training process has no time for pydantic and syntax trees. `core/payload_documents.py` writes them.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from .schema.document import SchemaDocument, parse


@cache
def published() -> tuple[SchemaDocument, ...]:
    """Every released version of every document of the product, by id and version."""
    return tuple(parse(file.read_bytes()) for file in _files())


def _files() -> list[Any]:
    folder = resources.files("cornerman.core.payloads").joinpath("documents")
    return sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
