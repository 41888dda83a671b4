"""Log records: bringing them in, and what is asked of millions of them.

Beside it in the same run, what is the least that any store could cost: the same records into a plain table without an
index, and its last hundred rows. The store of ten million is made once and kept in the scratch folder's parent.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from cornerman.core.errors import Interrupted
from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.redacted_lines import redacted_record
from cornerman.core.redaction_rules import current_rules
from cornerman.store.logs.database import FORMAT
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.spool import encoded
from cornerman.store.logs.writer import Writer

from . import log_lines
from .figures import Figure, Skipped
from .log_lines import NEEDLE, records

RECORDS, QUICK_RECORDS = 10_000_000, 500_000
INSERTED, QUICK_INSERTED = 200_000, 50_000
PAGES = (
    "",
    "level>=ERROR",
    "level>=WARNING component:Worker",
    "job:ppo tag:loss level:WARNING -component:Store",
    "-level:DEBUG -tag:step output:stderr",
    "episode:700",
    "episode:100..120 level>=WARNING",
    "step:5000",
    "episode:700 component:Store level:ERROR",
    "run:01BENCH0005XXXXXXXXXXXXXXX episode:10 level:ERROR",
    "since:2026-09-21T15:20 until:2026-09-21T16:00 level>=WARNING",
)
TEXTS = (f'"{NEEDLE}"', "nan", "12345", "model-99999.pt", "checkpoint level:ERROR", "e")


def measure(quick: bool, folder: Path, part: str) -> Iterator[Figure | Skipped]:
    count = QUICK_RECORDS if quick else RECORDS
    if part in ("", "insert"):
        yield from _insert(folder, QUICK_INSERTED if quick else INSERTED)
    if part in ("", "read"):
        yield from _read(stored(count), 5 if quick else 15)
    if part in ("", "together"):
        yield from _together(copied(folder / "together", count), 2 if quick else 10)
    if part in ("", "lnav"):
        yield from _lnav(folder, QUICK_RECORDS if quick else 1_000_000)


# --- bringing in ------------------------------------------------------------------------------------------------------


def _insert(folder: Path, count: int) -> Iterator[Figure]:
    """A thousand at a time, in turns with the plain table."""
    some = list(records(count))
    gc.freeze()  # else Python's collector passes over all of them again and again, which no writer has in memory
    ours, plain, spooled = [], [], []
    for turn in range(3):
        path = folder / f"store{turn}"
        writer = Writer(path, thread=False)
        spooled.append(_cpu(partial(_append, writer, some)) / count)
        ours.append(_cpu(writer.ingest) / count)
        writer.close()
        plain.append(_cpu(partial(_plain, folder / f"plain{turn}.db", some)) / count)
    size = (folder / "store0" / "logs.db").stat().st_size / count
    ratio = tuple((a + b) / c for a, b, c in zip(spooled, ours, plain, strict=True))
    yield Figure(part="insert", name="append to the spool", unit="µs", values=tuple(spooled), limit=20)
    yield Figure(part="insert", name="spool to database, everything indexed", unit="µs", values=tuple(ours), limit=20)
    yield Figure(part="insert", name="plain table without index", unit="µs", values=tuple(plain))
    yield Figure(part="insert", name="spool and database together, to plain", unit="x", values=ratio, limit=4)
    yield Figure(part="insert", name="on disk", unit="B a record", values=(size,))
    plain_size = (folder / "plain0.db").stat().st_size / count
    yield Figure(part="insert", name="on disk, plain table", unit="B a record", values=(plain_size,))


def _append(writer: Writer, some: list[LogRecordV1]) -> None:
    for first in range(0, len(some), 1000):
        writer.append(some[first : first + 1000])


def _plain(path: Path, some: list[LogRecordV1]) -> None:
    """The same records, their secrets hidden as well: each a row with its columns and all of it as its payload."""
    connection = apsw.Connection(str(path))
    for pragma in ("page_size=8192", "journal_mode=wal", "synchronous=normal"):
        connection.execute(f"pragma {pragma}")
    connection.execute(
        "create table log (id integer primary key, ts, level, component, run, episode, message, payload)"
    )
    for first in range(0, len(some), 1000):
        rules = current_rules()
        with connection:
            connection.executemany(
                "insert into log values (null, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.time_us, one.level, one.component, one.run_id, one.episode, one.message,
                     encoded(redacted_record(one, rules)))
                    for one in some[first : first + 1000]
                ],
            )  # fmt: skip
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()


# --- reading ----------------------------------------------------------------------------------------------------------


def stored(count: int) -> Path:
    """A store of so many records; made where there is none of this format and of these lines."""
    source = Path(log_lines.__file__).read_bytes()
    key = hashlib.sha256(source + f"{FORMAT} {count}".encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"cornerman-bench-logs-{key}"
    if not (path / "complete").exists():
        shutil.rmtree(path, ignore_errors=True)
        with Writer(path, thread=False) as writer:
            for run in range(6):
                writer.belongs(f"01BENCH{run:04d}" + "X" * 15, ("ppo", "dqn")[run % 2])
            lines = records(count)
            while some := list(itertools.islice(lines, 20_000)):
                writer.append(some)
                writer.ingest()
        (path / "complete").touch()
    return path


def copied(path: Path, count: int) -> Path:
    """So many records in a store of their own, which others may add to."""
    path.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stored(count) / "logs.db", path / "logs.db")
    return path


def _cold(path: Path, chosen: LogFilter) -> float:
    """Milliseconds for the first page of a filter, from a file of which nothing is in memory."""
    descriptor = os.open(path / "logs.db", os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    logs = Logs(path)
    try:
        return _wall(lambda: logs.page(chosen))
    finally:
        logs.close()


def _read(path: Path, times: int) -> Iterator[Figure]:
    if hasattr(os, "posix_fadvise"):
        cold = tuple(_cold(path, LogFilter.parse(text)) for text in PAGES)
        yield Figure(part="read", name="first page of each filter, cold", unit="ms", values=cold, limit=400)
    logs, everything = Logs(path), LogFilter()
    before = _resident()
    opening = (_wall(lambda: logs.page(everything)),)
    yield Figure(part="read", name="opening, and the newest page", unit="ms", values=opening, limit=400)
    for text in PAGES:
        chosen = LogFilter.parse(text)
        yield _figure(f"first page: {text or 'all'}", partial(logs.page, chosen), times, 50)
    for text in TEXTS:
        chosen = LogFilter.parse(text)
        yield _figure(f"first hit: {text}", partial(_first_hit, logs, chosen), 3, 100)
    for text in PAGES:
        chosen = LogFilter.parse(text)
        yield _figure(f"counts by value: {text or 'all'}", partial(logs.facets, chosen), times, 100)
        yield _figure(f"timeline: {text or 'all'}", partial(logs.timeline, chosen, 120), times, 30)
    middle = logs.count() // 2
    yield _figure("rank in a filter", lambda: logs.rank(LogFilter.parse("level>=WARNING"), middle), times)
    yield _figure("one record", lambda: logs.entry(middle), times)
    stopped = tuple(_interrupted(logs) for _ in range(5))
    yield Figure(part="read", name="interrupting a search", unit="ms", values=stopped, limit=100)
    memory, note = (_resident(),), f"{before:.0f} before"
    yield Figure(part="read", name="memory of the reader's process", unit="MB", values=memory, limit=150, note=note)


def _figure(name: str, work: Callable[[], Any], times: int, limit: float | None = None) -> Figure:
    """Processor time of each call, the first among them."""
    return Figure(part="read", name=name, unit="ms", values=tuple(_cpu(work) / 1e3 for _ in range(times)), limit=limit)


def _first_hit(logs: Logs, chosen: LogFilter) -> None:
    for found in logs.search(chosen, batch=1):
        if found.entries:
            return


def _interrupted(logs: Logs) -> float:
    """From the call of `interrupt` until the search has ended, in milliseconds; 0 where it ended by itself."""
    called = [0.0]

    def interrupt() -> None:
        called[0] = time.perf_counter()
        logs.interrupt()

    timer = threading.Timer(0.03, interrupt)
    timer.start()
    try:
        list(logs.search(LogFilter.parse("-zzzz -yyyy -xxxx -qqqq"), batch=1_000_000))
    except Interrupted:
        return (time.perf_counter() - called[0]) * 1e3
    return 0.0


# --- both at once -----------------------------------------------------------------------------------------------------


def _together(path: Path, seconds: float) -> Iterator[Figure]:
    """A writer in another process at 5,000 records a second, and what its pages cost a reader meanwhile; before, and
    without it."""
    alone = _pages(path, seconds / 2)
    child = subprocess.Popen([sys.executable, "-m", "bench.logs", str(path), str(seconds + 2)])
    time.sleep(1)
    beside = _pages(path, seconds)
    child.wait()
    for name, found, limit in (("alone", alone, None), ("while 5,000 records a second come", beside, 5)):
        for clock, number in (("wall clock", 0), ("processor", 1)):
            p95 = sorted(pair[number] for pair in found)[int(len(found) * 0.95)]
            yield Figure(part="together", name=f"p95 of a page {name}, {clock}", unit="ms", values=(p95,), limit=limit)


def _pages(path: Path, seconds: float) -> list[tuple[float, float]]:
    """What each page takes, by the wall clock and of the processor."""
    logs, chosen = Logs(path), LogFilter.parse("level>=WARNING")
    found, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        began = time.thread_time_ns()
        wall = _wall(lambda: logs.page(chosen))
        found.append((wall, (time.thread_time_ns() - began) / 1e6))
        time.sleep(0.02)
    logs.close()
    return found


def _append_all(path: Path, count: int) -> None:
    with Writer(path, thread=False) as writer:
        _append(writer, list(records(count)))
        writer.ingest()


def main(path: str, seconds: str) -> None:
    """The writer."""
    some, began = list(records(5000)), time.monotonic()
    with Writer(Path(path)) as writer:
        for turn in itertools.count():
            if time.monotonic() - began > float(seconds):
                return
            writer.append(some[turn % 50 * 100 : turn % 50 * 100 + 100])
            time.sleep(max(0.0, began + (turn + 1) * 0.02 - time.monotonic()))


# --- beside lnav ------------------------------------------------------------------------------------------------------


def _lnav(folder: Path, count: int) -> Iterator[Figure | Skipped]:
    """The same lines as JSON, one a line: until a rare text is found, from nothing; lnav has to read the file again
    each time, ours once."""
    if shutil.which("lnav") is None:
        yield Skipped(part="lnav", reason="lnav is not installed")
        return
    file = folder / "lines.log"
    with file.open("w") as lines:
        for one in records(count):
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(one.time_us / 1e6))
            lines.write(f"{when}.{one.time_us // 1000 % 1000:03d} {one.level} {one.component} {one.message}\n")
    command = ["lnav", "-n", "-N", "-c", f":filter-in {NEEDLE}", str(file)]
    environment = {**os.environ, "HOME": str(folder), "TERM": "xterm"}
    found = [
        _wall(
            lambda: subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        )
        for _ in range(3)
    ]
    yield Figure(part="lnav", name=f"lnav: a rare text in {count:,} lines", unit="ms", values=tuple(found))
    path, chosen = folder / "beside", LogFilter.parse(f'"{NEEDLE}"')
    yield Figure(
        part="lnav", name="ours: bringing them in, once", unit="ms", values=(_wall(lambda: _append_all(path, count)),)
    )
    ours = []
    for _ in range(3):
        logs = Logs(path)
        ours.append(_wall(partial(_first_hit, logs, chosen)))
        logs.close()
    yield Figure(part="lnav", name="ours: opening, and the rare text", unit="ms", values=tuple(ours))


# --- clocks -----------------------------------------------------------------------------------------------------------


def _cpu(work: Callable[[], Any]) -> float:
    """Processor time of this thread, in microseconds."""
    gc.collect()
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e3


def _wall(work: Callable[[], Any]) -> float:
    """Milliseconds by the clock."""
    began = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - began) / 1e6


def _resident() -> float:
    """Of this process, in megabytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
