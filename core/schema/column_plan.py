"""A step schema compiled for the columns of one layout: thousands of steps are judged by a few comparisons of arrays.

A step, as a schema sees it, is what one sub-environment did in one call of `step`:

    {"observation": …, "action": …, "reward": …, "terminated": …, "truncated": …, "info": {…}}

with arrays as lists of lists. Calls of `reset` and the resetting steps of NEXT_STEP are no steps and are not judged.

    check_steps(compile_plan(schema, layout), steps)  →  which steps are bad, and how often which rule at which path

Each of the six fields is judged by columns where it has columns. A field that travels with its row as an extra (text,
ragged values, keys of `info` that come and go) is judged row by row by jsonschema-rs, in those rows alone, and a field
that the schema leaves free is not looked at. What columns cannot answer is judged row by row too, or refused: `exact`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidSchema
from ..layout import NO_ACTION, NO_INFO, NO_OBSERVATION, NO_REWARD, Layout
from .column_forms import Array, Form, NoColumnForm, Object, Rule
from .column_rules import compile_rules, resolve
from .step_form import Space, step_forms
from .validate import Problem, Validator, validator
from .walk import walk

FIELDS = ("observation", "action", "reward", "terminated", "truncated", "info")
ABSENT = {"observation": NO_OBSERVATION, "action": NO_ACTION, "reward": NO_REWARD, "info": NO_INFO}
"""The flag of rows in which a field is not in its columns."""
ANYWHERE = NO_OBSERVATION | NO_ACTION | NO_REWARD | NO_INFO
_SHAPE = frozenset({"type", "properties", "required", "additionalProperties", "minProperties", "maxProperties"})
_WORDS = frozenset({"title", "description", "$comment", "default", "examples", "definitions", "$schema", "$id"})


class Steps(NamedTuple):
    """Rows of a stream as they are when a chunk is sealed. `transition` is bool (rows, sub-environments)."""

    columns: Mapping[str, Array]
    flags: Array
    transition: Array
    extras: Mapping[int, bytes]
    """msgpack by row."""


class Mismatch(NamedTuple):
    """How often one rule was broken at one path, and the first example: what stood where.

    In `path` a star stands for any item of an array; `place` is the path of the example, in row `row`.
    """

    path: str
    rule: str
    expected: str
    got: str
    steps: int
    row: int
    env: int
    place: str


class Verdict(NamedTuple):
    """What a plan found: `judged` of `steps` were looked at; `bad` is bool (rows, envs), None where none is bad."""

    steps: int
    judged: int
    bad: Array | None
    mismatches: tuple[Mismatch, ...]
    errors: Callable[[int, int], list[Problem]]
    """Every error of one bad step, by its row and sub-environment."""
    step: Callable[[int, int], dict[str, Any]]
    """The step itself, its values as they were recorded."""

    @property
    def bad_steps(self) -> int:
        return 0 if self.bad is None else int(np.count_nonzero(self.bad))


class Judge(NamedTuple):
    """How one field is judged, or the step as a whole where `field` is empty.

    `full` are the rules for rows whose values are in columns, `bare` those for rows whose info is empty; None: such
    rows are judged one at a time. `each` judges one at a time, None where the schema leaves the field free. `away` are
    the flags of rows that hold it elsewhere.
    """

    field: str
    full: list[Rule] | None
    bare: list[Rule] | None
    each: Validator | None
    away: int


class ColumnPlan(NamedTuple):
    """A compiled schema. Keep it for as long as the layout lasts: compiling takes a millisecond."""

    layout: Layout
    spaces: tuple[Space, Space]
    judges: tuple[Judge, ...]


def compile_plan(
    schema: dict[str, Any], layout: Layout, *, spaces: tuple[Space, Space] = (None, None), exact: bool = False
) -> ColumnPlan:
    """The plan of a step schema for the rows of one layout; `spaces` are the descriptors of observation and action.

    With `exact`, NoColumnForm is raised where rows whose values are in columns would be judged one at a time.
    Raises InvalidSchema for what is no schema.
    """
    validator(schema)
    forms = step_forms(layout, *spaces)
    compiler = _PlanCompiler(_followed(schema), forms, exact)
    return ColumnPlan(layout, spaces, tuple(compiler.judges()))


def _followed(schema: Any) -> Any:
    """The schema at which a chain of references ends, with the definitions of the document."""
    root, seen = schema, 0
    while isinstance(schema, dict) and "$ref" in schema:
        schema, seen = resolve(root, schema["$ref"], ""), seen + 1
        if seen > 100:
            raise InvalidSchema("The schema's reference leads to itself.", "Write out what it refers to.")
    if schema is root or not isinstance(schema, dict):
        return schema
    return {**schema, "definitions": root.get("definitions", {})}


class _PlanCompiler:
    def __init__(self, schema: Any, forms: dict[str, Form], exact: bool) -> None:
        self.schema = schema if isinstance(schema, dict) else {"not": {}} if schema is False else {}
        self.forms, self.exact = forms, exact
        self.definitions = {"definitions": self.schema.get("definitions", {})}

    def judges(self) -> list[Judge]:
        """One for each field that the schema says something of, and one for what it says of the step as a whole."""
        properties: dict[str, Any] = self.schema.get("properties", {}) if self._separable() else {}
        found = [self._field(name, properties[name]) for name in FIELDS if properties.get(name, True) not in (True, {})]
        rest = {key: value for key, value in self.schema.items() if key not in _WORDS}
        if properties:
            rest["properties"] = {name: True if name in FIELDS else part for name, part in properties.items()}
        whole = self._whole(rest)
        return [judge for judge in (*found, whole) if judge.full or judge.bare or judge.each is not None]

    def _separable(self) -> bool:
        """Whether a field can be judged without the rest of the document, but for its definitions."""
        references = [node["$ref"] for _, node in walk(self.schema) if isinstance(node, dict) and "$ref" in node]
        return all(reference.startswith("#/definitions/") for reference in references)

    def _field(self, name: str, schema: Any) -> Judge:
        form = self.forms.get(name)
        full = self._rules(schema, form, f"/{name}")
        bare = self._rules(schema, Object({}), f"/{name}") if name == "info" else full
        each = validator({"allOf": [schema], **self.definitions} if isinstance(schema, dict) else schema)
        return Judge(name, full, bare, each, ABSENT.get(name, 0))

    def _whole(self, schema: dict[str, Any]) -> Judge:
        """What is said of all fields together. Where only names count, it is the same whatever the values are."""
        names_only = schema.keys() <= _SHAPE and isinstance(schema.get("additionalProperties", True), bool)
        names_only = names_only and all(part is True for part in schema.get("properties", {}).values())
        forms = {name: self.forms.get(name, Object({})) for name in FIELDS} if names_only else self.forms
        bare = {**forms, "info": Object({})}
        known = len(forms) == len(FIELDS)
        full_rules = self._rules(schema, Object(forms) if known else None, "")
        bare_rules = self._rules(schema, Object(bare) if len(bare) == len(FIELDS) else None, "")
        if names_only:
            return Judge("", full_rules, bare_rules, None, 0)
        return Judge("", full_rules, bare_rules, validator({**schema, **self.definitions}), ANYWHERE)

    def _rules(self, schema: Any, form: Form | None, path: str) -> list[Rule] | None:
        try:
            if form is None:
                raise NoColumnForm(path, "the values have no columns of numbers")
            return compile_rules(schema, form, self.schema, path)
        except NoColumnForm:
            if self.exact:
                raise
            return None
