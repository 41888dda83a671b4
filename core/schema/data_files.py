"""Reading other programs' data: JSON lines and CSV as a stream of records, each with its place and its bytes.

A file is never held in memory. A line that is no record is one as well, with the reason: whoever reads decides what
becomes of it, and nothing is skipped in silence. A reader can begin again at the place where an earlier one stopped.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple, cast

import msgspec

from cornerman.core.errors import InvalidOption

from .walk import too_deep

FORMATS: Final = ("jsonl", "csv")
LONGEST: Final = 16 << 20
"""Bytes of one record. What is longer is refused, so that one unclosed quote cannot fill the memory."""

TOO_DEEP: Final = "it is nested too deeply"
_DELIMITERS = ",;\t|"
_ENDINGS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


class Record(NamedTuple):
    """One record as it was read."""

    line: int
    """On which it begins, from 1; the header of CSV is a line too."""
    end: int
    """The place behind it, in bytes of the content, not compressed: where a reader goes on."""
    lines: int
    """How many lines were read up to its end."""
    raw: bytes
    """Its bytes, without the end of the line."""
    value: Any
    """What it says; of CSV a dict of texts. None where it cannot be read."""
    error: str = ""
    """Why it cannot be read."""


class DataFile:
    """A file of records, or standard input for `-`; compressed with gzip or not. A context manager.

    Raises InvalidOption where there is no such file, or where it is something else than lines of JSON or CSV.
    """

    def __init__(self, path: Path | str, format: str | None = None, delimiter: str | None = None) -> None:
        self.name = str(path)
        self._file = _opened(self.name)
        self.size = 0 if self.name == "-" else os.fstat(self._file.fileno()).st_size
        """Bytes on the disk; 0 where that is not known."""
        plain = self._file.peek(2)[:2] != b"\x1f\x8b"
        self.content: IO[bytes] = self._file if plain else cast(IO[bytes], gzip.GzipFile(fileobj=self._file))
        """The bytes, not compressed."""
        try:
            head = cast(io.BufferedReader, self.content).peek(1 << 16)[: 1 << 16]
            self.format = format or _format_of(self.name, head)
            self.columns: tuple[str, ...] = ()
            """Of CSV: what its first line names."""
            self._delimiter = delimiter
            self._body, self._lines, self._begun = 0, 0, False
            if self.format == "csv":
                self._read_header()
            else:
                _refuse_documents(self.name, head)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.close()
            raise InvalidOption(f"{self.name} is not whole: {error}.", "Copy it again.") from error
        except BaseException:
            self.close()
            raise

    def position(self) -> int:
        """How many of `size` bytes were read."""
        try:
            return self._file.tell()
        except OSError:
            return 0

    def records(self, end: int = 0, lines: int = 0) -> Iterator[Record]:
        """Every record behind the place `end`, before which there are `lines` lines; from the beginning by default.

        Called again it reads again, which standard input cannot. InvalidOption where the file turns out to be cut short
        or damaged; what came before has been given out.
        """
        if end or self._begun:
            self.content.seek(max(end, self._body))
        self._begun = True
        read = self._rows if self.format == "csv" else self._json_lines
        try:
            yield from read(max(end, self._body), lines or self._lines)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidOption(
                f"{self.name} is cut short or damaged: {error}.", "Copy it again; what came before was read."
            ) from error

    def close(self) -> None:
        if self.name != "-":
            self._file.close()

    def __enter__(self) -> DataFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _json_lines(self, end: int, lines: int) -> Iterator[Record]:
        decode = msgspec.json.Decoder().decode
        while raw := self.content.readline(LONGEST):
            size, error, value = len(raw), "", None
            lines += 1
            if size == LONGEST and not raw.endswith(b"\n"):
                error = f"it is longer than {LONGEST >> 20} MiB"
                size += self._skip_line()
            if end == 0 and raw.startswith(b"\xef\xbb\xbf"):
                raw = raw[3:]
            end += size
            raw = raw.rstrip(b"\r\n")
            if not error:
                if not raw.strip():
                    continue
                try:
                    value = decode(raw)
                except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                    value, error = _lenient(raw)
                if not error and too_deep(value, raw):
                    value, error = None, TOO_DEEP
            yield Record(lines, end, lines, raw, value, error)

    def _skip_line(self) -> int:
        skipped = 0
        while part := self.content.readline(1 << 16):
            skipped += len(part)
            if part.endswith(b"\n"):
                break
        return skipped

    # --- CSV ---------------------------------------------------------------------------------------------------------

    def _read_header(self) -> None:
        csv.field_size_limit(max(LONGEST, csv.field_size_limit()))  # of the process; a picture as JSON is a long cell
        head = cast(io.BufferedReader, self.content).peek(1 << 16)
        first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
        self._delimiter = self._delimiter or max(_DELIMITERS, key=first.count)
        for record in self._split(0, 0):
            if record.error:
                raise InvalidOption(f"The first line of {self.name} names no columns: {record.error}.", _CSV_REMEDY)
            self._body, self._lines = record.end, record.lines
            self.columns = tuple(name.strip() or f"column_{at}" for at, name in enumerate(record.value, 1))
            break
        if not self.columns:
            raise InvalidOption(f"{self.name} is empty.", "CSV begins with a line of column names.")
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise InvalidOption(f"{self.name} names the column {twice[0]!r} twice.", "Give each column its own name.")

    def _rows(self, end: int, lines: int) -> Iterator[Record]:
        columns, width = self.columns, len(self.columns)
        for record in self._split(end, lines):
            if record.error:
                yield record
            elif len(record.value) == width:
                yield record._replace(value=dict(zip(columns, record.value, strict=True)))
            else:
                error = f"it has {len(record.value)} cells where the first line names {width}"
                yield record._replace(value=None, error=error)

    def _split(self, end: int, lines: int) -> Iterator[Record]:
        """The rows as lists of cells; those that cannot be split with the reason."""
        taken: list[bytes] = []
        rows = csv.reader(self._text(taken), delimiter=self._delimiter or ",", strict=True)
        while True:
            taken.clear()
            cells, error = list[str](), ""
            try:
                cells = next(rows)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as found:
                error = "it is not UTF-8" if isinstance(found, UnicodeDecodeError) else str(found)
                if isinstance(found, UnicodeDecodeError):  # the generator of lines ended with it
                    rows = csv.reader(self._text(taken), delimiter=self._delimiter or ",", strict=True)
            raw = b"".join(taken)
            first, end, lines = lines + 1, end + len(raw), lines + len(taken)
            if cells or error:  # an empty line is no row
                raw = raw.removeprefix(b"\xef\xbb\xbf") if first == 1 else raw
                yield Record(first, end, lines, raw.rstrip(b"\r\n"), None if error else cells, error)

    def _text(self, taken: list[bytes]) -> Iterator[str]:
        while line := self.content.readline(LONGEST):
            taken.append(line)
            text = line.decode("utf-8")
            yield text.removeprefix("\ufeff")


_CSV_REMEDY = "CSV begins with a line of column names, in UTF-8; --format jsonl reads lines of JSON."


def _opened(name: str) -> io.BufferedReader:
    if name == "-":
        return cast(io.BufferedReader, sys.stdin.buffer)
    try:
        return open(name, "rb")
    except FileNotFoundError as error:
        raise InvalidOption(f"There is no file {name}.", "Check the name; - reads standard input.") from error
    except IsADirectoryError as error:
        raise InvalidOption(f"{name} is a folder.", "Name a file in it.") from error
    except OSError as error:
        raise InvalidOption(f"{name} cannot be read: {error.strerror}.", "Check its permissions.") from error


def _format_of(name: str, head: bytes) -> str:
    """As the name ends, else as the content begins."""
    path = Path(name.lower())
    ending = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    return _ENDINGS.get(ending) or ("jsonl" if head.lstrip()[:1] in (b"{", b"[", b"") else "csv")


def _refuse_documents(name: str, head: bytes) -> None:
    """One JSON document over many lines is not lines of JSON; every line of it would be refused."""
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidOption(f"{name} is UTF-16.", f"Turn it into UTF-8: iconv -f UTF-16 -t UTF-8 {name}.")
    first, _, more = begin.partition(b"\n")
    if begin.startswith(b"[") and (first.strip() == b"[" or b"{" in first[:64]):
        raise InvalidOption(
            f"{name} is one JSON array, not a record a line.", f"jq -c '.[]' {name} writes a record a line."
        )
    if first.strip() == b"{" and more:
        raise InvalidOption(f"{name} is JSON over several lines.", f"jq -c . {name} writes a record a line.")


def _lenient(raw: bytes) -> tuple[Any, str]:
    """What strict JSON refuses: NaN and infinities, as Python and many others write them; else the reason."""
    try:
        return json.loads(raw), ""
    except UnicodeDecodeError:
        return None, "it is not UTF-8"
    except RecursionError:
        return None, TOO_DEEP
    except ValueError as error:
        return None, f"it is not JSON: {error}"
