"""How one registered schema uses another: `"$ref": "schema:ID@VERSION#/definitions/…"`.

A reference pins a version. What a document means can then never change by something being registered elsewhere, and a
registered version stays as final as its text. For comparing, validating and handing out, the documents that are
referred to are put into `definitions` of the one that refers, so that nobody downstream has to know a registry.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from ..errors import InvalidSchema, InvalidVersion, NotFound
from .document import SchemaDocument
from .versions import parse_version
from .walk import escape, walk

PREFIX = "schema:"

Load = Callable[[str], SchemaDocument]
"""The registered document of a pin; raises NotFound."""


def references(schema: Mapping[str, Any]) -> frozenset[str]:
    """The pins that a schema refers to, each `id@version`; InvalidSchema for a reference without a version."""
    return frozenset(_pin(target) for _, target in _references(schema) if target.startswith(PREFIX))


def bundled(document: SchemaDocument, load: Load) -> SchemaDocument:
    """The document with everything that it refers to, directly or not, in its own `definitions`.

    Raises NotFound where a version that is referred to is not there.
    """
    if not references(document.schema):
        return document
    parts = _gather(document, load)
    taken = document.schema.get("definitions", {})
    names = {pin: _free(pin, taken) for pin in parts}
    homes = {pin: f"#/definitions/{quote(escape(name), safe='~@')}" for pin, name in names.items()}
    homes[document.pin] = "#"
    schema = _moved(document.schema, "#", homes)
    embedded = {names[pin]: _moved(part.schema, homes[pin], homes) for pin, part in sorted(parts.items())}
    schema["definitions"] = {**schema.get("definitions", {}), **embedded}
    return dataclasses.replace(document, schema=schema)


def alone(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which references to other documents are left open: what can be checked without a registry."""
    if not references(schema):
        return dict(schema)
    stripped = copy.deepcopy(dict(schema))
    for node, target in _references(stripped):
        if target.startswith(PREFIX):
            del node["$ref"]
    return stripped


def _references(schema: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every place that refers, and to what."""
    for _, node in walk(schema):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            yield node, node["$ref"]


def _gather(document: SchemaDocument, load: Load) -> dict[str, SchemaDocument]:
    found: dict[str, SchemaDocument] = {}
    pending = [(document.pin, pin) for pin in sorted(references(document.schema))]
    while pending:
        user, pin = pending.pop()
        if pin in found or pin == document.pin:
            continue
        try:
            part = found[pin] = load(pin)
        except NotFound as error:
            raise NotFound(f"{user} refers to {pin}, which is not there.", "Add that version first.") from error
        pending += [(pin, other) for other in sorted(references(part.schema))]
    return found


def _moved(schema: Mapping[str, Any], home: str, homes: Mapping[str, str]) -> dict[str, Any]:
    """A copy in which every reference leads to where its target lies in the bundle."""
    moved = copy.deepcopy(dict(schema))
    for node, target in _references(moved):
        if target.startswith(PREFIX):
            node["$ref"] = homes[_pin(target)] + target.partition("#")[2]
        elif target.startswith("#"):
            node["$ref"] = home + target[1:]
    return moved


def _pin(reference: str) -> str:
    """The pin of a reference to another document."""
    pin = unquote(reference.removeprefix(PREFIX).partition("#")[0])
    name, _, version = pin.partition("@")
    try:
        parse_version(version if name else "")
    except InvalidVersion as error:
        raise InvalidSchema(
            f"The reference {reference!r} does not pin a version.",
            f'Write "{PREFIX}ID@1.2.0", or "{PREFIX}ID@1.2.0#/definitions/NAME" for a part of it.',
        ) from error
    return pin


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name of a definition: the pin itself, unless the document has one of that name."""
    while name in taken:
        name += "_"
    return name
