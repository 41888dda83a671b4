"""Samples are what they say: valid ones are allowed, mutated ones break the rule they name, the same for a seed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.errors import InvalidSchema
from cornerman.core.schema import validator
from cornerman.core.schema.infer import infer
from cornerman.core.schema.pattern_text import text_for
from cornerman.core.schema.samples import legacy, mutated, valid

TICKS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ts": {"type": "string", "format": "date-time"},
        "symbol": {"type": "string", "pattern": "^[A-Z]{1,5}$"},
        "price": {"type": "number", "exclusiveMinimum": 0},
        "size": {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 2},
        "side": {"enum": ["B", "S"]},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "uniqueItems": True, "maxItems": 3},
        "venue": {"$ref": "#/definitions/venue"},
    },
    "required": ["ts", "symbol", "price", "size"],
    "additionalProperties": False,
    "definitions": {"venue": {"oneOf": [{"type": "null"}, {"type": "string", "maxLength": 4}]}},
}
HARD: list[dict[str, Any]] = [
    TICKS,
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "integer", "minimum": 5}}}]},
    {"type": "array", "items": [{"type": "integer"}, {"type": "string"}], "additionalItems": False, "minItems": 2},
    {"type": "object", "patternProperties": {"^x_[a-z]+$": {"type": "number"}}, "minProperties": 2,
     "additionalProperties": False},
    {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"],
     "if": {"properties": {"kind": {"const": "a"}}},
     "then": {"required": ["n"], "properties": {"n": {"type": "null"}}}},
    {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["next"]},
    {"type": "object", "properties": {"card": {"type": "string"}}, "required": ["card"],
     "dependencies": {"card": ["address"]}},
    {"type": "array", "contains": {"const": 7}, "items": {"type": "integer"}},
    {"type": ["integer", "null"], "not": {"const": 0}},
]  # fmt: skip


@pytest.mark.parametrize("schema", HARD)
def test_valid_samples_are_valid(schema: dict[str, Any]) -> None:
    judge = validator(schema)
    samples = valid(schema, 40, seed=3)
    assert len(samples) == 40
    assert all(map(judge.is_valid, samples))


@pytest.mark.parametrize("schema", HARD)
def test_mutated_samples_break_the_rule_they_name(schema: dict[str, Any]) -> None:
    judge = validator(schema)
    samples = mutated(schema, 30, seed=3)
    assert len(samples) == 30
    for sample in samples:
        assert (sample.rule, sample.path) in [(problem.rule, problem.path) for problem in judge.problems(sample.value)]


def test_every_rule_of_a_schema_is_broken() -> None:
    rules = {sample.rule for sample in mutated(TICKS, 60)}
    assert rules >= {
        "type", "format", "pattern", "exclusiveMinimum", "minimum", "maximum", "multipleOf", "enum", "minLength",
        "uniqueItems", "maxItems", "required", "additionalProperties", "oneOf",
    }  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.text(max_size=4)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_samples_of_any_inferred_schema(records: list[Any]) -> None:
    schema = infer(records, tight=True).document().schema
    judge = validator(schema)
    assert all(map(judge.is_valid, valid(schema, 5)))
    assert not any(judge.is_valid(sample.value) for sample in mutated(schema, 5))


def test_a_seed_makes_the_same_samples() -> None:
    assert valid(TICKS, 20, seed=5) == valid(TICKS, 20, seed=5) != valid(TICKS, 20, seed=6)
    assert mutated(TICKS, 20, seed=5) == mutated(TICKS, 20, seed=5)
    assert valid(TICKS, 20)[:7] == valid(TICKS, 7)
    assert legacy(20, seed=5) == legacy(20, seed=5) != legacy(20, seed=6)


def test_a_schema_that_allows_nothing_is_said() -> None:
    with pytest.raises(InvalidSchema, match="No document"):
        valid({"type": "string", "minLength": 5, "maxLength": 2}, 1)
    assert mutated({}, 5) == []


@pytest.mark.parametrize("pattern", [r"^\d{3}-[A-Z]+$", r"(a|bc)+?x", r"[^abc]\w\s", r"^(?:[0-9a-f]{2}:){5}$"])
def test_a_text_for_a_pattern_matches_it(pattern: str) -> None:
    import random
    import re

    for seed in range(20):
        text = text_for(pattern, random.Random(seed))
        assert text is not None
        assert re.search(pattern, text)


def test_legacy_steps_have_no_version_or_zero() -> None:
    assert {step.get("payload_version", 0) for step in legacy(40)} == {0}
    assert any("observation_json" in step for step in legacy(40))
