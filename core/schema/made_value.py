"""Making a value up that a schema is likely to allow: the random half of samples; the validator is the other half.

Keywords that say what to write are followed (types, bounds, formats, patterns, properties, items, branches); those
that only forbid (`not`, `if`) are left to the validator, which sends the maker back for another try.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from .cells import types_of
from .pattern_text import text_for

DEEP: Final = 8
"""From this depth on only what must be there is made."""
_WORDS = ("alpha", "beta", "gamma", "delta", "Größe", "naïve", "", "a b", "x", "行")


class Unmakeable(Exception):
    """This way leads to no value; another may."""


class Maker:
    """Makes values of one schema, the same ones for the same seed. `full` makes every optional property as well."""

    def __init__(self, root: Mapping[str, Any], random: Random, *, full: bool = False) -> None:
        self._root, self._random, self._full = root, random, full

    def value(self, schema: Any, depth: int = 0) -> Any:
        """A value; Unmakeable where none is found on the way that was drawn."""
        if schema is False or depth > 4 * DEEP:
            raise Unmakeable
        if schema is True:
            return self._random.choice(_WORDS)
        flat = self.flat(schema)
        if "const" in flat:
            return flat["const"]
        if "enum" in flat:
            return self._random.choice(flat["enum"])
        types = sorted(types_of(flat, self._root))
        if not types:
            raise Unmakeable
        if "type" not in flat:
            types = self._likely(flat, types)
        elif depth >= DEEP and "null" in types:
            types = ["null"]
        return self._of_type(self._random.choice(types), flat, depth)

    def flat(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """The schema with its references followed, `allOf` merged in and one branch of each choice drawn."""
        if schema is True:
            return {}
        if schema is False or depth > DEEP:
            raise Unmakeable
        if "$ref" in schema:
            return self.flat(resolve(schema["$ref"], self._root), depth + 1)
        found = dict(schema)
        branches = list(found.pop("allOf", ()))
        branches += [self._random.choice(found.pop(word)) for word in ("anyOf", "oneOf") if found.get(word)]
        if "if" in found:
            condition = found.pop("if")
            then, otherwise = found.pop("then", True), found.pop("else", True)
            branches += [condition, then] if self._random.random() < 0.5 else [otherwise]
        for branch in branches:
            found = merged(found, self.flat(branch, depth + 1))
        return found

    def _likely(self, flat: Mapping[str, Any], types: list[str]) -> list[str]:
        """The types that the other keywords speak of; some plain ones where they speak of none."""
        hints = {
            "object": ("properties", "required", "minProperties", "additionalProperties", "patternProperties"),
            "array": ("items", "minItems", "contains"),
            "string": ("pattern", "format", "minLength", "maxLength"),
            "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        }
        named = [kind for kind, words in hints.items() if kind in types and any(word in flat for word in words)]
        return named or [kind for kind in types if kind in ("string", "integer", "boolean")] or types

    def _of_type(self, kind: str, flat: Mapping[str, Any], depth: int) -> Any:
        match kind:
            case "null":
                return None
            case "boolean":
                return self._random.random() < 0.5
            case "integer":
                return self._integer(flat)
            case "number":
                return self._number(flat)
            case "string":
                return self._text(flat)
            case "array":
                return self._list(flat, depth)
            case _:
                return self._object(flat, depth)

    # --- numbers and texts -------------------------------------------------------------------------------------------

    def _integer(self, flat: Mapping[str, Any]) -> int:
        low, high = _bounds(flat)
        step = flat.get("multipleOf")
        if step and step != int(step):
            step = None
        first, last = self._range(low, high, 1000)
        first, last = math.ceil(first), math.floor(last)
        first += flat.get("exclusiveMinimum") == first
        last -= flat.get("exclusiveMaximum") == last
        if step:
            low_step, high_step = -(-first // int(step)), last // int(step)
            return self._between(low_step, high_step) * int(step)
        return self._between(first, last)

    def _between(self, first: int, last: int) -> int:
        """One of them, the ends more often than the rest."""
        if first > last:
            raise Unmakeable
        return self._random.choice((first, last, *(self._random.randint(first, last) for _ in range(4))))

    def _number(self, flat: Mapping[str, Any]) -> float | int:
        low, high = _bounds(flat)
        first, last = self._range(low, high, 1000.0)
        if first > last:
            raise Unmakeable
        if step := flat.get("multipleOf"):
            whole: float | int = self._between(math.ceil(first / step), math.floor(last / step)) * step
            return whole
        if self._random.random() < 0.2:
            return float(self._random.choice((first, last)))
        drawn = first + (last - first) * self._random.random()
        short = round(drawn, 3)
        return short if first < short < last else drawn

    def _range(self, low: float, high: float, width: float) -> tuple[float, float]:
        """Finite ends: where one is open, near the other."""
        if math.isinf(low) and math.isinf(high):
            return -width, width
        if math.isinf(low):
            return high - width, high
        return (low, low + width) if math.isinf(high) else (low, high)

    def _text(self, flat: Mapping[str, Any]) -> str:
        if "format" in flat and (written := self._formatted(flat["format"])) is not None:
            return written
        if "pattern" in flat:
            found = text_for(flat["pattern"], self._random)
            if found is None:
                raise Unmakeable
            return found
        low, high = flat.get("minLength", 0), flat.get("maxLength", math.inf)
        if low > high:
            raise Unmakeable
        word = self._random.choice(_WORDS)
        length = int(min(max(len(word), low), high))
        return (word + "abcdefghij" * (length // 10 + 1))[:length]

    def _formatted(self, name: str) -> str | None:
        draw = self._random.randrange
        date = f"{draw(1970, 2100)}-{draw(1, 13):02}-{draw(1, 29):02}"
        time = f"{draw(24):02}:{draw(60):02}:{draw(60):02}.{draw(10**6):06}Z"
        host = f"host-{draw(100)}.example.org"
        made = {
            "date-time": f"{date}T{time}",
            "date": date,
            "time": time,
            "email": f"user{draw(1000)}@{host}",
            "idn-email": f"user{draw(1000)}@{host}",
            "hostname": host,
            "idn-hostname": host,
            "ipv4": f"10.{draw(256)}.{draw(256)}.{draw(256)}",
            "ipv6": f"2001:db8::{draw(65536):x}",
            "uri": f"https://{host}/{draw(1000)}",
            "iri": f"https://{host}/{draw(1000)}",
            "uri-reference": f"/path/{draw(1000)}",
            "iri-reference": f"/path/{draw(1000)}",
            "uri-template": f"https://{host}/{{id}}",
            "json-pointer": f"/a/{draw(100)}",
            "relative-json-pointer": f"{draw(10)}/a",
            "regex": f"^a{{{draw(9)}}}$",
        }
        return made.get(name)

    # --- lists and objects -------------------------------------------------------------------------------------------

    def _list(self, flat: Mapping[str, Any], depth: int) -> list[Any]:
        items = flat.get("items", True)
        low = flat.get("minItems", 1 if "contains" in flat else 0)
        high = flat.get("maxItems", max(low, 0 if depth >= DEEP else 4))
        if isinstance(items, list):
            low = max(low, min(high, len(items)))
        if low > high:
            raise Unmakeable
        length = low if depth >= DEEP else self._random.randint(low, min(high, low + 4))
        found: list[Any] = []
        for at in range(length):
            inner = items if not isinstance(items, list) else items[at] if at < len(items) else None
            found.append(self.value(flat.get("additionalItems", True) if inner is None else inner, depth + 1))
        if "contains" in flat and found:
            found[self._random.randrange(len(found))] = self.value(flat["contains"], depth + 1)
        return found

    def _object(self, flat: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = flat.get("properties", {})
        required = list(flat.get("required", ()))
        wanted = dict.fromkeys(required)
        for name, schema in properties.items():
            if schema is not False and (self._full or (depth < DEEP and self._random.random() < 0.7)):
                wanted[name] = None
        for name in list(wanted):
            more = flat.get("dependencies", {}).get(name)
            if isinstance(more, list):
                wanted |= dict.fromkeys(more)
        found = {name: self.value(self._place(name, flat), depth + 1) for name in wanted}
        for name in self._further_names(flat, flat.get("minProperties", 0) - len(found)):
            found[name] = self.value(self._place(name, flat), depth + 1)
        return found

    def _place(self, name: str, flat: Mapping[str, Any]) -> Any:
        """The schema of the value under a name."""
        if name in flat.get("properties", {}):
            return flat["properties"][name]
        import re

        for pattern, schema in flat.get("patternProperties", {}).items():
            if re.search(pattern, name):
                return schema
        return flat.get("additionalProperties", True)

    def _further_names(self, flat: Mapping[str, Any], count: int) -> list[str]:
        patterns = list(flat.get("patternProperties", ()))
        if count <= 0 and patterns and self._random.random() < 0.5:
            count = 1
        names: list[str] = []
        for at in range(count):
            name = text_for(self._random.choice(patterns), self._random) if patterns else None
            pattern = flat.get("propertyNames", True)
            if name is None and isinstance(pattern, dict):
                name = str(self.value({"type": "string", **pattern}))
            names.append(name if name is not None else f"more_{at}")
        return names


def resolve(reference: Any, root: Mapping[str, Any]) -> Any:
    """What a reference inside the schema points to; Unmakeable where it leads nowhere."""
    if reference == "#":
        return root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise Unmakeable
    place: Any = root
    for part in reference[2:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict) and part in place:
            place = place[part]
        else:
            raise Unmakeable
    return place


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both schemas at once, as far as a maker of values needs it."""
    found = {**one, **other}
    if "type" in one and "type" in other:
        found["type"] = sorted(types_of({"type": one["type"]}, {}) & types_of({"type": other["type"]}, {}))
    for word in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"):
        if word in one and word in other:
            found[word] = max(one[word], other[word])
    for word in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"):
        if word in one and word in other:
            found[word] = min(one[word], other[word])
    if "required" in one and "required" in other:
        found["required"] = [*one["required"], *(name for name in other["required"] if name not in one["required"])]
    if "enum" in one and "enum" in other:
        found["enum"] = [value for value in one["enum"] if value in other["enum"]]
        if not found["enum"]:
            raise Unmakeable
    if "properties" in one and "properties" in other:
        both = {
            name: {"allOf": [one["properties"][name], schema]} if name in one["properties"] else schema
            for name, schema in other["properties"].items()
        }
        found["properties"] = {**one["properties"], **both}
    return found


def _bounds(flat: Mapping[str, Any]) -> tuple[float, float]:
    low = max(flat.get("minimum", -math.inf), flat.get("exclusiveMinimum", -math.inf))
    high = min(flat.get("maximum", math.inf), flat.get("exclusiveMaximum", math.inf))
    return low, high
