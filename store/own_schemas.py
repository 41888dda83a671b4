"""The product's own schemas, registered in every store that this version makes or writes.

A store can so be understood by itself: what its payloads name is in it, also when it is opened years later. They are
inserted as they were released, without judging: that each may follow the one before it is a test of ours, and a
recording must not wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import apsw

from cornerman import __version__

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument

WHO = "cornerman"
"""Who the history names for them."""


def knows_ours(connection: apsw.Connection) -> bool:
    """Whether this version has been here before; costs one look-up."""
    return connection.execute("select value from store_meta where key = 'schemas_of'").fetchall() == [(__version__,)]


def our_documents() -> Sequence[SchemaDocument]:
    """What is to be registered; loaded before a transaction begins, since it takes tens of milliseconds."""
    from cornerman.core.published import published  # only who makes a store, or writes it first, pays for it

    return published()


def register_ours(connection: apsw.Connection, documents: Sequence[SchemaDocument]) -> None:
    """Insert those that are not there yet. Inside the transaction of the caller."""
    from cornerman.core.schema.admission import Rules

    from . import schema_rows as rows

    ours = Rules("BACKWARD", "tolerant-reader")  # our readers drop what they do not know: msgspec's way

    change = rows.Change(time.time_ns() // 1000, WHO, f"released with cornerman {__version__}")
    for document in documents:
        known = rows.versions(rows.reader(connection), document.id)
        if document.version not in [entry.version for entry in known]:
            rows.insert(connection, document, ours, change)
    connection.execute(
        "insert into store_meta values ('schemas_of', ?) on conflict (key) do update set value = excluded.value",
        (__version__,),
    )
