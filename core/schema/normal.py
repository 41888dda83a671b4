"""A schema without what changes no document, so that two ways of writing the same compare as equal.

Annotations are gone, defaults written out are gone, `$ref` points to a definition of a flat table. Two schemas that are
compared share the table: a definition that differs (or leads to one that does) has another name in the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from ..errors import InvalidSchema
from .walk import LISTS, MAPS, ONE, children, walk

Node = dict[str, Any] | bool
Definitions = dict[str, Node]

FORMATS = frozenset(
    {
        "date",
        "date-time",
        "time",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    }
)  # those the validator asserts; it takes no notice of others
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
PLAIN = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "contentEncoding",
        "contentMediaType",
    }
)
_OF = {
    ("integer", "number"): "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf",
    ("string",): "minLength maxLength pattern format contentEncoding contentMediaType",
    ("array",): "items additionalItems minItems maxItems uniqueItems contains",
    ("object",): "properties patternProperties additionalProperties required propertyNames dependencies"
    " minProperties maxProperties",
}
OF_TYPE = {key: kinds for kinds, keys in _OF.items() for key in keys.split(" ")}  # the rest minds every type
UNSAID = frozenset({"additionalProperties", "additionalItems", "items", "propertyNames"})  # true is their default
NOTHING = {"minLength": 0, "minItems": 0, "minProperties": 0}  # bounds that bound nothing


def plain(value: Any) -> Any:
    """A JSON value in which 1.0 is 1, as draft-07 has it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


Form = tuple[Node, Definitions]


def normal(schema: Any) -> Form:
    """The normal form of a schema and the definitions it reaches, by the pointer they had. Raises InvalidSchema.

    Two things are kept for the policies and taken out by `pair`: defaults, and names that are declared without a word.
    """
    definitions: Definitions = {}
    waiting: list[str] = []

    def target(reference: str) -> str:
        if not reference.startswith("#"):
            raise InvalidSchema(f"`$ref` {reference!r} points out of the document.", "Copy its target to definitions.")
        if reference not in definitions:
            definitions[reference] = True  # taken; its content follows below
            waiting.append(reference)
        return reference

    root = _node(schema, target)
    while waiting:
        reference = waiting.pop()
        definitions[reference] = _node(resolve(schema, reference), target)
    return root, definitions


def resolve(schema: Any, reference: str) -> Any:
    """What a local reference points to. Raises InvalidSchema."""
    found = schema
    for part in unquote(reference.lstrip("#")).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise InvalidSchema(f"`$ref` {reference!r} points to nothing.", "Add the definition it names.") from None
    return found


def pair(old: Form, new: Form) -> tuple[Node, Node, Definitions]:
    """Both normal forms over one table of definitions, without what only the policies needed to see."""
    old_root, table = _bare(old)
    new_root, others = _bare(new)
    changed = _leading_to({name for name in others if name not in table or table[name] != others[name]}, others)
    renamed = {name: f"{name}'" for name in changed}
    for name, node in others.items():
        table[renamed.get(name, name)] = _renamed(node, renamed)
    return old_root, _renamed(new_root, renamed), table


def _leading_to(changed: set[str], table: Definitions) -> set[str]:
    """These definitions and all that reach one of them."""
    users: dict[str, list[str]] = {}
    for name, node in table.items():
        for used in references(node):
            users.setdefault(used, []).append(name)
    found, waiting = set(changed), list(changed)
    while waiting:
        fresh = [user for user in users.get(waiting.pop(), ()) if user not in found]
        found.update(fresh)
        waiting += fresh
    return found


def _bare(form: Form) -> Form:
    root, table = form
    return _stripped(root), {name: _stripped(node) for name, node in table.items()}


def _stripped(node: Node) -> Node:
    if isinstance(node, bool) or not any("default" in each or _names_freely(each) for _, each in _nodes(node)):
        return node
    return _taken_out(node)


def _taken_out(node: Node) -> Node:
    found = mapped(node, _taken_out)
    if isinstance(found, bool):
        return found
    spoken = {
        key: value for key, value in found.items() if key != "default" and (value is not True or key not in UNSAID)
    }
    kept: dict[str, Any] = spoken
    if _names_freely(kept):
        named: Any = kept.pop("properties")
        if asked := {name: inner for name, inner in named.items() if inner is not True}:
            kept["properties"] = asked
    return _folded(kept)


def _nodes(node: Node) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((pointer, each) for pointer, each in walk(node) if isinstance(each, dict))


def _names_freely(node: dict[str, Any]) -> bool:
    """Whether an open object names a property and asks nothing of it."""
    return (
        any(inner is True for inner in node.get("properties", {}).values())
        and node.get("additionalProperties", True) is True
        and "patternProperties" not in node
    )


def references(node: Any) -> set[str]:
    """The names of the definitions that a normal node mentions, not following them."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            found.add(node["$ref"])
        waiting.extend(inner for _, inner in children(node))
    return found


def closure(node: Any, table: Definitions) -> dict[str, Node]:
    """Every definition that a normal node reaches."""
    found: dict[str, Node] = {}
    waiting = list(references(node))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = table[name]
            waiting.extend(references(table[name]))
    return found


def standalone(node: Node, table: Definitions) -> Node:
    """A normal node as a schema of its own, with the definitions it needs under names that a pointer can hold."""
    needed = closure(node, table)
    if not needed:
        return node
    names = {name: f"#/definitions/{index}" for index, name in enumerate(needed)}
    root = _renamed(node, names)
    wrapped: dict[str, Any] = {"allOf": [root]} if isinstance(root, bool) or "$ref" in root else dict(root)
    wrapped["definitions"] = {names[name][14:]: _renamed(inner, names) for name, inner in needed.items()}
    return wrapped


def _renamed(node: Node, names: dict[str, str]) -> Node:
    if not names or isinstance(node, bool):
        return node
    if "$ref" in node:
        return {"$ref": names.get(node["$ref"], node["$ref"])}
    return mapped(node, lambda inner: _renamed(inner, names))


def mapped(node: Node, change: Callable[[Any], Any]) -> Node:
    """A node with each direct subschema changed."""
    if isinstance(node, bool):
        return node
    found: dict[str, Any] = {}
    value: Any
    for key, value in node.items():
        if key in ONE or (key == "items" and not isinstance(value, list)):
            found[key] = change(value)
        elif key in LISTS or key == "items":
            found[key] = [change(inner) for inner in value]
        elif key in MAPS or key == "dependencies":
            found[key] = _mapped_table(value, change)
        else:
            found[key] = value
    return found


def _mapped_table(table: Any, change: Callable[[Any], Any]) -> dict[str, Any]:
    """A table of schemas with each changed; the lists of names that `dependencies` may hold stay."""
    return {name: inner if isinstance(inner, list) else change(inner) for name, inner in table.items()}


def _node(schema: Any, target: Any) -> Node:
    if not isinstance(schema, dict):
        return bool(schema)
    if "$ref" in schema:
        return {"$ref": target(schema["$ref"])}  # in draft-07 whatever stands beside it has no meaning
    found: dict[str, Any] = {}
    for key, value in schema.items():
        _keyword(found, key, value, schema, target)
    return _folded(found)


def _keyword(found: dict[str, Any], key: str, value: Any, schema: dict[str, Any], target: Any) -> None:
    """Copy one keyword, unless it says nothing."""
    if key == "default":
        found[key] = value
    elif key in PLAIN:
        if NOTHING.get(key) != value:
            found[key] = plain(value)
    elif key == "type":
        kinds = _types(value)
        if len(kinds) < len(TYPES) - 1:  # integer is within number
            found["type"] = kinds[0] if len(kinds) == 1 else kinds
    elif key in ("enum", "const"):
        values = _distinct(plain(value if key == "enum" else [value]))
        kept = {text_of(each) for each in found.get("enum", values)}
        found["enum"] = [each for each in values if text_of(each) in kept]
    elif key == "format":
        if value in FORMATS:
            found[key] = value
    elif key == "required":
        if value:
            found[key] = sorted(set(value))
    elif key == "uniqueItems":
        if value:
            found[key] = True
    elif key in ("additionalProperties", "propertyNames", "additionalItems", "items", "contains", "not"):
        _one(found, key, value, schema, target)
    elif key == "if":
        if "then" in schema or "else" in schema:
            for part in ("if", "then", "else"):
                found[part] = _node(schema.get(part, True), target)
            if found["then"] is True and found["else"] is True:
                del found["if"], found["then"], found["else"]
    elif key in ("properties", "patternProperties", "dependencies"):
        _map(found, key, value, target)
    elif key in LISTS:
        found[key] = [_node(inner, target) for inner in value]


def _one(found: dict[str, Any], key: str, value: Any, schema: dict[str, Any], target: Any) -> None:
    if key == "items" and isinstance(value, list):
        if value:
            found[key] = [_node(inner, target) for inner in value]
        elif "additionalItems" in schema:
            inner = _node(schema["additionalItems"], target)
            if inner is not True:
                found["items"] = inner
        return
    if key == "additionalItems" and (not isinstance(schema.get("items"), list) or not schema["items"]):
        return
    inner = _node(value, target)
    if inner is not True or key in ("contains", "not"):
        found[key] = inner


def _map(found: dict[str, Any], key: str, value: dict[str, Any], target: Any) -> None:
    inner = {
        name: sorted(set(each)) if isinstance(each, list) else _node(each, target)
        for name, each in value.items()
        if not (isinstance(each, list) and not each)
    }
    if inner:
        found[key] = inner


def _folded(found: dict[str, Any]) -> Node:
    """A node with one conjunct is that conjunct; one without keywords allows everything."""
    for key in ("anyOf", "oneOf"):
        if key in found and len(found[key]) == 1:
            found.setdefault("allOf", [])
            found["allOf"] = found["allOf"] + found.pop(key)
    if "allOf" in found:
        kept = [inner for inner in found["allOf"] if inner is not True]
        if kept:
            found["allOf"] = kept
        else:
            del found["allOf"]
        if any(inner is False for inner in kept):
            return False
        if len(kept) == 1 and len(found) == 1:
            only: Node = kept[0]
            return only
    if "anyOf" in found and any(inner is True for inner in found["anyOf"]):
        del found["anyOf"]
    if "oneOf" in found:
        _without_free_types(found)
    if found.get("not") is True or found.get("enum") == [] or found.get("type") == []:
        return False
    if found.get("not") is False:
        del found["not"]
    return found or True


def _without_free_types(found: dict[str, Any]) -> None:
    """A type of which two branches of a oneOf allow every value fits none: `{"required": […]}` allows every number."""
    free = [
        kind
        for kind in TYPES
        if sum(inner is True or (isinstance(inner, dict) and not _minds(inner, kind)) for inner in found["oneOf"]) > 1
    ]
    if free:
        kinds = [kind for kind in TYPES if kind in types_of(found) and kind not in free]
        kinds = [kind for kind in kinds if not (kind == "integer" and "number" in kinds)]
        found["type"] = kinds[0] if len(kinds) == 1 else kinds


def _minds(node: dict[str, Any], kind: str) -> bool:
    """Whether any keyword of a node could refuse a value of this type."""
    return any(kind in OF_TYPE.get(key, TYPES) for key in node)


def _types(value: Any) -> list[str]:
    kinds = set(value) if isinstance(value, list) else {value}
    if "number" in kinds:
        kinds.discard("integer")
    return [kind for kind in TYPES if kind in kinds]


def _distinct(values: list[Any]) -> list[Any]:
    """Each value once, in one order; true is not 1."""
    found = {text_of(value): value for value in values}
    return [found[text] for text in sorted(found)]


def text_of(value: Any) -> str:
    """A text that is equal for equal JSON values, and only for them."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{text_of(value[name])}" for name in sorted(value)) + "}"
    return "[" + ",".join(map(text_of, value)) + "]" if isinstance(value, list) else repr(value)


def types_of(node: Node) -> frozenset[str]:
    """The JSON types that a node's own keywords allow; integer stays apart from number."""
    if isinstance(node, bool):
        return frozenset(TYPES) if node else frozenset()
    kinds = node.get("type", TYPES)
    found = frozenset((kinds,) if isinstance(kinds, str) else kinds)
    if "number" in found:
        found |= {"integer"}
    if "enum" in node:
        found &= {type_of(value) for value in node["enum"]}
    return found


def type_of(value: Any) -> str:
    """The narrowest JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def parts(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The conjuncts of a node: its own keywords, then each combination apart."""
    own = {key: value for key, value in node.items() if key not in LISTS and key not in ("not", "if", "then", "else")}
    if own:
        yield own
    yield from node.get("allOf", [])
    for key in ("anyOf", "oneOf", "not"):
        if key in node:
            yield {key: node[key]}
    if "if" in node:
        yield {key: node[key] for key in ("if", "then", "else")}
