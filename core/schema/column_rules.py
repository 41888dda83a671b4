"""Keywords of JSON Schema as questions to whole arrays: which rows break the rule?

A schema is compiled against a *form*: what is known of a value before any row was seen. A number column of bytes can
never be a string, nor below 0; most keywords are decided there and cost nothing. What is left is a list of `Rule`s,
each one comparison of arrays. Rules answer with the rows that are **bad**, so that NaN, of which every comparison is
false, is valid unless the schema says otherwise:

    "x-nan": false        NaN is refused
    "x-infinity": false   plus and minus infinity are refused; without it they are judged by the bounds alone

Both stand where a number is described, or around it: then they hold for every number inside. `"type": "integer"`
refuses both. Neither has a meaning for JSON documents, which have no such numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from .column_forms import (
    Bad,
    Columns,
    Form,
    Items,
    NoColumnForm,
    Number,
    Object,
    Rule,
    absent,
    all_of,
    always,
    any_of,
    item_of,
    negated,
    rule_of,
    unless,
)
from .column_numbers import different, non_finite_rules, number_rules, repeated, type_rules
from .validate import short, validator
from .walk import escape


def compile_rules(schema: Any, form: Form, root: Any, path: str) -> list[Rule]:
    """The rules of `schema` that rows of this form may break. Raises NoColumnForm."""
    return list(_Compiler(root, frozenset()).rules(schema, form, path))


_UNKNOWN = ("additionalProperties", "no such property")


class _Compiler(NamedTuple):
    """`root` is where references begin; `seen` the references that are being followed at the same place."""

    root: Any
    seen: frozenset[str]

    def rules(self, schema: Any, form: Form, path: str) -> Iterator[Rule]:
        if schema is True or schema == {}:
            return
        if schema is False:
            yield rule_of(path, "falseSchema", "nothing", True, form)
            return
        if "$ref" in schema:
            reference = schema["$ref"]
            if reference in self.seen:
                raise NoColumnForm(path, f"the reference {reference} leads to itself")
            inner = _Compiler(self.root, self.seen | {reference})
            yield from inner.rules(resolve(self.root, reference, path), form, path)
            return
        yield from self._of_any_value(schema, form, path)
        yield from non_finite_rules(schema, form, path)
        if isinstance(form, Object):
            yield from self._of_an_object(schema, form, path)
        elif isinstance(form, Items) or form.shape:
            yield from self._of_an_array(schema, form, path)
        else:
            yield from number_rules(schema, form, path)

    def bad(self, schema: Any, form: Form, path: str) -> Bad:
        """Rows that break any rule of `schema`."""
        return any_of([rule.bad for rule in self.rules(schema, form, path)])

    def _inside(self) -> _Compiler:
        """For a part of the value: a reference may lead to itself there, because values end."""
        return self._replace(seen=frozenset())

    # --- any value ---------------------------------------------------------------------------------------------------

    def _of_any_value(self, schema: dict[str, Any], form: Form, path: str) -> Iterator[Rule]:
        if "type" in schema:
            yield from type_rules(schema["type"], form, path)
        for keyword in ("enum", "const"):
            if keyword in schema:
                values = schema[keyword] if keyword == "enum" else [schema[keyword]]
                bad = all_of([different(value, form) for value in values])
                yield rule_of(path, keyword, short(values if keyword == "enum" else values[0]), bad, form)
        for part in schema.get("allOf", ()):
            yield from self.rules(part, form, path)
        if "anyOf" in schema:
            bad = all_of([self.bad(part, form, path) for part in schema["anyOf"]])
            yield rule_of(path, "anyOf", "one of several forms", bad, form)
        if "oneOf" in schema:
            bad = self._one_of(schema["oneOf"], form, path)
            yield rule_of(path, "oneOf", "exactly one of several forms", bad, form)
        if "not" in schema:
            refused = self.bad(schema["not"], form, path)
            yield rule_of(path, "not", "not " + short(schema["not"]), negated(refused), form)
        if "if" in schema:
            other, then, otherwise = (self.bad(schema.get(name, True), form, path) for name in ("if", "then", "else"))
            bad = any_of([all_of([negated(other), then]), all_of([other, otherwise])])
            yield rule_of(path, "if", "what its condition asks for", bad, form)

    def _one_of(self, parts: list[Any], form: Form, path: str) -> Bad:
        bad = [self.bad(part, form, path) for part in parts]
        return lambda columns: sum(np.logical_not(each(columns)).astype(np.int64) for each in bad) != 1

    # --- objects -----------------------------------------------------------------------------------------------------

    def _of_an_object(self, schema: dict[str, Any], form: Object, path: str) -> Iterator[Rule]:
        for key in schema.get("required", ()):
            yield rule_of(f"{path}/{escape(key)}", "required", "present", absent(form, key), None)
        properties = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for key, part in form.parts.items():
            there = None if key not in form.maybe else absent(form, key)
            here = f"{path}/{escape(key)}"
            matching = [child for pattern, child in patterns.items() if validator({"pattern": pattern}).is_valid(key)]
            key_matches = bool(matching)
            if key in properties:
                matching.append(properties[key])
            elif not matching:
                matching.append(schema.get("additionalProperties", True))
            for child in matching:
                if child is False:
                    declared = key in properties or key_matches
                    name, expected = ("falseSchema", "nothing") if declared else _UNKNOWN
                    yield rule_of(here, name, expected, unless(there, always(True)), part)
                    continue
                for rule in self._inside().rules(child, part, here):
                    yield rule._replace(bad=unless(there, rule.bad))
            if not _named_well(self.root, schema.get("propertyNames", True), key):
                yield rule_of(path, "propertyNames", "another name", unless(there, always(True)), form)
            yield from self._dependencies(schema.get("dependencies", {}).get(key), form, there, path)
        yield from _counted(schema, form, path)

    def _dependencies(self, needed: Any, form: Object, there: Bad | None, path: str) -> Iterator[Rule]:
        if isinstance(needed, list):
            needed = {"required": needed}
        if needed is not None:
            yield rule_of(path, "dependencies", short(needed), unless(there, self.bad(needed, form, path)), form)

    # --- arrays ------------------------------------------------------------------------------------------------------

    def _of_an_array(self, schema: dict[str, Any], form: Number | Items, path: str) -> Iterator[Rule]:
        size = form.shape[0] if isinstance(form, Number) else len(form.parts)
        for keyword, broken in (
            ("minItems", size < schema.get("minItems", 0)), ("maxItems", size > schema.get("maxItems", size)),
        ):  # fmt: skip
            if broken:
                yield rule_of(path, keyword, str(schema[keyword]), True, form)
        items = schema.get("items", True)
        if isinstance(items, list):
            rest = schema.get("additionalItems", True)
            for at in range(size if rest is not True else min(size, len(items))):
                part = items[at] if at < len(items) else rest
                yield from self._inside().rules(part, item_of(form, at), f"{path}/{at}")
        elif isinstance(form, Items):
            for at, child in enumerate(form.parts):
                yield from self._inside().rules(items, child, f"{path}/{at}")
        elif size:
            yield from self._each_item(items, form, path)
        if "contains" in schema:
            bad = [self._inside().bad(schema["contains"], item_of(form, at), path) for at in range(size)]
            yield rule_of(path, "contains", short(schema["contains"]), all_of(bad), form)
        if schema.get("uniqueItems") and size > 1:
            yield rule_of(path, "uniqueItems", "no item twice", repeated(form, path), form)

    def _each_item(self, items: Any, form: Number, path: str) -> Iterator[Rule]:
        """One schema for all items: the axis of the items joins that of the rows."""
        size, rest = form.shape[0], form.shape[1:]
        child = Number(lambda columns: form.get(columns).reshape(-1, *rest), form.dtype, rest)
        for rule in self._inside().rules(items, child, f"{path}/*"):
            yield rule._replace(bad=_in_any_item(rule.bad, size), found=_in_item(rule, size, path.count("/") + 1))


def _in_any_item(bad: Bad, size: int) -> Bad:
    def check(columns: Columns) -> Any:
        found = bad(columns)
        if isinstance(found, (bool, np.bool_)) or not found.any():
            return bool(np.any(found))
        return found.reshape(-1, size).any(axis=1)

    return check


def _in_item(rule: Rule, size: int, depth: int) -> Callable[[Columns, int], tuple[str, str]]:
    """The first item of a row that breaks the rule: its number in the place of the star, which is part `depth`."""

    def find(columns: Columns, row: int) -> tuple[str, str]:
        found = rule.bad(columns)
        at = 0 if isinstance(found, (bool, np.bool_)) else int(found[row * size : (row + 1) * size].argmax())
        path, got = rule.found(columns, row * size + at)
        parts = path.split("/")
        parts[depth] = str(at)
        return "/".join(parts), got

    return find


def _counted(schema: dict[str, Any], form: Object, path: str) -> Iterator[Rule]:
    certain = len(form.parts) - len(form.maybe)

    def count(columns: Columns) -> Any:
        return sum((columns(name).astype(np.int64) for name in form.maybe.values()), np.int64(certain))

    if "minProperties" in schema:
        least = schema["minProperties"]
        yield rule_of(path, "minProperties", str(least), lambda columns: count(columns) < least, form)
    if "maxProperties" in schema:
        most = schema["maxProperties"]
        yield rule_of(path, "maxProperties", str(most), lambda columns: count(columns) > most, form)


def resolve(root: Any, reference: str, path: str) -> Any:
    """What a reference inside the document points to. Raises NoColumnForm for one that leaves it."""
    if not reference.startswith("#"):
        raise NoColumnForm(path, f"the reference {reference} leads out of the document")
    found = root
    for part in reference[1:].split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError) as error:
            raise NoColumnForm(path, f"the reference {reference} leads nowhere") from error
    return found


def _named_well(root: Any, schema: Any, key: str) -> bool:
    """Whether a name fits `propertyNames`, which may refer to the definitions of its document."""
    if isinstance(schema, bool):
        return schema
    definitions = root.get("definitions", {}) if isinstance(root, dict) else {}
    return validator({"definitions": definitions, **schema}).is_valid(key)
