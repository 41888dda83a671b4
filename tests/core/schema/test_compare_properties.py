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


def declared_only(schema: Any, document: Any) -> bool:
    """Whether a document uses only declared names, at each place where an object stands alone."""
    if not isinstance(schema, dict) or schema.keys() & COMBINED:
        return True
    if isinstance(document, dict):
        names = schema.get("properties", {})
        rest = schema.get("additionalProperties", True)
        known = names.keys() | set(schema.get("required", ()))
        patterned = "patternProperties" in schema
        if (
            rest is True
            and not patterned
            and "object" in str(schema.get("type", "object"))
            and not document.keys() <= known
        ):
            return False
        return all(declared_only(names.get(name, rest), value) for name, value in document.items())
    items = schema.get("items")
    if isinstance(document, list) and isinstance(items, dict):
        return all(declared_only(items, value) for value in document)
    return True


def dropped(schema: Any, document: Any) -> Any:
    """What a tolerant reader makes of a document."""
    if not isinstance(schema, dict) or schema.keys() & COMBINED:
        return document
    if isinstance(document, dict):
        names = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        shut = schema.get("additionalProperties") is False
        kept = {
            name: value
            for name, value in document.items()
            if name in names or not shut or any(re.search(pattern, name) for pattern in patterns)
        }
        return {
            name: dropped(names.get(name, schema.get("additionalProperties")), value) for name, value in kept.items()
        }
    items = schema.get("items")
    if isinstance(document, list) and isinstance(items, dict):
        return [dropped(items, value) for value in document]
    return document


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
