"""The descriptors of a stream's spaces: stored once by their digest, read when somebody asks for one.

A stream's manifest names each by its digest and says it in words, which is what lists show. The descriptors themselves
travel beside the manifest: in the stream's file in the journal, in the rows of a copy, and here in tables of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import apsw

from cornerman.core.errors import CornermanError, PayloadError
from cornerman.core.spaces import Descriptor, parse

if TYPE_CHECKING:
    from .reader import StreamRows


def keep(connection: apsw.Connection, stream: dict[str, Any]) -> None:
    """Store what a stream's identity brings of its spaces; inside the caller's transaction."""
    for name, descriptor in stream.get("spaces", {}).items():
        digest = hashlib.sha256(descriptor).hexdigest()
        connection.execute("insert into space values (?, ?) on conflict do nothing", (digest, descriptor.decode()))
        connection.execute(
            "insert into stream_space values (?, ?, ?) on conflict do nothing", (stream["id"], name, digest)
        )


FORGET = (
    "delete from stream_space where stream not in (select id from stream)",
    "delete from space where digest not in (select digest from stream_space)",
)
"""Removes what no stream refers to any more."""


def texts(rows: StreamRows) -> dict[str, bytes]:
    """The canonical JSON of each of a stream's spaces, as `keep` takes them."""
    introduced = rows.shelf.journal.identity(rows.process, rows.stream_id)
    if introduced is not None:
        return dict(introduced.stream.get("spaces", {}))
    found = rows.shelf.query(
        "select name, descriptor from stream_space join space using (digest) where stream = ?", (rows.stream_id,)
    )
    return {name: descriptor.encode() for name, descriptor in found}


def space_of(rows: StreamRows, name: str) -> Descriptor | None:
    """The descriptor of one of a stream's spaces, None where its manifest has none; PayloadError where it is lost."""
    if name not in rows.spaces:
        said = rows.manifest.get(name)
        rows.spaces[name] = _found(rows, name, said) if isinstance(said, Mapping) else None
    return rows.spaces[name]


def hint(rows: StreamRows, name: str) -> Descriptor | None:
    """As `space_of`, None where it cannot be read: values are readable without."""
    try:
        return space_of(rows, name)
    except CornermanError:
        return None


def _found(rows: StreamRows, name: str, said: Mapping[str, Any]) -> Descriptor:
    digest = said.get("space")
    if digest is None:  # inside the manifest, as before there was a table
        return parse(dict(said))
    known = rows.shelf.spaces.get(digest)
    if known is None:
        known = rows.shelf.spaces[digest] = parse(_text(rows, name, digest))
    return known


def _text(rows: StreamRows, name: str, digest: str) -> bytes:
    for (descriptor,) in rows.shelf.query("select descriptor from space where digest = ?", (digest,)):
        text = str(descriptor).encode()
        break
    else:
        introduced = rows.shelf.journal.identity(rows.process, rows.stream_id)
        text = b"" if introduced is None else introduced.stream.get("spaces", {}).get(name, b"")
    if hashlib.sha256(text).hexdigest() != digest:
        state = "is missing" if not text else "is not the one that was written: SHA-256 differs"
        raise PayloadError(f"The descriptor of the {name} of stream {rows.stream_id} {state}.")
    return text
