"""What one record of a stream looks like in its journal, and how its values become columns.

A layout is drawn from the first step of a stream and written before its first record. Values of a fixed dtype and
shape have a column each; everything else (text, ragged values, keys of `info` that come and go, values that do not fit
their column) travels with the row as *extras*, a msgpack map. So nothing is refused, and what is regular is fast.

A segment of the journal holds, after its header:

    heads    `rows` packed structs, one a record: sequence, time, scalars, flags, small arrays, sequence again
    lanes    for each larger array column, `rows` slots of its own, contiguous, so that sealing copies nothing
    extras   msgpack entries, one after another

A record exists when the sequence number at the end of its head is the one expected there; it is written last. The
same number stands at the head's beginning: a head that spans two pages of which one was lost to a power cut shows it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

TERMINATED = 1
TRUNCATED = 2
RESET = 4  # the record of a call of `reset`, not of `step`
EXTRAS = 8  # a msgpack entry follows in the extras region
NO_OBSERVATION = 16  # the observation did not fit its columns: it is in the extras
NO_ACTION = 32
NO_INFO = 64  # the info columns hold nothing for this row: info is empty or in the extras
NO_REWARD = 128
GAP = 256  # in the journal only: records before this one were dropped, its extras say who was `done` meanwhile

SKIPPED, SKIPPED_REWARD = "skipped", "skipped_reward"
"""Columns of a stream that is sampled at its source: steps left out before a row, and what they were rewarded with."""

MOST_SAID = 5000  # bytes of a header in which the columns of an observation are named; of an action, of `info` as well
SMALL = 512  # bytes up to which an array is packed into the head rather than copied into a lane of its own

Node: TypeAlias = dict[str, Any]
"""How a nested value is rebuilt: {"leaf": column} | {"dict": {key: node}} | {"tuple": [node]} | {"object": name}."""


class Leaf(msgspec.Struct, frozen=True):
    """One column: `dtype` and `shape` of one row's value; `scalar` where the value is a number, not an array."""

    column: str
    dtype: str
    shape: tuple[int, ...] = ()
    scalar: Literal["", "int", "float", "bool"] = ""

    @property
    def type(self) -> np.dtype[Any]:
        return np.dtype(self.dtype)

    @property
    def nbytes(self) -> int:
        return self.type.itemsize * int(np.prod(self.shape, dtype=np.int64))

    @property
    def in_lane(self) -> bool:
        return not self.scalar and self.nbytes > SMALL

    def __hash__(self) -> int:
        return hash((self.column, self.dtype, self.shape))


class Layout(msgspec.Struct, frozen=True, dict=True):
    """The columns of a stream's records, and how many of them a segment holds.

    `num_envs` is 0 for a single environment: its values have no leading axis. For a vector environment every array
    column begins with the axis of the sub-environments, rewards and ends included.
    """

    num_envs: int
    observation: Node
    action: Node
    leaves: tuple[Leaf, ...]
    info: tuple[str, ...] = ()
    frames: int = 0  # environments whose frames are numbered in each record
    rows: int = 2048
    extras_bytes: int = 1 << 18
    version: int = 1

    @cached_property
    def packed(self) -> tuple[Leaf, ...]:
        """The columns inside the head, in the order in which they are packed."""
        return tuple(leaf for leaf in self.leaves if not leaf.in_lane)

    @cached_property
    def lanes(self) -> tuple[Leaf, ...]:
        return tuple(leaf for leaf in self.leaves if leaf.in_lane)

    @cached_property
    def head(self) -> struct.Struct:
        """sequence, time, flags, the packed columns, frame numbers, sequence.

        Native order and every field a multiple of eight bytes: the fastest format, and one NumPy can view.
        """
        fields = [_struct_code(leaf) for leaf in self.packed]
        return struct.Struct("@QdQ" + "".join(fields) + "q" * self.frames + "Q")

    @cached_property
    def head_dtype(self) -> np.dtype[Any]:
        names, offsets, at = ["sequence", "time", "flags"], [0, 8, 16], 24
        formats: list[Any] = ["u8", "f8", "u8"]
        for leaf in self.packed:
            names.append(leaf.column)
            offsets.append(at)
            formats.append(_packed_dtype(leaf))
            at += _rounded(leaf.nbytes) if not leaf.scalar else 8
        if self.frames:
            names, formats, offsets = [*names, "frame"], [*formats, ("i8", (self.frames,))], [*offsets, at]
            at += 8 * self.frames
        return np.dtype(
            {"names": [*names, "end"], "formats": [*formats, "u8"], "offsets": [*offsets, at], "itemsize": at + 8}
        )

    @cached_property
    def lane_offsets(self) -> dict[str, int]:
        """Where each lane begins, counted from the first head."""
        offsets, at = {}, _page(self.rows * self.head.size)
        for leaf in self.lanes:
            offsets[leaf.column] = at
            at += _page(self.rows * leaf.nbytes)
        return offsets

    @cached_property
    def extras_offset(self) -> int:
        if not self.lanes:
            return _page(self.rows * self.head.size)
        last = self.lanes[-1]
        return self.lane_offsets[last.column] + _page(self.rows * last.nbytes)

    @cached_property
    def sampled(self) -> bool:
        """Whether its rows say what the source left out before them."""
        return any(leaf.column == SKIPPED for leaf in self.leaves)

    @property
    def size(self) -> int:
        """Bytes of a segment after its header."""
        return self.extras_offset + _page(self.extras_bytes)

    @property
    def row_bytes(self) -> int:
        return self.head.size + sum(leaf.nbytes for leaf in self.lanes)

    def resized(self, rows: int | None = None, extras_bytes: int | None = None) -> Layout:
        """The same columns in a segment of another size."""
        return msgspec.structs.replace(
            self, rows=rows or self.rows, extras_bytes=self.extras_bytes if extras_bytes is None else extras_bytes
        )


def _rounded(size: int) -> int:
    return -(-size // 8) * 8


def _page(size: int) -> int:
    return -(-size // 4096) * 4096


def _struct_code(leaf: Leaf) -> str:
    if leaf.scalar:
        return "d" if leaf.scalar == "float" else "q"
    padding = _rounded(leaf.nbytes) - leaf.nbytes
    return f"{leaf.nbytes}s" + (f"{padding}x" if padding else "")


def _packed_dtype(leaf: Leaf) -> Any:
    if leaf.scalar:
        return "f8" if leaf.scalar == "float" else "i8"
    return (leaf.type, leaf.shape)


def draw(name: str, value: Any) -> tuple[Node, list[Leaf]]:
    """How `value` is split into columns named `name`, `name/key`, `name/0`, …: its node and its leaves.

    A value of so many parts that a segment's header could not name them (a long sequence) has no columns.
    """
    node, leaves = _drawn(name, value)
    return (node, leaves) if said_in(node, leaves) <= MOST_SAID else ({"object": name}, [])


def said_in(*parts: Any) -> int:
    """The bytes that parts of a layout take in a segment's header."""
    return len(msgspec.msgpack.encode(parts))


def _drawn(name: str, value: Any) -> tuple[Node, list[Leaf]]:
    if isinstance(value, Mapping) and value and all(isinstance(key, str) for key in value):
        return _branch("dict", {key: _drawn(f"{name}/{key}", item) for key, item in value.items()})
    if type(value) is tuple and value:
        return _branch("tuple", [_drawn(f"{name}/{index}", item) for index, item in enumerate(value)])
    leaf = as_leaf(name, value)
    return ({"object": name}, []) if leaf is None else ({"leaf": name}, [leaf])


def _branch(kind: str, parts: Any) -> tuple[Node, list[Leaf]]:
    drawn = parts.values() if kind == "dict" else parts
    leaves = [leaf for _, found in drawn for leaf in found]
    nodes = {key: node for key, (node, _) in parts.items()} if kind == "dict" else [node for node, _ in parts]
    return {kind: nodes}, leaves


def as_leaf(name: str, value: Any) -> Leaf | None:
    """The column a value of this kind has, or None where it has to travel as an extra."""
    if isinstance(value, np.ndarray):
        usable = value.dtype.kind in "biufcmM" and value.nbytes > 0 and value.dtype.isnative
        return Leaf(name, value.dtype.str, value.shape) if usable else None
    if isinstance(value, (bool, np.bool_)):
        return Leaf(name, "|b1", (), "bool")
    if isinstance(value, (int, np.integer)):
        dtype = value.dtype.str if isinstance(value, np.integer) else "<i8"
        return Leaf(name, dtype, (), "int") if -(2**63) <= value < 2**63 else None
    if isinstance(value, (float, np.floating)) and np.dtype(type(value)).itemsize <= 8:
        return Leaf(name, np.dtype(type(value)).str, (), "float")
    return None


def walk(node: Node, value: Any) -> Iterator[tuple[str, Any]]:
    """The (column, value) pairs of a nested value; KeyError, IndexError or TypeError where its structure differs."""
    if "leaf" in node:
        yield node["leaf"], value
    elif "dict" in node:
        if len(value) != len(node["dict"]):
            raise KeyError(f"expected the keys {sorted(node['dict'])}")
        for key, child in node["dict"].items():
            yield from walk(child, value[key])
    elif "tuple" in node:
        if len(value) != len(node["tuple"]):
            raise IndexError(f"expected {len(node['tuple'])} items")
        for child, item in zip(node["tuple"], value, strict=True):
            yield from walk(child, item)
    else:
        raise TypeError(f"{node['object']} has no column")


def has_objects(node: Node) -> bool:
    """Whether some part of the value has no column, so that the value travels in the extras."""
    if "dict" in node:
        return any(map(has_objects, node["dict"].values()))
    if "tuple" in node:
        return any(map(has_objects, node["tuple"]))
    return "object" in node


def rebuild(node: Node, column: Mapping[str, Any]) -> Any:
    """The nested value whose leaves are looked up in `column`; the inverse of `walk`."""
    if "leaf" in node:
        return column[node["leaf"]]
    if "dict" in node:
        return {key: rebuild(child, column) for key, child in node["dict"].items()}
    if "tuple" in node:
        return tuple(rebuild(child, column) for child in node["tuple"])
    return None
