"""What counts as compatible: the mode says who must read what, the policy what a reader is expected to do.

Under `strict` nothing is expected: every document of one schema must be valid under the other, as it is. The other two
policies take the two sides differently. What is *written* is narrower than its schema, what is *read* is wider:

* `defaults-filled`: the reader supplies the default of a required property that is missing.
* `tolerant-reader`: writers use only the names that they declare, and readers drop the names that they do not.

A rule that would be wrong in some surroundings is not applied there: inside `anyOf`, `oneOf`, `not` and `if`, a dropped
or supplied property could change which branch holds. There the schema is taken as it is, which can only refuse more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..errors import InvalidOption
from .meet import matches
from .normal import Definitions, Node, types_of
from .values import allows

Mode = Literal["NONE", "BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"]
Policy = Literal["strict", "defaults-filled", "tolerant-reader"]
MODES: tuple[Mode, ...] = (
    "NONE",
    "BACKWARD",
    "FORWARD",
    "FULL",
    "BACKWARD_TRANSITIVE",
    "FORWARD_TRANSITIVE",
    "FULL_TRANSITIVE",
)
POLICIES: tuple[Policy, ...] = ("strict", "defaults-filled", "tolerant-reader")
MEANINGS: dict[str, str] = {
    "NONE": "nothing is compared",
    "BACKWARD": "the new schema reads what was written with the last one",
    "FORWARD": "the last schema reads what is written with the new one",
    "FULL": "both",
    "BACKWARD_TRANSITIVE": "the new schema reads what was written with any earlier one of its MAJOR",
    "FORWARD_TRANSITIVE": "every earlier schema of its MAJOR reads what is written with the new one",
    "FULL_TRANSITIVE": "both, with every earlier one of its MAJOR",
    "strict": "every document as it is: inclusion",
    "defaults-filled": "the reader supplies the default of a required property that is missing",
    "tolerant-reader": "writers use declared names only, readers drop those that they do not know",
}

_COMBINED = ("anyOf", "oneOf", "allOf", "not", "if", "dependencies")
Change = Callable[[dict[str, Any], dict[str, Any], Definitions], dict[str, Any]]
"""Takes a node with its parts already changed, and as it was."""


def check_mode(mode: str) -> Mode:
    """The mode in its own spelling; `backward` is accepted for BACKWARD. Raises InvalidOption."""
    found = mode.upper().replace("-", "_")
    for known in MODES:
        if found == known:
            return known
    raise InvalidOption(f"{mode!r} is no compatibility mode.", f"Use one of {', '.join(MODES)}.")


def check_policy(policy: str) -> Policy:
    """The policy in its own spelling. Raises InvalidOption."""
    for known in POLICIES:
        if policy.lower().replace("_", "-") == known:
            return known
    raise InvalidOption(f"{policy!r} is no compatibility policy.", f"Use one of {', '.join(POLICIES)}.")


def written(root: Node, table: Definitions, policy: Policy) -> tuple[Node, Definitions]:
    """The normal form of what writers are expected to write."""
    return _plain(root, table, _declared_only) if policy == "tolerant-reader" else (root, table)


def read(root: Node, table: Definitions, policy: Policy) -> tuple[Node, Definitions]:
    """The normal form of what readers are expected to take."""
    if policy == "tolerant-reader":
        return _plain(root, table, _opened)
    return _plain(root, table, _filled) if policy == "defaults-filled" else (root, table)


def _declared_only(node: dict[str, Any], before: dict[str, Any], table: Definitions) -> dict[str, Any]:
    """Writers leave out names that nobody declared."""
    if node.get("additionalProperties", True) is not True or "object" not in types_of(node) or "enum" in node:
        return node
    declared = dict.fromkeys(node.get("required", ()), True) | node.get("properties", {})
    return {**node, "properties": declared, "additionalProperties": False}


def _opened(node: dict[str, Any], before: dict[str, Any], table: Definitions) -> dict[str, Any]:
    """Readers drop what a closed object would refuse, unless something counts the properties or needs the dropped."""
    if node.get("additionalProperties") is not False or "minProperties" in node or "propertyNames" in node:
        return node
    if not set(node.get("required", ())) <= node.get("properties", {}).keys():
        return node
    return {key: value for key, value in node.items() if key not in ("additionalProperties", "maxProperties")}


def _filled(node: dict[str, Any], before: dict[str, Any], table: Definitions) -> dict[str, Any]:
    """Readers supply a default: one that is allowed where it goes, and that nothing else in the object minds."""
    if "required" not in node or "maxProperties" in node or "propertyNames" in node or "enum" in node:
        return node
    properties, patterns = before.get("properties", {}), node.get("patternProperties", {})

    def fillable(name: str) -> bool:
        inner = properties.get(name)
        if not isinstance(inner, dict) or "default" not in inner or any(matches(each, name) for each in patterns):
            return False
        return allows(inner, inner["default"], table)

    return {**node, "required": [name for name in node["required"] if not fillable(name)]}


def _plain(root: Node, table: Definitions, change: Change) -> tuple[Node, Definitions]:
    """Change each object that stands alone: no combination is about the same value.

    A definition that is met at such a place gets a changed copy of its own; the others keep pointing to the original.
    """
    copies: Definitions = {}

    def place(node: Node) -> Node:
        if isinstance(node, bool):
            return node
        if "$ref" in node:
            name = f"{node['$ref']}~"
            if name not in copies:
                copies[name] = True  # taken: it may lead back to itself
                copies[name] = place(table[node["$ref"]])
            return {"$ref": name}
        if combined := [key for key in _COMBINED if key in node]:
            return union(node, combined[0]) if combined in (["anyOf"], ["oneOf"]) and len(node) == 1 else node
        found = dict(node)
        for key in ("properties", "patternProperties"):
            if key in found:
                found[key] = {name: place(inner) for name, inner in found[key].items()}
        if "additionalProperties" in found:
            found["additionalProperties"] = place(found["additionalProperties"])
        if "uniqueItems" not in node and "contains" not in node:  # a changed item may become equal to another
            for key in ("items", "additionalItems"):
                if key in found:
                    inner = found[key]
                    found[key] = [place(each) for each in inner] if isinstance(inner, list) else place(inner)
        return change(found, node, table)

    def union(node: dict[str, Any], key: str) -> Node:
        """Of a union of which only one branch fits objects and lists, that branch stands alone."""
        structured = [each for each in node[key] if _structured(each, table)]
        return {key: [place(branch) for branch in node[key]]} if len(structured) <= 1 else node

    return place(root), table | copies


def _structured(node: Node, table: Definitions) -> bool:
    for _ in range(8):
        if not (isinstance(node, dict) and "$ref" in node):
            return bool(types_of(node) & {"object", "array"})
        node = table[node["$ref"]]
    return True
