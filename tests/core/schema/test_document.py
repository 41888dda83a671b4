"""A document is read in the form the source shows, and what would be misread in silence is refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cornerman.core.errors import InvalidSchema, InvalidVersion
from cornerman.core.schema import Pin, base_of, bump_between, latest, line, next_version, order, parse, parse_pin
from cornerman.core.schema.validate import validator

TICKS: dict[str, Any] = {
    "id": "ticks_v1",
    "schema_version": "http://json-schema.org/draft-07/schema#",
    "title": "Level-1 Tick Data",
    "type": "object",
    "properties": {
        "ts": {"type": "string", "format": "date-time"},
        "symbol": {"type": "string"},
        "price": {"type": "number"},
        "size": {"type": "integer"},
        "side": {"type": "string", "enum": ["B", "S"]},
    },
    "required": ["ts", "symbol", "price", "size"],
    "additionalProperties": False,
    "arrow": {
        "fields": [
            {"name": "ts", "type": {"name": "timestamp", "unit": "us"}},
            {"name": "symbol", "type": {"name": "utf8"}},
            {"name": "price", "type": {"name": "float64"}},
            {"name": "size", "type": {"name": "int32"}},
            {"name": "side", "type": {"name": "utf8"}},
        ]
    },
    "version": "1.0.0",
}


def test_the_source_form_is_read_and_the_registry_keys_are_taken_out() -> None:
    found = parse(json.dumps(TICKS))
    assert found.pin == "ticks_v1@1.0.0"
    assert set(found.schema) == {"title", "type", "properties", "required", "additionalProperties"}
    assert found.arrow == TICKS["arrow"]
    assert found.content == TICKS


def test_the_digest_does_not_depend_on_the_order_of_keys_nor_on_how_a_number_is_written() -> None:
    assert parse(dict(reversed(TICKS.items()))).digest == parse(TICKS).digest
    one, same = ({"id": "a", "version": "1.0.0", "minimum": bound} for bound in (1, 1.0))
    assert parse(one).digest == parse(same).digest


def test_standard_names_are_accepted_and_references_through_the_own_id_still_resolve() -> None:
    found = parse(
        {
            "$id": "https://example.org/s/x.schema.json",
            "$schema": "http://json-schema.org/draft-07/schema#",
            "version": "2.1.0",
            "properties": {"a": {"$ref": "https://example.org/s/x.schema.json#/definitions/n"}},
            "definitions": {"n": {"type": "integer"}},
        }
    )
    assert found.pin == "x@2.1.0"
    assert validator(found).is_valid({"a": 1})
    assert not validator(found).is_valid({"a": "one"})


def test_id_and_version_may_come_from_outside_but_must_not_contradict() -> None:
    assert parse({"type": "object"}, id="a", version="1.0.0").pin == "a@1.0.0"
    with pytest.raises(InvalidSchema, match="several ids"):
        parse({"id": "a", "version": "1.0.0"}, id="b")
    with pytest.raises(InvalidSchema, match=r"not 1\.0\.1"):
        parse({"id": "a", "version": "1.0.0"}, version="1.0.1")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "draft-07"),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "draft-07"),
        ({"properties": {"a": {"prefixItems": [{}]}}}, "ignores it in silence"),
        ({"properties": {"a": {"type": "strng"}}}, "/properties/a/type"),
        ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern"),
        ({"$ref": "#/definitions/nowhere"}, "does not exist"),
        ({"$ref": "http://example.org/other.json"}, "must point into the document"),
        ({"version": "1.0"}, "MAJOR.MINOR.PATCH"),
        ({"version": "1.0.0-rc1"}, "MAJOR.MINOR.PATCH"),
        ({"version": 1}, "MAJOR.MINOR.PATCH"),
        ({"id": "a b"}, "no schema id"),
        ({"arrow": {}}, "Arrow"),
    ],
)
def test_a_bad_document_is_refused_with_its_reason(document: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        parse({"id": "a", "version": "1.0.0"} | document)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "3",
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "[" * 100_000,
        b"\xff",
        '{"id": "a", "version": "1.0.0", "title": "\\ud800"}',
    ],
)
def test_what_is_no_json_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidSchema):
        parse(text)


def test_a_property_may_be_named_like_a_keyword_of_a_later_draft() -> None:
    parse({"id": "a", "version": "1.0.0", "properties": {"prefixItems": {"type": "string"}}})


def test_pins_name_a_version_or_the_latest() -> None:
    assert parse_pin("a.b@1.2.0") == Pin("a.b", "1.2.0")
    assert parse_pin("a.b") == parse_pin("a.b@latest") == Pin("a.b")
    with pytest.raises(InvalidVersion):
        parse_pin("a@1")


def test_versions_are_ordered_by_number_and_a_line_goes_on_after_a_new_major() -> None:
    known = ["1.0.0", "1.10.0", "1.2.0", "2.0.0"]
    assert order(known) == ["1.0.0", "1.2.0", "1.10.0", "2.0.0"]
    assert latest(known) == "2.0.0"
    assert base_of(known, "1.11.0") == "1.10.0"
    assert line(known, "1.11.0") == ["1.0.0", "1.2.0", "1.10.0"]
    assert base_of(known, "3.0.0") == "2.0.0"
    assert next_version(known, "1.10.0", "major") == "3.0.0"
    assert bump_between("1.10.0", "1.10.1") == "patch"
    with pytest.raises(InvalidVersion, match=r"below 1\.10\.0"):
        base_of(known, "1.3.0")


def test_problems_say_where_by_which_rule_and_what_was_expected() -> None:
    found = validator(parse(TICKS)).problems({"ts": "now", "symbol": 3, "size": 1, "venue": "X"})
    assert {(each.path, each.rule) for each in found} == {
        ("/price", "required"),
        ("/ts", "format"),
        ("/symbol", "type"),
        ("/venue", "additionalProperties"),
    }
    assert next(each for each in found if each.rule == "type").expected == "string"


def test_what_is_no_json_is_a_problem_and_not_an_error() -> None:
    assert validator(parse(TICKS)).problems({"price": b"3"})[0].rule == "json"


@pytest.mark.parametrize(
    "content", [{"id": "a/ticks"}, {"schema_id": "../ticks"}, {"version": "1.9223372036854775807.0"}]
)
def test_names_and_versions_that_another_could_be_taken_for_are_refused(content: dict[str, Any]) -> None:
    """a/ticks and b/ticks would both be ticks; nobody can count on from the largest integer of a database."""
    with pytest.raises(InvalidSchema):
        parse({"id": "ticks", "version": "1.0.0"} | content)
