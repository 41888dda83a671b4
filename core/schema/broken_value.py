"""Every way in which a valid value can be made to break one rule of its schema: what mutated samples are drawn from.

A way is offered where the schema has the rule and the value has the place. Whether it does break the rule is for the
validator to say: another branch of the schema may allow it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .cells import ALL_TYPES, types_of
from .made_value import Unmakeable, resolve

Place = tuple[str | int, ...]
Change = Callable[[Any], Any]
_OF_TYPE: dict[str, Any] = {
    "string": "text", "integer": 7, "number": 0.5, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip


class Break(NamedTuple):
    """One way to break one rule."""

    rule: str
    place: str
    """Where in the schema the rule stands: ways of one place are used in turn."""
    path: Place
    """Where in the value."""
    change: Change
    """The value at that place, as it would be then."""

    def applied(self, value: Any) -> Any:
        """A copy of the value with the rule broken."""
        if not self.path:
            return self.change(copy.deepcopy(value))
        whole = copy.deepcopy(value)
        holder = whole
        for part in self.path[:-1]:
            holder = holder[part]
        holder[self.path[-1]] = self.change(holder[self.path[-1]])
        return whole


def breaks(schema: Any, value: Any, root: Mapping[str, Any]) -> Iterator[Break]:
    """Every way to break the schema that this value offers."""
    yield from _breaks(schema, value, root, (), "", 0)


def _breaks(schema: Any, value: Any, root: Mapping[str, Any], path: Place, place: str, depth: int) -> Iterator[Break]:
    if not isinstance(schema, dict) or depth > 16:
        return
    if "$ref" in schema:
        try:
            target = resolve(schema["$ref"], root)
        except Unmakeable:
            return
        yield from _breaks(target, value, root, path, place, depth + 1)
        return
    for at, branch in enumerate(schema.get("allOf", ())):
        yield from _breaks(branch, value, root, path, f"{place}/allOf/{at}", depth + 1)
    for rule, change in _changes(schema, value, root):
        keyword = rule.split(" ")[0]
        used = rule if keyword in ("required", "dependencies") else keyword
        yield Break(keyword, f"{place}/{used}", path, change)
    if isinstance(value, dict):
        for name, inner in value.items():
            within = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            yield from _breaks(within, inner, root, (*path, name), f"{place}/{name}", depth + 1)
    if isinstance(value, list):
        items = schema.get("items")
        for at, inner in enumerate(value[:4]):
            within = items if not isinstance(items, list) else items[at] if at < len(items) else None
            yield from _breaks(within, inner, root, (*path, at), f"{place}/items", depth + 1)


def _changes(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    """The rules of this schema alone, each with what to do to the value."""
    if wrong := sorted(ALL_TYPES - types_of(schema, root)):
        rule = next((word for word in ("type", "enum", "const", "anyOf", "oneOf", "allOf") if word in schema), "type")
        for kind in wrong:
            yield f"{rule} {kind}", _to(_OF_TYPE[kind])
    if "enum" in schema:
        yield "enum value", lambda value: _other(value)
    if "const" in schema:
        yield "const value", lambda value: _other(value)
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (int, float)):
        yield from _number_changes(schema)
    elif isinstance(value, str):
        yield from _text_changes(schema)
    elif isinstance(value, list):
        yield from _list_changes(schema, value)
    elif isinstance(value, dict):
        yield from _object_changes(schema, value)


def _number_changes(schema: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    for rule, step in (("minimum", -1), ("maximum", 1)):
        if rule in schema:
            yield rule, _to(schema[rule] + step)
    for rule in ("exclusiveMinimum", "exclusiveMaximum"):
        if rule in schema:
            yield rule, _to(schema[rule])
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        yield "multipleOf", lambda value: value + (1 if isinstance(step, int) and step > 1 else step / 2)


def _text_changes(schema: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    if schema.get("minLength", 0) > 0:
        yield "minLength", lambda value: value[: schema["minLength"] - 1]
    if "maxLength" in schema:
        yield "maxLength", lambda value: (value or "x") + "x" * (schema["maxLength"] + 1 - len(value))
    if "pattern" in schema:
        for text in ("", "\u0000", "no such text !"):
            yield f"pattern {text!r}", _to(text)
    if "format" in schema:
        yield "format", _to("neither this nor that \\(")


def _list_changes(schema: Mapping[str, Any], value: list[Any]) -> Iterator[tuple[str, Change]]:
    if schema.get("minItems", 0) > 0:
        yield "minItems", lambda value: value[: schema["minItems"] - 1]
    if "maxItems" in schema and value and schema["maxItems"] < 10_000:
        yield "maxItems", lambda value: (value * (schema["maxItems"] // len(value) + 1))[: schema["maxItems"] + 1]
    if schema.get("uniqueItems") and value:
        yield "uniqueItems", lambda value: [*value, value[0]] if len(value) == 1 else [*value[:-1], value[0]]
    if isinstance(schema.get("items"), list) and schema.get("additionalItems") is False:
        yield "additionalItems", lambda value: [*value, *[None] * (len(schema["items"]) + 1 - len(value))]
    if "contains" in schema:
        yield "contains", lambda value: []


def _object_changes(schema: Mapping[str, Any], value: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    for name in schema.get("required", ()):
        yield f"required {name}", _without(name)
    if schema.get("additionalProperties") is False:
        yield "additionalProperties", lambda value: {**value, "not_in_the_schema": 1}
    if schema.get("minProperties", 0) > 0:
        yield "minProperties", lambda value: dict(list(value.items())[: schema["minProperties"] - 1])
    if "maxProperties" in schema and schema["maxProperties"] < 10_000:
        yield "maxProperties", lambda value: {**value, **{f"more_{at}": 1 for at in range(schema["maxProperties"] + 1)}}
    if "propertyNames" in schema:
        yield "propertyNames", lambda value: {**value, "": 1, "\u0000 no such name": 1}
    for name, needed in schema.get("dependencies", {}).items():
        if name in value and isinstance(needed, list):
            for other in needed:
                yield f"dependencies {name} {other}", _without(other)


def _to(value: Any) -> Change:
    return lambda _: value


def _without(name: str) -> Change:
    return lambda value: {key: each for key, each in value.items() if key != name}


def _other(value: Any) -> Any:
    """A value of the same type that is hardly one of those listed."""
    if isinstance(value, bool) or value is None:
        return "neither"
    if isinstance(value, (int, float)):
        return value + 7919
    return f"{value}?" if isinstance(value, str) else "neither"
