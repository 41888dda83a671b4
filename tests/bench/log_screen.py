"""The Logs screen as a person meets it: opening it, another filter, keys while records come, what it sends.

Parts: `open`, `keys`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .figures import Figure
from .pseudo_terminal import Terminal, cornerman, environ
from .terminal import waits

MANY_LOGS = """
import sys, time
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.api import make_store
from cornerman.store.logs import open_writer
make_store(sys.argv[1]).close()
writer, count = open_writer(sys.argv[1]), int(sys.argv[2])
begin = time.time_ns() // 1000 - count * 1000
levels = ("DEBUG", "INFO", "DEBUG", "INFO", "WARNING", "INFO", "DEBUG")
for first in range(0, count, 1000):
    writer.append([
        LogRecordV1(
            time_us=begin + at * 1000, code=f"LOG{500 + at % 23}", level="ERROR" if at % 997 == 0 else levels[at % 7],
            component=f"Part{at % 11}", subcomponent=f"Sub{at % 5}", message=f"record {at} was written",
            tags=(f"tag{at % 9}",), run_id=f"01RUN{at // 50_000:04}", source="known", output="stdout",
        )
        for at in range(first, min(first + 1000, count))
    ])
writer.close()
"""


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure]:
    count, presses = (20_000, 20) if quick else (1_000_000, 80)
    store = scratch / "logs"
    subprocess.run([sys.executable, "-c", MANY_LOGS, str(store), str(count)], check=True, env=environ())
    if part in "open":
        yield from _opened(store, count)
    if part in "keys":
        yield from _followed(store, presses)


def _opened(store: Path, count: int) -> Iterator[Figure]:
    """Until the rows of all, or of another filter, are there with their number."""
    part, errors = f"{count:,} log records", (count + 996) // 997
    opened, chosen = [], []
    for _ in range(3):
        with Terminal(cornerman(store)) as terminal:
            terminal.until(b"cornerman ", 30)
            terminal.watch(1.5)
            since, pressed = len(terminal.chunks), terminal.send(b"l")
            opened.append(1000 * (terminal.until(f"{count:,} of {count:,}".encode(), 30, since) - pressed))
            terminal.watch(1)
            for key, marker in (
                (b"4", f"{errors:,} of {errors:,}".encode()),
                (b"0", f"{count:,} of {count:,}".encode()),
            ):
                since, pressed = len(terminal.chunks), terminal.send(key)
                chosen.append(1000 * (terminal.until(marker, 30, since) - pressed))
                terminal.watch(1)
    yield Figure(part=part, name="opening the Logs screen", unit="ms", values=tuple(opened), limit=400.0)
    yield Figure(part=part, name="another filter, to its rows and number", unit="ms", values=tuple(chosen), limit=50.0)


def _followed(store: Path, presses: int) -> Iterator[Figure]:
    """While sixty records a second come: what is sent, and how long a key takes."""
    feed = subprocess.Popen(
        [sys.executable, "-m", "bench.log_feed", str(store), "60"], env=environ(), stdout=subprocess.PIPE
    )
    try:
        with Terminal(cornerman(store)) as terminal:
            terminal.until(b"cornerman ", 30)
            terminal.watch(1.5)
            terminal.send(b"l")
            terminal.watch(3)
            sent = terminal.watch(5) / 5000
            taken = []
            for press in range(presses):
                since, pressed = len(terminal.chunks), terminal.send(b"\x1b[A")
                while len(terminal.chunks) == since:
                    terminal.read(1)
                taken.append(1000 * (terminal.chunks[since][0] - pressed))
                terminal.watch(0.08 + press % 7 * 0.013)
    finally:
        feed.kill()
        feed.wait()
    yield Figure(part="60 records a second", name="sent while it is followed", unit="kB/s", values=(sent,), limit=150.0)
    yield from waits("60 records a second", sorted(taken))
