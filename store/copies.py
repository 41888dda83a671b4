"""Files of rows that only ever grow: what a node leaves in a network folder for others to read.

    file     MAGIC, then rows. <n>.rows, numbered from 1 in a folder that one process alone writes to;
             <n>.logs in a folder of one node's (its name ends so, too), to which its processes write by turns
    row      length u32 │ CRC-32 of the content u32 │ content: msgpack, a map whose `kind` says what it is
    kinds    copier   the first of a file: database, host, process, when
             stream   a run and a stream, as the journal introduces them
             chunk, frames   a row of that table with its payload
             mark     what a stream adds up to, after the rows before it
             judged   what schemas said of a stream so far
             schema   a change of the registry of schemas, a new version with its document
             alive    these processes were there at that moment; gone: they are no more
             deleted  these streams are no more
             end      nothing follows: the next file, or none
    of logs  lines    a block of log records with its kinds; samples, command: what a run used, what is known of it
             gone     log records that are no more: those of these runs, and those before an id

A row is there when its length is not zero and its checksum fits. Bytes after the last such row are one that is being
written, or was torn when its writer died: they are not believed, and looked at again. Nothing is mapped, locked or
changed in place, so any file system that appends will do. Rows may come twice, in any file: whoever reads them must
not mind.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

Row = dict[str, Any]
MAGIC = b"CORNERMAN COPIES1\n"
ROWS, LOGS = ".rows", ".logs"
ROTATE_BYTES = 64 << 20
_FRAME = struct.Struct("<II")
_HEAVY = (b"\xa4kind\xa5chunk", b"\xa4kind\xa6frames")
"""How the rows begin that carry payloads: a map whose first key is `kind`."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class CopyFiles:
    """The files of one writer. Nothing is made on disk before the first row is flushed."""

    def __init__(self, folder: Path, header: dict[str, Any], suffix: str = ROWS) -> None:
        self.folder = folder
        self.header = header
        self.suffix = suffix
        self.number = 0
        self.bytes = 0
        self._descriptor = -1
        self._written = 0
        self._buffer: list[bytes] = []
        self.buffered = 0

    def go_on(self, number: int, size: int) -> None:
        """Append to the file that a process before left, if it is as long as that wrote down: else its end may be torn,
        and a new one is begun."""
        self.number = number
        with contextlib.suppress(OSError):
            self.number = max([number, *(found for found, _ in numbered(self.folder, self.suffix))])
        path = self.path_of(number)
        with contextlib.suppress(OSError):
            if self.number == number and size < ROTATE_BYTES and os.stat(path).st_size == size:
                self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
                self._written = os.fstat(self._descriptor).st_size
                if self._written != size:
                    self._drop()

    def append(self, row: dict[str, Any]) -> None:
        content = frame(row)
        self._buffer.append(content)
        self.buffered += len(content)

    def flush(self) -> None:
        """Write what was appended and have it reach the server. OSError may leave a torn row: a new file follows."""
        if not self._buffer:
            return
        data, self._buffer, self.buffered = b"".join(self._buffer), [], 0
        try:
            if self._descriptor < 0:
                self._begin()
            self._write(data)
            os.fsync(self._descriptor)
        except OSError:
            self._drop()
            raise
        self.bytes += len(data)

    @property
    def full(self) -> bool:
        return self._written > ROTATE_BYTES

    @property
    def current(self) -> Path | None:
        """The file that is written to."""
        return self.path_of(self.number) if self._descriptor >= 0 else None

    @property
    def size(self) -> int:
        """Bytes of the file that was written last."""
        return self._written

    def leave(self) -> None:
        """Close the file; who comes next may go on in it."""
        self._buffer, self.buffered = [], 0
        self._drop()

    def end(self) -> None:
        """Say that nothing follows in this file; the next row begins another."""
        self._buffer, self.buffered = [], 0
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                self._write(frame({"kind": "end"}))
                os.fsync(self._descriptor)
            self._drop()

    def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self.path_of(self.number), flags, 0o644)
        self._written = 0
        self._write(MAGIC + frame({"kind": "copier", **self.header, "number": self.number}))

    def path_of(self, number: int) -> Path:
        return self.folder / f"{number:06}{self.suffix}"

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            done = os.write(self._descriptor, view)
            self._written += done
            view = view[done:]

    def _drop(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):  # a full server says so only now, on NFS
                os.close(self._descriptor)
            self._descriptor = -1


def light_rows(path: Path) -> Iterator[Row]:
    """The rows of a file that carry no payload, the others passed over unread; ends where one is not whole."""
    with path.open("rb") as file:
        at, size = len(MAGIC), os.fstat(file.fileno()).st_size
        if file.read(len(MAGIC)) != MAGIC:
            return
        while at + _FRAME.size < size:
            file.seek(at)
            length, checksum = _FRAME.unpack(file.read(_FRAME.size))
            at += _FRAME.size + length
            if not length or at > size:
                return
            begin = file.read(min(length, 16))
            if any(kind in begin for kind in _HEAVY):
                continue
            content = begin + file.read(length - len(begin))
            if zlib.crc32(content) != checksum:
                return
            yield _decode(content)


def numbered(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    """The files of one writer with their numbers, in their order. OSError where the folder cannot be read."""
    names = (name for name in os.listdir(folder) if name.endswith(suffix))
    return sorted(
        (int(stem), folder / f"{stem}{suffix}") for name in names if (stem := name[: -len(suffix)]).isdecimal()
    )


def file_name(text: str) -> str:
    """The name of a host, as a part of a folder's."""
    return re.sub(r"[^A-Za-z0-9.]+", "_", text)[:64] or "node"


def frame(row: dict[str, Any]) -> bytes:
    content = _encode(row)
    return _FRAME.pack(len(content), zlib.crc32(content)) + content


def read_rows(path: Path, offset: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """The rows of a file from `offset` on, each with the offset after it; ends where the next one is not whole.

    OSError where the file cannot be read. A file that does not begin as these do has no rows.
    """
    with path.open("rb") as file:  # opening asks the server: an NFS client may have an old length in its cache
        size = os.fstat(file.fileno()).st_size
        at = offset or len(MAGIC)
        if not offset and file.read(len(MAGIC)) != MAGIC:
            return
        file.seek(at)
        while at + _FRAME.size < size:
            head = file.read(_FRAME.size)
            if len(head) < _FRAME.size:
                return
            length, checksum = _FRAME.unpack(head)
            if not 0 < length <= size - at - _FRAME.size:
                return
            content = file.read(length)
            if len(content) < length or zlib.crc32(content) != checksum:
                return
            at += _FRAME.size + length
            yield _decode(content), at
