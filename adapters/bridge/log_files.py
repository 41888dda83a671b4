"""Files of log lines: plain, gzip or zstd, or standard input; read line by line, with how far that is.

A line longer than the cap of `core.log_lines` is cut as it is there. The export format of the journal is no format of
lines: an entry is one field a line, and fields that hold anything else than text come with their length.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import gzip
import hashlib
import io
import os
import stat
import sys
import tempfile
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
_NO_TEXT: Final = bytes(set(range(32)) - set(b"\t\n\r\f\b\a\x1b"))
"""Where one byte in ten is one of these, it is no text."""
KEPT_BYTES: Final = 16 << 20
"""Of a pipe that are kept in memory; more is on disk."""
EXPORT: Final = "journald_export"


class _CutOff(EOFError):
    """A file that ends in the middle of a zstd frame."""


class Mark(NamedTuple):
    """A place in a file."""

    offset: int
    """Bytes, unpacked, before it."""
    sum: Any

    @property
    def chain(self) -> str:
        """SHA-256 of everything before it."""
        return str(self.sum.hexdigest())


class Read(NamedTuple):
    """A line, or an entry of the journal, and where it began."""

    line: Line
    start: Mark
    entry: dict[str, Any] | None = None


class LogFile:
    """One file that is read from its beginning, with a checksum over all that was read up to any place in it."""

    def __init__(self, path: Path | None) -> None:
        self.source = "standard input" if path is None else str(path)
        try:
            self._raw: BinaryIO = _standard_input() if path is None else path.open("rb", PIECE)
            facts = os.fstat(self._raw.fileno())
        except IsADirectoryError as error:
            raise InvalidOption(f"{self.source} is a folder.", f"Name its files: {self.source}/*.") from error
        except OSError as error:
            raise InvalidOption(
                f"{self.source} cannot be read: {error.strerror}.", "Name files that are there."
            ) from error
        self._pipe = path is None or not stat.S_ISREG(facts.st_mode)
        self.size = 0 if self._pipe else facts.st_size
        self.modified_us = int((time.time() if self._pipe else facts.st_mtime) * 1e6)
        self._opened = contextlib.ExitStack()
        self._kept: Any = None
        """Of a pipe what was read of it, until it is known that it need not be read again."""
        self._begin(_unpacked(self._raw))

    def rewind(self) -> None:
        """To its beginning: of a pipe what was read of it was kept."""
        if self._pipe:
            self._kept.seek(0)
            self._begin(io.BufferedReader(cast(io.RawIOBase, _Joined(self._kept, self._file)), PIECE))
        else:
            self._raw.seek(0)
            self._begin(_unpacked(self._raw))

    def _begin(self, file: Any) -> None:
        self._file = file
        self.offset = 0
        """Bytes, unpacked, that were read."""
        self._sum = hashlib.sha256()
        if self._pipe:
            self._kept = self._opened.enter_context(tempfile.SpooledTemporaryFile(KEPT_BYTES))  # noqa: SIM115

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
            head: bytes = self._file.readline(PIECE)
            self._note(head)
            self.rewind()
        return head.split(b"\n", 1)[0]

    def refuse_what_is_no_text(self) -> None:
        """InvalidOption for a checkpoint or a program among the files of a `*`, and for text in two bytes a letter."""
        with self._unpacking():
            head = bytes(self._file.peek(_LOOKED_AT))[:_LOOKED_AT]
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and head.count(0) * 10 > len(head):
            raise InvalidOption(
                f"{self.source} is text in UTF-16.",
                f"`iconv -f UTF-16 -t UTF-8 {self.source} | cornerman import-logs -` reads it.",
            )
        if len(head) > _SHORT and len(head) < 10 * sum(map(head.count, _NO_TEXT)):
            raise InvalidOption(f"{self.source} holds no lines of text.", "With --format text it is read anyway.")

    def skip(self, count: int, chain: str) -> bool:
        """Go on after so many bytes, if they have this checksum; else it is as before."""
        while self.offset < count and self.take(count - self.offset):
            pass
        if self.offset == count and self.mark().chain == chain:
            return True
        self.rewind()
        return False

    def take(self, most: int = PIECE) -> bool:
        """Go on a piece; False at the end."""
        with self._unpacking():
            piece = self._file.read(min(PIECE, most))
        self._note(piece)
        return bool(piece)

    def mark(self) -> Mark:
        """Where it is."""
        return Mark(self.offset, self._sum.copy())

    def lines(self) -> Iterator[Read]:
        """Every line from here on."""
        self._pipe = False  # nothing is read a second time from here on
        with self._unpacking():
            yield from self._lines()

    def _lines(self) -> Iterator[Read]:
        readline = self._file.readline
        while True:
            start = self.mark()
            data = readline(CAP)
            if not data:
                return
            self._note(data)
            if not start.offset:
                data = data.removeprefix(codecs.BOM_UTF8)
            cut = 0
            if len(data) == CAP and not data.endswith(b"\n"):
                cut = self._rest_of_line()
            yield Read(Line(data.removesuffix(b"\n"), cut=cut), start)

    def entries(self) -> Iterator[Read]:
        """Every entry of the journal's export format."""
        self._pipe = False
        entry: dict[str, Any] = {}
        content, start = bytearray(), self.mark()
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
                entry, content, start = {}, bytearray(), self.mark()
        if entry:
            yield Read(Line(bytes(content[:CAP]).rstrip(b"\n")), start, entry)

    @contextlib.contextmanager
    def _unpacking(self) -> Iterator[None]:
        """A packed file that was cut off, or is damaged, is refused in words."""
        try:
            yield
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            unpack = "zstdcat" if isinstance(error, zstandard.ZstdError | _CutOff) else "zcat"
            raise InvalidOption(
                f"{self.source} cannot be read to its end: {error}.",
                f"What can be unpacked of it: `{unpack} {self.source} | cornerman import-logs -`.",
            ) from error

    def close(self) -> None:
        self._opened.close()
        if sys.stdin is None or self._raw is not sys.stdin.buffer:
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
        self._sum.update(data)
        self.offset += len(data)
        if self._pipe:
            self._kept.write(data)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.buffer


class _Joined(io.RawIOBase):
    """What was kept of a pipe, and then the rest of it."""

    def __init__(self, kept: Any, rest: Any) -> None:
        self._kept, self._rest = kept, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._kept.read(len(buffer)) or self._rest.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Zstd(io.RawIOBase):
    """The content of zstd frames, one after another; its own reader takes a file that is cut off for a whole one."""

    def __init__(self, packed: Any) -> None:
        self._packed, self._frame, self._ready, self._begun = packed, _frame(), b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._begun = _frame(), False
            data = data or self._packed.read1(1 << 16)
            if not data:
                if self._begun:
                    raise _CutOff("it is cut off")
                return 0
            self._begun = True
            self._ready = self._frame.decompress(data)
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _frame() -> Any:
    return zstandard.ZstdDecompressor().decompressobj()


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
        return file.offset, file.mark().chain


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
        return io.BufferedReader(_Zstd(peeked), PIECE)
    return peeked
