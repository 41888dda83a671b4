"""A JSON Schema draft-07 document out of a typed definition: the type gives the rules, its docstrings the words.

msgspec and pydantic write JSON Schema 2020-12. What differs is translated; a keyword that draft-07 would ignore in
silence, or read otherwise, is an error here rather than a document that says less than it seems to.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

DIALECT = "http://json-schema.org/draft-07/schema#"
_KNOWN = frozenset((
    "$ref", "$comment", "title", "description", "default", "examples", "type", "enum", "const", "multipleOf",
    "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "format",
    "contentEncoding", "contentMediaType", "items", "additionalItems", "maxItems", "minItems", "uniqueItems",
    "contains", "maxProperties", "minProperties", "required", "properties", "patternProperties",
    "additionalProperties", "dependencies", "propertyNames", "if", "then", "else", "allOf", "anyOf", "oneOf", "not",
    "definitions",
))  # fmt: skip
_FACTS = frozenset({"unit", "effect", "enforced", "obeyed_by", "environment"})
"""Annotations of ours."""
_SAME_BESIDE_REF = frozenset({"title", "description", "default", "examples", "$comment"}) | _FACTS
_UNIT = re.compile(r"\s*Unit: ([^.]+)\.")


def schema_of_struct(type: Any, name: str, description: str = "") -> dict[str, Any]:
    """The schema of a msgspec struct, or of a union of structs, under the title `name`.

    A union has no docstring: its `description` is given.
    """
    (root,), components = msgspec.json.schema_components((type,), ref_template="#/definitions/{name}")
    for struct in _structs(type):
        _describe(struct, components[struct.__name__])
    definitions = {key: draft_07(component) for key, component in sorted(components.items())}
    if "$ref" in root:
        found = definitions.pop(root["$ref"].rpartition("/")[2])
        if f'{root["$ref"]}"' in str(definitions):
            raise ValueError(f"{name} contains itself: it needs a definition of its own.")
    else:
        found = draft_07(root)
    words = {"title": name, **({"description": description} if description else {})}
    return {**found, **words, **({"definitions": definitions} if definitions else {})}


def schema_of_model(model: Any, name: str) -> dict[str, Any]:
    """The schema of a pydantic model under the title `name`; its fields carry their own descriptions."""
    content: dict[str, Any] = model.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {key: draft_07(part) for key, part in sorted(content.pop("$defs", {}).items())}
    return {**draft_07(content), "title": name, **({"definitions": definitions} if definitions else {})}


def draft_07(schema: Any) -> Any:
    """A 2020-12 schema in the words of draft-07. ValueError for what has none."""
    if not isinstance(schema, dict):
        return schema
    found = {key: value for key, value in schema.items() if key != "discriminator"}  # OpenAPI's, and no rule
    if "prefixItems" in found:
        rest = found.pop("items", None)
        found["items"] = found.pop("prefixItems")
        if rest is not None:
            found["additionalItems"] = rest
    if "$ref" in found and len(found) > 1:
        # draft-07 ignores what stands beside a reference
        reference = {"$ref": found.pop("$ref")}
        if found.keys() - _SAME_BESIDE_REF:
            raise ValueError(f"A reference has rules beside it: {sorted(found)}.")
        found["allOf"] = [reference]
    unknown = found.keys() - _KNOWN - _FACTS
    if unknown:
        raise ValueError(f"Draft-07 has no {', '.join(sorted(unknown))}.")
    return {key: _part(key, value) for key, value in found.items() if key not in _FACTS or value}


def _part(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties", "definitions"):
        return {name: draft_07(part) for name, part in value.items()}
    if key in ("allOf", "anyOf", "oneOf") or (key == "items" and isinstance(value, list)):
        return [draft_07(part) for part in value]
    if key in ("items", "additionalItems", "additionalProperties", "contains", "propertyNames", "not", "if", "then"):
        return draft_07(value)
    if key == "description":
        return " ".join(value.split())
    return value


def _structs(type: Any) -> Iterator[Any]:
    """Every struct class that a type mentions."""
    seen: set[Any] = set()
    waiting: list[Any] = [msgspec.inspect.type_info(type)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in seen:
            seen.add(info.cls)
            yield info.cls
            waiting += [field.type for field in info.fields]
        elif isinstance(info, msgspec.inspect.Type):
            for name in info.__struct_fields__ if isinstance(info, msgspec.Struct) else ():
                value = getattr(info, name)
                waiting += [part for part in (value if isinstance(value, tuple) else (value,)) if _is_type(part)]


def _is_type(value: Any) -> bool:
    return isinstance(value, msgspec.inspect.Type)


def _describe(struct: Any, component: dict[str, Any]) -> None:
    """Each field's docstring as the description of its property; of an array, its name as the title of its place."""
    words = field_words(struct)
    if "properties" in component:
        for name, part in component["properties"].items():
            part.update(words.get(name, {}))
        return
    places = component["prefixItems"]
    component["items"] = False  # what a later version appends is not in this one
    tagged = len(places) - len(struct.__struct_fields__)
    for name, part in zip(struct.__struct_fields__, places[tagged:], strict=True):
        part.update({"title": name, **words.get(name, {})})
    if tagged:
        places[0]["title"] = "kind"


@cache
def field_words(struct: Any) -> dict[str, dict[str, str]]:
    """Of each field that has a docstring below it: its description, and its unit where it says `Unit: seconds.`"""
    body = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, dict[str, str]] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr)):
            continue
        if isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            found[field.target.id] = _words(text.value.value)
    return found


def _words(docstring: str) -> dict[str, str]:
    unit = _UNIT.search(docstring)
    description = " ".join(_UNIT.sub("", docstring).split())
    return {"description": description, **({"unit": unit[1]} if unit else {})}
