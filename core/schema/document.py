"""A schema document as the registry holds it: JSON Schema draft-07, an Arrow block and a version in one JSON object.

    {"id": "ticks_v1", "schema_version": "http://json-schema.org/draft-07/schema#", "version": "1.0.0",
     "type": "object", "properties": {…},
     "arrow": {"fields": [{"name": "ts", "type": {"name": "timestamp", "unit": "us"}}, …]}}

Three names are easily mixed up: `$schema` (or `schema_version`) is the dialect of JSON Schema, `version` the document's
own, and `payload_version` belongs to stored data. `$id` and `$schema` are accepted for `id` and `schema_version`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidSchema, InvalidVersion
from .versions import parse_version
from .walk import too_large, walk

MAX_BYTES = 4 << 20
REGISTRY_KEYS = ("id", "$id", "schema_id", "schema_version", "$schema", "version", "arrow")
DRAFT_07 = "http://json-schema.org/draft-07/schema"
LATER_KEYWORDS = {  # of 2019-09 and 2020-12; draft-07 would ignore them in silence
    "prefixItems": "items as a list",
    "unevaluatedProperties": "additionalProperties",
    "unevaluatedItems": "additionalItems",
    "dependentRequired": "dependencies",
    "dependentSchemas": "dependencies",
    "minContains": "contains",
    "maxContains": "contains",
    "$dynamicRef": "$ref",
    "$recursiveRef": "$ref",
}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,199}")


@dataclass(frozen=True, slots=True, eq=False)
class SchemaDocument:
    """One version of one schema. Equal digests mean equal content, whatever the order of its keys."""

    id: str
    version: str
    schema: dict[str, Any]
    """The JSON Schema alone, without the registry's keys."""
    arrow: dict[str, Any] | None
    content: dict[str, Any]
    """The document as it was given."""
    digest: str

    @property
    def pin(self) -> str:
        return f"{self.id}@{self.version}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaDocument) and (self.pin, self.digest) == (other.pin, other.digest)

    def __hash__(self) -> int:
        return hash((self.pin, self.digest))


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, in which 1.0 is 1: equal values have equal bytes."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def digest_of(content: dict[str, Any]) -> str:
    """The SHA-256 of a document's canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(content)).hexdigest()


def parse(data: bytes | str | dict[str, Any], *, id: str | None = None, version: str | None = None) -> SchemaDocument:
    """Read and check a document. `id` and `version` stand in for those that it does not name itself.

    Raises InvalidSchema when it is not draft-07, not self-contained, too large, or when its Arrow block does not agree
    with its properties.
    """
    from .arrow import check_agreement  # the Arrow block's own module; it imports nothing of this one at run time

    content = data if isinstance(data, dict) else _decode(data)
    if reason := too_large(content):
        raise InvalidSchema(
            f"The schema document is too large: {reason}.", "Split it, or describe its inner part loosely."
        )
    try:
        digest = digest_of(content)  # before anything else: half a surrogate pair is no text that could be looked at
    except (UnicodeError, TypeError) as error:
        raise InvalidSchema(f"The schema document is not JSON: {error}.", "Write it as plain UTF-8 JSON.") from None
    _check_dialect(content)
    found_id = _identity(content, id)
    found_version = _version(content, version)
    schema = _without_registry_keys(content)
    _check_draft_07(schema)
    arrow = content.get("arrow")
    if arrow is not None:
        check_agreement(arrow, schema)
    return SchemaDocument(found_id, found_version, schema, arrow, content, digest)


def _decode(data: bytes | str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise InvalidSchema(f"The schema document has {len(data):,} bytes.", f"The limit is {MAX_BYTES:,}: split it.")
    try:
        found = json.loads(data, object_pairs_hook=_no_key_twice, parse_constant=_no_constant, parse_float=_float)
    except RecursionError:
        raise InvalidSchema("The schema document is nested too deeply.", "Describe its inner part loosely.") from None
    except ValueError as error:
        raise InvalidSchema(f"The schema document is not JSON: {error}.", "Write it as plain UTF-8 JSON.") from None
    if not isinstance(found, dict):
        raise InvalidSchema("A schema document is a JSON object.", 'Write {"id": …, "version": …, "type": …}.')
    return found


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice in one object"
        )
    return found


def _float(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text} is out of range")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _check_dialect(content: dict[str, Any]) -> None:
    for key in ("$schema", "schema_version"):
        dialect = content.get(key)
        if dialect is None:
            continue
        if not isinstance(dialect, str) or dialect.rstrip("#").replace("https:", "http:") != DRAFT_07:
            raise InvalidSchema(
                f"The document is written in {dialect!r}; Cornerman reads JSON Schema draft-07.",
                f'Write it in draft-07 and say "{DRAFT_07}#". Of 2020-12: `prefixItems` becomes `items` as a list,'
                " `$defs` may stay, `dependentRequired` becomes `dependencies`.",
                f"/{key}",
            )
    for pointer, node in walk(content):
        for keyword in LATER_KEYWORDS.keys() & (node.keys() if isinstance(node, dict) else ()):
            raise InvalidSchema(
                f"`{keyword}` at {pointer or 'the root'} is of a later JSON Schema; draft-07 ignores it in silence.",
                f"Use `{LATER_KEYWORDS[keyword]}` in draft-07.",
                f"{pointer}/{keyword}",
            )


def _identity(content: dict[str, Any], given: str | None) -> str:
    named = [(key, content[key]) for key in ("id", "schema_id", "$id") if isinstance(content.get(key), str)]
    # an address is shortened; a name with a slash is a mistake, for a/ticks and b/ticks would be one schema
    short = {_short_id(name) if key == "$id" or "://" in name or "/" not in name else name for key, name in named}
    names = short | ({given} if given else set())
    if len(names) > 1:
        raise InvalidSchema(f"The document has several ids: {', '.join(sorted(names))}.", "Keep one of them.")
    found = next(iter(names), "")
    if not _ID.fullmatch(found):
        raise InvalidSchema(
            f"{found!r} is no schema id." if found else "The schema document has no id.",
            'Add "id": letters, digits, dots, dashes and underscores, at most 200.',
            "/id",
        )
    return found


def _short_id(name: str) -> str:
    """`https://example.org/schemas/ticks_v1.schema.json#` is ticks_v1."""
    last = name.rstrip("#/").rpartition("/")[2]
    if "/" not in name and not last.endswith(".json"):
        return last
    return last.removesuffix(".json").removesuffix(".schema")


def _version(content: dict[str, Any], given: str | None) -> str:
    found = content.get("version")
    if found is None:
        found = given
    elif given is not None and given != found:
        raise InvalidSchema(f"The document says version {found!r}, not {given}.", "Give one of them.", "/version")
    if found is None:
        raise InvalidSchema("The schema document has no version.", 'Add "version": "1.0.0".', "/version")
    try:
        return str(parse_version(found))
    except InvalidVersion as error:
        raise InvalidSchema(error.what, error.remedy, "/version") from None


def _without_registry_keys(content: dict[str, Any]) -> dict[str, Any]:
    """The schema alone. References through its own `$id` become local ones, since the `$id` is gone."""
    schema = {key: value for key, value in content.items() if key not in REGISTRY_KEYS}
    own = content.get("$id")
    if isinstance(own, str) and own.rstrip("#"):
        schema = _relocated(schema, own.rstrip("#") + "#")
    return schema


def _relocated(value: Any, prefix: str) -> Any:
    if isinstance(value, list):
        return [_relocated(inner, prefix) for inner in value]
    if not isinstance(value, dict):
        return value
    found = {key: _relocated(inner, prefix) for key, inner in value.items()}
    target = found.get("$ref")
    if isinstance(target, str) and (target + "#").startswith(prefix):
        found["$ref"] = "#" + target.removeprefix(prefix[:-1]).lstrip("#")
    return found


def _check_draft_07(schema: dict[str, Any]) -> None:
    from .references import alone  # these two need this module's types
    from .validate import validator

    if any(isinstance(node, dict) and "$id" in node for _, node in walk(schema)):
        raise InvalidSchema("A part of the schema has its own `$id`.", 'Point to it with `$ref`: "#/definitions/…".')
    validator(alone(schema))
