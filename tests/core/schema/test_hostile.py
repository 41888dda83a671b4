"""Schemas made to hang, to overflow the stack or to multiply: every call ends, and none takes the process with it."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from cornerman.core.errors import InvalidSchema
from cornerman.core.schema import compare, validator
from cornerman.core.schema.texts import texts

LONGEST = 10.0  # seconds; each takes about one, on machines that do several things at once


def chain(count: int, step: Any) -> dict[str, Any]:
    definitions = {f"d{index}": step(f"#/definitions/d{index + 1}") for index in range(count)}
    return {"definitions": {**definitions, f"d{count}": {"type": "integer"}}, **step("#/definitions/d0")}


def wide(count: int, keyword: str) -> dict[str, Any]:
    return {
        keyword: [
            {"properties": {"k": {"const": index}, f"p{index}": {"type": "integer"}}, "required": ["k"]}
            for index in range(count)
        ]
    }


def switches(count: int) -> dict[str, Any]:
    return {"allOf": [{"anyOf": [{"required": [f"a{index}"]}, {"required": [f"b{index}"]}]} for index in range(count)]}


HOSTILE: dict[str, Any] = {
    "deep": chain(2, lambda ref: {"properties": {"x": {"$ref": ref}}}),
    "long chain": chain(5_000, lambda ref: {"properties": {"x": {"$ref": ref}}}),
    "long chain through items": chain(1_000, lambda ref: {"properties": {"x": {"items": {"allOf": [{"$ref": ref}]}}}}),
    "doubling": chain(30, lambda ref: {"allOf": [{"$ref": ref}, {"$ref": ref}]}),
    "doubling below": chain(30, lambda ref: {"properties": {"a": {"$ref": ref}, "b": {"$ref": ref}}}),
    "recursive": {"properties": {"a": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}}},
    "recursive four times": {"allOf": [{"properties": {"a": {"$ref": "#"}}}] * 4},
    "wide oneOf": wide(1_000, "oneOf"),
    "wide anyOf": wide(1_000, "anyOf"),
    "switches": switches(30),
    "not of switches": {"not": switches(30)},
    "catastrophic pattern": {"type": "string", "pattern": "^(?=(a+)+$)(a+)+$"},
    "counted pattern": {"type": "string", "pattern": "^((a{1,50}){1,50}b)*$"},
    "many values": {"enum": list(range(20_000))},
    "counted through": {"type": "integer", "minimum": 0, "maximum": 10**9},
    "many properties": {"properties": {f"p{index}": {"maxLength": index} for index in range(5_000)}},
    "many conjuncts": {"allOf": [{"properties": {f"p{index}": {"type": "integer"}}} for index in range(2_000)]},
    "endless length": {"type": "array", "minItems": 10**12, "items": {"minLength": 10**12}},
    "huge number": {"minimum": 10**400, "multipleOf": 1e-300},
}


def changed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with every integer a number, every count one more, and one demand added."""
    text = json.dumps(schema).replace('"integer"', '"number"').replace('"required": ["a0"]', '"required": ["a0", "q"]')
    found: dict[str, Any] = copy.deepcopy(json.loads(text))
    if "enum" in found:
        found["enum"][0] = "another"
    return found | {"not": {"required": ["never"]}} if "not" not in found else found


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_every_comparison_ends_whatever_it_is_given(name: str) -> None:
    began = time.monotonic()
    try:
        verdict = compare(HOSTILE[name], changed(HOSTILE[name]), "FULL", "tolerant-reader")
    except InvalidSchema:
        verdict = None  # refused before it was looked at
    assert time.monotonic() - began < LONGEST
    assert verdict is None or verdict.compatible or verdict.reasons


@pytest.mark.slow
def test_no_chain_of_references_ends_the_process() -> None:
    """The library beneath follows them on the stack: 900 were too many for it when it was asked directly."""
    program = """if True:
        from cornerman.core.schema import compare
        for count in (300, 1_000):
            step = lambda at: {"properties": {"x": {"items": {"allOf": [{"$ref": f"#/definitions/d{at}"}]}}}}
            schema = {"definitions": {f"d{at}": step((at + 1) % count) for at in range(count)}, **step(0)}
            compare(schema, {**schema, "minProperties": 1}, "FULL")
        print("alive")
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "alive\n", done.stderr


@pytest.mark.parametrize(
    "schema",
    [
        HOSTILE["doubling"],
        {"definitions": {"a": {"not": {"$ref": "#/definitions/a"}}}, "$ref": "#/definitions/a"},
        {"anyOf": [{"$ref": "#"}, {"type": "string"}]},
    ],
    ids=["doubling", "its own negation", "itself or a string"],
)
def test_a_schema_that_would_check_one_value_for_ever_is_refused_at_once(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchema, match="references multiply"):
        validator(schema)


def test_recursion_through_the_parts_of_a_value_is_fine() -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    assert validator(tree).is_valid({"children": [{"children": []}]})
    wider = {**tree, "properties": {**tree["properties"], "name": {}}}  # type: ignore[dict-item]
    assert compare(tree, wider, "FULL").compatible
    tagged = {"type": "object", "properties": {**tree["properties"], "n": {"type": "integer"}}, "required": ["n"]}  # type: ignore[dict-item]
    verdict = compare(tree, tagged)
    assert not verdict.compatible
    assert verdict.counterexample is not None


@pytest.mark.parametrize("pattern", ["^a{2,3}$", "[A-Z]{2,4}", "(ab|cd)+x?", r"\d{4}-\d\d", "a|b|", "^[^a-c]$"])
def test_texts_are_made_for_patterns(pattern: str) -> None:
    check = validator({"type": "string", "pattern": pattern})
    assert any(check.is_valid(text) for text in texts(pattern))
    assert len(texts("(a|b|c){60}[0-9]{60}")) < 200
