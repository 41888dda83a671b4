"""Between the relays and the parser: what was read waits here, so that parsing slows no command.

Chunks are on disk before they are passed on (`store.logs.backlog`), and in memory as far as there is room. One thread
parses them in the order in which they were read. Only where a gigabyte waits, or the disk takes nothing and memory is
full, does the relay wait, and with it the command.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs.backlog import LONGEST_SEGMENT_BYTES, QUIET_US, SEGMENT_BYTES, Segment, parsed
from cornerman.store.logs.spool import Source

MEMORY_BYTES: Final = 16 << 20
MOST_BYTES: Final = 1 << 30
"""So much may wait on disk."""
PIECE: Final = 1 << 16
"""So much is parsed at once: then others have their turn."""


@dataclass(slots=True)
class _Chunk:
    """What was read at once. Without bytes and length it says that its segment, or its output, is over."""

    output: str
    time_us: int
    length: int = 0
    data: bytes | None = None
    segment: Segment | None = None
    offset: int = 0
    over: bool = False


@dataclass(slots=True)
class _Output:
    """What the parser knows of one output."""

    lines: OutputLines
    read_us: int
    segment: Segment | None = None


class Backlog:
    """Takes chunks from any thread; hands their records to `take`, on a thread of its own."""

    def __init__(self, store: Path, run_id: str, take: Callable[[str, list[LogRecordV1], list[Source]], None]) -> None:
        self.store, self.run_id = store, run_id
        self.pid: int | None = None
        self.lost: Counter[str] = Counter()
        """Lines of which no records could be made, by cause."""
        self._take = take
        self._chunks: deque[_Chunk] = deque()
        self._writing: dict[str, Segment | None] = {}
        self._read_us: dict[str, int] = {}
        """When each output was read last, also what is not among the chunks yet."""
        self._outputs: dict[str, _Output] = {}
        self._memory = self._waiting = 0
        self._change = threading.Condition()
        self._closing = self._leaving = False
        self._thread = threading.Thread(target=self._run, name="cornerman lines", daemon=True)

    def start(self, pid: int | None) -> None:
        self.pid = pid
        self._thread.start()

    def put(self, output: str, data: bytes) -> None:
        """Keep what was read just now. Waits only where there is no room at all."""
        with self._change:  # the parser's clock never runs ahead of a chunk that it has not seen
            now_us = self._read_us[output] = time.time_ns() // 1000
        segment = self._writing.get(output)
        if segment is not None and segment.size >= SEGMENT_BYTES:
            end = data.rfind(b"\n") + 1
            if end or segment.size >= LONGEST_SEGMENT_BYTES:
                self._add(output, now_us, data[:end])
                self._writing[output] = None
                self._put(_Chunk(output, now_us, segment=segment))
                data = data[end:]
        self._add(output, now_us, data)

    def end(self, output: str) -> None:
        self._put(_Chunk(output, time.time_ns() // 1000, segment=self._writing.pop(output, None), over=True))

    def leave(self) -> int:
        """Stop parsing; how many bytes are left to whoever ingests next."""
        self._leaving = True
        self.close(10.0)
        self.lost["left in memory"] += sum(
            (chunk.data or b"").count(b"\n") for chunk in self._chunks if not chunk.segment
        )
        return self._waiting

    def close(self, seconds: float) -> bool:
        """Whether everything is parsed, after at most so long. To be asked again."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _add(self, output: str, now_us: int, data: bytes) -> None:
        if not data:
            return
        chunk = _Chunk(output, now_us, len(data), data)
        with contextlib.suppress(OSError):
            segment = self._writing.get(output) or self._new(output)
            chunk.offset = segment.append(now_us, data)
            chunk.segment = segment
        with self._change:
            if chunk.segment is not None and self._memory + chunk.length > MEMORY_BYTES:
                chunk.data = None  # it is read again when its turn comes
            self._change.wait_for(lambda: not self._full(chunk))
        self._put(chunk)

    def _full(self, chunk: _Chunk) -> bool:
        if chunk.data is not None and self._memory and self._memory + chunk.length > MEMORY_BYTES:
            return True
        return self._waiting > MOST_BYTES

    def _new(self, output: str) -> Segment:
        segment = self._writing[output] = Segment(self.store, self._context(output))
        return segment

    def _put(self, chunk: _Chunk) -> None:
        with self._change:
            self._chunks.append(chunk)
            self._waiting += chunk.length
            self._memory += len(chunk.data or b"")
            self._change.notify_all()

    def _context(self, output: str) -> Context:
        return Context(self.run_id, cast(Literal["stdout", "stderr"], output), self.pid)

    # --- on the parser's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (chunk := self._next()) is not None or not self._closing:
            try:
                if chunk is None:
                    self._tick()
                else:
                    self._parse(chunk)
            except Exception as error:
                self.lost[type(error).__name__] += 1
            if self._leaving:
                return
            if chunk is not None:
                self._done(chunk)

    def _next(self) -> _Chunk | None:
        """The oldest chunk; None where none came for a while."""
        with self._change:
            if not self._chunks and not self._closing:
                self._change.wait(QUIET_US / 1e6)
            return self._chunks[0] if self._chunks else None

    def _done(self, chunk: _Chunk) -> None:
        with self._change:
            self._chunks.popleft()
            self._waiting -= chunk.length
            self._memory -= len(chunk.data or b"")
            self._change.notify_all()

    def _parse(self, chunk: _Chunk) -> None:
        output = self._outputs.get(chunk.output)
        if output is None:
            output = _Output(OutputLines(self._context(chunk.output)), chunk.time_us)
            self._outputs[chunk.output] = output
        output.segment = chunk.segment
        if not chunk.length:
            self._over(chunk, output)
            return
        data = chunk.data
        if data is None:
            data = chunk.segment.read(chunk.offset, chunk.length) if chunk.segment is not None else b""
        for at in range(0, len(data), PIECE):
            if self._leaving:
                return
            records = parsed(output.lines, chunk.time_us, output.read_us, data[at : at + PIECE])
            output.read_us = chunk.time_us
            self._hand_on(chunk.output, output, records)

    def _over(self, chunk: _Chunk, output: _Output) -> None:
        """A segment, or the output, has come to its end: all of it becomes records, and the file goes."""
        lines = output.lines
        self._hand_on(chunk.output, output, lines.close(chunk.time_us) if chunk.over else lines.settle(chunk.time_us))
        output.segment = None
        if chunk.segment is not None:
            chunk.segment.remove()

    def _tick(self) -> None:
        with self._change:
            now_us = time.time_ns() // 1000
            quiet = [(name, one) for name, one in self._outputs.items() if self._read_us.get(name) == one.read_us]
        for name, output in quiet:
            if abs(now_us - output.read_us) >= QUIET_US:
                self._hand_on(name, output, output.lines.tick(now_us))

    def _hand_on(self, name: str, output: _Output, records: list[LogRecordV1]) -> None:
        if records:
            self._take(name, records, [output.segment.read_on(len(records))] if output.segment is not None else [])
