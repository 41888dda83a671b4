"""A block: consecutive rows of one stream with their columns, whether they come from a chunk or from the open journal.

Everything that reads (records, episodes, SQL, export, verification) reads blocks, so what is on the screen while it is
being recorded and what is in the store afterwards go through the same code. A column is decoded when it is first
asked for; most questions need two or three of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from cornerman.core import values
from cornerman.core.columns import has_planes, planes, rows_of, unpack, unpack_objects
from cornerman.core.episodes import t_of
from cornerman.core.layout import RESET, SKIPPED, TERMINATED, TRUNCATED, Node
from cornerman.core.payloads import chunk_v1, read

Array: TypeAlias = np.ndarray[Any, Any]
Index: TypeAlias = Any
"""What NumPy takes: an offset, a slice, an array of offsets, or one of these with a sub-environment."""


class Block:
    """What chunks and open segments have in common. `num_envs` is 0 for a single environment."""

    first_row: int
    rows: int
    first_t: int
    num_envs: int
    observation: Node
    action: Node
    info: tuple[str, ...]
    frame_envs: tuple[int, ...] = ()
    """The sub-environments that its `frame` column numbers frames of; what is open leaves that to the manifest."""

    def column(self, name: str) -> Array:
        """All rows of a column; KeyError where the block has none of this name."""
        raise NotImplementedError

    def take(self, name: str, index: Index) -> Array:
        """Some rows of a column, a copy where the block's bytes may change under the caller."""
        return self.column(name)[index]

    def extra(self, offset: int) -> dict[str, Any]:
        """What travels beside the columns of a row; empty where nothing does."""
        raise NotImplementedError

    @property
    def episodes(self) -> Mapping[str, Array]:
        """The episodes that ended in this block, a column for each field; empty where none did."""
        raise NotImplementedError

    @property
    def reset(self) -> Array:
        """bool (rows, envs): calls of step that were the resetting step of NEXT_STEP."""
        raise NotImplementedError

    def payload_version_at(self, offset: int) -> int:
        """The version that a row came as: only rows that were imported came as another than 1."""
        return 1

    @property
    def envs(self) -> int:
        return max(self.num_envs, 1)

    @property
    def stop(self) -> int:
        return self.first_row + self.rows

    @cached_property
    def flags(self) -> Array:
        return self.column("flags")

    @cached_property
    def step(self) -> Array:
        """bool (rows,): a call of step, not of reset."""
        return (self.flags & RESET) == 0  # type: ignore[no-any-return]

    @cached_property
    def t(self) -> Array:
        """`t` of each row: a call of reset has that of the step that follows it."""
        return t_of(self.first_t, self.step, self.skipped)

    def t_at(self, offset: int) -> int:
        """`t` of one row, without that of all the others."""
        left_out = 0 if self.skipped is None else int(self.skipped[: offset + 1].sum())
        return self.first_t + offset - int(np.count_nonzero(self.flags[:offset] & RESET)) + left_out

    @property
    def calls(self) -> int:
        """Calls of step among its rows, and of those that the source left out between them."""
        return int(np.count_nonzero(self.step)) + self.sampled // self.envs

    @property
    def sampled(self) -> int:
        """Transitions that the source left out before its rows."""
        return 0 if self.skipped is None else int(self.skipped.sum()) * self.envs

    @cached_property
    def skipped(self) -> Array | None:
        """int (rows,): vector steps that the source left out before each row; None where it does not sample."""
        try:
            return self.column(SKIPPED)
        except KeyError:
            return None

    def taken_at(self, offset: int, env: int) -> bool:
        """Whether a row is a transition of a sub-environment."""
        if self.num_envs or self.withheld is not None:
            return bool(self.transition[offset, env])
        return not self.flags[offset] & RESET

    @cached_property
    def withheld(self) -> Array | None:
        """bool (rows, envs): steps that a schema refused, whose values are in quarantine; None where there are none."""
        return None

    @cached_property
    def transition(self) -> Array:
        """bool (rows, envs): stored steps."""
        found = self.step[:, None]
        if self.num_envs:
            found = found & ~self.reset
        return found if self.withheld is None else found & ~self.withheld

    @property
    def reward(self) -> Array:
        """float64 (rows, envs)."""
        return self.column("reward").reshape(self.rows, self.envs)

    def ended(self, name: str) -> Array:
        """bool (rows, envs) for `terminated` or `truncated`."""
        if self.num_envs:
            return self.column(name)
        return (self.flags & _ENDS[name] > 0)[:, None]

    def ended_at(self, name: str, offset: int, env: int) -> bool:
        """`terminated` or `truncated` of one row, without that of all the others."""
        if self.num_envs:
            return bool(self.column(name)[offset, env])
        return bool(self.flags[offset] & _ENDS[name])


_ENDS = {"terminated": TERMINATED, "truncated": TRUNCATED}


class SealedBlock(Block):
    """The rows of one chunk. `charge` is told how many bytes a decoded column takes, for whoever bounds a cache."""

    def __init__(self, payload: bytes, charge: Callable[[int], None] | None = None) -> None:
        chunk: chunk_v1.ChunkV1 = read(payload, "chunk")
        self.first_row, self.rows, self.first_t = chunk.first_row, chunk.rows, chunk.first_t
        self.num_envs = chunk.num_envs
        self.observation, self.action, self.info = chunk.observation, chunk.action, chunk.info
        self.frame_envs = chunk.frames
        self.nbytes = len(payload)
        self._packed = {column.name: column for column in chunk.columns}
        self._decoded: dict[str, Array] = {}
        self._planes: dict[str, Array] = {}
        self._episodes = chunk.episodes
        self._unpacked: Mapping[str, Array] | None = None
        self._extras = chunk.extras
        self._charge = charge

    @property
    def names(self) -> list[str]:
        """Its columns, in the order in which they are stored."""
        return list(self._packed)

    def payload_version_at(self, offset: int) -> int:
        return int(self.column("payload_version")[offset]) if "payload_version" in self._packed else 1

    def column(self, name: str) -> Array:
        found = self._decoded.get(name)
        if found is None:
            packed = self._packed[name]
            found = unpack(packed)
            if packed.transform != "constant":
                self._grow(found.nbytes)
            self._decoded[name] = found
            self._planes.pop(name, None)
        return found

    def take(self, name: str, index: Index) -> Array:
        """A few rows of a column are taken out of its bytes where that can be, without the other rows."""
        packed = self._packed[name]
        rows, env = index if type(index) is tuple else (index, None)
        if name in self._decoded or not self._few(rows) or not has_planes(packed, rows):
            return self.column(name)[index]
        parts = self._planes.get(name)
        if parts is None:
            parts = self._planes[name] = planes(packed)
            self._grow(parts.nbytes)
        return rows_of(packed, parts, rows, env)  # type: ignore[no-any-return]

    def _few(self, rows: Index) -> bool:
        if type(rows) is not slice:
            return type(rows) is int
        begin, end, step = rows.indices(self.rows)
        return step == 1 and 2 * (end - begin) <= self.rows

    @cached_property
    def extras(self) -> dict[int, bytes]:
        """The msgpack of the rows that have some, by offset."""
        return unpack_objects(self._extras)

    @cached_property
    def withheld(self) -> Array | None:
        return self.column("withheld").reshape(self.rows, self.envs) if "withheld" in self._packed else None

    def extra(self, offset: int) -> dict[str, Any]:
        data = self.extras.get(offset)
        return values.decode(data) if data else {}

    @property
    def episodes(self) -> Mapping[str, Array]:
        if self._unpacked is None:
            self._unpacked = chunk_v1.unpack_episodes(self._episodes)
        return self._unpacked

    @property
    def reset(self) -> Array:
        if self.num_envs:
            return self.column("reset")
        return np.zeros((self.rows, 1), np.bool_)

    def _grow(self, size: int) -> None:
        self.nbytes += size
        if self._charge is not None:
            self._charge(size)
