"""What a verdict says beside yes and no: modes, policies, bumps, histories, renames, the content model."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cornerman.core.errors import InvalidOption, InvalidSchema
from cornerman.core.schema import SchemaDocument, compare, compare_history, parse
from cornerman.core.schema.policies import MEANINGS, MODES, POLICIES
from cornerman.core.schema.rules import RULES

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


def edited(base: dict[str, Any], version: str, *edits: Any) -> dict[str, Any]:
    found = copy.deepcopy(base)
    found["version"] = version
    for edit in edits:
        edit(found)
    return found


def with_exchange(found: dict[str, Any]) -> None:
    found["properties"]["exchange_id"] = {"type": ["string", "null"]}
    found["arrow"]["fields"].append({"name": "exchange_id", "type": {"name": "utf8"}, "nullable": True})


def with_last_price(found: dict[str, Any]) -> None:
    found["properties"]["last_price"] = found["properties"].pop("price")
    found["required"] = ["ts", "symbol", "last_price", "size"]
    found["arrow"]["fields"][2]["name"] = "last_price"


def with_long_size(found: dict[str, Any]) -> None:
    found["arrow"]["fields"][3]["type"] = {"name": "int64"}


V100 = parse(TICKS)
V110 = parse(edited(TICKS, "1.1.0", with_exchange))
V120 = parse(edited(TICKS, "1.2.0", with_exchange, with_long_size))
V200 = parse(edited(TICKS, "2.0.0", with_exchange, with_last_price))


# --- the three steps of the source document -------------------------------------------------------------------------


def test_step_1_a_nullable_column_is_backward_only_because_the_object_is_closed() -> None:
    """The source says old readers ignore the column. They do not: the document that they refuse is shown."""
    assert compare(V100, V110, "BACKWARD").compatible
    assert compare(V100, V110, "BACKWARD").bump == "minor"
    verdict = compare(V100, V110, "FORWARD")
    assert not verdict.compatible
    assert "exchange_id" in verdict.counterexample.document  # type: ignore[union-attr]
    assert {reason.rule for reason in verdict.reasons} == {"optional-property-added", "arrow-field-unknown"}
    assert "closed" in verdict.reasons[0].sentence
    assert compare(V100, V110, "FULL", "tolerant-reader").compatible


def test_step_2_the_rename_is_told_as_one_and_is_a_major() -> None:
    verdict = compare(V110, V200)
    assert not verdict.compatible
    assert verdict.bump == "major"
    assert verdict.reasons[0].rule == "property-renamed"
    assert "`price` was renamed to `last_price`" in verdict.reasons[0].sentence
    (rename,) = verdict.renames
    assert rename.step == {"op": "rename", "at": "", "from": "price", "to": "last_price"}
    assert not rename.declared


def test_step_3_the_wider_column_is_seen_in_the_arrow_block_alone_and_follows_its_own_line() -> None:
    """The source gives it version 1.2.0 after 2.0.0: it goes on in the 1.x line and is compared within that."""
    verdict = compare(V110, V120)
    assert verdict.compatible
    assert verdict.bump == "minor"
    back = compare(V110, V120, "FORWARD")
    assert [reason.rule for reason in back.reasons] == ["arrow-type-changed"]
    assert "int64" in back.reasons[0].sentence
    history = compare_history([V100, V110, V200], V120, "BACKWARD_TRANSITIVE")
    assert [version for version, _ in history.verdicts] == ["1.0.0", "1.1.0"]
    assert history.compatible
    assert history.bump == "minor"


# --- modes, policies, bumps -----------------------------------------------------------------------------------------


def test_the_seven_modes_and_three_policies_are_explained() -> None:
    assert len(MODES) == 7
    assert len(POLICIES) == 3
    assert set(MEANINGS) == {*MODES, *POLICIES}
    with pytest.raises(InvalidOption, match="FULL_TRANSITIVE"):
        compare({}, {}, "SIDEWAYS")
    with pytest.raises(InvalidOption, match="tolerant-reader"):
        compare({}, {}, policy="lax")


def test_none_compares_nothing_and_still_names_the_step() -> None:
    verdict = compare({"type": "string"}, {"type": "integer"}, "NONE")
    assert verdict.compatible
    assert verdict.bump == "minor"
    assert verdict.backward == "disproved"


def test_identical_content_needs_no_version_and_an_annotation_a_patch() -> None:
    again = parse(dict(reversed(TICKS.items())) | {"version": "1.0.1"})
    assert compare(V100, again).bump == "none"
    said = parse(edited(TICKS, "1.0.1", lambda found: found.update(description="Ticks.")))
    assert compare(V100, said, "FULL").bump == "patch"


def test_an_optional_property_of_an_open_object_names_the_content_model_and_shows_the_document() -> None:
    old = {"type": "object", "properties": {"a": {"type": "string"}}}
    new = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    verdict = compare(old, new)
    (reason,) = verdict.reasons
    assert "open (additionalProperties is not false)" in reason.sentence
    assert "tolerant-reader" in reason.fix
    assert verdict.counterexample is not None
    assert not isinstance(verdict.counterexample.document["b"], int)
    assert compare(old, new, policy="tolerant-reader").compatible


def test_full_under_strict_says_that_a_closed_object_cannot_change_its_fields() -> None:
    verdict = compare(V100, V110, "FULL")
    assert any("no change of the fields of a closed object" in note for note in verdict.notes)


def test_a_required_property_with_a_default_is_compatible_only_where_readers_fill_it() -> None:
    old: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    new = {**old, "properties": {"n": {"type": "integer", "default": 1}}, "required": ["n"]}
    assert not compare(old, new).compatible
    assert compare(old, new, policy="defaults-filled").compatible
    wrong = {**new, "properties": {"n": {"type": "integer", "default": "one"}}}
    assert not compare(old, wrong, policy="defaults-filled").compatible


def test_a_tolerant_reader_is_not_assumed_where_dropping_could_change_a_branch() -> None:
    shut = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    old = {"oneOf": [shut, {"type": "object", "properties": {"b": {}}, "required": ["b"]}]}
    new = {"oneOf": [{**shut, "minProperties": 1}, old["oneOf"][1]]}
    assert not compare(old, new, policy="tolerant-reader").compatible


def test_a_history_is_compared_with_each_version_when_transitive() -> None:
    first = parse({"id": "a", "version": "1.0.0", "type": "string", "maxLength": 9})
    second = parse({"id": "a", "version": "1.1.0", "type": "string", "maxLength": 5})
    third = parse({"id": "a", "version": "1.2.0", "type": "string", "maxLength": 7})
    assert compare_history([second, first], third).compatible
    transitive = compare_history([second, first], third, "BACKWARD_TRANSITIVE")
    assert not transitive.compatible
    assert transitive.bump == "major"
    assert [verdict.compatible for _, verdict in transitive.verdicts] == [False, True]


def test_the_first_version_of_a_major_is_shown_against_the_last_one_below() -> None:
    history = compare_history([V100, V110], V200, "FULL_TRANSITIVE")
    assert [version for version, _ in history.verdicts] == ["1.1.0"]
    assert compare_history([], V100).bump == "none"


# --- renames --------------------------------------------------------------------------------------------------------


def test_a_declared_rename_needs_no_likeness() -> None:
    legs: dict[str, Any] = {"type": "array", "items": _closed({"px": {"type": "number"}})}
    old: dict[str, Any] = {"type": "object", "properties": {"legs": legs}}
    new = copy.deepcopy(old)
    inner = new["properties"]["legs"]["items"]
    inner["properties"] = {"level": {"type": "number", "x-renamed-from": "px"}}
    (rename,) = compare(old, new).renames
    assert rename.declared
    assert rename.step == {"op": "rename", "at": "/legs/*", "from": "px", "to": "level"}


def test_names_or_schemas_that_differ_are_no_rename() -> None:
    for name, schema in (("colour", {"type": "number"}), ("last_price", {"type": "string"})):
        verdict = compare(_closed({"price": {"type": "number"}}), _closed({name: schema}), "FULL")
        assert not verdict.renames
        assert {reason.rule for reason in verdict.reasons} >= {"property-removed"}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


# --- what cannot be decided -----------------------------------------------------------------------------------------


def test_unknown_is_refused_and_says_so() -> None:
    old, new = ({"type": "string", "pattern": pattern} for pattern in ("^(?!a)b+$", "^(?!c)b+$"))
    verdict = compare(old, new)
    assert not verdict.compatible
    assert verdict.unknown
    assert verdict.backward == "unknown"
    assert verdict.bump == "major"


def test_a_reference_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(InvalidSchema, match="points to nothing"):
        compare({"$ref": "#/definitions/a"}, {})


def test_every_rule_reads_as_a_sentence() -> None:
    for rule in RULES.values():
        assert rule.says.endswith(".")
        assert rule.fix or rule.fix_forward
        assert not (rule.old and not rule.fix)


def test_documents_and_bare_schemas_have_the_same_answers() -> None:
    assert isinstance(V100, SchemaDocument)
    assert compare(V100.schema, V200.schema).compatible is compare(V100, V200).compatible
