"""The Arrow block of a document: does it agree with the properties, and what did a change of it break?

The JSON part says `integer` before and after int32 became int64, so the block is compared by itself. A column is read
by its name; a position counts too, because record batches and CSV loaders go by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidSchema
from .arrow_types import BYTES, DECIMALS, FLOATS, INTEGERS, LISTS, TEXTS, TIMES, normal_field, spelled, widening
from .normal import Definitions, Node, types_of
from .rules import Direction, Reason, reason

if TYPE_CHECKING:
    from .document import SchemaDocument

Field = dict[str, Any]

FITS: dict[str, frozenset[str]] = {  # the Arrow types that hold each JSON type
    "integer": frozenset({*INTEGERS, *TIMES, *DECIMALS}),
    "number": frozenset({*FLOATS, *DECIMALS}),
    "string": frozenset({*TEXTS, *BYTES, *TIMES, *DECIMALS}),
    "boolean": frozenset({"bool"}),
    "array": frozenset(LISTS),
    "object": frozenset({"struct", "map"}),
    "null": frozenset({"null"}),
}


def fields_of(arrow: dict[str, Any]) -> list[Field]:
    """The fields of a block in normal form, in their order. Raises InvalidSchema."""
    written = arrow.get("fields") if isinstance(arrow, dict) else None
    if not isinstance(written, list):
        raise InvalidSchema("The Arrow block has no fields.", 'Write {"fields": [{"name": …, "type": …}]}.', "/arrow")
    found = [normal_field(field, f"/arrow/fields/{at}") for at, field in enumerate(written)]
    names = [field["name"] for field in found]
    for name in names:
        if names.count(name) > 1:
            raise InvalidSchema(f"The Arrow field {name!r} stands twice.", "Keep one of them.", "/arrow/fields")
    return found


def check_agreement(arrow: Any, schema: dict[str, Any]) -> None:
    """Raise InvalidSchema when the Arrow block and the properties describe different data.

    Both name the same fields; each Arrow type can hold what its property allows; a column that is not nullable belongs
    to a property that is required and never null. The order is the block's own: JSON objects have none.
    """
    from .normal import normal  # late: `document` needs this module before the rest is there

    fields = fields_of(arrow)
    root, table = normal(_without_outer_references(schema))
    top = _seen(root, table)
    if not isinstance(top, dict) or "properties" not in schema:
        return  # nothing is said about names; the block alone describes them
    declared = schema["properties"]
    named = [field["name"] for field in fields]
    for name in declared:
        if name not in named:
            raise InvalidSchema(
                f"The property `{name}` has no Arrow field.", "Add one to `arrow.fields`.", "/arrow/fields"
            )
    for at, field in enumerate(fields):
        name, path = field["name"], f"/arrow/fields/{at}"
        if name not in declared:
            raise InvalidSchema(f"The Arrow field `{name}` has no property.", "Add it to `properties`.", path)
        inner = top.get("properties", {}).get(name, True)
        _check_type(field["type"], inner, table, name, path)
        if field["nullable"] is False and (name not in top.get("required", ()) or _may_be_null(inner, table)):
            raise InvalidSchema(
                f"The Arrow field `{name}` is not nullable, but the property may be missing or null.",
                "Make the property required and never null, or the field nullable.",
                path,
            )


def _without_outer_references(schema: Any) -> Any:
    """The schema with references to other documents left open: their content is not known here."""
    if isinstance(schema, list):
        return [_without_outer_references(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref")
    if isinstance(target, str) and not target.startswith("#"):
        return {}
    return {key: _without_outer_references(inner) for key, inner in schema.items()}


def _seen(node: Node, table: Definitions) -> Node:
    for _ in range(16):
        if not (isinstance(node, dict) and "$ref" in node):
            return node
        node = table[node["$ref"]]
    return True


def _kinds(node: Node, table: Definitions) -> frozenset[str]:
    """The JSON types a property can have, as far as its own words and its unions say."""
    node = _seen(node, table)
    found = types_of(node)
    if isinstance(node, dict):
        for key in ("anyOf", "oneOf"):
            if key in node:
                found &= frozenset().union(*(_kinds(branch, table) for branch in node[key]))
        for branch in node.get("allOf", ()):
            found &= _kinds(branch, table)
    return found


def _may_be_null(node: Node, table: Definitions) -> bool:
    kinds = _kinds(node, table)
    return "null" in kinds and len(kinds) < 7


def _check_type(typed: dict[str, Any], node: Node, table: Definitions, name: str, path: str) -> None:
    kinds = set(_kinds(node, table))
    kinds -= {"null"} if kinds != {"null"} else set()
    kinds -= {"integer"} if "number" in kinds else set()
    if len(kinds) != 1:
        return  # the property allows several kinds: what the column makes of them is the writer's business
    (kind,) = kinds
    held = typed["value"]["name"] if typed["name"] == "dictionary" else typed["name"]
    if held not in FITS[kind]:
        raise InvalidSchema(
            f"The Arrow field `{name}` is {spelled(typed)}, but its property is of type {kind}.",
            f"{kind} is held by {', '.join(sorted(FITS[kind]))}.",
            f"{path}/type",
        )
    inner = _seen(node, table)
    if held in LISTS and isinstance(inner, dict) and isinstance(inner.get("items"), dict):
        _check_type(typed["item"], inner["items"], table, f"{name}[]", path)


# --- what changed ---------------------------------------------------------------------------------------------------


def columns(document: SchemaDocument) -> list[Field] | None:
    """The fields of a document's block; where `nullable` is not said, the properties say it. None without a block."""
    from .normal import normal

    if document.arrow is None:
        return None
    root, table = normal(document.schema)
    top = _seen(root, table)
    declared, required = (top.get("properties", {}), top.get("required", ())) if isinstance(top, dict) else ({}, ())
    found = fields_of(document.arrow)
    for field in found:
        if field["nullable"] is None:
            name = field["name"]
            field["nullable"] = name not in required or "null" in _kinds(declared.get(name, True), table)
    return found


def arrow_reasons(
    theirs: list[Field] | None, mine: list[Field] | None, direction: Direction, ignores_more: bool
) -> list[Reason]:
    """Why the columns written cannot be read as the reader's; `ignores_more` when it may meet columns it does not know.

    A document that had no block before, or has none now, breaks no column that both sides know.
    """
    if theirs is None or mine is None:
        return []
    by_name = {field["name"]: field for field in theirs}
    found: list[Reason] = []
    for field in mine:
        before = by_name.get(field["name"])
        path = f"/arrow/fields/{field['name']}"
        if before is None:
            if not field["nullable"]:
                found.append(_said("arrow-field-missing", path, direction, name=field["name"]))
        else:
            found += _field_reasons(before, field, path, direction)
    kept = [field["name"] for field in theirs if any(field["name"] == each["name"] for each in mine)]
    places = [field["name"] for field in mine if field["name"] in by_name]
    if kept != places:
        found.append(
            _said("arrow-order-changed", "/arrow/fields", direction, old=", ".join(kept), new=", ".join(places))
        )
    unknown = [field["name"] for field in theirs if all(field["name"] != each["name"] for each in mine)]
    if not ignores_more:
        found += [_said("arrow-field-unknown", f"/arrow/fields/{name}", direction, name=name) for name in unknown]
    return found


def _field_reasons(before: Field, after: Field, path: str, direction: Direction) -> list[Reason]:
    found: list[Reason] = []
    kind = widening(before["type"], after["type"])
    words = {"name": before["name"], "old": spelled(before["type"]), "new": spelled(after["type"])}
    if kind in ("lossy", "no"):
        rule = "arrow-type-lossy" if kind == "lossy" else "arrow-type-changed"
        found.append(_said(rule, f"{path}/type", direction, **words))
    if before["nullable"] and not after["nullable"]:
        found.append(_said("arrow-null-refused", f"{path}/nullable", direction, name=before["name"]))
    return found


def _said(rule: str, path: str, direction: Direction, **words: str) -> Reason:
    return reason(rule, path, direction, words)
