"""What is asked of numbers: types, bounds, equality, NaN and infinity. Answers are those of JSON, which is exact.

A bound that a float32 column cannot hold is rounded to the side on which the comparison stays right: `a <= 0.1` is
`a <= float32(0.09999999…)` for every float32 `a`. Bounds that a dtype cannot reach are decided before any row is seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .column_forms import (
    Array,
    Bad,
    Columns,
    Form,
    Items,
    NoColumnForm,
    Number,
    Object,
    Rule,
    absent,
    always,
    any_of,
    item_of,
    rule_of,
    unless,
)
from .validate import short
from .walk import escape

NAN, INFINITY = "x-nan", "x-infinity"


def number_rules(schema: dict[str, Any], form: Number, path: str) -> Iterator[Rule]:
    if form.dtype.kind == "b":
        return
    for keyword, below, strict in (
        ("minimum", True, False), ("exclusiveMinimum", True, True),
        ("maximum", False, False), ("exclusiveMaximum", False, True),
    ):  # fmt: skip
        if keyword in schema:
            bound = schema[keyword]
            yield rule_of(path, keyword, short(bound), _beyond(form, bound, below, strict), form)
    if "multipleOf" in schema:
        yield rule_of(path, "multipleOf", short(schema["multipleOf"]), _not_multiple(form, schema, path), form)


def _beyond(form: Number, bound: float, below: bool, strict: bool) -> Any:
    """Rows beyond a bound. The bound becomes a number of the column's dtype with which the answer is the same."""
    up = below != strict  # a >= bound is a >= ceil(bound), a > bound is a > floor(bound)
    get = form.get
    if form.dtype.kind == "f":
        limit: Any = _rounded(bound, form.dtype, up)
    else:
        limit = math.ceil(bound) if up else math.floor(bound)
        least, most = np.iinfo(form.dtype).min, np.iinfo(form.dtype).max
        if below:
            if limit < least or (limit == least and not strict):
                return False
            if limit > most or (limit == most and strict):
                return True
        else:
            if limit > most or (limit == most and not strict):
                return False
            if limit < least or (limit == least and strict):
                return True
    if below:
        return (lambda columns: get(columns) <= limit) if strict else (lambda columns: get(columns) < limit)
    return (lambda columns: get(columns) >= limit) if strict else (lambda columns: get(columns) > limit)


def _rounded(bound: float, dtype: np.dtype[Any], up: bool) -> Any:
    """The number of this dtype next to `bound`, on the side that is asked for; `bound` itself where there is one."""
    with np.errstate(over="ignore"):
        try:
            near = dtype.type(bound)
        except OverflowError:
            near = dtype.type(math.copysign(math.inf, bound))
    exact = float(near)
    if up and exact < bound:
        return np.nextafter(near, dtype.type(math.inf))
    if not up and exact > bound:
        return np.nextafter(near, dtype.type(-math.inf))
    return near


def _not_multiple(form: Number, schema: dict[str, Any], path: str) -> Bad:
    step = schema["multipleOf"]
    if step != int(step) or step > 2**31:
        raise NoColumnForm(path, f"multipleOf {step} is no whole number that columns can be divided by")
    whole, get = int(step), form.get
    if form.dtype.kind in "iu":
        if whole > np.iinfo(form.dtype).max:
            return lambda columns: get(columns) != 0
        return lambda columns: get(columns) % whole != 0
    return lambda columns: np.fmod(_finite(get(columns)), whole) != 0


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, 0)


def non_finite_rules(schema: dict[str, Any], form: Form, path: str) -> Iterator[Rule]:
    for keyword, kind in ((NAN, np.isnan), (INFINITY, np.isinf)):
        if schema.get(keyword) is False:
            yield from _refused(keyword, kind, form, path)


def _refused(keyword: str, kind: Callable[[Array], Array], form: Form, path: str) -> Iterator[Rule]:
    if isinstance(form, Number):
        if form.dtype.kind == "f":
            expected = "a number" if keyword == NAN else "a finite number"
            yield rule_of(path, keyword, expected, _over_items(form, kind), form)
        return
    parts = form.parts.items() if isinstance(form, Object) else enumerate(form.parts)
    for key, part in parts:
        there = absent(form, str(key)) if isinstance(form, Object) and key in form.maybe else None
        for rule in _refused(keyword, kind, part, f"{path}/{escape(key)}"):
            yield rule._replace(bad=unless(there, rule.bad))


def _over_items(form: Number, test: Callable[[Array], Array]) -> Bad:
    def check(columns: Columns) -> Any:
        found = test(form.get(columns))
        if not form.shape:
            return found
        return found.reshape(len(found), -1).any(axis=1) if found.any() else False  # along a short axis any() is slow

    return check


def type_rules(names: str | list[str], form: Form, path: str) -> Iterator[Rule]:
    wanted = [names] if isinstance(names, str) else list(names)
    kinds = _json_types(form)
    if kinds & set(wanted):
        return
    if isinstance(form, Number) and not form.shape and form.dtype.kind == "f" and "integer" in wanted:
        get = form.get
        yield rule_of(path, "type", "integer", lambda columns: ~_is_whole(get(columns)), form)
        return
    yield rule_of(path, "type", " or ".join(wanted), True, form)


def _is_whole(values: Array) -> Array:
    with np.errstate(invalid="ignore"):
        whole: Array = np.isfinite(values) & (np.trunc(values) == values)
    return whole


def _json_types(form: Form) -> set[str]:
    if isinstance(form, Object):
        return {"object"}
    if isinstance(form, Items) or form.shape:
        return {"array"}
    return {"b": {"boolean"}, "f": {"number"}}.get(form.dtype.kind, {"integer", "number"})


def different(value: Any, form: Form) -> Bad:
    """Rows whose value is not this one."""
    if isinstance(form, Object):
        if form.maybe:
            raise NoColumnForm("info", "a value with keys that come and go is compared as a whole")
        if not isinstance(value, dict) or value.keys() != form.parts.keys():
            return always(True)
        return any_of([different(value[key], part) for key, part in form.parts.items()])
    if isinstance(form, Items) or form.shape:
        size = form.shape[0] if isinstance(form, Number) else len(form.parts)
        if not isinstance(value, list) or len(value) != size:
            return always(True)
        return any_of([different(item, item_of(form, at)) for at, item in enumerate(value)])
    return _different_number(value, form)


def _different_number(value: Any, form: Number) -> Bad:
    get, dtype = form.get, form.dtype
    if isinstance(value, bool) or dtype.kind == "b":
        if not isinstance(value, bool) or dtype.kind != "b":
            return always(True)
        return (lambda columns: ~get(columns)) if value else get
    if not isinstance(value, (int, float)):
        return always(True)
    if dtype.kind == "f":
        held = _rounded(value, dtype, up=True)
        return (lambda columns: get(columns) != held) if float(held) == value else always(True)
    limits = np.iinfo(dtype)
    if value != int(value) or not limits.min <= value <= limits.max:
        return always(True)
    whole = int(value)
    return lambda columns: get(columns) != whole


def repeated(form: Number | Items, path: str) -> Bad:
    if not isinstance(form, Number) or len(form.shape) > 1:
        raise NoColumnForm(path, "uniqueItems is asked of values that are no plain row of numbers")
    get = form.get

    def repeated(columns: Columns) -> Array:
        ordered = np.sort(get(columns), axis=1)
        found: Array = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        return found

    return repeated
