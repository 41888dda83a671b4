"""The Arrow block becomes bytes that pyarrow reads, and comes back the same, for every type it can say."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from cornerman.core.errors import InvalidOption, InvalidSchema
from cornerman.core.schema import parse
from cornerman.core.schema.arrow_schema import PLAIN, arrow_block, arrow_schema, ipc_bytes

pa = pytest.importorskip("pyarrow")
import pyarrow.ipc  # noqa: E402

TYPES: list[dict[str, Any]] = [
    *({"name": name} for name in PLAIN),
    *({"name": "timestamp", "unit": unit} for unit in ("s", "ms", "us", "ns")),
    {"name": "timestamp", "unit": "us", "timezone": "Europe/Berlin"},
    {"name": "time32", "unit": "ms"},
    {"name": "time64", "unit": "ns"},
    {"name": "duration", "unit": "us"},
    {"name": "decimal128", "precision": 10, "scale": 2},
    {"name": "decimal256", "precision": 60, "scale": 5},
    {"name": "fixed_size_binary", "size": 16},
    {"name": "list", "item": {"name": "float64"}},
    {"name": "list", "item": {"name": "list", "item": {"name": "utf8"}, "item_nullable": False}},
    {"name": "large_list", "item": {"name": "int8"}},
    {"name": "fixed_size_list", "size": 4, "item": {"name": "float32"}},
    {"name": "struct", "fields": [{"name": "x", "type": {"name": "int64"}, "nullable": False}]},
    {"name": "map", "key": {"name": "utf8"}, "item": {"name": "float64"}},
    {"name": "dictionary", "index": {"name": "int16"}, "value": {"name": "utf8"}},
    {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "utf8"}, "ordered": True},
]


def document(fields: list[dict[str, Any]]) -> Any:
    """A document whose properties allow anything, with these Arrow fields."""
    properties: dict[str, Any] = {field["name"]: {} for field in fields}
    found = parse({"id": "types", "version": "1.0.0", "type": "object", "properties": properties})
    object.__setattr__(found, "arrow", {"fields": fields})
    return found


def test_every_type_comes_back() -> None:
    fields = [{"name": f"f{at}", "type": each, "nullable": at % 2 == 0} for at, each in enumerate(TYPES)]
    data = ipc_bytes(document(fields))
    read = pyarrow.ipc.read_schema(pa.py_buffer(data))
    assert read.names == [field["name"] for field in fields]
    assert arrow_block(read)["fields"] == arrow_block(data)["fields"] == fields


def test_the_source_documents_form_is_read(ticks: dict[str, Any]) -> None:
    schema = arrow_schema(parse(ticks))
    assert [str(kind) for kind in schema.types] == ["timestamp[us]", "string", "double", "int32", "string"]
    assert schema.metadata[b"cornerman.schema"] == b"ticks_v1@1.0.0"


def test_short_names_are_understood() -> None:
    fields = [{"name": "a", "type": "string"}, {"name": "b", "type": "double"}, {"name": "c", "type": "bool"}]
    assert [str(kind) for kind in arrow_schema(document(fields)).types] == ["string", "double", "bool"]


@pytest.mark.parametrize("kind", [{"name": "int128"}, {"name": "list"}, {"name": "time32", "unit": "us"}, None, 7])
def test_what_arrow_does_not_have_is_refused_with_its_place(kind: Any) -> None:
    with pytest.raises(InvalidSchema, match="/arrow/fields/0"):
        arrow_schema(document([{"name": "a", "type": kind}]))


def test_without_pyarrow_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch, ticks: dict[str, Any]) -> None:
    real = builtins.__import__

    def none(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(InvalidOption, match="pip install"):
        ipc_bytes(parse(ticks))


@pytest.fixture
def ticks() -> dict[str, Any]:
    return {
        "id": "ticks_v1",
        "schema_version": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "ts": {"type": "string", "format": "date-time"},
            "symbol": {"type": "string"},
            "price": {"type": "number"},
            "size": {"type": "integer"},
            "side": {"type": "string", "enum": ["B", "S"]},
        },
        "required": ["ts", "symbol", "price", "size"],
        "additionalProperties": False,
        "arrow": {
            "fields": [
                {"name": "ts", "type": {"name": "timestamp", "unit": "us"}},
                {"name": "symbol", "type": {"name": "utf8"}},
                {"name": "price", "type": {"name": "float64"}},
                {"name": "size", "type": {"name": "int32"}},
                {"name": "side", "type": {"name": "utf8"}},
            ]
        },
        "version": "1.0.0",
    }
