"""Promises over random schemas: no document contradicts a verdict, and what is shown is as it is claimed."""

from __future__ import annotations

import random
import re
from typing import Any

import jsonschema_rs
import pytest
import schema_corpus as corpus
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs.canonical import Containment

from cornerman.core.schema import compare, validator

seeds = st.integers(min_value=0, max_value=2**40)
DOCUMENTS = 60


def valid_documents(rng: random.Random, schema: dict[str, Any]) -> list[Any]:
    check = validator(schema)
    drawn = [corpus.document(rng, schema, schema) for _ in range(DOCUMENTS)]
    return [document for document in drawn if check.is_valid(document)]


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_compatible_is_never_contradicted_by_a_document(seed: int) -> None:
    rng = random.Random(seed)
    old, new = corpus.mixed(rng)
    verdict = compare(old, new, search=False)
    if verdict.backward == "proved":
        assert all(validator(new).is_valid(document) for document in valid_documents(rng, old))
    if verdict.forward == "proved":
        assert all(validator(old).is_valid(document) for document in valid_documents(rng, new))


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_set_algebra_never_disproves_what_the_structure_proved(seed: int) -> None:
    old, new = corpus.mixed(random.Random(seed))
    if compare(old, new, search=False).compatible:
        old_form, new_form = (jsonschema_rs.canonicalize(each, draft=7, validate_formats=True) for each in (old, new))
        assert new_form.covers(old_form) != Containment.NO


@settings(max_examples=60, deadline=None)
@given(
    seeds,
    st.sampled_from(["BACKWARD", "FORWARD", "FULL"]),
    st.sampled_from(["strict", "defaults-filled", "tolerant-reader"]),
)
def test_a_counterexample_is_as_it_is_claimed_and_goes_with_reasons(seed: int, mode: str, policy: str) -> None:
    old, new = corpus.mixed(random.Random(seed))
    verdict = compare(old, new, mode, policy)
    assert verdict.compatible == (not verdict.reasons)
    if verdict.counterexample is not None:
        shown, sides = verdict.counterexample, {"old": old, "new": new}
        assert not verdict.compatible
        assert validator(sides[shown.valid_under]).is_valid(shown.document)
        assert not validator(sides[shown.refused_by]).is_valid(shown.document)
        assert shown.valid_under == {"backward": "old", "forward": "new"}[shown.direction]


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_widening_is_accepted_and_the_way_back_is_refused_with_a_document(seed: int) -> None:
    old, new, _ = corpus.change(random.Random(seed))
    forth = compare(old, new)
    assert forth.compatible
    if forth.bump == "minor":
        back = compare(new, old)
        assert back.compatible or back.counterexample is not None or back.unknown


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_searching_changes_the_document_shown_and_never_the_answer(seed: int) -> None:
    old, new = corpus.mixed(random.Random(seed))
    assert compare(old, new, "FULL").compatible is compare(old, new, "FULL", search=False).compatible


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_a_schema_may_follow_itself_under_every_mode_and_policy(seed: int) -> None:
    schema = corpus.schema(random.Random(seed))
    for policy in ("strict", "defaults-filled", "tolerant-reader"):
        verdict = compare(schema, {**schema, "title": "The same"}, "FULL_TRANSITIVE", policy)
        assert verdict.compatible
        assert verdict.bump == ("patch" if policy == "strict" else verdict.bump)


# --- what the policies promise, done by hand ------------------------------------------------------------------------

COMBINED = {"anyOf", "oneOf", "allOf", "not", "if", "dependencies", "$ref"}


def alone(schema: Any) -> dict[str, Any] | None:
    """The schema of objects and lists where nothing else is about the same value; None where something is."""
    if not isinstance(schema, dict):
        return None
    found = {
        key: value for key, value in schema.items() if key not in ("description", "title", "default", "definitions")
    }
    if not {"then", "else"} & found.keys():
        found.pop("if", None)
    for key in ("anyOf", "oneOf", "allOf"):
        if found.keys() == {key}:
            structured = [each for each in found[key] if not plain_kinds(each)]
            if len(found[key]) == 1 or (key != "allOf" and len(structured) == 1):
                return alone((structured or found[key])[0])
    return None if found.keys() & COMBINED else found


def plain_kinds(schema: Any) -> bool:
    """Whether a branch fits neither objects nor lists."""
    kinds = schema.get("type", "any") if isinstance(schema, dict) else "any"
    values = schema.get("enum", [schema["const"]] if "const" in schema else None) if isinstance(schema, dict) else None
    if values is not None:
        return not any(isinstance(value, dict | list) for value in values)
    return not {"any", "object", "array"} & set(kinds if isinstance(kinds, list) else [kinds])


def declared_only(schema: Any, document: Any) -> bool:
    """Whether a document uses only declared names, at each place where an object stands alone."""
    here = alone(schema)
    if here is None:
        return True
    if isinstance(document, dict):
        names, rest = here.get("properties", {}), here.get("additionalProperties", True)
        known = names.keys() | set(here.get("required", ()))
        patterns = here.get("patternProperties", {})
        free = {name for name in document if name not in known and not any(re.search(each, name) for each in patterns)}
        if free and (rest is True or alone(rest) == {}):
            return False
        return all(declared_only(names.get(name, rest), value) for name, value in document.items())
    return all(declared_only(inner, value) for inner, value in items_of(here, document))


def items_of(here: dict[str, Any], document: Any) -> list[tuple[Any, Any]]:
    """Each item with its schema; none where items are compared with one another."""
    if not isinstance(document, list) or here.keys() & {"uniqueItems", "contains"}:
        return []
    items = here.get("items")
    rest = here.get("additionalItems") if isinstance(items, list) else items
    first = items if isinstance(items, list) else []
    return [(first[at] if at < len(first) else rest, value) for at, value in enumerate(document)]


def dropped(schema: Any, document: Any) -> Any:
    """What a tolerant reader makes of a document."""
    here = alone(schema)
    if here is None:
        return document
    if isinstance(document, dict):
        names, rest = here.get("properties", {}), here.get("additionalProperties", True)
        patterns = here.get("patternProperties", {})
        counted = here.keys() & {"minProperties", "propertyNames"}
        kept = {
            name: value
            for name, value in document.items()
            if name in names or rest is not False or counted or any(re.search(pattern, name) for pattern in patterns)
        }
        return {name: dropped(names.get(name, rest), value) for name, value in kept.items()}
    return [dropped(inner, value) for inner, value in items_of(here, document)] or document


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_tolerant_reader_reads_what_is_declared(seed: int) -> None:
    rng = random.Random(seed)
    old, new = corpus.mixed(rng)
    if compare(old, new, policy="tolerant-reader", search=False).compatible:
        for document in valid_documents(rng, old):
            if declared_only(old, document):
                assert validator(new).is_valid(dropped(new, document))


def filled(schema: Any, document: Any) -> Any:
    """What a reader that supplies defaults makes of a document."""
    if not isinstance(schema, dict) or schema.keys() & COMBINED or not isinstance(document, dict):
        return document
    names = schema.get("properties", {})
    added = {
        name: names[name]["default"]
        for name in schema.get("required", ())
        if name not in document and isinstance(names.get(name), dict) and "default" in names[name]
    }
    return {name: filled(names.get(name), value) for name, value in document.items()} | added


def with_defaults(rng: random.Random, schema: Any) -> None:
    for place in corpus.covariant(schema):
        for inner in place.get("properties", {}).values():
            if isinstance(inner, dict) and "$ref" not in inner and rng.random() < 0.5:
                inner["default"] = rng.choice(corpus.VALUES)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_reader_that_supplies_defaults_reads_what_lacks_them(seed: int) -> None:
    rng = random.Random(seed)
    old, new = corpus.mixed(rng)
    with_defaults(rng, new)
    if compare(old, new, policy="defaults-filled", search=False).compatible:
        for document in valid_documents(rng, old):
            assert validator(new).is_valid(filled(new, document)) or validator(new).is_valid(document)


@pytest.mark.slow
def test_the_shares_that_are_promised() -> None:
    """At least 99 of 100 compatible changes are accepted, 95 of 100 broken ones come with a document."""
    accepted = broken = shown = 0
    for seed in range(150):
        old, new, _ = corpus.change(random.Random(seed))
        forth, back = compare(old, new), compare(new, old)
        accepted += forth.compatible
        broken += not back.compatible
        shown += back.counterexample is not None
    assert accepted >= 0.99 * 150
    assert shown >= 0.95 * broken > 0
