"""Files of log lines: plain, gzip or zstd, or standard input; read line by line, with how far that is.

A line longer than the cap of `core.log_lines` is cut as it is there. The export format of the journal is no format of
lines: an entry is one field a line, and fields that hold anything else than text come with their length.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import zstandard

from cornerman.core.errors import InvalidOption
from cornerman.core.log_lines import CAP, Line

PIECE: Final = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LOOKED_AT: Final = 4096
_SHORT: Final = 64
"""Bytes that are too few to say what they are."""
EXPORT: Final = "journald_export"


class Read(NamedTuple):
    """A line, or an entry of the journal, and where it began."""

    line: Line
    start: int
    entry: dict[str, Any] | None = None


class LogFile:
    """One file that is read from its beginning, with a checksum over all that was read up to any place in it."""

    def __init__(self, path: Path | None) -> None:
        self.source = "standard input" if path is None else str(path)
        try:
            raw: BinaryIO = sys.stdin.buffer if path is None else path.open("rb")
            self.size = 0 if path is None else path.stat().st_size
            self.modified_us = int((time.time() if path is None else path.stat().st_mtime) * 1e6)
        except OSError as error:
            raise InvalidOption(
                f"{self.source} cannot be read: {error.strerror}.", "Name files that are there."
            ) from error
        self._raw = raw
        self._file = _unpacked(raw)
        self.offset = 0
        """Bytes, unpacked, that were read."""
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._unhashed = bytearray()

    @property
    def read_bytes(self) -> int:
        """Of the file as it is on disk: for who draws a bar."""
        try:
            return self._raw.tell()
        except OSError:
            return 0

    def head(self) -> bytes:
        """The first line, or as much of it as is looked at; nothing is read by that."""
        with self._unpacking():
            return bytes(self._file.peek(CAP))[:PIECE].split(b"\n", 1)[0]

    def binary(self) -> bool:
        """Whether its beginning is no text: a checkpoint or a program among the files of a `*`."""
        with self._unpacking():
            head = bytes(self._file.peek(_LOOKED_AT))[:_LOOKED_AT]
        return head.count(0) * 10 > len(head) > _SHORT

    def skip(self, count: int, chain: str) -> bool:
        """Go on after so many bytes, if they have this checksum. Where they have not, the file is read for nothing."""
        while self.offset < count:
            if not self.take(count - self.offset):
                return False
        return self.checksum(count) == chain

    def take(self, most: int = PIECE) -> bool:
        """Go on a piece; False at the end."""
        with self._unpacking():
            piece = self._file.read(min(PIECE, most))
        self._note(piece)
        self.checksum(self.offset)
        return bool(piece)

    def checksum(self, offset: int) -> str:
        """SHA-256 of everything before `offset`, which only ever grows."""
        self._hash.update(self._unhashed[: offset - self._hashed])
        del self._unhashed[: offset - self._hashed]
        self._hashed = offset
        return self._hash.copy().hexdigest()

    def lines(self) -> Iterator[Read]:
        """Every line from here on."""
        with self._unpacking():
            yield from self._lines()

    def _lines(self) -> Iterator[Read]:
        readline = self._file.readline
        while True:
            start = self.offset
            data = readline(CAP)
            if not data:
                return
            self._note(data)
            cut = 0
            if len(data) == CAP and not data.endswith(b"\n"):
                cut = self._rest_of_line()
            yield Read(Line(data.removesuffix(b"\n"), cut=cut), start)

    def entries(self) -> Iterator[Read]:
        """Every entry of the journal's export format."""
        entry: dict[str, Any] = {}
        content, start = bytearray(), self.offset
        while data := self._file.readline(CAP):
            self._note(data)
            content += data if len(content) < CAP else b""
            field, equals, value = data.removesuffix(b"\n").partition(b"=")
            if equals:
                entry[field.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
            elif field:
                entry[field.decode("utf-8", "replace")] = self._sized(content)
            elif entry:
                yield Read(Line(bytes(content[:CAP]).rstrip(b"\n")), start, entry)
                entry, content, start = {}, bytearray(), self.offset
        if entry:
            yield Read(Line(bytes(content[:CAP]).rstrip(b"\n")), start, entry)

    @contextlib.contextmanager
    def _unpacking(self) -> Iterator[None]:
        """A packed file that was cut off, or is damaged, is refused in words."""
        try:
            yield
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise InvalidOption(
                f"{self.source} cannot be read to its end: {error}.",
                f"What can be unpacked of it: `zcat {self.source} | cornerman import-logs -`.",
            ) from error

    def close(self) -> None:
        if self._raw is not sys.stdin.buffer:
            self._file.close()
            self._raw.close()

    def _sized(self, content: bytearray) -> str:
        """A value that comes with its length: eight bytes, then it, then the end of the line."""
        size = self._file.read(8)
        value = self._file.read(min(int.from_bytes(size, "little"), 64 << 20) + 1)
        self._note(size + value)
        content += (size + value) if len(content) < CAP else b""
        return bytes(value[:-1]).decode("utf-8", "replace")

    def _rest_of_line(self) -> int:
        cut = 0
        while True:
            more: bytes = self._file.readline(PIECE)
            self._note(more)
            cut += len(more) - more.endswith(b"\n")
            if not more or more.endswith(b"\n"):
                return cut

    def _note(self, data: bytes) -> None:
        self._unhashed += data
        self.offset += len(data)


def repeated(paths: Sequence[Path | None]) -> dict[int, Path]:
    """The places of files that are named again, or that another one among them begins with, such as copies of a
    rotated one; beside each that other one."""
    regular = [(at, path) for at, path in enumerate(paths) if path is not None and path.is_file()]
    heads: dict[bytes, list[tuple[int, Path]]] = {}
    for at, path in regular:
        with contextlib.closing(LogFile(path)) as file:
            heads.setdefault(file.head(), []).append((at, path))
    found: dict[int, Path] = {}
    for alike in heads.values():
        if len(alike) > 1:
            measured = sorted(((*_measured(path), -at, path) for at, path in alike), reverse=True)
            for place, (length, chain, at, _) in enumerate(measured):
                longer = (other for *_, other in measured[:place] if _begins(other, length, chain))
                if (other := next(longer, None)) is not None:
                    found[-at] = other
    return found


def _measured(path: Path) -> tuple[int, str]:
    """The length and the checksum of a whole file."""
    with contextlib.closing(LogFile(path)) as file:
        while file.take():
            pass
        return file.offset, file.checksum(file.offset)


def _begins(path: Path, length: int, chain: str) -> bool:
    with contextlib.closing(LogFile(path)) as file:
        return file.skip(length, chain)


def _unpacked(raw: BinaryIO) -> Any:
    """The file's content, whatever it is packed with."""
    peeked: Any = raw if hasattr(raw, "peek") else io.BufferedReader(cast(io.RawIOBase, raw))
    start = peeked.peek(4)[:4]
    if start[:2] == _GZIP:
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=peeked)), PIECE)
    if start == _ZSTD:
        reader = zstandard.ZstdDecompressor().stream_reader(peeked, read_across_frames=True)
        return io.BufferedReader(cast(io.RawIOBase, reader), PIECE)
    return peeked
