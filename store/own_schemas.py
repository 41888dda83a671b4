"""The product's own schemas, registered in every store that this version makes or writes.

A store can so be understood by itself: what its payloads name is in it, also when it is opened years later. They are
inserted as they were released, without judging: that each may follow the one before it is a test of ours, and a
recording must not wait for it.
"""

from __future__ import annotations

import time

import apsw

from cornerman import __version__
from cornerman.core.schema.admission import Rules

from . import schema_rows as rows

WHO = "cornerman"
"""Who the history names for them."""


def knows_ours(connection: apsw.Connection) -> bool:
    """Whether this version has been here before; costs one look-up."""
    return connection.execute("select value from store_meta where key = 'schemas_of'").fetchall() == [(__version__,)]


def register_ours(connection: apsw.Connection) -> None:
    """Insert what is not there yet. Inside the transaction of the caller."""
    from cornerman.core.published import published  # only who makes a store, or writes it first, pays for it

    change = rows.Change(time.time_ns() // 1000, WHO, f"released with cornerman {__version__}")
    for document in published():
        known = rows.versions(rows.reader(connection), document.id)
        if document.version not in [entry.version for entry in known]:
            rows.insert(connection, document, Rules(), change)
    connection.execute(
        "insert into store_meta values ('schemas_of', ?) on conflict (key) do update set value = excluded.value",
        (__version__,),
    )
