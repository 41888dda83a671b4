"""The Arrow block of a document as a schema that Arrow's own programs read, and back: C++, Rust, pandas, DuckDB.

    ipc_bytes(document)         an Arrow IPC schema message, for `pyarrow.ipc.read_schema` and its like
    arrow_block(schema)         the block for a schema that exists already, of a Parquet file for instance

pyarrow does the encoding, and is loaded only here. A type in the block is a name and what belongs to it:

    {"name": "float64"}    also as "float64" alone; float and double, string and large_string mean what Arrow means
    {"name": "timestamp", "unit": "us", "timezone": "UTC"}          s, ms, us or ns; the zone may be missing
    {"name": "decimal128", "precision": 10, "scale": 2}
    {"name": "list", "item": TYPE}    also large_list; fixed_size_list with "size"; "item_nullable": false
    {"name": "struct", "fields": [{"name": …, "type": TYPE, "nullable": …}, …]}
    {"name": "map", "key": TYPE, "item": TYPE}
    {"name": "dictionary", "index": TYPE, "value": TYPE, "ordered": false}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cornerman.core.errors import InvalidOption, InvalidSchema

from .document import SchemaDocument

PLAIN: Final = (
    "null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "utf8", "large_utf8", "binary", "large_binary", "date32", "date64", "month_day_nano_interval",
)  # fmt: skip
"""Types that are a name and nothing else."""
_ALIASES: Final = {"string": "utf8", "large_string": "large_utf8", "double": "float64", "float": "float32",
                   "halffloat": "float16", "boolean": "bool"}  # fmt: skip
_SPELLED: Final = {"date32[day]": "date32", "date64[ms]": "date64"}
"""How Arrow prints types whose name says less."""
_PIN, _DIGEST = b"cornerman.schema", b"cornerman.digest"


def ipc_bytes(document: SchemaDocument) -> bytes:
    """The document's Arrow block as an Arrow IPC schema message. Raises as `arrow_schema` does."""
    return bytes(arrow_schema(document).serialize())


def arrow_schema(document: SchemaDocument) -> Any:
    """The document's Arrow block as a `pyarrow.Schema`, whose metadata say the pin and the digest.

    Raises InvalidOption without pyarrow, or for a document without a block; InvalidSchema for a type Arrow has not.
    """
    pa = _pyarrow()
    if document.arrow is None:
        raise InvalidOption(
            f"{document.pin} has no Arrow block.", "Add one: `cornerman schema infer` writes it for a data file."
        )
    fields = [_field(pa, each, f"/arrow/fields/{at}") for at, each in enumerate(document.arrow["fields"])]
    return pa.schema(fields, metadata={_PIN: document.pin.encode(), _DIGEST: document.digest.encode()})


def arrow_block(schema: Any) -> dict[str, Any]:
    """The block of a `pyarrow.Schema`, or of the bytes of one. InvalidSchema for a type that a block cannot say."""
    if isinstance(schema, (bytes, bytearray, memoryview)):
        pa = _pyarrow()
        try:
            schema = pa.ipc.read_schema(pa.py_buffer(schema))
        except pa.ArrowInvalid as error:
            raise InvalidSchema(
                f"These bytes are no Arrow schema: {error}.", "Write it with `schema.serialize()`."
            ) from None
    return {"fields": [_block_field(field) for field in schema]}


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise InvalidOption(
            "An Arrow schema needs pyarrow, which is not installed.", "Install it: pip install 'cornerman[parquet]'."
        ) from error
    return pyarrow


# --- from the block ------------------------------------------------------------------------------------------------


def _field(pa: Any, field: Mapping[str, Any], path: str) -> Any:
    kind = _type(pa, field.get("type"), path)
    nullable = bool(field.get("nullable", True)) or kind == pa.null()
    return pa.field(str(field["name"]), kind, nullable=nullable)


def _type(pa: Any, given: Any, path: str) -> Any:
    parts: Mapping[str, Any] = {"name": given} if isinstance(given, str) else given if isinstance(given, dict) else {}
    name = _ALIASES.get(str(parts.get("name")), str(parts.get("name")))
    if name in PLAIN:
        made: Callable[[], Any] = getattr(pa, "bool_" if name == "bool" else name)
        return made()
    make = _MAKERS.get(name)
    if make is None:
        raise InvalidSchema(
            f"Arrow has no type {given!r}, at {path}.", f"Say one of {', '.join([*PLAIN, *_MAKERS])}.", path
        )
    try:
        return make(pa, parts, path)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidSchema(
            f"The Arrow type at {path} is not whole: {type(error).__name__}: {error}.",
            "See `cornerman.core.schema.arrow_schema` for what belongs to each type.",
            path,
        ) from None


def _item(pa: Any, parts: Mapping[str, Any], path: str) -> Any:
    return pa.field("item", _type(pa, parts["item"], f"{path}/item"), nullable=parts.get("item_nullable", True))


def _struct(pa: Any, parts: Mapping[str, Any], path: str) -> Any:
    return pa.struct([_field(pa, each, f"{path}/fields/{at}") for at, each in enumerate(parts["fields"])])


def _map(pa: Any, parts: Mapping[str, Any], path: str) -> Any:
    value = pa.field("value", _type(pa, parts["item"], f"{path}/item"), nullable=parts.get("item_nullable", True))
    return pa.map_(_type(pa, parts["key"], f"{path}/key"), value, keys_sorted=parts.get("keys_sorted", False))


def _dictionary(pa: Any, parts: Mapping[str, Any], path: str) -> Any:
    index = _type(pa, parts.get("index", "int32"), f"{path}/index")
    return pa.dictionary(index, _type(pa, parts["value"], f"{path}/value"), ordered=parts.get("ordered", False))


_MAKERS: Final[dict[str, Callable[[Any, Mapping[str, Any], str], Any]]] = {
    "timestamp": lambda pa, parts, _: pa.timestamp(parts.get("unit", "us"), tz=parts.get("timezone")),
    "time32": lambda pa, parts, _: pa.time32(parts["unit"]),
    "time64": lambda pa, parts, _: pa.time64(parts["unit"]),
    "duration": lambda pa, parts, _: pa.duration(parts["unit"]),
    "decimal128": lambda pa, parts, _: pa.decimal128(parts["precision"], parts.get("scale", 0)),
    "decimal256": lambda pa, parts, _: pa.decimal256(parts["precision"], parts.get("scale", 0)),
    "fixed_size_binary": lambda pa, parts, _: pa.binary(parts["size"]),
    "list": lambda pa, parts, path: pa.list_(_item(pa, parts, path)),
    "large_list": lambda pa, parts, path: pa.large_list(_item(pa, parts, path)),
    "fixed_size_list": lambda pa, parts, path: pa.list_(_item(pa, parts, path), parts["size"]),
    "struct": _struct,
    "map": _map,
    "dictionary": _dictionary,
}


# --- into the block ------------------------------------------------------------------------------------------------


def _block_field(field: Any) -> dict[str, Any]:
    return {"name": field.name, "type": _block_type(field.type), "nullable": field.nullable}


def _block_type(kind: Any) -> dict[str, Any]:
    types = _pyarrow().types
    text = {**_ALIASES, **_SPELLED}.get(str(kind), str(kind))
    if text in PLAIN:
        return {"name": text}
    if types.is_timestamp(kind):
        return {"name": "timestamp", "unit": kind.unit, **({"timezone": kind.tz} if kind.tz else {})}
    for name in ("time32", "time64", "duration"):
        if getattr(types, f"is_{name}")(kind):
            return {"name": name, "unit": kind.unit}
    for name in ("decimal128", "decimal256"):
        if getattr(types, f"is_{name}")(kind):
            return {"name": name, "precision": kind.precision, "scale": kind.scale}
    if types.is_fixed_size_binary(kind):
        return {"name": "fixed_size_binary", "size": kind.byte_width}
    return _block_nested(types, kind)


def _block_nested(types: Any, kind: Any) -> dict[str, Any]:
    if types.is_struct(kind):
        return {"name": "struct", "fields": [_block_field(field) for field in kind]}
    if types.is_dictionary(kind):
        parts = {"index": _block_type(kind.index_type), "value": _block_type(kind.value_type)}
        return {"name": "dictionary", **parts, **({"ordered": True} if kind.ordered else {})}
    if types.is_map(kind):
        more = {"keys_sorted": True} if kind.keys_sorted else {}
        item = _block_item(kind.item_type, kind.item_field)
        return {"name": "map", "key": _block_type(kind.key_type), **item, **more}
    if types.is_fixed_size_list(kind):
        return {"name": "fixed_size_list", "size": kind.list_size, **_block_item(kind.value_type, kind.value_field)}
    for name in ("list", "large_list"):
        if getattr(types, f"is_{name}")(kind):
            return {"name": name, **_block_item(kind.value_type, kind.value_field)}
    raise InvalidSchema(f"The Arrow type {kind} has no form in a schema document.", "Cast the column first.")


def _block_item(kind: Any, field: Any) -> dict[str, Any]:
    return {"item": _block_type(kind), **({} if field.nullable else {"item_nullable": False})}
