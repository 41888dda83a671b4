"""Random schemas and random changes whose answer is known by how they were made.

    old, new, name = change(random.Random(7))          # every document of `old` is one of `new`

A change is a widening (a bound loosened, a branch added, a requirement dropped …) or a rewriting that means the same,
made at a place where a wider part makes the whole wider. Read backwards it is a breaking change, unless it was one that
changes no document. Everything is seeded: a failing seed is a failing test.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

NAMES = ["id", "price", "size", "side", "venue", "obs", "reward", "info", "tags", "meta"]
WORDS = ["a", "B", "buy", "sell", "north", "south", "x1", "hold"]
PATTERNS = ["^[a-z]+$", "^x_", "^[A-Z]{2,4}$", "[0-9]+$", "^s-"]
FORMATS = ["date-time", "date", "ipv4", "email", "uuid"]

Schema = dict[str, Any]


def schema(rng: random.Random, depth: int = 3, root: bool = True) -> Schema:
    """A satisfiable schema of the kinds people write, with now and then a rare keyword."""
    if root and rng.random() < 0.8:
        return _object(rng, depth)
    kinds: list[Callable[[random.Random, int], Schema]] = [_number, _integer, _string, _enum, _scalar]
    if depth > 0:
        kinds += [_object, _object, _array, _array, _combined, _conditional]
    return rng.choice(kinds)(rng, depth)


def _number(rng: random.Random, depth: int, kind: str = "number") -> Schema:
    found: Schema = {"type": kind}
    if rng.random() < 0.5:
        found[rng.choice(["minimum", "minimum", "exclusiveMinimum"])] = rng.randint(-10, 5)
    if rng.random() < 0.4:
        found[rng.choice(["maximum", "maximum", "exclusiveMaximum"])] = rng.randint(30, 100)
    if rng.random() < 0.15:
        found["multipleOf"] = rng.choice([2, 4, 6, 12]) if kind == "integer" else rng.choice([0.5, 2, 4])
    return found


def _integer(rng: random.Random, depth: int) -> Schema:
    return _number(rng, depth, "integer")


def _string(rng: random.Random, depth: int) -> Schema:
    found: Schema = {"type": "string"}
    if rng.random() < 0.3:
        found["minLength"] = rng.randint(0, 3)
    if rng.random() < 0.3:
        found["maxLength"] = rng.randint(4, 12)
    if rng.random() < 0.15:
        return {"type": "string", "pattern": rng.choice(PATTERNS)}
    if rng.random() < 0.15:
        return {"type": "string", "format": rng.choice(FORMATS)}
    return found


def _enum(rng: random.Random, depth: int) -> Schema:
    values: list[Any] = rng.sample(WORDS, rng.randint(2, 4))
    if rng.random() < 0.2:
        values = rng.sample([0, 1, 2, 3, None, "a"], 3)
        return {"enum": values}
    return {"type": "string", "enum": values} if rng.random() < 0.5 else {"enum": values}


def _scalar(rng: random.Random, depth: int) -> Schema:
    return rng.choice(
        [
            {"type": "boolean"},
            {"type": "null"},
            {"const": rng.choice([1, "buy", None, True])},
            {"type": rng.sample(["string", "integer", "null", "boolean"], 2)},
            {},
        ]
    )


def _object(rng: random.Random, depth: int) -> Schema:
    names = rng.sample(NAMES, rng.randint(1, 5))
    found: Schema = {"type": "object", "properties": {name: schema(rng, depth - 1, root=False) for name in names}}
    if rng.random() < 0.7:
        found["required"] = rng.sample(names, rng.randint(1, len(names)))
    dice = rng.random()
    if dice < 0.45:
        found["additionalProperties"] = False
    elif dice < 0.55:
        found["additionalProperties"] = schema(rng, 0, root=False)
    elif dice < 0.6:
        found["additionalProperties"] = True
    if rng.random() < 0.1:
        found["patternProperties"] = {rng.choice(["^x_", "^s-"]): schema(rng, 0, root=False)}
    if rng.random() < 0.06:
        found["propertyNames"] = {"pattern": "^[a-z_]+$"}
    if rng.random() < 0.06:
        found["dependencies"] = {names[0]: [names[-1]]}
    if rng.random() < 0.05:
        found["maxProperties"] = rng.randint(len(names), len(names) + 3)
    if rng.random() < 0.05:
        found["minProperties"] = 1
    return found


def _array(rng: random.Random, depth: int) -> Schema:
    if rng.random() < 0.2:
        found: Schema = {
            "type": "array",
            "items": [schema(rng, depth - 1, root=False) for _ in range(rng.randint(1, 3))],
        }
        if rng.random() < 0.6:
            found["additionalItems"] = False
        return found
    found = {"type": "array", "items": schema(rng, depth - 1, root=False)}
    if rng.random() < 0.3:
        found["minItems"] = rng.randint(0, 2)
    if rng.random() < 0.3:
        found["maxItems"] = rng.randint(4, 8)
    if rng.random() < 0.1:
        found["uniqueItems"] = True
    if rng.random() < 0.05:
        found["contains"] = copy.deepcopy(found["items"])
    return found


def _combined(rng: random.Random, depth: int) -> Schema:
    branches = [_number(rng, 0), _string(rng, 0), {"type": "null"}, _object(rng, depth - 1), _array(rng, depth - 1)]
    chosen = rng.sample(branches, rng.randint(2, 3))
    keyword = rng.choice(["anyOf", "oneOf", "anyOf"])
    if rng.random() < 0.25:
        # A union with a tag, as typed languages write it.
        tagged: list[Schema] = [
            _object(rng, depth - 1) | {"additionalProperties": True} for _ in range(rng.randint(2, 3))
        ]
        for word, branch in zip(WORDS, tagged, strict=False):
            branch["properties"]["kind"] = {"const": word}
            branch["required"] = sorted({*branch.get("required", []), "kind"})
        return {keyword: tagged}
    if rng.random() < 0.15:
        return {"allOf": [_object(rng, 0) | {"additionalProperties": True}, {"required": [rng.choice(NAMES)]}]}
    return {keyword: chosen}


def _conditional(rng: random.Random, depth: int) -> Schema:
    first, second = rng.sample(NAMES, 2)
    found: Schema = {
        "type": "object",
        "properties": {first: {"enum": ["a", "B", "buy"]}, second: _number(rng, 0)},
        "if": {"properties": {first: {"const": "buy"}}, "required": [first]},
        "then": {"required": [second]},
    }
    if rng.random() < 0.3:
        return {"type": "integer", "not": {"enum": rng.sample(range(6), 2)}}
    if rng.random() < 0.3:
        found["else"] = {"properties": {second: {"maximum": 200}}}
    return found


# --- changes -------------------------------------------------------------------------------------------------------

Edit = Callable[[random.Random, Schema], bool]


def _loosen(rng: random.Random, node: Schema) -> bool:
    lower: list[str] = [
        k for k in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties") if k in node
    ]
    upper: list[str] = [
        k for k in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties") if k in node
    ]
    if not lower + upper:
        return False
    key = rng.choice(lower + upper)
    if rng.random() < 0.3 or (key in lower and node[key] == 0):
        del node[key]
    else:
        node[key] += rng.randint(1, 5) if key in upper else -1
    return True


def _drop(*keys: str) -> Edit:
    def edit(rng: random.Random, node: Schema) -> bool:
        present = [key for key in keys if key in node]
        if present:
            del node[rng.choice(present)]
        return bool(present)

    return edit


def _divide(rng: random.Random, node: Schema) -> bool:
    if node.get("multipleOf") not in (2, 4, 6, 12):
        return False
    node["multipleOf"] = {2: 1, 4: 2, 6: 3, 12: 4}[node["multipleOf"]]
    return True


def _integer_to_number(rng: random.Random, node: Schema) -> bool:
    if node.get("type") != "integer":
        return False
    node["type"] = "number"
    return True


def _nullable(rng: random.Random, node: Schema) -> bool:
    kind = node.get("type")
    if not isinstance(kind, str) or kind == "null" or "enum" in node:
        return False
    node["type"] = [kind, "null"]
    return True


def _more_values(rng: random.Random, node: Schema) -> bool:
    if "const" in node:
        node["enum"] = [node.pop("const"), "another"]
    elif "enum" in node:
        node["enum"] = [*node["enum"], "another"]
    else:
        return False
    return True


def _enum_to_string(rng: random.Random, node: Schema) -> bool:
    if "enum" not in node or not all(isinstance(value, str) for value in node["enum"]):
        return False
    del node["enum"]
    node["type"] = "string"
    return True


def _drop_required(rng: random.Random, node: Schema) -> bool:
    if not node.get("required"):
        return False
    node["required"] = [name for name in node["required"] if name != rng.choice(node["required"])]
    if not node["required"]:
        del node["required"]
    return True


def _add_optional(rng: random.Random, node: Schema) -> bool:
    if node.get("additionalProperties") is not False or "added" in node.get("properties", {"added": None}):
        return False
    node["properties"]["added"] = schema(rng, 1, root=False)
    return True


def _remove_property(rng: random.Random, node: Schema) -> bool:
    if node.get("additionalProperties", True) is not True or not node.get("properties"):
        return False
    del node["properties"][rng.choice(list(node["properties"]))]
    return True


def _open(rng: random.Random, node: Schema) -> bool:
    if node.get("additionalProperties") is not False:
        return False
    if rng.random() < 0.5:
        node["additionalProperties"] = schema(rng, 0, root=False)
    else:
        del node["additionalProperties"]
    return True


def _declare_implied(rng: random.Random, node: Schema) -> bool:
    if not isinstance(node.get("additionalProperties"), dict) or "added" in node.get("properties", {"added": None}):
        return False
    node["properties"]["added"] = copy.deepcopy(node["additionalProperties"])
    return True


def _longer_tuple(rng: random.Random, node: Schema) -> bool:
    if not isinstance(node.get("items"), list) or node.get("additionalItems") is not False:
        return False
    node["items"].append(schema(rng, 0, root=False))
    return True


def _shorter_open_tuple(rng: random.Random, node: Schema) -> bool:
    if not isinstance(node.get("items"), list) or "additionalItems" in node or len(node["items"]) < 2:
        return False
    node["items"].pop()
    return True


def _more_branches(rng: random.Random, node: Schema) -> bool:
    if "anyOf" in node:
        node["anyOf"].append(schema(rng, 1, root=False))
    elif "oneOf" in node and not any(_accepts_boolean(branch) for branch in node["oneOf"]):
        node["oneOf"].append({"type": "boolean"})
    else:
        return False
    return True


def _accepts_boolean(branch: Any) -> bool:
    return not isinstance(branch, dict) or branch.get("type") not in ("object", "array", "string", "number", "null")


def _fewer_conjuncts(rng: random.Random, node: Schema) -> bool:
    if "allOf" not in node:
        return False
    node["allOf"].pop(rng.randrange(len(node["allOf"])))
    if not node["allOf"]:
        del node["allOf"]
    return True


def _narrower_not(rng: random.Random, node: Schema) -> bool:
    if "not" not in node or len(node["not"].get("enum", [])) < 2:
        return False
    node["not"]["enum"].pop()
    return True


def _anything(rng: random.Random, node: Schema) -> bool:
    if rng.random() < 0.9 or not node:
        return False
    node.clear()
    return True


def _or_null(rng: random.Random, node: Schema) -> bool:
    if rng.random() < 0.6 or "definitions" in node:
        return False
    inner = dict(node)
    node.clear()
    node["anyOf"] = [inner, {"type": "null"}]
    return True


WIDENINGS: dict[str, Edit] = {
    "loosen": _loosen,
    "drop-multiple": _drop("multipleOf"),
    "divide": _divide,
    "drop-pattern": _drop("pattern", "format"),
    "drop-unique": _drop("uniqueItems", "contains"),
    "drop-names": _drop("propertyNames", "dependencies"),
    "drop-then": _drop("then", "else"),
    "integer-to-number": _integer_to_number,
    "nullable": _nullable,
    "more-values": _more_values,
    "enum-to-string": _enum_to_string,
    "drop-required": _drop_required,
    "add-optional": _add_optional,
    "remove-property": _remove_property,
    "open": _open,
    "declare-implied": _declare_implied,
    "longer-tuple": _longer_tuple,
    "shorter-tuple": _shorter_open_tuple,
    "more-branches": _more_branches,
    "fewer-conjuncts": _fewer_conjuncts,
    "narrower-not": _narrower_not,
    "anything": _anything,
    "or-null": _or_null,
}


def _annotate(rng: random.Random, node: Schema) -> bool:
    node["description"] = "Said otherwise."
    return True


def _wrap(rng: random.Random, node: Schema) -> bool:
    if "definitions" in node:
        return False
    inner = dict(node)
    node.clear()
    node[rng.choice(["allOf", "anyOf", "oneOf"])] = [inner]
    return True


def _other_bound(rng: random.Random, node: Schema) -> bool:
    if node.get("type") != "integer" or "minimum" not in node:
        return False
    node["exclusiveMinimum"] = node.pop("minimum") - 1
    return True


def _types_as_branches(rng: random.Random, node: Schema) -> bool:
    if not isinstance(node.get("type"), list) or len(node) > 1:
        return False
    node["anyOf"] = [{"type": kind} for kind in node.pop("type")]
    return True


def _written_out(rng: random.Random, node: Schema) -> bool:
    if node.get("type") != "object" or "additionalProperties" in node:
        return False
    node["additionalProperties"] = True
    return True


SAME: dict[str, Edit] = {
    "annotate": _annotate,
    "wrap": _wrap,
    "other-bound": _other_bound,
    "types-as-branches": _types_as_branches,
    "written-out": _written_out,
}


def covariant(node: Any) -> list[Schema]:
    """Every place at which a wider part makes the whole wider."""
    if not isinstance(node, dict):
        return []
    inner: list[Any] = [*node.get("properties", {}).values(), *node.get("patternProperties", {}).values()]
    items = node.get("items", [])
    inner += items if isinstance(items, list) else [items]
    inner += [node.get("additionalProperties"), node.get("additionalItems")]
    inner += node.get("allOf", []) + node.get("anyOf", []) + list(node.get("definitions", {}).values())
    return [node] + [place for each in inner for place in covariant(each)]


def _by_reference(rng: random.Random, root: Schema) -> Schema:
    """The same schema with one inner part moved to `definitions`, and sometimes a recursive list of itself."""
    for node in rng.sample(covariant(root), k=len(covariant(root))):
        for name, inner in node.get("properties", {}).items():
            if isinstance(inner, dict) and inner and not _uses_reference(inner):
                node["properties"][name] = {"$ref": "#/definitions/part"}
                root.setdefault("definitions", {})["part"] = inner
                if rng.random() < 0.3 and "properties" in inner:
                    inner["properties"]["children"] = {"type": "array", "items": {"$ref": "#/definitions/part"}}
                return root
    return root


def _uses_reference(node: Any) -> bool:
    return "$ref" in repr(node)


def change(rng: random.Random, edits: int | None = None) -> tuple[Schema, Schema, str]:
    """An old schema and a wider or equal new one, with the names of what was done."""
    while True:
        old = schema(rng)
        if rng.random() < 0.15:
            old = _by_reference(rng, old)
        new = copy.deepcopy(old)
        done: list[str] = []
        for _ in range(edits or rng.choice([1, 1, 1, 2, 3])):
            places = covariant(new)
            table = SAME if rng.random() < 0.15 else WIDENINGS
            for _ in range(40):
                name = rng.choice(list(table))
                place = rng.choice(places)
                if "$ref" not in place and table[name](rng, place):
                    done.append(name)
                    break
        if done and new != old:
            return old, new, "+".join(done)


# --- documents -----------------------------------------------------------------------------------------------------

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    4,
    7,
    12,
    50,
    99,
    0.5,
    2.5,
    -9.5,
    "",
    "a",
    "B",
    "buy",
    "another",
    "x_a",
]
VALUES.extend(
    ["s-1", "NOT", "2026-01-31", [], [1], ["a", "a"], [[]], {}, {"id": 1}, {"x_a": "a"}, "2026-01-31T00:00:00Z"]
)


def document(rng: random.Random, node: Any, root: Any, depth: int = 0) -> Any:
    """A value that may or may not be allowed by a schema: what it says is followed most of the time, not always."""
    if not isinstance(node, dict) or depth > 6 or rng.random() < 0.04:
        return rng.choice(VALUES)
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return document(rng, root["definitions"][name] if name != "#" else root, root, depth + 1)
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return rng.choice(node["enum"])
    branches = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
    if branches:
        one: Any = document(rng, rng.choice(branches), root, depth + 1)
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "oneOf", "allOf")}
        other = document(rng, rest, root, depth + 1) if "properties" in rest else None
        return {**other, **one} if isinstance(one, dict) and isinstance(other, dict) else one
    kind = node.get("type", "object" if "properties" in node else rng.choice(["string", "integer", "object"]))
    kind = rng.choice(kind) if isinstance(kind, list) else kind
    if kind == "object":
        return _document_object(rng, node, root, depth)
    if kind == "array":
        items = node.get("items", {})
        length = len(items) + rng.choice([-1, 0, 0, 1]) if isinstance(items, list) else rng.randint(0, 4)
        parts = [items[at] if isinstance(items, list) and at < len(items) else items for at in range(max(length, 0))]
        return [document(rng, {} if isinstance(part, list) else part, root, depth + 1) for part in parts]
    if kind in ("integer", "number"):
        low: Any = node.get("minimum", node.get("exclusiveMinimum", -12))
        high: Any = node.get("maximum", node.get("exclusiveMaximum", 110))
        found: Any = rng.choice([rng.randint(int(low) - 1, int(high) + 1), low, high])
        return found + rng.choice([0, 0, 0.5]) if kind == "number" else found
    if kind == "string":
        return rng.choice(
            [value for value in VALUES if isinstance(value, str)] + ["a" * rng.randint(0, 13), "abc", "A1"]
        )
    return {"null": None, "boolean": True}.get(kind)


def _document_object(rng: random.Random, node: Schema, root: Any, depth: int) -> Any:
    found = {}
    for name, inner in node.get("properties", {}).items():
        if name in node.get("required", ()) or rng.random() < 0.5:
            found[name] = document(rng, inner, root, depth + 1)
    for name in node.get("required", ()):
        if name not in found:
            found[name] = rng.choice(VALUES)
    if rng.random() < 0.3:
        found[rng.choice([*NAMES, "added", "x_1", "s-1"])] = document(
            rng, rng.choice([{}, {"type": "string"}]), root, 9
        )
    return found


def mixed(rng: random.Random) -> tuple[Schema, Schema]:
    """Two like schemas, of which nothing is known: edited in both directions, or with a part of another schema."""
    old, new, _ = change(rng)
    dice = rng.random()
    if dice < 0.3:
        return new, old
    if dice < 0.8:
        other = copy.deepcopy(old)
        for _ in range(rng.randint(1, 3)):
            place = rng.choice(covariant(other))
            if "$ref" not in place:
                rng.choice([*WIDENINGS.values(), *SAME.values()])(rng, place)
        return (other, new) if rng.random() < 0.5 else (new, other)
    places = [place for place in covariant(new) if place.get("properties")]
    if places:
        place = rng.choice(places)
        place["properties"][rng.choice(list(place["properties"]))] = schema(rng, 1, root=False)
    return old, new
