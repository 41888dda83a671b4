"""What was seen at one place of JSON records, and the schema that it suggests: the tree behind `infer`.

A node takes all values of its place in a batch at once: telling types and finding bounds is then done by loops in C.
Its children are the fields of its objects and the items of its lists. Objects whose names differ from record to record
(ids as keys) are read as maps: all their values share one node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from cornerman.core.errors import InvalidOption

from .evidence import Doubts, FieldEvidence, Numbers, Texts, Values
from .walk import escape

NAMES = 400
"""More names than these in the objects of one place make it a map."""
DEPTH: Final = 24
"""What is nested deeper is not looked at."""
ORDER: Final = ("integer", "number", "string", "boolean", "array", "object", "null")
_TYPES: dict[type, str] = {
    int: "integer", float: "number", str: "string", bool: "boolean", list: "array", dict: "object", type(None): "null",
}  # fmt: skip


class Budget:
    """How many places may still be told apart, over the whole tree: hostile data must not fill the memory."""

    def __init__(self, nodes: int = 5_000) -> None:
        self.nodes = nodes


class ValueNode:
    """All values of one place."""

    __slots__ = ("budget", "depth", "items", "kinds", "lists", "names", "numbers", "rest", "texts", "total", "values")

    def __init__(self, budget: Budget, depth: int = 0) -> None:
        self.budget, self.depth = budget, depth
        self.total = 0
        self.kinds: Counter[str] = Counter()
        self.numbers, self.texts, self.values = Numbers(), Texts(), Values()
        self.lists = Numbers()
        """The lengths of lists."""
        self.items: ValueNode | None = None
        self.names: dict[str, ValueNode] = {}
        """In the order in which they came first."""
        self.rest: ValueNode | None = None
        """The values under all names that have no node of their own."""

    def take(self, values: Sequence[Any]) -> None:
        """More values of this place. Raises InvalidOption for one that JSON does not have."""
        self.total += len(values)
        for kind, count in Counter(map(type, values)).items():
            name = _TYPES.get(kind)
            if name is None:
                raise InvalidOption(f"JSON has no {kind.__name__}.", "Give dicts, lists, texts, numbers, None.")
            self.kinds[name] += count
            self._take(name, values if count == len(values) else [each for each in values if type(each) is kind])

    def _take(self, name: str, group: Sequence[Any]) -> None:
        if name == "integer":
            self.numbers.take_integers(group)
            self.values.take(group)
        elif name == "number":
            self.numbers.take_floats(group)
            self.values.take([each for each in group if each == each])
        elif name == "string":
            self.texts.take(group)
            self.values.take(group)
        elif name == "array":
            self._take_lists(group)
        elif name == "object":
            self._take_objects(group)

    def _take_lists(self, group: Sequence[list[Any]]) -> None:
        self.lists.take_integers(list(map(len, group)))
        if self.depth < DEPTH and (items := [item for each in group for item in each]):
            self.items = self.items or ValueNode(self.budget, self.depth + 1)
            self.items.take(items)

    def _take_objects(self, group: Sequence[dict[str, Any]]) -> None:
        if self.depth >= DEPTH:
            return
        first = group[0].keys()
        if all(each.keys() == first for each in group):
            for name in first:
                self._child(name).take([each[name] for each in group])
            return
        columns: dict[str, list[Any]] = {}
        for each in group:
            for name, value in each.items():
                columns.setdefault(name, []).append(value)
        for name, values in columns.items():
            self._child(name).take(values)

    def _child(self, name: str) -> ValueNode:
        found = self.names.get(name)
        if found is not None:
            return found
        if len(self.names) < NAMES and self.budget.nodes > 0:
            self.budget.nodes -= 1
            found = self.names[name] = ValueNode(self.budget, self.depth + 1)
            return found
        self.rest = self.rest or ValueNode(self.budget, self.depth + 1)
        return self.rest

    def absorb(self, other: ValueNode) -> None:
        """Everything that the other saw, as if it had been seen here."""
        self.total += other.total
        self.kinds.update(other.kinds)
        for mine, theirs in ((self.numbers, other.numbers), (self.lists, other.lists)):
            mine.absorb(theirs)
        self.texts.absorb(other.texts)
        self.values.absorb(other.values)
        if other.items is not None:
            self.items = self.items or ValueNode(self.budget, self.depth + 1)
            self.items.absorb(other.items)
        for name, node in other.names.items():
            self._child(name).absorb(node)
        if other.rest is not None:
            self.rest = self.rest or ValueNode(self.budget, self.depth + 1)
            self.rest.absorb(other.rest)

    # --- what it suggests --------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """When all was seen: where there are too many names to tell apart, those that come and go are read as a map."""
        if self.rest is not None:
            always = {name: node for name, node in self.names.items() if node.total == self.kinds["object"]}
            for name, node in self.names.items():
                if name not in always:
                    self.rest.absorb(node)
            self.names = always
        for child in (*self.names.values(), self.rest, self.items):
            if child is not None:
                child.settle()

    def types(self) -> list[str]:
        """As the schema names them: numbers contain the integers."""
        found = {name for name, count in self.kinds.items() if count}
        if "number" in found:
            found.discard("integer")
        return [name for name in ORDER if name in found]

    def schema(self, tight: bool) -> dict[str, Any]:
        types = self.types()
        if types in ([], ["null"]):
            return {}
        found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
        few = self.values.candidates() if tight else None
        if few and self.values.counts and not {"number", "boolean", "array", "object"} & set(types):
            values = sorted(self.values.counts, key=lambda value: (isinstance(value, str), value))
            return found | {"enum": values + [None] * ("null" in types)}
        if tight and self.numbers.minimum is not None:
            found |= {"minimum": self.numbers.minimum, "maximum": self.numbers.maximum}
        if self.texts.count:
            found |= self.texts.schema(tight)
        if "array" in types:
            found |= {"items": self.items.schema(tight)} if self.items else {}
            found |= {"minItems": self.lists.minimum, "maxItems": self.lists.maximum} if tight else {}
        if "object" in types:
            found |= self._object_schema(tight)
        return found

    def _object_schema(self, tight: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"properties": {name: node.schema(tight) for name, node in self.names.items()}}
        required = [name for name, node in self.names.items() if node.total == self.kinds["object"]]
        if required:
            found["required"] = required
        if self.rest is not None:
            found["additionalProperties"] = self.rest.schema(tight)
        elif tight and self.depth < DEPTH:
            found["additionalProperties"] = False
        return found

    def arrow(self) -> dict[str, Any] | None:
        """The Arrow type; None where Arrow has none: mixed types, maps of unlike things, integers beyond 64 bits."""
        types = [name for name in self.types() if name != "null"]
        if not types:
            return {"name": "null"}
        if len(types) > 1:
            return None
        match types[0]:
            case "integer" | "number":
                return self.numbers.arrow
            case "string":
                return self.texts.arrow
            case "boolean":
                return {"name": "bool"}
            case "array":
                item = self.items.arrow() if self.items else {"name": "null"}
                return item and {"name": "list", "item": item}
            case _:
                return self._struct()

    def _struct(self) -> dict[str, Any] | None:
        fields = self.arrow_fields()
        return {"name": "struct", "fields": fields} if fields else None

    def arrow_fields(self) -> list[dict[str, Any]] | None:
        """The fields of the objects seen here; None where one has no Arrow type."""
        fields = []
        for name, node in self.names.items():
            kind = node.arrow()
            if kind is None:
                return None
            nullable = node.total < self.kinds["object"] or "null" in node.types() or not node.types()
            fields.append({"name": name, "type": kind, "nullable": nullable})
        return None if self.rest is not None else fields

    def evidence(self, path: str, possible: int, tight: bool) -> list[FieldEvidence]:
        """Of this place, and of those within it; `possible` is how often it could have had a value."""
        found = [self._evidence(path, possible, tight)] if path else []
        for name, node in self.names.items():
            found += node.evidence(f"{path}/{escape(name)}", self.kinds["object"], tight)
        for child in (self.rest, self.items):
            if child is not None:
                found += child.evidence(f"{path}/*", child.total, tight)
        return found

    def _evidence(self, path: str, possible: int, tight: bool) -> FieldEvidence:
        doubts = self._doubts()
        shortest, longest = self._lengths()
        return FieldEvidence(
            path,
            self.schema(tight),
            doubts.confidence(self.total - self.kinds["null"]),
            self.total,
            max(0, possible - self.total),
            self.kinds["null"],
            {name: self.kinds[name] for name in ORDER if self.kinds[name]},
            self.numbers.minimum,
            self.numbers.maximum,
            shortest,
            longest,
            self.values.candidates(),
            self.texts.formats,
            self.values.examples,
            tuple(doubts.said),
        )

    def _lengths(self) -> tuple[int | None, int | None]:
        """Of the texts, else of the lists."""
        if self.texts.count or self.lists.minimum is None or self.lists.maximum is None:
            return self.texts.shortest, self.texts.longest
        return int(self.lists.minimum), int(self.lists.maximum)

    def _doubts(self) -> Doubts:
        doubts = Doubts()
        kinds = {name: self.kinds[name] for name in ORDER if self.kinds[name] and name != "null"}
        if not kinds:
            doubts.add(0.0, "never seen with a value: anything is allowed")
        if len(kinds) > 1 and kinds.keys() != {"integer", "number"}:
            doubts.add(0.5, "of several types: " + ", ".join(f"{count:,} {name}" for name, count in kinds.items()))
        if self.kinds["integer"] or self.kinds["number"]:
            self.numbers.doubt(doubts)
        if self.texts.count:
            self.texts.doubt(doubts)
        if self.rest is not None:
            doubts.add(0.9, "its names differ from record to record: read as a map")
        if self.depth >= DEPTH:
            doubts.add(0.5, "what is nested deeper was not looked at")
        return doubts
