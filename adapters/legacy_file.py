"""The JSON objects of a file one by one with the bytes they came in: JSON lines, an array, or objects in a row.

A line that is no JSON is handed out as it is; whoever imports says what becomes of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cornerman.core.errors import InvalidOption

_WITHIN = frozenset(("steps", "episodes", "records", "events"))
"""Keys under which a single JSON document may hold its records."""


class Line(NamedTuple):
    """A record as it came, and where: the line it is on, or its ordinal in an array, from 1."""

    number: int
    raw: bytes


def lines(path: Path) -> Iterator[Line]:
    """Every record of a file, in its order. InvalidOption where the file cannot be read."""
    try:
        with open(path, "rb") as file:
            first = _first_line(file.readline())
            if first is None or _is_object(first):
                file.seek(0)
                for number, raw in enumerate(file, 1):
                    if raw.strip():
                        yield Line(number, raw.strip())
                return
        yield from _documents(path)
    except OSError as error:
        raise InvalidOption(
            f"{path} cannot be read: {error.strerror}.", "Name a file of JSON lines or JSON."
        ) from error


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. InvalidOption where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidOption(
            f"{path} cannot be read: {error.strerror}.", "Name a file of JSON lines or JSON."
        ) from error


def _unreadable(path: Path, error: OSError) -> InvalidOption:
    return InvalidOption(f"{path} cannot be read: {error.strerror}.", "Name a file of JSON lines or JSON.")


def _first_line(raw: bytes) -> bytes | None:
    """The file's first line; None where it does not begin as a JSON document of several lines would."""
    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    return text if text[:1] in (b"{", b"[") else None


def _is_object(text: bytes) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not any(isinstance(found.get(name), list) for name in _WITHIN)


def _documents(path: Path) -> Iterator[Line]:
    """The objects of a file that is not one a line: in an array, under a key of an object, or one after another."""
    text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    number = 0
    for _, chunk in _values(text, 0, len(text)):
        inner = chunk
        if chunk.startswith("{"):
            records = _records(chunk)
            if records is None:
                number += 1
                yield Line(number, _bytes(chunk))
                continue
            for record in records:
                number += 1
                yield Line(number, record)
        elif inner.startswith("["):
            for _, item in _values(inner, 1, len(inner) - 1):
                number += 1
                yield Line(number, _bytes(item))
        else:
            number += 1
            yield Line(number, _bytes(chunk))


def _values(text: str, at: int, stop: int) -> Iterator[tuple[int, str]]:
    """The JSON values between two places, each as the text it is; what is none is handed out to the end of its line."""
    decoder = json.JSONDecoder()
    while True:
        while at < stop and text[at] in " \t\r\n,":
            at += 1
        if at >= stop:
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = text.find("\n", at, stop)
            end = stop if end < 0 else end
        yield at, text[at:end]
        at = max(end, at + 1)


def _records(text: str) -> list[bytes] | None:
    """The records under the known keys of one object; None where it is a record itself."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    held = [name for name in found if name in _WITHIN and isinstance(found[name], list)]
    if not held or "reward" in found:
        return None
    rest = {name: value for name, value in found.items() if name not in held}
    records = [rest] if rest else []
    return [json.dumps(record).encode() for name in held for record in found[name]] + [
        json.dumps(record).encode() for record in records
    ]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
