"""Any Python value as msgpack bytes and back: what `info`, options and unusual observations travel as.

Numbers, strings, lists and maps are plain msgpack, which any language reads. What msgpack lacks travels in
extension types:

    1  ndarray          [dtype, shape, bytes], C order
    2  NumPy scalar     [dtype, bytes]
    3  tuple            [items]
    4  integer beyond 64 bits   decimal text
    5  set, frozenset   [items]
    6  complex          [real, imag]
    7  datetime-likes, paths, enums, … as [type, text]: kept for reading, not rebuilt
    8  object ndarray   [shape, items]
    9  anything else    [type, repr]: the typed fallback; nothing is refused
    10 map whose keys are not all text   [[key, value], …]
    11 graph            [nodes, edges, edge_links], as a Graph space has them
    12 value of a registered type   [space class, bytes of its codec]: core/space_plugins.py
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from . import space_plugins
from .graph_value import GraphInstance, is_graph

_MAX_DEPTH = 64
_MAX_REPR = 4096


class Unencodable(msgspec.Struct, frozen=True):
    """A value that had no plain form: its type's name and its `repr`, cut at 4,096 characters."""

    type: str
    text: str


EMPTY = b"\x80"
"""The bytes of a mapping that has nothing."""


def encode(value: Any) -> bytes:
    """The msgpack bytes of `value`; never raises for the value's sake."""
    if type(value) is dict and not value:  # the fields of most log records
        return EMPTY
    try:
        return _ENCODER.encode(_plain(value, 0))
    except Exception:  # a lying __array__, a surrogate, a cycle: keep what can be said about it
        return _ENCODER.encode(_fallback(value))


def decode(data: bytes | memoryview) -> Any:
    """The value of `encode`'s bytes; arrays are writable copies of their own."""
    return _DECODER.decode(data)


def _ext(code: int, content: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, _ENCODER.encode(content))


def _plain(value: Any, depth: int) -> Any:
    """`value` with everything msgpack lacks replaced by an extension."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is float or kind is bytes:
        return value
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is int:
        return value if -(2**63) <= value < 2**64 else _ext(4, str(value))
    if depth > _MAX_DEPTH:
        return _fallback(value)
    if kind is dict:
        return _mapping(value, depth)
    if kind is list:
        return [_plain(item, depth + 1) for item in value]
    if kind is tuple:
        return _ext(3, [_plain(item, depth + 1) for item in value])
    return _uncommon(value, depth)


def _text(value: str) -> Any:
    try:
        value.encode()
        return value
    except UnicodeEncodeError:  # lone surrogates, as os.fsdecode makes them
        return _ext(7, ["str", value.encode("unicode_escape").decode()])


def _mapping(value: dict[Any, Any], depth: int) -> Any:
    if all(type(key) is str for key in value):
        return {_text(key): _plain(item, depth + 1) for key, item in value.items()}
    return _ext(10, [[_plain(key, depth + 1), _plain(item, depth + 1)] for key, item in value.items()])


def _uncommon(value: Any, depth: int) -> Any:
    own = _registered(value)
    if own is not None:
        return own
    if isinstance(value, np.generic):
        return _ext(2, [value.dtype.str, value.tobytes()]) if value.dtype.kind != "O" else _fallback(value)
    if isinstance(value, np.ndarray):
        return _array(value, depth)
    if isinstance(value, (set, frozenset)):
        return _ext(5, [_plain(item, depth + 1) for item in value])
    if isinstance(value, complex):
        return _ext(6, [value.real, value.imag])
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, dict):
        return _mapping(dict(value), depth)
    if is_graph(value):
        return _ext(11, [_plain(item, depth + 1) for item in value])
    if isinstance(value, tuple):
        return _ext(3, [_plain(item, depth + 1) for item in value])
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if hasattr(value, "__array__") and not isinstance(value, type):  # torch, jax, tensorflow
        return _array(np.asarray(value), depth)
    own = _registered(value, search=True)
    return _fallback(value) if own is None else own


def _array(value: np.ndarray, depth: int) -> Any:
    if value.dtype.kind == "O":
        items = [_plain(item, depth + 1) for item in value.ravel().tolist()]
        return _ext(8, [list(value.shape), items])
    dtype = value.dtype.str if value.dtype.names is None else str(value.dtype.descr)
    return _ext(1, [dtype, list(value.shape), value.tobytes()])


def _registered(value: Any, search: bool = False) -> Any:
    """The value by the codec that asks for values of its type, None where none does."""
    found = space_plugins.value_codec(type(value), search=search)
    content = None if found is None else space_plugins.encoded(*found, value)
    return None if content is None or found is None else _ext(12, [found[0], content])


def decode_registered(name: str, content: bytes) -> Any:
    """A value by the codec of a space class; Unencodable where that is not installed or cannot read it."""
    codec: Any = space_plugins.registered(name)
    if not hasattr(codec, "decode"):
        return Unencodable(name, "its codec is not installed")
    try:
        return codec.decode(content)
    except Exception as error:  # somebody else's code: what else was recorded stays readable
        return Unencodable(name, f"its codec cannot read it: {type(error).__name__}: {error}"[:_MAX_REPR])


def _fallback(value: Any) -> Any:
    try:
        text = repr(value)[:_MAX_REPR]
    except Exception as error:  # somebody's __repr__ is broken: say so rather than lose the record
        text = f"<repr failed: {type(error).__name__}>"
    return _ext(9, [type(value).__qualname__, text.encode("ascii", "backslashreplace").decode()])


def decode_extension(code: int, data: memoryview) -> Any:
    """The value of one of the extension types above: for decoders of typed payloads with such values in them."""
    content = _DECODER.decode(data)
    if code == 1:
        dtype, shape, raw = content
        return np.frombuffer(raw, _dtype(dtype)).reshape(shape).copy()
    if code == 2:
        return np.frombuffer(content[1], content[0])[0]
    if code == 3:
        return tuple(content)
    if code == 4:
        return int(content)
    if code == 5:
        return set(content)
    if code == 6:
        return complex(*content)
    if code == 7 and content[0] == "str":
        return content[1].encode().decode("unicode_escape")
    if code == 8:
        array = np.empty(len(content[1]), dtype=object)
        array[:] = content[1]
        return array.reshape(content[0])
    if code == 10:
        return {_hashable(key): item for key, item in content}
    if code == 11:
        return GraphInstance(*content)
    if code == 12:
        return decode_registered(*content)
    return Unencodable(*content)


def _dtype(text: str) -> np.dtype[Any]:
    if text.startswith("["):
        import ast

        fields: np.dtype[Any] = np.dtype(ast.literal_eval(text))
        return fields
    return np.dtype(text)


def _hashable(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=decode_extension)
