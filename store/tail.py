"""The open journal, as anyone but its writer sees it: records that no chunk holds yet.

The writer never waits for a reader, so a segment may be sealed, forgotten and filled again while it is looked at. What
makes that safe:

    * The journal is listed *before* the store is asked how far it is sealed. Whatever left the journal in between is
      in the store by then, so sealed and open rows have no gap; what is in both is cut off the open side.
    * Bytes are copied out of the map, and then the generation is looked at again. If it changed, `Moved` is raised and
      the question is asked anew: the rows are in a chunk now.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cornerman.core import values
from cornerman.core.episodes import Advanced, AutoresetMode, Open, advance
from cornerman.core.layout import EXTRAS, RESET, SKIPPED

from .blocks import Array, Block, Index
from .location import JOURNAL
from .pack import episode_rows
from .seal import StreamIdentity
from .segments import HEADER, NotASegment, Segment, segment_paths


class Moved(Exception):
    """What was being read is somewhere else by now: ask again."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the header of a segment said at one moment, and how many records it held."""

    mapped: Mapped
    generation: int
    first_row: int
    first_t: int
    first_sequence: int
    count: int
    received: int
    dropped: int
    dropped_steps: int
    dropped_records: int
    cause: str
    closed: bool
    full: bool = False
    """Its writer is done with it: it waits to be sealed."""

    def same(self, other: Part) -> bool:
        """Whether the other one is of the same records, if perhaps of another moment."""
        return self.mapped is other.mapped and self.generation == other.generation

    @property
    def stop(self) -> int:
        return self.first_row + self.count

    @property
    def end_sequence(self) -> int:
        return self.first_sequence + self.count + self.dropped_records


class Mapped:
    """One mapped segment and what is known of its newest generation, so that a second look costs only what is new."""

    def __init__(self, path: Path) -> None:
        self.segment = Segment.open(path)
        os.close(self.segment.descriptor)  # the map keeps the file; a viewer of many streams keeps no descriptors
        self.segment.descriptor = -1
        self.size = len(self.segment.memory)
        self._known = (0, 0)
        self._entries: dict[int, tuple[int, int]] = {}
        self._entries_of = (0, 0)
        self._lock = threading.Lock()

    def part(self) -> Part | None:
        """The segment as it is; None where it is empty or in the middle of being begun."""
        segment = self.segment
        for _ in range(8):
            generation = segment.generation
            if generation == 0:
                return None
            known = self._known[1] if self._known[0] == generation else 0
            count = segment.count(known)
            part = Part(
                self, generation, segment.first_row, segment.first_t, segment.first_sequence, count,
                segment.received, *segment.dropped[:2], segment.dropped_records, segment.dropped[2], segment.closed,
                segment.full is not None,
            )  # fmt: skip
            if segment.generation == generation:
                self._known = (generation, count)
                return part
        return None

    def check(self, generation: int) -> None:
        if self.segment.generation != generation:
            raise Moved

    def extra(self, sequence: int, generation: int) -> bytes:
        """The extras of a record; b"" where it has none."""
        with self._lock:
            found = self._entries_until(sequence, generation).get(sequence)
            data = b"" if found is None else self.segment.memory[found[0] : found[0] + found[1]]
        self.check(generation)
        return data

    def _entries_until(self, sequence: int, generation: int) -> dict[int, tuple[int, int]]:
        """Where the entries are, by sequence number. Entries are only ever added, so the scan goes on where it was."""
        memory, begin = self.segment.memory, HEADER + self.segment.layout.extras_offset
        if self._entries_of[0] != generation:
            self._entries, self._entries_of = {}, (generation, begin)
        at, first = self._entries_of[1], self.segment.first_sequence
        while sequence not in self._entries and at + 24 <= self.size:
            number = int.from_bytes(memory[at : at + 8], "little")
            length = int.from_bytes(memory[at + 8 : at + 16], "little")
            end = at + 16 + length
            if number < first or end + 8 > self.size or int.from_bytes(memory[end : end + 8], "little") != number:
                break
            self._entries[number] = (at + 16, length)
            at = -(-(end + 8) // 8) * 8
        self._entries_of = (generation, at)
        return self._entries


class OpenBlock(Block):
    """Records of a segment that lie beyond what is sealed. Small columns are a copy; lanes are copied when asked."""

    def __init__(self, part: Part, first_row: int, mode: AutoresetMode, before: Open | OpenBlock) -> None:
        self.part = part
        self.mode: AutoresetMode = mode
        self._before = before
        self._mapped, self._generation = part.mapped, part.generation
        self._segment = part.mapped.segment
        self.layout = layout = self._segment.layout
        self._start, self._stop = first_row - part.first_row, part.count
        self.first_row, self.rows = first_row, part.count - self._start
        self.num_envs = layout.num_envs
        self.observation, self.action, self.info = layout.observation, layout.action, layout.info
        self.numbered_frames = layout.frames
        self._leaves = {leaf.column: leaf for leaf in layout.leaves}
        self._heads = self._segment.heads()[: self._stop].copy()
        self._extras: dict[int, dict[str, Any]] = {}
        self._mapped.check(self._generation)
        self._all_flags = self._heads["flags"].astype(np.uint8)
        self.first_t = part.first_t + int(np.count_nonzero((self._all_flags[: self._start] & RESET) == 0))
        if SKIPPED in self._leaves:
            self.first_t += int(self._heads[SKIPPED][: self._start].sum())

    def column(self, name: str) -> Array:
        return self.take(name, slice(None))

    def take(self, name: str, index: Index) -> Array:
        if name == "flags":
            return self._all_flags[self._start :][index]
        if name == "time":
            return self.time_us[index]
        if name == "reset":
            return self.reset[index]
        leaf = self._leaves.get(name)
        if leaf is not None and leaf.in_lane:
            found = self._segment.lane(name)[self._start : self._stop][index].copy()
            self._mapped.check(self._generation)
            return found
        if leaf is None and name != "frame":
            raise KeyError(name)
        try:
            found = self._heads[name][self._start :][index]
        except ValueError as error:
            raise KeyError(name) from error
        return found.astype(leaf.type) if leaf is not None and leaf.scalar else found

    @cached_property
    def time_us(self) -> Array:
        return np.rint(self._heads["time"][self._start :] * 1e6).astype(np.int64)

    def extra(self, offset: int) -> dict[str, Any]:
        if not self.flags[offset] & EXTRAS:
            return {}
        if offset not in self._extras:
            sequence = int(self._heads["sequence"][self._start + offset])
            data = self._mapped.extra(sequence, self._generation)
            self._extras[offset] = values.decode(data) if data else {}
        return {key: item for key, item in self._extras[offset].items() if key != "frames"}

    @cached_property
    def frames(self) -> dict[int, bytes]:
        """The payloads of the frames first seen in these records, by number."""
        found: dict[int, bytes] = {}
        for offset in np.flatnonzero(self.flags & EXTRAS).tolist():
            self.extra(offset)
            found.update((number, payload) for number, payload in self._extras[offset].get("frames", ()))
        return found

    @cached_property
    def advanced(self) -> Advanced:
        """The episodes of these records, given those that were open before them."""
        before = self._before if isinstance(self._before, Open) else self._before.advanced.after
        rows = episode_rows(
            self._segment,
            self._start,
            self._stop,
            self.mode,
            self._heads[self._start :],
            self.flags,
            self._extras_bytes(),
        )
        self._mapped.check(self._generation)
        return advance(rows, before)

    def _extras_bytes(self) -> dict[int, bytes]:
        """The extras of the first record and of the calls of reset, as `episode_rows` wants them."""
        wanted = ~self.step
        wanted[:1] = True  # after a gap the first record says who was done meanwhile
        marked = np.flatnonzero(wanted & (self.flags & EXTRAS > 0)).tolist()
        numbers = {offset: int(self._heads["sequence"][self._start + offset]) for offset in marked}
        found = {offset: self._mapped.extra(number, self._generation) for offset, number in numbers.items()}
        return {offset: data for offset, data in found.items() if data}

    @property
    def episodes(self) -> dict[str, Array]:
        return self.advanced.episodes

    @property
    def reset(self) -> Array:
        return self.advanced.reset


class Journal:
    """The segments of a store that somebody looked at lately, mapped once."""

    def __init__(self, store: Path) -> None:
        self.folder = store / JOURNAL
        self._maps: dict[Path, Mapped] = {}
        self._lock = threading.Lock()

    def parts(self, process: str, stream: int) -> list[Part]:
        """What the journal holds of a stream, by row. Ask this first, and the store after it."""
        paths = segment_paths(self.folder / process, stream)
        with self._lock:
            parts = [part for path in paths if (mapped := self._map(path)) and (part := mapped.part())]
            self._forget(process, stream, set(paths))
        return sorted(parts, key=lambda part: part.first_sequence)

    def identities(self) -> dict[int, StreamIdentity]:
        """The streams that the journal introduces: those that the store may not know yet among them."""
        found = {}
        for path in self._listed(".stream"):
            try:
                found[int(path.stem)] = StreamIdentity.decode(path.read_bytes())
            except Exception:  # being written at this moment, or by a version to come
                continue
        return found

    def identity(self, process: str, stream: int) -> StreamIdentity | None:
        """What the journal says of one stream, as long as something of it is there."""
        try:
            return StreamIdentity.decode((self.folder / process / f"{stream}.stream").read_bytes())
        except Exception:  # gone, or being written at this moment
            return None

    def processes(self) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir())
        except OSError:
            return []

    def version(self) -> dict[str, int]:
        """When a file was last added to each folder, or removed from it."""
        found = {}
        for folder in (self.folder, *(self.folder / process for process in self.processes())):
            with contextlib.suppress(OSError):
                found[str(folder)] = folder.stat().st_mtime_ns
        return found

    def bytes(self, process: str, stream: int) -> int:
        """On disk."""
        return sum(path.stat().st_size for path in segment_paths(self.folder / process, stream) if path.exists())

    def close(self) -> None:
        with self._lock:
            self._maps.clear()

    def _listed(self, suffix: str) -> list[Path]:
        found: list[Path] = []
        for process in self.processes():
            try:
                found += [
                    Path(entry.path) for entry in os.scandir(self.folder / process) if entry.name.endswith(suffix)
                ]
            except OSError:
                continue
        return found

    def _map(self, path: Path) -> Mapped | None:
        mapped = self._maps.get(path)
        if mapped is None:
            try:
                mapped = self._maps[path] = Mapped(path)
            except (NotASegment, OSError, ValueError):
                return None
        return mapped

    def _forget(self, process: str, stream: int, listed: set[Path]) -> None:
        """Let go of the maps of segments that were deleted."""
        folder, prefix = self.folder / process, f"{stream}."
        gone = [p for p in self._maps if p.parent == folder and p.name.startswith(prefix) and p not in listed]
        for path in gone:
            del self._maps[path]
