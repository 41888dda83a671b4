"""What changed between two schemas, place by place, each change with the directions that it breaks.

The walk goes down both schemas together and names each difference by its rule. Whether a difference breaks a direction
is asked of the two parts in which it lies, not read off the rule: a raised minimum under an enum may break nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .meet import closed, effective, known_names
from .normal import Definitions, Node, types_of
from .rules import Direction
from .validate import short
from .walk import escape

MOST = 200  # changes that are told
DEEPEST = 100
NULL: Node = {"type": "null"}
Refuted = Callable[[Node, Node], bool]
"""Whether documents of the first part are outside the second, as far as one can tell."""

BOUNDS = (  # keyword, the rules for a higher and for a lower value
    ("minLength", "min-length-raised", "min-length-lowered"),
    ("maxLength", "max-length-raised", "max-length-lowered"),
    ("minItems", "min-items-raised", "min-items-lowered"),
    ("maxItems", "max-items-raised", "max-items-lowered"),
    ("minProperties", "min-properties-raised", "min-properties-lowered"),
    ("maxProperties", "max-properties-raised", "max-properties-lowered"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `old` and `new` are the parts it was judged by; `breaks` the directions that do not hold."""

    rule: str
    path: str
    breaks: frozenset[Direction]
    facts: dict[str, Any] = field(default_factory=dict)
    old: Node = True
    new: Node = True


class Walk:
    """Collects the changes between two normal nodes over one table of definitions."""

    def __init__(self, table: Definitions, refuted: Refuted) -> None:
        self.table = table
        self.refuted = refuted
        self.found: list[Change] = []
        self._seen: set[tuple[str, str]] = set()

    def add(self, rule: str, path: str, old: Node, new: Node, /, **facts: Any) -> None:
        """Note a change and judge it by the two parts."""
        if len(self.found) >= MOST:
            return
        breaks: set[Direction] = set()
        if self.refuted(old, new):
            breaks.add("backward")
        if self.refuted(new, old):
            breaks.add("forward")
        self.found.append(Change(rule, path, frozenset(breaks), facts, old, new))

    def go(self, old: Node, new: Node, path: str = "") -> None:
        """Compare two nodes at one place."""
        if old == new or path.count("/") > DEEPEST:
            return
        old, new, name = self._followed(old, new)
        if name in self._seen:
            return
        if name != ("", ""):
            self._seen.add(name)
        if isinstance(old, bool) or isinstance(new, bool):
            if isinstance(new, bool):
                rule = "anything-allowed" if new else "nothing-allowed"
            else:
                rule = "restricted" if old else "allowed-again"
            self.add(rule, path, old, new)
            return
        bare = without_null(old), without_null(new)
        if bare[0][0] != bare[1][0]:  # null is allowed on one side only
            self.add(
                "null-allowed" if bare[1][0] else "null-refused",
                path,
                *((NULL, False) if bare[0][0] else (False, NULL)),
            )
            self.go(bare[0][1], bare[1][1], path)
            return
        self._types(old, new, path)
        if types_of(old) & types_of(new):
            self._keywords(old, new, path)

    def _followed(self, old: Node, new: Node) -> tuple[Node, Node, tuple[str, str]]:
        names = ["", ""]
        both = [old, new]
        for side in (0, 1):
            for _ in range(8):
                node = both[side]
                if not (isinstance(node, dict) and "$ref" in node):
                    break
                names[side] = node["$ref"]
                both[side] = self.table[node["$ref"]]
        return both[0], both[1], (names[0], names[1])

    # --- types and values -------------------------------------------------------------------------------------------

    def _types(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        before, after = _kinds(old), _kinds(new)
        listed = [node for node in (old, new) if "enum" in node]
        if old.get("enum") != new.get("enum") and (len(listed) == 2 or before & after):
            self._values(old, new, path)
        if before == after or len(listed) == 2 or (listed and before & after):
            return
        sides: tuple[Node, Node] = ({"type": sorted(before)}, {"type": sorted(after)})
        lost, gained = before - after, after - before
        words = {"old": _or(before), "new": _or(after), "lost": _or(lost), "gained": _or(gained)}
        if lost == {"integer"} and gained == {"number"}:
            rule = "integer-to-number"
        elif lost == {"number"} and gained == {"integer"}:
            rule = "number-to-integer"
        elif not lost - ({"integer"} if "number" in after else set()):
            rule = "type-widened"
        elif not gained - ({"integer"} if "number" in before else set()):
            rule = "type-narrowed"
        else:
            rule = "type-changed"
        self.add(rule, f"{path}/type", *sides, **words)

    def _values(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        before, after = old.get("enum"), new.get("enum")
        place = f"{path}/enum"
        if before is None:
            self.add("enum-introduced", place, _own(old), _own(new), new=short(after))
        elif after is None:
            self.add("enum-dropped", place, _own(old), _own(new), old=short(before))
        elif len(before) == len(after) == 1:
            self.add("const-changed", path + "/const", _own(old), _own(new), old=short(before[0]), new=short(after[0]))
        else:
            kept = {short(value): value for value in before}.keys() & {short(value) for value in after}
            lost = [value for value in before if short(value) not in kept]
            gained = [value for value in after if short(value) not in kept]
            rule = "enum-changed" if lost and gained else "enum-value-removed" if lost else "enum-value-added"
            self.add(rule, place, _own(old), _own(new), lost=_list(lost), gained=_list(gained))

    # --- keywords ---------------------------------------------------------------------------------------------------

    def _keywords(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        shared = types_of(old) & types_of(new)
        if shared & {"integer", "number"}:
            self._numbers(old, new, path)
        for key, raised, lowered in BOUNDS:
            before, after = old.get(key), new.get(key)
            if before != after:
                default = 0 if key.startswith("min") else float("inf")
                higher = (default if after is None else after) > (default if before is None else before)
                words = {"old": _shown(before), "new": _shown(after)}
                self.add(raised if higher else lowered, f"{path}/{key}", *_only(old, new, key), **words)
        if "string" in shared:
            self._strings(old, new, path)
        if "object" in shared:
            self._objects(old, new, path)
        if "array" in shared:
            self._arrays(old, new, path)
        self._combinations(old, new, path)

    def _numbers(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        for words, keys in (("minimum", ("minimum", "exclusiveMinimum")), ("maximum", ("maximum", "exclusiveMaximum"))):
            before, after = ({key: node[key] for key in keys if key in node} for node in (old, new))
            if before == after:
                continue
            parts = _only(old, new, *keys)
            tighter = self.refuted(*parts)
            rule = {
                ("minimum", True): "minimum-raised",
                ("minimum", False): "minimum-lowered",
                ("maximum", True): "maximum-lowered",
                ("maximum", False): "maximum-raised",
            }[words, tighter]
            self.add(rule, f"{path}/{next(iter(after or before))}", *parts, old=_bound(before), new=_bound(after))
        if old.get("multipleOf") != new.get("multipleOf"):
            words2 = {"old": _shown(old.get("multipleOf")), "new": _shown(new.get("multipleOf"))}
            self.add("multiple-changed", f"{path}/multipleOf", *_only(old, new, "multipleOf"), **words2)

    def _strings(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        for key in ("pattern", "format"):
            before, after = old.get(key), new.get(key)
            if before != after:
                suffix = "added" if before is None else "removed" if after is None else "changed"
                words = {"old": _shown(before), "new": _shown(after)}
                self.add(f"{key}-{suffix}", f"{path}/{key}", *_only(old, new, key), **words)
        for key in ("contentEncoding", "contentMediaType"):
            if old.get(key) != new.get(key):
                words = {"old": _shown(old.get(key)), "new": _shown(new.get(key))}
                self.add("content-changed", f"{path}/{key}", *_only(old, new, key), **words)

    def _objects(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        before, after = set(old.get("required", ())), set(new.get("required", ()))
        mine, theirs = known_names(old), known_names(new)
        for name in sorted(mine | theirs):
            place = f"{path}/properties/{escape(name)}"
            parts: tuple[Node, Node] = (effective(old, name), effective(new, name))
            if name in mine and name in theirs:
                self.go(*parts, place)
                self._required(name, before, after, path)
                continue
            declared = old if name in mine else new
            facts: dict[str, Any] = {"name": name, "old_model": model(old), "new_model": model(new)}
            facts["schema"] = declared["properties"][name]
            sides: tuple[Node, Node] = (_holding(name, *parts, before, True), _holding(name, *parts, after, False))
            if name in theirs:
                rule = "required-property-added" if name in after - before else "optional-property-added"
                self.add(rule, place, *sides, **facts)
            else:
                gone = f"no `{name}`" if name in before - after else f"a `{name}` of another kind"
                self.add("property-removed", place, *sides, missing=gone, **facts)
        for name in sorted((before | after) - mine - theirs):
            self._required(name, before, after, path)
        self._rest(old, new, path)

    def _required(self, name: str, before: set[str], after: set[str], path: str) -> None:
        if (name in before) != (name in after):
            rule = "property-became-required" if name in after else "property-became-optional"
            sides = ({}, {"required": [name]}) if name in after else ({"required": [name]}, {})
            one, other = ({"type": "object", **side} for side in sides)
            self.add(rule, f"{path}/required", one, other, name=name)

    def _rest(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        before, after = (node.get("additionalProperties", True) for node in (old, new))
        if before != after:
            rule = "object-closed" if after is False else "object-opened" if before is False else "rest-changed"
            self.add(rule, f"{path}/additionalProperties", before, after)
        patterns = old.get("patternProperties", {}), new.get("patternProperties", {})
        for pattern in sorted({*patterns[0], *patterns[1]}):
            parts = patterns[0].get(pattern, before), patterns[1].get(pattern, after)
            if parts[0] != parts[1]:
                self.add("named-pattern-changed", f"{path}/patternProperties/{escape(pattern)}", *parts, name=pattern)
        names = old.get("propertyNames", True), new.get("propertyNames", True)
        if names[0] != names[1]:
            self.add("names-changed", f"{path}/propertyNames", *_only(old, new, "propertyNames"))
        asked = old.get("dependencies", {}), new.get("dependencies", {})
        for name in sorted({*asked[0], *asked[1]}):
            if asked[0].get(name) != asked[1].get(name):
                sides = tuple({"dependencies": {name: each[name]}} if name in each else {} for each in asked)
                rule = "dependency-added" if name not in asked[0] else "dependency-removed"
                rule = "dependency-changed" if name in asked[0] and name in asked[1] else rule
                self.add(rule, f"{path}/dependencies/{escape(name)}", sides[0] or True, sides[1] or True, name=name)

    def _arrays(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        if old.get("uniqueItems") != new.get("uniqueItems"):
            rule = "unique-items-added" if "uniqueItems" in new else "unique-items-removed"
            self.add(rule, f"{path}/uniqueItems", *_only(old, new, "uniqueItems", "maxItems"))
        if old.get("contains") != new.get("contains"):
            self.add("contains-changed", f"{path}/contains", *_only(old, new, "contains", "items", "minItems"))
        before, after = old.get("items", True), new.get("items", True)
        keys = ("items", "additionalItems", "maxItems")
        if isinstance(before, list) and isinstance(after, list):
            for index, parts in enumerate(zip(before, after, strict=False)):
                self.go(*parts, f"{path}/items/{index}")
            if len(before) != len(after):
                rule = "tuple-longer" if len(after) > len(before) else "tuple-shorter"
                self.add(rule, f"{path}/items", *_only(old, new, *keys), old=len(before), new=len(after))
            elif old.get("additionalItems") != new.get("additionalItems"):
                rest = old.get("additionalItems", True), new.get("additionalItems", True)
                self.add("items-changed", f"{path}/additionalItems", *rest)
        elif isinstance(before, list) or isinstance(after, list):
            self.add("items-changed", f"{path}/items", *_only(old, new, *keys))
        else:
            self.go(before, after, f"{path}/items")

    # --- combinations -----------------------------------------------------------------------------------------------

    def _combinations(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        for key, rule in (("allOf", "all-of-changed"), ("anyOf", ""), ("oneOf", "one-of-changed")):
            before, after = old.get(key), new.get(key)
            if before == after:
                continue
            if (
                before
                and after
                and len(before) == len(after)
                and _one_apart(before, after) is not None
                and key != "oneOf"
            ):
                index = _one_apart(before, after)
                self.go(before[index], after[index], f"{path}/{key}/{index}")
                continue
            self.add(rule or _any_of(before or [], after or []), f"{path}/{key}", *_only(old, new, key))
        if old.get("not") != new.get("not"):
            self.add("not-changed", f"{path}/not", *_only(old, new, "not"))
        if any(old.get(key) != new.get(key) for key in ("if", "then", "else")):
            self.add("condition-changed", f"{path}/if", *_only(old, new, "if", "then", "else"))


def without_null(node: dict[str, Any]) -> tuple[bool, Node]:
    """Whether a node allows null beside something else, and what it allows beside it."""
    kinds = node.get("type")
    if isinstance(kinds, list) and "null" in kinds and "enum" not in node:
        others = [kind for kind in kinds if kind != "null"]
        return True, {**node, "type": others[0] if len(others) == 1 else others}
    for key in ("anyOf", "oneOf"):
        if set(node) == {key} and NULL in node[key]:
            others = [branch for branch in node[key] if branch != NULL]
            return True, others[0] if len(others) == 1 else {key: others}
    return False, node


def model(node: dict[str, Any]) -> str:
    """The content model of an object in words."""
    if closed(node):
        return "closed (additionalProperties: false)"
    rest = node.get("additionalProperties", True)
    if rest is True and not node.get("patternProperties"):
        return "open (additionalProperties is not false)"
    return "partly open (further names must fit a schema)"


def _holding(name: str, old: Node, new: Node, required: set[str], first: bool) -> Node:
    """An object of which only one property is looked at."""
    found: dict[str, Any] = {"type": "object", "properties": {name: old if first else new}}
    if name in required:
        found["required"] = [name]
    return found


def _own(node: dict[str, Any]) -> Node:
    """What a node says about single values, apart from its combinations."""
    return {
        key: value for key, value in node.items() if key not in ("anyOf", "oneOf", "allOf", "not", "if", "then", "else")
    }


def _only(old: dict[str, Any], new: dict[str, Any], *keys: str) -> tuple[Node, Node]:
    """Both nodes reduced to some keywords, and to the type, which gives them their meaning."""
    shared = sorted(types_of(old) & types_of(new))
    kinds = {"type": [kind for kind in shared if not (kind == "integer" and "number" in shared)]}
    first, second = ({**kinds, **{key: node[key] for key in keys if key in node}} for node in (old, new))
    return first, second


def _kinds(node: dict[str, Any]) -> set[str]:
    found = set(types_of(node))
    return found - {"integer"} if "number" in found else found


def _one_apart(before: list[Node], after: list[Node]) -> int | None:
    """The one position at which two lists differ, if it is one."""
    apart = [index for index, parts in enumerate(zip(before, after, strict=True)) if parts[0] != parts[1]]
    return apart[0] if len(apart) == 1 else None


def _any_of(before: list[Node], after: list[Node]) -> str:
    if before and after and all(branch in after for branch in before):
        return "any-of-branch-added"
    return (
        "any-of-branch-removed" if before and after and all(branch in before for branch in after) else "any-of-changed"
    )


def _or(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "nothing"


def _list(values: list[Any]) -> str:
    return ", ".join(short(value) for value in values[:5]) + (", …" if len(values) > 5 else "")


def _shown(value: Any) -> str:
    return "none" if value is None else short(value)


def _bound(keys: dict[str, Any]) -> str:
    return (
        " and ".join(
            f"{'above ' if 'Min' in key else 'below ' if 'Max' in key else ''}{short(value)}"
            for key, value in keys.items()
        )
        or "none"
    )
