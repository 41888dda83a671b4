"""How values of each kind of space become bytes: a packer for each, put together as their descriptors are.

    array            its bytes, in C order            nothing else: dtype and shape are in the descriptor
    number           its bytes
    text             length, UTF-8
    Dict, Tuple      the parts, one after another
    Sequence         count, the items; stacked: as a batch
    Graph            nodes as a batch, then edges and links where there are any
    OneOf            which, and its value
    Custom           by its codec; else as what it derives from; else as any value is

Lengths and counts are unsigned LEB128. A batch that Gymnasium stacks (arrays with one axis more, Dicts and Tuples of
those, tuples of anything else) is packed as such. A value that is not exactly what its space says raises Misfit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence as Values
from typing import Any

import numpy as np

from cornerman.core import space_plugins, values
from cornerman.core.errors import PayloadError
from cornerman.core.graph_value import GraphInstance, is_graph

from .descriptor import (
    Box,
    Custom,
    Descriptor,
    Dict,
    Discrete,
    Graph,
    MultiBinary,
    MultiDiscrete,
    OneOf,
    Sequence,
    Text,
    Tuple,
)


class Misfit(Exception):
    """The value is not what its space says: it is packed as it came."""


class Reader:
    """Bytes that are read from the front."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> memoryview:
        found = self._data[self._at : self._at + size]
        if len(found) != size:
            raise PayloadError("These bytes are shorter than a value of this space.")
        self._at += size
        return found

    def rest(self) -> memoryview:
        return self._data[self._at :]

    def number(self) -> int:
        found = shift = 0
        while True:
            (byte,) = self.take(1)
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    def content(self) -> memoryview:
        return self.take(self.number())


def write_number(number: int, out: bytearray) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _write_content(content: bytes, out: bytearray) -> None:
    write_number(len(content), out)
    out += content


class Packer:
    """One value; many, each by itself; many, stacked as Gymnasium stacks a batch of them: into a tuple."""

    def pack(self, value: Any, out: bytearray) -> None:
        raise NotImplementedError

    def unpack(self, data: Reader) -> Any:
        raise NotImplementedError

    def pack_many(self, batch: Values[Any], out: bytearray) -> None:
        for value in batch:
            self.pack(value, out)

    def unpack_many(self, count: int, data: Reader) -> Values[Any]:
        return [self.unpack(data) for _ in range(count)]

    def pack_stacked(self, value: Any, out: bytearray) -> None:
        _need(type(value) is tuple)
        write_number(len(value), out)
        self.pack_many(value, out)

    def unpack_stacked(self, data: Reader) -> Any:
        return tuple(self.unpack_many(data.number(), data))


def _need(fits: bool) -> None:
    if not fits:
        raise Misfit


class _Array(Packer):
    def __init__(self, dtype: str, shape: tuple[int, ...]) -> None:
        self.dtype, self.shape = np.dtype(dtype), shape
        self.size = self.dtype.itemsize * math.prod(shape)

    def pack(self, value: Any, out: bytearray) -> None:
        _need(type(value) is np.ndarray and value.dtype == self.dtype and value.shape == self.shape)
        out += value.tobytes()

    def unpack(self, data: Reader) -> Any:
        return np.frombuffer(data.take(self.size), self.dtype).reshape(self.shape).copy()

    def unpack_many(self, count: int, data: Reader) -> Values[Any]:
        block = np.frombuffer(data.take(count * self.size), self.dtype).reshape((count, *self.shape))
        return [row.copy() for row in block]

    def pack_stacked(self, value: Any, out: bytearray) -> None:
        _need(type(value) is np.ndarray and value.dtype == self.dtype and value.ndim > 0)
        _need(value.shape[1:] == self.shape)
        write_number(len(value), out)
        out += value.tobytes()

    def unpack_stacked(self, data: Reader) -> Any:
        count = data.number()
        return np.frombuffer(data.take(count * self.size), self.dtype).reshape((count, *self.shape)).copy()


class _Point(_Array):
    """An array without axes, or the number in its place: a byte says which."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype, ())

    def pack(self, value: Any, out: bytearray) -> None:
        bare = isinstance(value, np.generic)
        _need((bare or type(value) is np.ndarray) and value.dtype == self.dtype and value.shape == ())
        out.append(bare)
        out += value.tobytes()

    def unpack(self, data: Reader) -> Any:
        bare = data.take(1)[0]
        array = np.frombuffer(data.take(self.size), self.dtype)
        return array[0] if bare else array.reshape(()).copy()

    def unpack_many(self, count: int, data: Reader) -> Values[Any]:
        return [self.unpack(data) for _ in range(count)]


class _Number(_Array):
    """One choice of a Discrete. A number of Python's own has another type, and comes back as it came."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype, ())

    def pack(self, value: Any, out: bytearray) -> None:
        _need(isinstance(value, np.generic) and value.dtype == self.dtype)
        out += value.tobytes()

    def unpack(self, data: Reader) -> Any:
        return np.frombuffer(data.take(self.size), self.dtype)[0]

    def unpack_many(self, count: int, data: Reader) -> Values[Any]:
        return list(np.frombuffer(data.take(count * self.size), self.dtype))


class _Text(Packer):
    def pack(self, value: Any, out: bytearray) -> None:
        _need(type(value) is str)
        _write_content(value.encode("utf-8", "surrogatepass"), out)

    def unpack(self, data: Reader) -> Any:
        return str(data.content(), "utf-8", "surrogatepass")


class _Dict(Packer):
    def __init__(self, parts: dict[Any, Packer]) -> None:
        self.parts, self.keys = parts, list(parts)

    def pack(self, value: Any, out: bytearray) -> None:
        _need(type(value) is dict and list(value) == self.keys)
        for key, part in self.parts.items():
            part.pack(value[key], out)

    def unpack(self, data: Reader) -> Any:
        return {key: part.unpack(data) for key, part in self.parts.items()}

    def pack_many(self, batch: Values[Any], out: bytearray) -> None:
        _need(all(type(value) is dict and list(value) == self.keys for value in batch))
        for key, part in self.parts.items():
            part.pack_many([value[key] for value in batch], out)

    def unpack_many(self, count: int, data: Reader) -> Values[Any]:
        columns = [part.unpack_many(count, data) for part in self.parts.values()]
        return [{key: column[row] for key, column in zip(self.keys, columns, strict=True)} for row in range(count)]

    def pack_stacked(self, value: Any, out: bytearray) -> None:
        _need(type(value) is dict and list(value) == self.keys)
        for key, part in self.parts.items():
            part.pack_stacked(value[key], out)

    def unpack_stacked(self, data: Reader) -> Any:
        return {key: part.unpack_stacked(data) for key, part in self.parts.items()}


class _Tuple(Packer):
    def __init__(self, parts: list[Packer]) -> None:
        self.parts = parts

    def pack(self, value: Any, out: bytearray) -> None:
        _need(type(value) is tuple and len(value) == len(self.parts))
        for part, item in zip(self.parts, value, strict=True):
            part.pack(item, out)

    def unpack(self, data: Reader) -> Any:
        return tuple([part.unpack(data) for part in self.parts])

    def pack_many(self, batch: Values[Any], out: bytearray) -> None:
        _need(all(type(value) is tuple and len(value) == len(self.parts) for value in batch))
        for index, part in enumerate(self.parts):
            part.pack_many([value[index] for value in batch], out)

    def unpack_many(self, count: int, data: Reader) -> Values[Any]:
        columns = [part.unpack_many(count, data) for part in self.parts]
        return [tuple([column[row] for column in columns]) for row in range(count)]

    def pack_stacked(self, value: Any, out: bytearray) -> None:
        _need(type(value) is tuple and len(value) == len(self.parts))
        for part, item in zip(self.parts, value, strict=True):
            part.pack_stacked(item, out)

    def unpack_stacked(self, data: Reader) -> Any:
        return tuple([part.unpack_stacked(data) for part in self.parts])


class _Sequence(Packer):
    def __init__(self, item: Packer, stacked: bool) -> None:
        self.item, self.stacked = item, stacked

    def pack(self, value: Any, out: bytearray) -> None:
        if self.stacked:
            self.item.pack_stacked(value, out)
        else:  # a tuple of values, which is how what cannot be stacked is stacked
            Packer.pack_stacked(self.item, value, out)

    def unpack(self, data: Reader) -> Any:
        return self.item.unpack_stacked(data) if self.stacked else Packer.unpack_stacked(self.item, data)


class _Graph(Packer):
    def __init__(self, node: Packer, edge: Packer | None) -> None:
        self.node, self.edge = node, edge

    def pack(self, value: Any, out: bytearray) -> None:
        _need(is_graph(value))
        self.node.pack_stacked(value.nodes, out)
        out.append(value.edges is not None)
        if value.edges is not None:
            if self.edge is None:
                raise Misfit
            self.edge.pack_stacked(value.edges, out)
        _write_content(values.encode(value.edge_links), out)

    def unpack(self, data: Reader) -> Any:
        nodes = self.node.unpack_stacked(data)
        edges = self.edge.unpack_stacked(data) if data.take(1)[0] and self.edge else None
        return GraphInstance(nodes, edges, values.decode(data.content()))


class _OneOf(Packer):
    def __init__(self, parts: list[Packer]) -> None:
        self.parts = parts

    def pack(self, value: Any, out: bytearray) -> None:
        _need(type(value) is tuple and len(value) == 2)
        number, item = value
        _need(type(number) is np.int64 and 0 <= number < len(self.parts))
        write_number(int(number), out)
        self.parts[int(number)].pack(item, out)

    def unpack(self, data: Reader) -> Any:
        which = data.number()
        if which >= len(self.parts):
            raise PayloadError(f"These bytes are of space {which} of {len(self.parts)}.")
        return np.int64(which), self.parts[which].unpack(data)


class _Custom(Packer):
    """0: as any value is · 1: as what the space derives from · 2: by its codec."""

    def __init__(self, name: str, like: Packer | None) -> None:
        self.name, self.like = name, like

    def pack(self, value: Any, out: bytearray) -> None:
        codec = space_plugins.registered(self.name)
        content = None if codec is None else space_plugins.encoded(self.name, codec, value)
        if content is not None:
            out.append(2)
            _write_content(content, out)
            return
        if self.like is not None:
            try:
                packed = bytearray((1,))
                self.like.pack(value, packed)
            except Misfit:
                pass
            else:
                out += packed
                return
        out.append(0)
        _write_content(values.encode(value), out)

    def unpack(self, data: Reader) -> Any:
        how = data.take(1)[0]
        if how == 1 and self.like is not None:
            return self.like.unpack(data)
        content = data.content()
        return values.decode(content) if how == 0 else values.decode_registered(self.name, bytes(content))


def packer(descriptor: Descriptor) -> Packer:
    """The packer for values of a space."""
    match descriptor:
        case Box():
            return _Array(descriptor.dtype, descriptor.shape) if descriptor.shape else _Point(descriptor.dtype)
        case Discrete():
            return _Number(descriptor.dtype)
        case MultiBinary():
            return _Array("|i1", descriptor.shape) if descriptor.shape else _Point("|i1")
        case MultiDiscrete():
            return _Array(descriptor.dtype, descriptor.shape) if descriptor.shape else _Point(descriptor.dtype)
        case Text():
            return _Text()
        case Dict():
            return _Dict({key: packer(space) for key, space in descriptor.spaces})
        case Tuple():
            return _Tuple([packer(space) for space in descriptor.spaces])
        case OneOf():
            return _OneOf([packer(space) for space in descriptor.spaces])
        case Sequence():
            return _Sequence(packer(descriptor.space), descriptor.stacked)
        case Graph():
            edge = None if descriptor.edge_space is None else packer(descriptor.edge_space)
            return _Graph(packer(descriptor.node_space), edge)
        case Custom():
            return _Custom(descriptor.class_, None if descriptor.like is None else packer(descriptor.like))
