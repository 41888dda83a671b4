"""Values of a space as bytes, and back to the bit: dtype, shape, structure, NaN and its payload, infinities, emptiness.

The first byte says how the rest is to be read:

    1   packed as the descriptor says: arrays as their bytes, one part after another, and no names
    0   as it came: core/values.py. What the environment gave is not what its space says; nothing is refused

A batch is packed part by part, so that equal things stand beside each other. How each kind is packed: `packing.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Values
from typing import Any

import msgspec

from cornerman.core import values
from cornerman.core.errors import PayloadError

from .descriptor import Descriptor
from .packing import Misfit, Packer, Reader, packer, write_number

_AS_IT_CAME = 0
_PACKED = 1


def encode(descriptor: Descriptor, value: Any) -> bytes:
    """The bytes of a value; never raises for the value's sake."""
    out = bytearray((_PACKED,))
    try:
        _packer(descriptor).pack(value, out)
    except Misfit:
        return bytes((_AS_IT_CAME,)) + values.encode(value)
    return bytes(out)


def decode(descriptor: Descriptor, data: bytes | memoryview) -> Any:
    """The value of `encode`'s bytes, its arrays its own; PayloadError where they are no value of this space."""
    return _read(data, _packer(descriptor).unpack)


def encode_batch(descriptor: Descriptor, batch: Values[Any]) -> bytes:
    """The bytes of many values of a space."""
    out = bytearray((_PACKED,))
    try:
        write_number(len(batch), out)
        _packer(descriptor).pack_many(batch, out)
    except Misfit:
        return bytes((_AS_IT_CAME,)) + values.encode(list(batch))
    return bytes(out)


def decode_batch(descriptor: Descriptor, data: bytes | memoryview) -> list[Any]:
    """The values of `encode_batch`'s bytes; PayloadError where they are no values of this space."""
    many = _packer(descriptor).unpack_many
    return list(_read(data, lambda reader: many(reader.number(), reader)))


def _read(data: bytes | memoryview, unpack: Callable[[Reader], Any]) -> Any:
    if not len(data) or data[0] not in (_AS_IT_CAME, _PACKED):
        raise PayloadError("These bytes are no value of a space.")
    reader = Reader(memoryview(data)[1:])
    try:
        value = values.decode(reader.rest()) if data[0] == _AS_IT_CAME else unpack(reader)
    except (ValueError, TypeError, OverflowError, msgspec.MsgspecError) as error:
        raise PayloadError(f"These bytes are no value of this space: {error}.") from error
    if data[0] == _PACKED and len(reader.rest()):
        raise PayloadError("These bytes are longer than a value of this space.")
    return value


def _packer(descriptor: Descriptor) -> Packer:
    """The packer of a descriptor: made once, found by the object: to compare large bounds takes longer than to pack."""
    known = _PACKERS.get(id(descriptor))
    if known is not None and known[0] is descriptor:
        return known[1]
    if len(_PACKERS) >= 1024:
        _PACKERS.clear()
    made = packer(descriptor)
    _PACKERS[id(descriptor)] = (descriptor, made)
    return made


_PACKERS: dict[int, tuple[Descriptor, Packer]] = {}
