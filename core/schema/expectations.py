"""A schema as a Great Expectations suite, for teams whose checks run there: in the form that its 1.x versions write.

    json.dump(suite(document), file)        loads with `ExpectationSuite(**json.load(file))`

Great Expectations looks at the columns of a table, one rule at a time. What a schema says beyond that (rules over
several fields, branches, names by pattern) has no expectation; `meta.cornerman.not_expressed` lists it, and the report
of `expectation_report` judges by the schema itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from .cells import types_of
from .document import SchemaDocument
from .made_value import Unmakeable, resolve
from .walk import escape

FORM: Final = "1.24.1"
"""The Great Expectations whose form this was compared with."""

_INTEGERS = ("int", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "Int8", "Int16", "Int32",
             "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "INTEGER", "INT", "BIGINT", "SMALLINT", "IntegerType",
             "LongType", "ShortType")  # fmt: skip
_FLOATS = ("float", "float16", "float32", "float64", "Float32", "Float64", "FLOAT", "DOUBLE", "REAL", "DECIMAL",
           "NUMERIC", "DoubleType", "FloatType", "DecimalType")  # fmt: skip
TYPE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "integer": _INTEGERS,
    "number": (*_INTEGERS, *_FLOATS),
    "string": ("str", "string", "VARCHAR", "NVARCHAR", "CHAR", "TEXT", "STRING", "StringType"),
    "boolean": ("bool", "boolean", "BOOLEAN", "BooleanType"),
    "array": ("list", "str", "ARRAY", "ArrayType"),
    "object": ("dict", "str", "STRUCT", "JSON", "StructType"),
}
"""What a JSON type is called by pandas, by SQL and by Spark; nested values may be there as JSON text."""
_FORMATS: Final = {
    "date-time": r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$",
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "time": r"^\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$",
    "email": r"^[^@\s]+@[^@\s]+$",
    "ipv4": r"^(\d{1,3}\.){3}\d{1,3}$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:",
}
_EXPRESSED = {
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
    "pattern", "format", "$ref", "title", "description", "default", "examples", "$comment", "definitions", "items",
    "properties", "required", "unit", "uses", "readOnly", "writeOnly",
}  # fmt: skip


class Expectation(NamedTuple):
    """One expectation, and the rule of the schema that it comes from."""

    type: str
    kwargs: dict[str, Any]
    path: str
    rule: str

    def content(self) -> dict[str, Any]:
        """As a suite holds it."""
        return {"type": self.type, "kwargs": self.kwargs, "meta": {"schema": {"path": self.path, "rule": self.rule}}}


def suite(document: SchemaDocument, name: str = "") -> dict[str, Any]:
    """The suite of a document: every rule of every field that Great Expectations has a word for."""
    found = list(expectations(document))
    about = {"schema": document.pin, "digest": document.digest, "not_expressed": list(not_expressed(document.schema))}
    return {
        "name": name or document.pin,
        "id": None,
        "expectations": [each.content() for each in found],
        "meta": {"great_expectations_version": FORM, "cornerman": about},
        "notes": document.content.get("title"),
    }


def expectations(document: SchemaDocument) -> Iterator[Expectation]:
    """First what is asked of the table, then of each field."""
    schema = document.schema
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = list(schema.get("required", ()))
    if schema.get("additionalProperties") is False and set(properties) == set(required):
        wanted = {"column_set": sorted(properties), "exact_match": True}
        yield Expectation("expect_table_columns_to_match_set", wanted, "", "additionalProperties")
    for field in required:
        yield Expectation("expect_column_to_exist", {"column": field}, f"/{escape(field)}", "required")
    for field, given in properties.items():
        inner = plain_form(given, schema)
        yield from _of_field(field, inner, types_of(given, schema), field in required)


def plain_form(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema with its reference followed, and out of a choice between null and something else the latter."""
    for _ in range(16):
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            try:
                schema = resolve(schema["$ref"], root)
            except Unmakeable:
                return {}
            continue
        for word in ("anyOf", "oneOf"):
            others = [each for each in schema.get(word, ()) if each != {"type": "null"}]
            if word in schema and len(others) == 1 and isinstance(others[0], dict):
                schema = {**{key: value for key, value in schema.items() if key != word}, **others[0]}
                break
        else:
            return dict(schema)
    return {}


def _of_field(field: str, schema: dict[str, Any], types: frozenset[str], required: bool) -> Iterator[Expectation]:
    path = f"/{escape(field)}"
    column: dict[str, Any] = {"column": field}
    named = [kind for kind in TYPE_NAMES if kind in types and not (kind == "integer" and "number" in types)]
    if required and "null" not in types:
        yield Expectation("expect_column_values_to_not_be_null", column, path, "type")
    if named and len(named) < len(TYPE_NAMES) - 1:
        names = dict.fromkeys(name for kind in named for name in TYPE_NAMES[kind])
        if "integer" in named and ("null" in types or not required):
            names["float64"] = None  # pandas makes floats of integers with gaps
        yield Expectation("expect_column_values_to_be_in_type_list", {**column, "type_list": list(names)}, path, "type")
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None:
        wanted = [value for value in values if value is not None]
        rule = "const" if "const" in schema else "enum"
        yield Expectation("expect_column_values_to_be_in_set", {**column, "value_set": wanted}, path, rule)
    yield from _of_bounds(column, schema, path)
    yield from _of_texts(column, schema, path)
    if types <= {"object", "array", "null"}:
        kwargs = {**column, "json_schema": schema}
        yield Expectation("expect_column_values_to_match_json_schema", kwargs, path, "properties")


def _of_bounds(column: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[Expectation]:
    """A rule each: a report that says "between" tells nobody which end was passed."""
    for rule, end, strict in (
        ("minimum", "min_value", False),
        ("exclusiveMinimum", "min_value", True),
        ("maximum", "max_value", False),
        ("exclusiveMaximum", "max_value", True),
    ):
        if rule in schema:
            kwargs = {**column, end: schema[rule], **({f"strict_{end[:3]}": True} if strict else {})}
            yield Expectation("expect_column_values_to_be_between", kwargs, path, rule)


def _of_texts(column: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[Expectation]:
    for rule, end in (("minLength", "min_value"), ("maxLength", "max_value")):
        if rule in schema:
            kwargs = {**column, end: schema[rule]}
            yield Expectation("expect_column_value_lengths_to_be_between", kwargs, path, rule)
    if _is_regex(schema.get("pattern")):
        kwargs = {**column, "regex": schema["pattern"]}
        yield Expectation("expect_column_values_to_match_regex", kwargs, path, "pattern")
    if schema.get("format") in _FORMATS:
        kwargs = {**column, "regex": _FORMATS[schema["format"]]}
        yield Expectation("expect_column_values_to_match_regex", kwargs, path, "format")


def _is_regex(pattern: Any) -> bool:
    """Whether Python, in which Great Expectations runs, reads a pattern that was written for JSON Schema."""
    try:
        re.compile(pattern)
    except (re.error, TypeError):
        return False
    return True


def not_expressed(schema: dict[str, Any]) -> Iterator[str]:
    """The rules that no expectation stands for, as JSON pointers into the schema."""
    table = {"type", "properties", "required", "definitions", "$comment", "title", "description", "examples", "default"}
    exact = schema.get("additionalProperties") is False
    if not (exact and set(schema.get("properties", ())) == set(schema.get("required", ()))) and exact:
        yield "/additionalProperties"
    yield from (f"/{escape(word)}" for word in schema if word not in table and word != "additionalProperties")
    for field, given in schema.get("properties", {}).items():
        inner = plain_form(given, schema)
        nested = types_of(given, schema) <= {"object", "array", "null"}
        for word in inner:
            known = word in _EXPRESSED and (word != "format" or inner[word] in _FORMATS)
            known = known and (word != "pattern" or _is_regex(inner[word]))
            if not nested and not known and not word.startswith("x-"):
                yield f"/properties/{escape(field)}/{escape(word)}"
