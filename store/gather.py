"""Values of rows: one row's observation as it was, or many rows' as arrays of the original dtype and shape.

A part whose rows have no common dtype and shape (text, ragged values, a row that did not fit) comes back as a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from cornerman.core.layout import NO_ACTION, NO_INFO, NO_OBSERVATION, NO_REWARD, Node, has_objects
from cornerman.core.spaces import Custom, Descriptor, Tuple
from cornerman.core.spaces import part as space_part

from .blocks import Array, Block

Space: TypeAlias = "Descriptor | None"
"""The space of one sub-environment's value, where it is known."""
ABSENT = {"observation": NO_OBSERVATION, "action": NO_ACTION}


@dataclass(frozen=True, slots=True)
class Picked:
    """Some rows of a block: `index` is a slice or an array of offsets."""

    block: Block
    index: slice | Array

    @property
    def offsets(self) -> list[int]:
        index = self.index
        return list(range(*index.indices(self.block.rows))) if isinstance(index, slice) else [int(i) for i in index]


def _one(block: Block, name: str, offset: int, env: int | None) -> Any:
    found = block.take(name, offset)
    return found if env is None else found[env]


def _built(node: Node, space: Space, env: int | None, column: Callable[[str, int | None], Any]) -> Any:
    """The nested value of one sub-environment, or of a single environment.

    A batched tuple is the parts of a Tuple space, each batched. Of every other space without a common array (a
    sequence, say) it is one value for each sub-environment, with no axis of its own for them.
    """
    if "leaf" in node:
        return column(node["leaf"], env)
    if "dict" in node:
        return {key: _built(child, space_part(space, key), env, column) for key, child in node["dict"].items()}
    if "tuple" not in node:
        return None
    if env is not None and space is not None and not _is_product(space):
        return _built(node["tuple"][env], None, None, column)
    return tuple(_built(child, space_part(space, at), env, column) for at, child in enumerate(node["tuple"]))


def _is_product(space: Space) -> bool:
    """Whether a batch of this space's values is a tuple of batches, and not of values."""
    return _is_product(space.like) if isinstance(space, Custom) else isinstance(space, Tuple)


def value_at(block: Block, part: str, offset: int, env: int | None, space: Space = None) -> Any:
    """The observation or action of a row; of one sub-environment of a vector stream where `env` says which."""
    node: Node = getattr(block, part)
    if block.flags[offset] & ABSENT[part] or has_objects(node):
        value = block.extra(offset).get(part)
        return value if env is None or value is None else of_env(value, env, space)
    return _own(_built(node, space, env, lambda name, at: _one(block, name, offset, at)))


def reward_at(block: Block, offset: int, env: int) -> Any:
    """A float, or what the environment gave instead of one."""
    if block.flags[offset] & NO_REWARD:
        reward = block.extra(offset).get("reward")
        return of_env(reward, env) if block.num_envs else reward
    return float(block.reward[offset, env])


def of_env(value: Any, env: int, space: Space = None) -> Any:
    """What one sub-environment has of a batched value: arrays by their leading axis, mappings and products by part."""
    if isinstance(value, dict):
        return {key: of_env(item, env, space_part(space, key)) for key, item in value.items()}
    if isinstance(value, tuple) and _is_product(space):
        return tuple(of_env(item, env, space_part(space, at)) for at, item in enumerate(value))
    try:
        return value[env]
    except (TypeError, IndexError, KeyError):
        return value


def gather(picked: Sequence[Picked], part: str, env: int | None, space: Space = None) -> Any:
    """The observations or actions of rows in order: arrays where they have a common form."""
    nodes = [getattr(item.block, part) for item in picked]
    plain = nodes and all(node == nodes[0] for node in nodes) and not has_objects(nodes[0])
    if plain and not any((item.block.flags[item.index] & ABSENT[part]).any() for item in picked):
        return _built(nodes[0], space, env, lambda name, at: column(picked, name, at))
    return stack([value_at(item.block, part, offset, env, space) for item in picked for offset in item.offsets])


def column(picked: Sequence[Picked], name: str, env: int | None) -> Any:
    """A column over blocks, a copy: an array, or a list where its dtype or shape changed between blocks."""
    pieces = [item.block.take(name, item.index if env is None else (item.index, env)) for item in picked]
    if len(pieces) == 1:
        return np.array(pieces[0])
    first = pieces[0]
    if all(piece.dtype == first.dtype and piece.shape[1:] == first.shape[1:] for piece in pieces):
        return np.concatenate(pieces)
    return [np.array(value) for piece in pieces for value in piece]


def stack(rows: list[Any]) -> Any:
    """Values of rows as arrays by part; a list where they have no common form."""
    if not rows:
        return []
    first = rows[0]
    if isinstance(first, dict) and all(isinstance(row, dict) and row.keys() == first.keys() for row in rows):
        return {key: stack([row[key] for row in rows]) for key in first}
    if type(first) is tuple and all(type(row) is tuple and len(row) == len(first) for row in rows):
        return tuple(stack([row[index] for row in rows]) for index in range(len(first)))
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind != "O":
        same = all(
            isinstance(row, (np.ndarray, np.generic)) and row.dtype == first.dtype and row.shape == first.shape
            for row in rows
        )
        return np.stack(rows) if same else rows
    if type(first) in (bool, int, float) and all(type(row) is type(first) for row in rows):
        dtype: Any = np.bool_ if type(first) is bool else np.int64 if type(first) is int else np.float64
        try:
            return np.array(rows, dtype)
        except OverflowError:
            return rows
    return rows


def append(gathered: Any, value: Any) -> Any:
    """What `gather` or `stack` gave, with one more row."""
    if isinstance(gathered, dict) and isinstance(value, dict) and gathered.keys() == value.keys():
        return {key: append(gathered[key], value[key]) for key in gathered}
    if type(gathered) is tuple and type(value) is tuple and len(gathered) == len(value):
        return tuple(append(part, item) for part, item in zip(gathered, value, strict=True))
    if isinstance(gathered, np.ndarray):
        row = np.asarray(value)
        if row.shape == gathered.shape[1:] and (row.dtype == gathered.dtype or not len(gathered)):
            return np.concatenate((gathered, row[None]))
        return [*gathered, value]
    if isinstance(gathered, list):
        return [*gathered, value] if gathered else stack([value])
    return stack([gathered, value])


def info_at(block: Block, offset: int) -> dict[str, Any]:
    """The whole info of a row, as the call returned it."""
    if not block.flags[offset] & NO_INFO:
        return {key: _own(block.take(f"info/{key}", offset)) for key in block.info}
    found = block.extra(offset).get("info")
    return found if isinstance(found, dict) else {} if found is None else {"info": found}


def info_of_env(info: dict[str, Any], env: int) -> dict[str, Any]:
    """What a vector environment's info says of one sub-environment: `_key` masks say whose entries count."""
    found = {}
    for key, item in info.items():
        mask = info.get(f"_{key}")
        if key.startswith("_") and isinstance(item, np.ndarray) and item.dtype == np.bool_ and key[1:] in info:
            continue
        if isinstance(mask, np.ndarray) and mask.dtype == np.bool_ and env < len(mask) and not mask[env]:
            continue
        found[key] = info_of_env(item, env) if isinstance(item, dict) else of_env(item, env)
    return found


def _own(value: Any) -> Any:
    """A value that does not change with the block it came from, and that its owner may change."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _own(item) for key, item in value.items()}
    if type(value) is tuple:
        return tuple(map(_own, value))
    return value
