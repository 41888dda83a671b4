"""What two normal nodes ask for together, as one node, and what an object schema asks of one property name."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import jsonschema_rs

from .normal import TYPES, Node, text_of

LARGEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
SMALLEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
MANY = 64  # conjuncts that are worth merging: each one copies what there is
OBJECT = frozenset({"properties", "patternProperties", "additionalProperties"})


def meet(one: Node, other: Node) -> Node:
    """A node that allows what both allow. Where no single set of keywords says it, an `allOf` of the two."""
    if one is True or one == {} or one == other:
        return other
    if other is True or other == {}:
        return one
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    if "$ref" in one or "$ref" in other:
        return {"allOf": [one, other]}
    found = dict(one)
    for key, value in other.items():
        if key in OBJECT:
            continue
        if key not in found or found[key] == value:
            found[key] = value
            continue
        both = _keyword(key, found[key], value)
        if both is None:
            return {"allOf": [one, other]}
        found[key] = both
    if "items" in one and "items" in other and (one.get("additionalItems") != other.get("additionalItems")):
        return {"allOf": [one, other]}
    if ("additionalItems" in one) != ("additionalItems" in other) and ("items" in one) == ("items" in other):
        return {"allOf": [one, other]}
    if found.get("type") == [] or found.get("enum") == []:
        return False
    return _objects(found, one, other)


def _keyword(key: str, one: Any, other: Any) -> Any:
    """Both values of one keyword together, or None when that has no form."""
    if key in LARGEST:
        return max(one, other)
    if key in SMALLEST:
        return min(one, other)
    if key == "required":
        return sorted({*one, *other})
    if key == "type":
        return _types(one, other)
    if key == "enum":
        kept = {text_of(value) for value in other}
        return [value for value in one if text_of(value) in kept]
    if key == "allOf":
        return one + [each for each in other if each not in one]
    if key == "multipleOf" and isinstance(one, int) and isinstance(other, int):
        return math.lcm(one, other)
    if key == "dependencies" and all(isinstance(each, list) for each in (*one.values(), *other.values())):
        return {name: sorted({*one.get(name, ()), *other.get(name, ())}) for name in {**one, **other}}
    if key == "items" and isinstance(one, dict | bool) and isinstance(other, dict | bool):
        return meet(one, other)
    return meet(one, other) if key == "propertyNames" else None


def _types(one: Any, other: Any) -> Any:
    first, second = ({each} if isinstance(each, str) else set(each) for each in (one, other))
    kept = {kind for kind in TYPES if _has(first, kind) and _has(second, kind)}
    if "number" in kept:
        kept.discard("integer")
    ordered = [kind for kind in TYPES if kind in kept]
    return ordered[0] if len(ordered) == 1 else ordered


def _has(kinds: set[str], kind: str) -> bool:
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _objects(found: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> Node:
    if not OBJECT & other.keys():
        return found
    if not OBJECT & one.keys():
        return found | {key: other[key] for key in OBJECT & other.keys()}
    patterns = one.get("patternProperties", {}), other.get("patternProperties", {})
    if patterns[0] != patterns[1] and not (_open(one) and _open(other)):
        return {"allOf": [one, other]}
    for key in OBJECT:
        found.pop(key, None)
    merged: dict[str, Node] = {}
    for name in sorted(known_names(one) | known_names(other)):
        merged[name] = meet(_declared(one, name), _declared(other, name))
    if merged:
        found["properties"] = merged
    if patterns[0] or patterns[1]:
        names = {**patterns[0], **patterns[1]}
        found["patternProperties"] = {
            name: meet(patterns[0].get(name, True), patterns[1].get(name, True)) for name in names
        }
    rest = meet(one.get("additionalProperties", True), other.get("additionalProperties", True))
    if rest is not True:
        found["additionalProperties"] = rest
    return found


def _open(node: dict[str, Any]) -> bool:
    return node.get("additionalProperties", True) is True


def _declared(node: dict[str, Any], name: str) -> Node:
    """What a node asks of a name beyond its patterns, which the merged node keeps."""
    properties = node.get("properties", {})
    if name in properties:
        found: Node = properties[name]
        return found
    return True if _matching(node, name) else node.get("additionalProperties", True)


def known_names(node: dict[str, Any]) -> set[str]:
    """The names that a node declares."""
    return set(node.get("properties", ()))


def closed(node: dict[str, Any]) -> bool:
    """Whether an object can have no other names than those declared."""
    return node.get("additionalProperties", True) is False and not node.get("patternProperties")


def effective(node: dict[str, Any], name: str) -> Node:
    """All that a node asks of the property `name`: False means that it may not be there."""
    matching = _matching(node, name)
    properties = node.get("properties", {})
    if name not in properties:
        if not matching:
            rest: Node = node.get("additionalProperties", True)
            return rest
        found: Node = True
    else:
        found = properties[name]
    for each in matching:
        found = meet(found, each)
    return found


def _matching(node: dict[str, Any], name: str) -> list[Node]:
    return [inner for pattern, inner in node.get("patternProperties", {}).items() if matches(pattern, name)]


@lru_cache(maxsize=4096)
def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern, in the validator's own reading of it."""
    return jsonschema_rs.Draft7Validator({"pattern": pattern}).is_valid(name)
