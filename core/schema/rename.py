"""A property removed here and a like one added there is most likely one that was renamed.

No schema language says so by itself, so it is guessed from what both say, or declared: `"x-renamed-from": "price"` in
the new property. A rename stays breaking; knowing it, one can offer the step that carries the data over.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .changes import Change
from .normal import Node
from .walk import walk

ALIKE = 0.6
VERY_ALIKE = 0.8  # asked of names whose schemas say nothing


@dataclass(frozen=True, slots=True)
class Rename:
    """One property under two names. `step` is the migration as plain data; `at` in it may hold `*` for any item."""

    path: str
    """The object in the schema, as a JSON pointer."""
    old: str
    new: str
    declared: bool
    """Whether the new schema says it (`x-renamed-from`); else it is likely."""

    @property
    def step(self) -> dict[str, str]:
        return {"op": "rename", "at": place_of(self.path), "from": self.old, "to": self.new}


def declared_renames(schema: Any) -> dict[str, set[str]]:
    """New names with the old ones that `x-renamed-from` gives them."""
    found: dict[str, set[str]] = {}
    for _, node in walk(schema):
        for name, inner in (node.get("properties") or {}).items() if isinstance(node, dict) else ():
            former = inner.get("x-renamed-from") if isinstance(inner, dict) else None
            if former is not None:
                found.setdefault(name, set()).update(map(str, former if isinstance(former, list) else [former]))
    return found


def renames(changes: list[Change], declared: dict[str, set[str]], equal: Callable[[Node, Node], bool]) -> list[Rename]:
    """The likely and the declared renames among the changes, each property at most once; the likeliest first."""
    removed = [change for change in changes if change.rule == "property-removed"]
    added = [change for change in changes if change.rule in ("optional-property-added", "required-property-added")]
    rated: list[tuple[float, str, str, str, bool]] = []
    for one in removed:
        for other in added:
            old, new, path = one.facts["name"], other.facts["name"], one.path.rpartition("/properties/")[0]
            if other.path.rpartition("/properties/")[0] != path:
                continue
            said = old in declared.get(new, ())
            alike = 2.0 if said else likeness(old, new)
            parts = one.facts["schema"], other.facts["schema"]
            bare = any(isinstance(part, bool) for part in parts)
            if said or (alike >= (VERY_ALIKE if bare else ALIKE) and equal(*parts)):
                rated.append((alike, path, old, new, said))
    found: list[Rename] = []
    for _, path, old, new, said in sorted(rated, key=lambda each: (-each[0], each[1:4])):
        if not any(each.path == path and (each.old == old or each.new == new) for each in found):
            found.append(Rename(path, old, new, said))
    return found


def likeness(old: str, new: str) -> float:
    """How alike two names are, from 0 to 1: `price` and `last_price` share a word."""
    one, other = _words(old), _words(new)
    if one == other:
        return 1.0
    if one <= other or other <= one:
        return 0.9
    return difflib.SequenceMatcher(None, old.lower(), new.lower()).ratio()


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)}


def place_of(path: str) -> str:
    """The place in the data for a place in the schema: `/properties/legs/items` is `/legs/*`."""
    found: list[str] = []
    parts = iter(path.split("/")[1:])
    for part in parts:
        if part == "properties":
            found.append(next(parts, ""))
        elif part == "items":
            found.append("*")
        elif part in ("patternProperties", "additionalProperties"):
            found.append("*")
            if part == "patternProperties":
                next(parts, None)
        elif part in ("anyOf", "oneOf", "allOf"):
            next(parts, None)
        elif part.isdecimal() and found and found[-1] == "*":
            found[-1] = part
    return "".join(f"/{part}" for part in found)
