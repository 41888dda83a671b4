"""A store with schemas, refused records and rules, made at a moment that stands still, for the Schemas screen."""

from __future__ import annotations

import contextlib
import platform
import sqlite3
import time
from pathlib import Path

import pytest
from fake_telemetry import NOW
from recordings import Faulty, Recording

from cornerman.core.schema import SchemaDocument, parse
from cornerman.core.schema.refused import Refused
from cornerman.core.schema.validate import Problem
from cornerman.store.api import Store, make_store

HOUR = 3_600_000_000


def ticks(version: str, price: str = "price", **more: object) -> SchemaDocument:
    """Prices of an exchange."""
    properties = {"ts": {"type": "string"}, price: {"type": "number"}, "side": {"enum": ["B", "S"]}, **more}
    content = {"id": "ticks", "version": version, "title": "Trades as they came", "type": "object"}
    return parse({**content, "properties": properties, "required": ["ts", price], "additionalProperties": False})


def empty_registry(path: Path) -> Path:
    """A store without any schema: of the product's own, more come with every release."""
    make_store(path).close()
    with contextlib.closing(sqlite3.connect(path / "store.db")) as connection, connection:
        _without_own(connection)
    return path


def stored_schemas(path: Path) -> Path:
    """The store; the same at every call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNAME", "ann")
        patch.setattr(platform, "node", lambda: "gpu7")
        now = int(NOW * 1e6)
        patch.setattr(time, "time_ns", lambda: now * 1000)
        with make_store(path) as store:
            now -= 48 * HOUR
            _fill(store)
            now += 40 * HOUR
            store.enforcement.set("ticks@1.0.0", "enforce", job="vendor*", note="agreed on Monday")
            store.enforcement.cohort("canary", 0.1)
            store.enforcement.set("walk.step", "warn")
    for _ in range(2):
        Recording(path, Faulty()).run(300).close()
    with contextlib.closing(sqlite3.connect(path / "store.db")) as connection, connection:
        _settle(connection, int(NOW * 1e6) - HOUR)
    return path


def _fill(store: Store) -> None:
    store.schemas.add(ticks("1.0.0"), note="the first")
    store.schemas.add(ticks("1.1.0", size={"type": "integer"}))
    store.schemas.add(ticks("2.0.0", "last_price"), note="price is called last_price")
    store.schemas.retire("ticks@1.0.0")
    walk = {"id": "walk.step", "version": "1.0.0", "title": "Steps of the walk"}
    store.schemas.add(parse({**walk, "properties": {"reward": {"maximum": 3}}}))
    wrong = Problem("/price", "type", "number", '"1.5"', '"1.5" is not of type "number"')
    side = Problem("/side", "enum", '"B", "S"', '"X"', '"X" is not one of "B", "S"')
    row = b'{"ts": "2026-11-20", "price": "1.5", "side": "%s"}'
    records = [Refused(row % (b"B", b"X")[at % 2], (wrong, side)[: 1 + at % 2], f"line {at}") for at in range(5)]
    store.quarantine.add(records, source="vendor.jsonl", schema="ticks@1.0.0")


def _settle(connection: sqlite3.Connection, at_us: int) -> None:
    """The times of the recordings stand still too."""
    connection.execute("update judged set first_us = ?1, last_us = ?1", (at_us,))
    connection.execute("update stream set last_us = ?1, ended_us = ?1", (at_us,))
    connection.execute("insert into enforcement_checkpoint values ('walk.step@1.0.0', 'runs', 0.95, ?)", (at_us,))
    _without_own(connection)


def _without_own(connection: sqlite3.Connection) -> None:
    connection.execute("update schema_version set retired_us = 1 where schema like 'cornerman.%'")
    connection.execute("delete from schema_version where schema like 'cornerman.%'")
    connection.execute("delete from schema where id like 'cornerman.%'")
