"""A column plan says of whole chunks what a validator would say of each step as a JSON document."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cornerman.core import values
from cornerman.core.layout import EXTRAS, NO_ACTION, NO_INFO, NO_OBSERVATION, RESET, Layout, Leaf, as_leaf, draw
from cornerman.core.schema.column_forms import NoColumnForm
from cornerman.core.schema.column_plan import Steps, compile_plan
from cornerman.core.schema.step_document import as_json
from cornerman.core.schema.step_verdict import check_steps
from cornerman.core.schema.validate import validator

DTYPES = ("<f4", "<f8", "|u1", "<i4", "<i8", "|b1", "<f2", "<u8")
SMALL = st.integers(-3, 3)
HALVES = st.sampled_from([-2.5, -0.1, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 1e10])
LITERAL = st.one_of(SMALL, HALVES, st.booleans(), st.lists(SMALL, max_size=2), st.just("x"), st.none())


def numbers(dtype: str) -> st.SearchStrategy[Any]:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return st.booleans()
    if kind == "f":
        return st.sampled_from([-2.5, -1.0, -0.1, 0.0, 0.1, 0.5, 1.0, 2.0, 3.75])
    return st.integers(0 if kind == "u" else -3, 4)


FLAT: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["number", "integer", "boolean", "array", "object", "string", ["integer", "boolean"]]),
    "minimum": st.one_of(SMALL, HALVES), "maximum": st.one_of(SMALL, HALVES),
    "exclusiveMinimum": st.one_of(SMALL, HALVES), "exclusiveMaximum": st.one_of(SMALL, HALVES),
    "multipleOf": st.integers(1, 3), "enum": st.lists(LITERAL, min_size=1, max_size=3), "const": LITERAL,
    "minItems": st.integers(0, 3), "maxItems": st.integers(0, 3), "uniqueItems": st.booleans(),
    "required": st.lists(st.sampled_from("ab"), max_size=1), "minProperties": st.integers(0, 2),
    "maxProperties": st.integers(0, 2), "minLength": st.integers(0, 2), "$ref": st.just("#/definitions/some"),
    "x-nan": st.just(False), "propertyNames": st.just({"maxLength": 1}),
}  # fmt: skip
NESTED = (
    "items", "items", "tuple", "additionalItems", "contains", "properties", "additionalProperties", "patternProperties",
    "dependencies", "allOf", "anyOf", "oneOf", "not", "if",
)  # fmt: skip


@st.composite
def schemas(draw_: Any, depth: int = 2) -> Any:
    """Schemas of one to three keywords over small numbers, so that every verdict is common."""
    if draw_(st.integers(0, 9)) == 0:
        return draw_(st.booleans())
    found = {key: draw_(FLAT[key]) for key in draw_(st.lists(st.sampled_from(sorted(FLAT)), max_size=2, unique=True))}
    if not depth:
        return found
    for key in draw_(st.lists(st.sampled_from(NESTED), max_size=2, unique=True)):
        parts = [draw_(schemas(depth - 1)) for _ in range(draw_(st.integers(1, 3)))]
        match key:
            case "tuple":
                found["items"] = parts
            case "allOf" | "anyOf" | "oneOf":
                found[key] = parts
            case "properties":
                found[key] = dict(zip("abc", parts, strict=False))
            case "patternProperties":
                found[key] = {"^a": parts[0]}
            case "dependencies":
                found[key] = {"a": parts[0], "b": ["a"]}
            case "if":
                found.update(zip(("if", "then", "else"), parts, strict=False))
            case _:
                found[key] = parts[0]
    return found


@st.composite
def recorded_values(draw_: Any, envs: int) -> list[Any]:
    """Four rows of one field: numbers, arrays, mappings, tuples of one form."""
    rows = 4
    lead = (envs,) if envs else ()

    def leaf() -> list[Any]:
        dtype = draw_(st.sampled_from(DTYPES))
        shape = draw_(st.sampled_from([(), (2,), (3,), (2, 2)]))
        size = int(np.prod(lead + shape))
        found = [
            np.array(draw_(st.lists(numbers(dtype), min_size=size, max_size=size)), dtype).reshape(lead + shape)
            for _ in range(rows)
        ]
        return found

    kind = draw_(st.sampled_from(["leaf", "leaf", "dict", "tuple"]))
    if kind == "leaf" or (kind == "tuple" and envs):
        return leaf()
    if kind == "dict":
        parts = {key: leaf() for key in draw_(st.sampled_from(["a", "ab", "bc"]))}
        return [{key: part[row] for key, part in parts.items()} for row in range(rows)]
    parts_ = [leaf(), leaf()]
    return [tuple(part[row] for part in parts_) for row in range(rows)]


class Chunk:
    """Rows given as documents, in the columns a recorder would have given them."""

    def __init__(self, envs: int, observations: list[Any], actions: list[Any], infos: list[dict[str, Any]]) -> None:
        node, leaves = draw("observation", observations[0])
        action, action_leaves = draw("action", actions[0])
        keys = tuple(infos[0])
        info_leaves = [as_leaf(f"info/{key}", infos[0][key]) for key in keys]
        outcome = [Leaf("reward", "<f8", (envs,) if envs else (), "" if envs else "float")]
        ends = [Leaf(name, "|b1", (envs,)) for name in ("terminated", "truncated")] if envs else []
        self.layout = Layout(
            envs, node, action, (*outcome, *ends, *leaves, *action_leaves, *filter(None, info_leaves)), keys
        )
        rows = len(observations)
        self.flags = np.zeros(rows, np.uint8)
        self.extras: dict[int, bytes] = {}
        self.documents: list[dict[str, Any]] = []
        lead = (envs,) if envs else ()
        self.columns = {leaf.column: np.zeros((rows, *leaf.shape), leaf.type) for leaf in self.layout.leaves}
        for row in range(rows):
            document = {
                "observation": observations[row], "action": actions[row], "reward": np.ones(lead),
                "terminated": np.zeros(lead, bool), "truncated": np.zeros(lead, bool), "info": infos[row],
            }  # fmt: skip
            self.documents.append(document)
            if "reward" in self.columns:
                self.columns["reward"][row] = 1.0
            extra: dict[str, Any] = {}
            if draw("observation", observations[row])[1] == leaves:
                self._put("observation", observations[row], row)
            else:
                extra["observation"], self.flags[row] = observations[row], self.flags[row] | NO_OBSERVATION
            if draw("action", actions[row])[1] == action_leaves:
                self._put("action", actions[row], row)
            else:
                extra["action"], self.flags[row] = actions[row], self.flags[row] | NO_ACTION
            if keys and infos[row].keys() == infos[0].keys():
                self._put("info", infos[row], row)
            else:
                self.flags[row] |= NO_INFO
                if infos[row]:
                    extra["info"] = infos[row]
            if extra:
                self.extras[row], self.flags[row] = values.encode(extra), self.flags[row] | EXTRAS

    def _put(self, name: str, value: Any, row: int) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                self._put(f"{name}/{key}", item, row)
        elif isinstance(value, tuple):
            for at, item in enumerate(value):
                self._put(f"{name}/{at}", item, row)
        else:
            self.columns[name][row] = value

    def steps(self, transition: Any = None) -> Steps:
        shape = (len(self.flags), max(self.layout.num_envs, 1))
        return Steps(self.columns, self.flags, np.ones(shape, bool) if transition is None else transition, self.extras)

    def document(self, row: int, env: int) -> Any:
        """The step as JSON, by a way of its own."""
        return as_json(_part(self.documents[row], env) if self.layout.num_envs else self.documents[row])


def _part(value: Any, env: int) -> Any:
    if not isinstance(value, dict):
        return value[env]
    found = {}
    for key, item in value.items():
        if key.startswith("_") and key[1:] in value:
            continue
        if f"_{key}" not in value or value[f"_{key}"][env]:
            found[key] = _part(item, env)
    return found


INFOS = st.sampled_from([
    [{}, {}, {}, {}],
    [{"a": 1, "b": 2.5}, {"a": 3, "b": 0.5}, {}, {"a": 2, "c": "x"}],
    [{}, {"a": "text"}, {}, {"b": [1, 2]}],
])  # fmt: skip
VECTOR_INFOS = st.sampled_from([
    [{}, {}, {}, {}],
    [{"a": np.array([1, 2]), "_a": np.array([True, False])}, {"a": np.array([3, 4]), "_a": np.array([True, True])}, {},
     {"b": np.array([2, 5]), "_b": np.array([False, True])}],
])  # fmt: skip
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@st.composite
def chunks(draw_: Any) -> Chunk:
    envs = draw_(st.sampled_from([0, 0, 2]))
    observations = draw_(recorded_values(envs))
    if draw_(st.booleans()):
        observations[2] = draw_(recorded_values(envs))[0]
    return Chunk(envs, observations, draw_(recorded_values(envs)), draw_(VECTOR_INFOS if envs else INFOS))


@st.composite
def step_schemas(draw_: Any) -> dict[str, Any]:
    part = schemas()
    found: dict[str, Any] = {
        "properties": draw_(st.dictionaries(st.sampled_from(["observation", "action", "info"]), part, max_size=3))
    }
    if draw_(st.integers(0, 3)) == 0:
        found["anyOf"] = [{"properties": {"observation": draw_(part)}}, {"properties": {"info": draw_(part)}}]
    if draw_(st.integers(0, 5)) == 0:
        found["additionalProperties"] = draw_(part)
    if draw_(st.integers(0, 5)) == 0:
        found["required"] = ["action", draw_(st.sampled_from(["reward", "other"]))]
    return {**found, "definitions": {"some": draw_(schemas(1).filter(lambda some: "$ref" not in str(some)))}}


@QUICK
@given(chunks(), step_schemas())
def test_a_plan_says_what_a_validator_says_of_each_step(chunk: Chunk, schema: dict[str, Any]) -> None:
    judge = validator(schema)
    verdict = check_steps(compile_plan(schema, chunk.layout), chunk.steps())
    for row in range(4):
        for env in range(max(chunk.layout.num_envs, 1)):
            document = chunk.document(row, env)
            bad = verdict.bad is not None and bool(verdict.bad[row, env])
            assert bad != judge.is_valid(document), (document, judge.problems(document))
            assert bool(verdict.errors(row, env)) == bad
    assert (verdict.bad is None) == (not verdict.mismatches)
    assert sum(found.steps for found in verdict.mismatches) >= verdict.bad_steps


def test_what_is_no_step_is_not_judged() -> None:
    chunk = Chunk(0, [np.zeros(2)] * 4, [0] * 4, [{}] * 4)
    schema = {"properties": {"observation": False}}
    taken = np.array([[True], [False], [False], [True]])
    verdict = check_steps(compile_plan(schema, chunk.layout), chunk.steps(taken))
    assert verdict.bad is not None
    assert verdict.bad.tolist() == taken.tolist()
    assert (verdict.steps, verdict.judged, verdict.bad_steps) == (2, 2, 2)


@pytest.mark.parametrize(
    ("schema", "bad"),
    [
        ({"items": {"minimum": 0, "maximum": 9}}, [False, False, True, True]),
        ({"items": {"minimum": 0}}, [False, False, False, True]),
        ({"x-nan": False}, [False, True, False, False]),
        ({"items": {"x-infinity": False}}, [False, False, True, True]),
        ({"items": {"type": "number"}}, [False, False, False, False]),
        ({"items": {"type": "integer"}}, [False, True, True, True]),
    ],
)
def test_numbers_that_json_lacks_are_valid_unless_the_schema_says_otherwise(schema: Any, bad: list[bool]) -> None:
    observations = [np.array([1.0, value]) for value in (2.0, np.nan, np.inf, -np.inf)]
    chunk = Chunk(0, observations, [0] * 4, [{}] * 4)
    plan = compile_plan({"properties": {"observation": schema}}, chunk.layout)
    verdict = check_steps(plan, chunk.steps())
    assert bad == [False] * 4 if verdict.bad is None else verdict.bad[:, 0].tolist() == bad


def test_a_bound_that_a_column_cannot_hold_is_compared_exactly() -> None:
    """0.1 as float32 is more than 0.1."""
    chunk = Chunk(0, [np.array([0.1], np.float32)] * 4, [0] * 4, [{}] * 4)
    for schema, allowed in (({"maximum": 0.1}, False), ({"minimum": 0.1}, True), ({"const": 0.1}, False)):
        plan = compile_plan({"properties": {"observation": {"items": schema}}}, chunk.layout)
        assert (check_steps(plan, chunk.steps()).bad is None) == allowed


def test_a_schema_that_columns_cannot_answer_is_judged_row_by_row_or_refused() -> None:
    chunk = Chunk(0, [np.array([0.3, 0.35])] * 4, [0] * 4, [{}] * 4)
    schema = {"properties": {"observation": {"items": {"multipleOf": 0.1}}}}
    with pytest.raises(NoColumnForm, match="multipleOf"):
        compile_plan(schema, chunk.layout, exact=True)
    plan = compile_plan(schema, chunk.layout)
    (found,) = check_steps(plan, chunk.steps()).mismatches
    assert (found.path, found.rule, found.steps, found.place) == ("/observation/*", "multipleOf", 4, "/observation/1")
    few = check_steps(plan, chunk.steps(), most=2)
    assert (few.judged, few.bad_steps) == (2, 2)


def test_a_mismatch_says_where_how_often_and_what_was_there() -> None:
    chunk = Chunk(2, [np.array([[0.0, 0.0], [0.0, float(row)]]) for row in range(4)], [np.zeros(2)] * 4, [{}] * 4)
    plan = compile_plan({"properties": {"observation": {"items": {"maximum": 1}}}}, chunk.layout)
    (found,) = check_steps(plan, chunk.steps()).mismatches
    assert found == ("/observation/*", "maximum", "1", "2", 2, 2, 1, "/observation/1")


def test_resets_are_judged_by_nothing() -> None:
    chunk = Chunk(0, [np.zeros(2)] * 4, [0] * 4, [{}] * 4)
    chunk.flags[:] |= RESET
    none = np.zeros((4, 1), bool)
    assert check_steps(compile_plan({"not": {}}, chunk.layout), chunk.steps(none)).mismatches == ()
