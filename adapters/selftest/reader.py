"""A reader that holds its transaction open does not stop the writer: steps go on into chunks, the log stays bounded."""

from __future__ import annotations

import time
from pathlib import Path

import apsw

from cornerman.store.api import open_store
from cornerman.store.connection import connect, snapshot
from cornerman.store.health import wal_bytes
from cornerman.store.seal import Mark, mark_of

from .constant import Constant, drive
from .result import Bench, Result, nanoseconds

STORE = "reader"
QUICK_SECONDS, SECONDS = 3.0, 10.0
PROMISE = "a reader never stops the writer"
MOST_WAL = 96 << 20
"""The log may grow to 64 MiB while somebody reads; then chunks wait in the journal. And one commit more."""
REMEDY = "`cornerman doctor` says which file system the store is on, and how large its log is; another disk may help."


def check(bench: Bench) -> Result:
    """Record while a reader is in the middle of a transaction; and look at what was sealed meanwhile."""
    original = bench.make()
    source = Constant(original)
    env = bench.record(source, STORE)
    path = bench.scratch / STORE
    env.reset(seed=0)
    drive(env, source.action, 100)
    reader = connect(path)
    try:
        with snapshot(reader):
            before = _mark(reader, env.cornerman.stream_id)
            steps, sealed, longest = _record(bench, path, env, source)
            still = _mark(reader, env.cornerman.stream_id)
            wal = wal_bytes(path)
    finally:
        reader.close()
        env.close()
        original.close()
    trouble = env.cornerman.status()["trouble"]
    with open_store(path) as store:
        ledger = store.run().ledger()
    dropped = sum(ledger.dropped.values())
    said = (
        f"A reader kept its transaction open while {steps:,} steps were recorded; {sealed:,} of them were sealed into"
        f" chunks meanwhile, and the reader still saw {still.rows if still else 0:,}.",
        f"The write-ahead log was {wal / 1e6:.1f} MB, the longest time for a hundred steps {nanoseconds(longest)}.",
        f"Afterwards {ledger.stored:,} of {ledger.received:,} transitions are stored, {dropped:,} were dropped"
        + (f"; the store said: {trouble}." if trouble else "."),
    )
    fixed = (before.rows if before else 0) == (still.rows if still else 0)
    complete = ledger.balanced and not dropped and not trouble and ledger.stored == ledger.received
    holds = sealed > 0 and fixed and complete and wal <= MOST_WAL
    figures = {
        "steps": steps, "sealed_meanwhile": sealed, "wal_bytes": wal, "longest_100_steps_ns": longest,
        "stored": ledger.stored, "received": ledger.received, "dropped": dropped, "trouble": trouble,
    }  # fmt: skip
    return Result("reader", PROMISE, holds, said, figures, "" if holds else REMEDY)


def _record(bench: Bench, path: Path, env: object, source: Constant) -> tuple[int, int, float]:
    """Step until two segments' worth was sealed, or time is up: steps, how many were sealed, the slowest hundred."""
    deadline = time.monotonic() + (QUICK_SECONDS if bench.quick else SECONDS)
    steps, longest, looked = 0, 0.0, 0.0
    with open_store(path, read_only=True) as store:
        before = sealed = store.run().ledger().stored
        while time.monotonic() < deadline:
            began = time.perf_counter_ns()
            drive(env, source.action, 100)
            longest = max(longest, time.perf_counter_ns() - began)
            steps += 100
            if time.monotonic() - looked > 0.1:
                looked, known = time.monotonic(), sealed
                sealed = store.run().ledger().stored
                if sealed > known > before and steps > 20_000:
                    break
    return steps, sealed - before, longest


def _mark(reader: apsw.Connection, stream: int) -> Mark | None:
    """How far the stream is sealed, as the reader's transaction sees it."""
    return mark_of(reader, stream)
