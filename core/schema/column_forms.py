"""What is known of a value before any row was seen, and what can be asked of all its rows at once.

`Number`, `Object` and `Items` are the forms a recorded value has; a `Rule` is a question whose answer is the rows that
are bad. The keywords of JSON Schema become such rules in `column_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..errors import CornermanError
from .validate import short

Array: TypeAlias = np.ndarray[Any, Any]
Columns: TypeAlias = Callable[[str], Array]
"""A column by its name, one item a row."""
Bad: TypeAlias = Callable[[Columns], Any]
"""bool by row, or one bool for all of them."""


class NoColumnForm(CornermanError):
    """A schema says something that cannot be asked of whole columns; rows are then judged one at a time."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"At {path or 'the step'}, {why}.", "Such rows are judged one at a time, which is slower.")


class Number(NamedTuple):
    """Numbers of one dtype; `shape` is that of one row's value, () for a number by itself."""

    get: Callable[[Columns], Array]
    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()


class Object(NamedTuple):
    """A mapping. `maybe` names the bool column that says in which rows a key is there, for keys that come and go."""

    parts: Mapping[str, Form]
    maybe: Mapping[str, str] = {}


class Items(NamedTuple):
    """Values of different kinds in order: a tuple."""

    parts: tuple[Form, ...]


Form: TypeAlias = Number | Object | Items


class Rule(NamedTuple):
    """One rule at one place: `bad` says in which rows it is broken, `found` where exactly and by what value."""

    path: str
    name: str
    expected: str
    bad: Bad
    found: Callable[[Columns, int], tuple[str, str]]


def item_of(form: Number | Items, at: int) -> Form:
    """One item of an array or a tuple."""
    if isinstance(form, Items):
        return form.parts[at]
    return Number(lambda columns: form.get(columns)[:, at], form.dtype, form.shape[1:])


def rule_of(path: str, name: str, expected: str, bad: Any, form: Form | None) -> Rule:
    """A rule whose `bad` is a question or its answer for all rows; without a form its example is what is missing."""

    def found(columns: Columns, row: int) -> tuple[str, str]:
        return path, "missing" if form is None else short(value_of(form, columns, row))

    return Rule(path, name, expected, bad if callable(bad) else always(bad), found)


def value_of(form: Form, columns: Columns, row: int) -> Any:
    """The value of one row, as JSON has it."""
    if isinstance(form, Number):
        return form.get(columns)[row].tolist()
    if isinstance(form, Items):
        return [value_of(part, columns, row) for part in form.parts]
    return {
        key: value_of(part, columns, row)
        for key, part in form.parts.items()
        if key not in form.maybe or columns(form.maybe[key])[row]
    }


def always(value: Any) -> Bad:
    return lambda columns: bool(value)


def any_of(parts: list[Bad]) -> Bad:
    if len(parts) == 1:
        return parts[0]
    return lambda columns: reduce(np.logical_or, (part(columns) for part in parts), False)


def all_of(parts: list[Bad]) -> Bad:
    if len(parts) == 1:
        return parts[0]
    return lambda columns: reduce(np.logical_and, (part(columns) for part in parts), True)


def negated(bad: Bad) -> Bad:
    return lambda columns: np.logical_not(bad(columns))


def unless(absent: Bad | None, bad: Bad) -> Bad:
    return bad if absent is None else all_of([negated(absent), bad])


def absent(form: Object, key: str) -> Bad:
    if key in form.maybe:
        name = form.maybe[key]
        return lambda columns: ~columns(name)
    return always(key not in form.parts)
