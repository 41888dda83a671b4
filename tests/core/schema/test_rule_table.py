"""Every kind of change, with the two answers that set inclusion gives: may new readers take old data, and old readers new?

The third column is the rule that explains the side which breaks.
"""

from __future__ import annotations

from typing import Any

import pytest

from cornerman.core.schema import compare, validator

Y, N = True, False
S: dict[str, Any] = {"type": "string"}
I: dict[str, Any] = {"type": "integer"}  # noqa: E741 - the table is easier to read with one letter for each type
NUM: dict[str, Any] = {"type": "number"}


def obj(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": properties, **more}
    return found | ({"required": list(required)} if required else {})


def closed(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return obj(properties, *required, additionalProperties=False, **more)


def arr(**more: Any) -> dict[str, Any]:
    return {"type": "array", **more}


A = {"a": S}
TAG_A, TAG_B = ({"type": "object", "properties": {"k": {"const": tag}}, "required": ["k"]} for tag in "ab")

TABLE: list[tuple[str, Any, Any, bool, bool, str]] = [
    # change, old, new, BACKWARD, FORWARD, a rule that is told
    ("optional property added, old open", obj(A), obj({**A, "b": I}), N, Y, "optional-property-added"),
    ("same, its schema is true", obj(A), obj({**A, "b": {}}), Y, Y, ""),
    ("optional property added, old closed", closed(A), closed({**A, "b": I}), Y, N, "optional-property-added"),
    ("property added that the rest implies", obj(A, additionalProperties=I), obj({**A, "b": I}, additionalProperties=I), Y, Y, ""),
    ("property added that a pattern implies", closed(A, patternProperties={"^b": I}), closed({**A, "b": I}, patternProperties={"^b": I}), Y, Y, ""),
    ("required property added, old open", obj(A), obj({**A, "b": I}, "b"), N, Y, "required-property-added"),
    ("required property added, old closed", closed(A), closed({**A, "b": I}, "b"), N, N, "required-property-added"),
    ("optional becomes required", obj(A), obj(A, "a"), N, Y, "property-became-required"),
    ("name put in required only", obj(A), obj(A, "b"), N, Y, "property-became-required"),
    ("required dropped", obj(A, "a"), obj(A), Y, N, "property-became-optional"),
    ("property removed, new open", obj({**A, "b": I}), obj(A), Y, N, "property-removed"),
    ("property removed, new closed", closed({**A, "b": I}), closed(A), N, Y, "property-removed"),
    ("open to closed", obj(A), closed(A), N, Y, "object-closed"),
    ("true written out, then closed", obj(A, additionalProperties=True), closed(A), N, Y, "object-closed"),
    ("closed to open", closed(A), obj(A), Y, N, "object-opened"),
    ("absent to true", obj(A), obj(A, additionalProperties=True), Y, Y, ""),
    ("rest widened", obj(A, additionalProperties=I), obj(A, additionalProperties=NUM), Y, N, "rest-changed"),
    ("rest narrowed", obj(A, additionalProperties=NUM), obj(A, additionalProperties=I), N, Y, "rest-changed"),
    ("schema of a kept pattern narrowed", obj({}, patternProperties={"^x": NUM}), obj({}, patternProperties={"^x": I}), N, Y, "named-pattern-changed"),
    ("propertyNames added", obj(A), obj(A, propertyNames={"maxLength": 3}), N, Y, "names-changed"),
    ("propertyNames tightened", obj(A, propertyNames={"maxLength": 9}), obj(A, propertyNames={"maxLength": 3}), N, Y, "names-changed"),
    ("dependency added", obj(A), obj(A, dependencies={"a": ["b"]}), N, Y, "dependency-added"),
    ("dependency extended", obj(A, dependencies={"a": ["b"]}), obj(A, dependencies={"a": ["b", "c"]}), N, Y, "dependency-changed"),
    ("dependency removed", obj(A, dependencies={"a": ["b"]}), obj(A), Y, N, "dependency-removed"),
    ("schema dependency added", obj(A), obj(A, dependencies={"a": {"required": ["b"]}}), N, Y, "dependency-added"),
    ("minProperties raised", obj(A, minProperties=1), obj(A, minProperties=2), N, Y, "min-properties-raised"),
    ("maxProperties raised", obj(A, maxProperties=1), obj(A, maxProperties=2), Y, N, "max-properties-raised"),
    ("minItems raised", arr(minItems=1), arr(minItems=2), N, Y, "min-items-raised"),
    ("maxItems removed", arr(maxItems=2), arr(), Y, N, "max-items-raised"),
    ("minLength raised", {**S, "minLength": 1}, {**S, "minLength": 2}, N, Y, "min-length-raised"),
    ("maxLength raised", {**S, "maxLength": 3}, {**S, "maxLength": 4}, Y, N, "max-length-raised"),
    ("integer to number", I, NUM, Y, N, "integer-to-number"),
    ("number to integer", NUM, I, N, Y, "number-to-integer"),
    ("T to T or null", S, {"type": ["string", "null"]}, Y, N, "null-allowed"),
    ("T to anyOf T, null", S, {"anyOf": [S, {"type": "null"}]}, Y, N, "null-allowed"),
    ("null taken away", {"type": ["string", "null"]}, S, N, Y, "null-refused"),
    ("type list shortened", {"type": ["string", "integer"]}, S, N, Y, "type-narrowed"),
    ("type replaced", S, I, N, N, "type-changed"),
    ("enum value added", {"enum": ["B"]}, {"enum": ["B", "S"]}, Y, N, "enum-value-added"),
    ("enum value removed", {"enum": ["B", "S"]}, {"enum": ["B"]}, N, Y, "enum-value-removed"),
    ("enum value removed, not strings", {"enum": [1, None]}, {"enum": [1]}, N, Y, "enum-value-removed"),
    ("bare enum of strings to string", {"enum": ["B", "S"]}, S, Y, N, "enum-dropped"),
    ("string to enum", S, {"enum": ["B", "S"]}, N, Y, "enum-introduced"),
    ("const changed", {"const": 1}, {"const": 2}, N, N, "const-changed"),
    ("maximum raised", {**NUM, "maximum": 5}, {**NUM, "maximum": 6}, Y, N, "maximum-raised"),
    ("maximum lowered", {**NUM, "maximum": 6}, {**NUM, "maximum": 5}, N, Y, "maximum-lowered"),
    ("minimum removed", {**NUM, "minimum": 5}, NUM, Y, N, "minimum-lowered"),
    ("minimum added", NUM, {**NUM, "minimum": 5}, N, Y, "minimum-raised"),
    ("exclusiveMaximum lowered", {**NUM, "exclusiveMaximum": 6}, {**NUM, "exclusiveMaximum": 5}, N, Y, "maximum-lowered"),
    ("minimum 5 to exclusiveMinimum 4", {**I, "minimum": 5}, {**I, "exclusiveMinimum": 4}, Y, Y, ""),
    ("multipleOf added", I, {**I, "multipleOf": 2}, N, Y, "multiple-changed"),
    ("multipleOf 2 to 4", {**I, "multipleOf": 2}, {**I, "multipleOf": 4}, N, Y, "multiple-changed"),
    ("multipleOf 4 to 2", {**I, "multipleOf": 4}, {**I, "multipleOf": 2}, Y, N, "multiple-changed"),
    ("multipleOf removed", {**I, "multipleOf": 4}, I, Y, N, "multiple-changed"),
    ("pattern added", S, {**S, "pattern": "^a"}, N, Y, "pattern-added"),
    ("pattern changed", {**S, "pattern": "^a"}, {**S, "pattern": "^b"}, N, N, "pattern-changed"),
    ("pattern removed", {**S, "pattern": "^a"}, S, Y, N, "pattern-removed"),
    ("format added; formats are asserted", S, {**S, "format": "date"}, N, Y, "format-added"),
    ("format removed", {**S, "format": "date"}, S, Y, N, "format-removed"),
    ("format unknown to the validator", S, {**S, "format": "money"}, Y, Y, ""),
    ("contentEncoding added", S, {**S, "contentEncoding": "base64"}, N, Y, "content-changed"),
    ("title, description, default, examples", S, {**S, "title": "A", "description": "b", "default": "c", "examples": ["d"], "$comment": "e"}, Y, Y, ""),
    ("items schema added", arr(), arr(items=S), N, Y, "restricted"),
    ("items schema removed", arr(items=S), arr(), Y, N, "anything-allowed"),
    ("tuple longer, old closed", arr(items=[S], additionalItems=False), arr(items=[S, I], additionalItems=False), Y, N, "tuple-longer"),
    ("tuple longer, old open", arr(items=[S]), arr(items=[S, I]), N, Y, "tuple-longer"),
    ("tuple shorter, new open", arr(items=[S, I]), arr(items=[S]), Y, N, "tuple-shorter"),
    ("tuple shorter, new closed", arr(items=[S, I], additionalItems=False), arr(items=[S], additionalItems=False), N, Y, "tuple-shorter"),
    ("closed tuple to a list that covers it", arr(items=[S, I], additionalItems=False), arr(items={"type": ["string", "integer"]}), Y, N, "items-changed"),
    ("additionalItems without a tuple", arr(items=S), arr(items=S, additionalItems=False), Y, Y, ""),
    ("uniqueItems added", arr(items=I), arr(items=I, uniqueItems=True), N, Y, "unique-items-added"),
    ("contains added", arr(), arr(contains={"const": 1}), N, Y, "contains-changed"),
    ("allOf branch added", {"allOf": [S]}, {"allOf": [S, {"minLength": 2}]}, N, Y, "all-of-changed"),
    ("allOf branch removed", {"allOf": [S, {"minLength": 2}]}, {"allOf": [S]}, Y, N, "all-of-changed"),
    ("anyOf branch added", {"anyOf": [S, I]}, {"anyOf": [S, I, {"type": "null"}]}, Y, N, "null-allowed"),
    ("anyOf branch removed", {"anyOf": [S, I, {"type": "boolean"}]}, {"anyOf": [S, I]}, N, Y, "any-of-branch-removed"),
    ("oneOf branch added, disjoint", {"oneOf": [S, TAG_A]}, {"oneOf": [S, TAG_A, TAG_B]}, Y, N, "one-of-changed"),
    ("oneOf branch added, overlapping", {"oneOf": [S, {**I, "maximum": 5}]}, {"oneOf": [S, {**I, "maximum": 5}, {**I, "minimum": 3}]}, N, N, "one-of-changed"),
    ("anyOf integer, number to number", {"anyOf": [I, NUM]}, NUM, Y, Y, ""),
    ("not: inner widened", {**I, "not": {"enum": [1]}}, {**I, "not": {"enum": [1, 2]}}, N, Y, "not-changed"),
    ("not: inner narrowed", {**I, "not": {"enum": [1, 2]}}, {**I, "not": {"enum": [1]}}, Y, N, "not-changed"),
    ("if / then added", obj({"a": S, "b": S}), obj({"a": S, "b": S}, **{"if": {"required": ["a"]}, "then": {"required": ["b"]}}), N, Y, "condition-changed"),
    ("anything to true", obj(A), {}, Y, N, "anything-allowed"),
    ("true to false", {}, {"not": {}}, N, Y, "nothing-allowed"),
    ("target of a reference changed", {"$ref": "#/definitions/a", "definitions": {"a": I}}, {"$ref": "#/definitions/a", "definitions": {"a": NUM}}, Y, N, "integer-to-number"),
    ("reference inlined", obj({"x": {"$ref": "#/definitions/a"}}, definitions={"a": I}), obj({"x": I}), Y, Y, ""),
    ("property renamed", closed({"price": NUM}, "price"), closed({"last_price": NUM}, "last_price"), N, N, "property-renamed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward", "rule"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_both_answers_are_those_of_inclusion(old: Any, new: Any, backward: bool, forward: bool, rule: str) -> None:
    for mode, holds in (("BACKWARD", backward), ("FORWARD", forward), ("FULL", backward and forward)):
        verdict = compare(old, new, mode)
        assert verdict.compatible is holds
        assert verdict.bump == ("major" if not holds else "patch" if backward and forward else "minor")
        if not holds:
            assert rule in [reason.rule for reason in verdict.reasons]
            shown = verdict.counterexample
            assert shown is not None
            sides = {"old": old, "new": new}
            assert validator(sides[shown.valid_under]).is_valid(shown.document)
            assert not validator(sides[shown.refused_by]).is_valid(shown.document)


@pytest.mark.parametrize(
    ("old", "new", "backward", "forward", "rule"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_same_change_deep_inside_has_the_same_answers_and_the_path(
    old: Any, new: Any, backward: bool, forward: bool, rule: str
) -> None:
    places = {
        name: side.pop("definitions")
        for name, side in (("old", dict(old)), ("new", dict(new)))
        if "definitions" in side
    }
    deep = [
        obj({"legs": arr(items=obj({"part": {k: v for k, v in side.items() if k != "definitions"}}, "part"))}, "legs")
        | ({"definitions": places[name]} if name in places else {})
        for name, side in (("old", old), ("new", new))
    ]
    verdict = compare(*deep, "FULL", search=False)
    assert (verdict.backward == "proved", verdict.forward == "proved") == (backward, forward)
    assert all(reason.path.startswith("/properties/legs/items/properties/part") for reason in verdict.reasons)


def test_every_reason_is_a_sentence_with_a_remedy() -> None:
    for _, old, new, *_ in TABLE:
        for reason in compare(old, new, "FULL", search=False).reasons:
            assert reason.sentence.endswith(".")
            assert "{" not in reason.sentence.replace("{2", "")
            assert reason.fix
