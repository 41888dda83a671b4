"""The Arrow block: it agrees with the properties, widens without loss, and is compared by itself."""

from __future__ import annotations

from typing import Any

import pytest

from cornerman.core.errors import InvalidSchema
from cornerman.core.schema import SchemaDocument, compare, parse
from cornerman.core.schema.arrow_types import normal_type, spelled, widening

DECIMAL = {"name": "decimal128", "precision": 10, "scale": 2}
JSON = {"int": "integer", "uin": "integer", "flo": "number", "utf": "string", "tim": "string", "dec": "number"}


def document(*fields: tuple[str, Any, bool | None], version: str = "1.0.0", **more: Any) -> SchemaDocument:
    properties, arrow = {}, []
    for name, kind, nullable in fields:
        typed = {"name": kind} if isinstance(kind, str) else kind
        properties[name] = {"type": JSON[typed["name"][:3]]}
        arrow.append({"name": name, "type": typed} | ({} if nullable is None else {"nullable": nullable}))
    required = [name for name, _, nullable in fields if nullable is False]
    content = {"id": "a", "version": version, "type": "object", "properties": properties, "arrow": {"fields": arrow}}
    return parse(content | {"required": required, "additionalProperties": False} | more)


@pytest.mark.parametrize(
    ("small", "large", "kind"),
    [
        ("int32", "int64", "safe"),
        ("float32", "float64", "safe"),
        (DECIMAL, {**DECIMAL, "precision": 18}, "safe"),
        ("int8", "int32", "wider"),
        ("uint32", "int64", "wider"),
        ("int32", "float64", "wider"),
        ("utf8", "large_utf8", "wider"),
        ("utf8", "binary", "wider"),
        (DECIMAL, {**DECIMAL, "precision": 18, "scale": 4}, "wider"),
        ({"name": "timestamp", "unit": "ms"}, {"name": "timestamp", "unit": "us"}, "wider"),
        ({"name": "list", "item": "int32"}, {"name": "list", "item": "int64"}, "safe"),
        ("null", "utf8", "wider"),
        ("uint64", "int64", "lossy"),
        ("int64", "float64", "lossy"),
        ("int32", "float32", "lossy"),
        ({"name": "timestamp", "unit": "us"}, {"name": "timestamp", "unit": "ns"}, "lossy"),
        ("int64", "int32", "no"),
        ("float64", "float32", "no"),
        ("date32", {"name": "timestamp", "unit": "us"}, "no"),
        ("bool", "int8", "no"),
        ("int32", "utf8", "no"),
        ("utf8", {"name": "dictionary", "index": "int32", "value": "utf8"}, "no"),
        ({**DECIMAL, "precision": 18}, DECIMAL, "no"),
        ({"name": "timestamp", "unit": "us", "timezone": "UTC"}, {"name": "timestamp", "unit": "us"}, "no"),
        ("string", "utf8", "same"),
    ],
)
def test_widening_follows_iceberg_and_the_lossless_part_of_arrow(small: Any, large: Any, kind: str) -> None:
    assert widening(normal_type(small, ""), normal_type(large, "")) == kind


def test_what_is_wider_holds_every_value_for_arrow_too() -> None:
    """pyarrow's safe cast is the second opinion: it takes the extremes of each type through every lossless step."""
    pa = pytest.importorskip("pyarrow")
    names = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
    for one in names:
        for other in names:
            kind = widening({"name": one}, {"name": other})
            if "float" in one or kind == "no":
                continue
            bits = int(one.lstrip("uint"))
            top = 2 ** (bits - (one[0] == "i")) - 1
            array = pa.array([top, 0 if one[0] == "u" else -top - 1], getattr(pa, one)())
            target = getattr(pa, other)()
            back = array.cast(target, safe=False).cast(array.type, safe=False)
            assert back.equals(array) or kind == "lossy", (one, other)
            if kind != "lossy":
                assert array.cast(target).cast(array.type).equals(array)


def test_a_wider_column_is_backward_only() -> None:
    old, new = document(("a", "int32", False)), document(("a", "int64", False), version="1.1.0")
    assert compare(old, new).compatible
    assert compare(old, new).bump == "minor"
    (reason,) = compare(old, new, "FORWARD").reasons
    assert reason.rule == "arrow-type-changed"
    assert reason.path == "/arrow/fields/a/type"


def test_a_lossy_promotion_is_refused_both_ways() -> None:
    old, new = document(("a", "uint64", False)), document(("a", "int64", False), version="1.1.0")
    assert [reason.rule for reason in compare(old, new, "FULL").reasons] == ["arrow-type-lossy", "arrow-type-changed"]


def test_nullability_and_order_have_their_directions() -> None:
    held, loose = document(("a", "int32", False)), document(("a", "int32", False))
    loose = parse({**loose.content, "arrow": {"fields": [{"name": "a", "type": "int32", "nullable": True}]}})
    assert compare(held, loose).compatible
    assert [reason.rule for reason in compare(held, loose, "FORWARD").reasons] == ["arrow-null-refused"]
    ab, ba = (document(*((name, "int32", None) for name in names)) for names in ("ab", "ba"))
    assert {reason.rule for reason in compare(ab, ba, "FULL").reasons} == {"arrow-order-changed"}


def test_an_unstated_nullability_is_that_of_the_property() -> None:
    """The source's fields say nothing: a required property is a column without nulls, an optional one may have some."""
    unsaid = document(("a", "int32", None), required=["a"])
    said = document(("a", "int32", False))
    assert compare(unsaid, said, "FULL").compatible


def test_a_new_column_must_be_nullable_and_is_unknown_to_old_readers() -> None:
    old = document(("a", "int32", False))
    new = document(("a", "int32", False), ("b", "utf8", True), version="1.1.0")
    assert compare(old, new).compatible
    assert "arrow-field-unknown" in [reason.rule for reason in compare(old, new, "FORWARD").reasons]
    needed = document(("a", "int32", False), ("b", "utf8", False), version="2.0.0")
    assert "arrow-field-missing" in [reason.rule for reason in compare(old, needed).reasons]


@pytest.mark.parametrize(
    ("arrow", "reason"),
    [
        ([{"name": "a", "type": "int32"}], "`b` has no Arrow field"),
        (
            [{"name": "a", "type": "int32"}, {"name": "b", "type": "utf8"}, {"name": "c", "type": "utf8"}],
            "`c` has no prop",
        ),
        ([{"name": "a", "type": "float64"}, {"name": "b", "type": "utf8"}], "`a` is float64"),
        ([{"name": "a", "type": "int32"}, {"name": "b", "type": "utf8", "nullable": False}], "may be missing or null"),
        ([{"name": "a", "type": "int33"}, {"name": "b", "type": "utf8"}], "no Arrow type"),
        ([{"name": "a", "type": "int32"}, {"name": "b", "type": "timestamp"}], "no unit"),
        ([{"name": "a", "type": "int32"}, {"name": "a", "type": "int32"}], "stands twice"),
        ([{"name": "a"}], "no name and type"),
    ],
)
def test_a_block_that_disagrees_with_the_properties_is_refused(arrow: Any, reason: str) -> None:
    properties = {"a": {"type": "integer"}, "b": {"type": "string"}}
    with pytest.raises(InvalidSchema, match=reason):
        parse({"id": "x", "version": "1.0.0", "properties": properties, "required": ["a"], "arrow": {"fields": arrow}})


def test_types_of_parts_are_read_and_spelled() -> None:
    kind = normal_type({"name": "list", "item": {"name": "struct", "fields": [{"name": "x", "type": "double"}]}}, "")
    assert kind["item"]["fields"][0]["type"] == {"name": "float64"}
    assert spelled(kind) == "list<struct<x>>"
    assert spelled(normal_type(DECIMAL, "")) == "decimal128(10, 2)"
