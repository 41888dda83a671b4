"""The Logs screen as a person meets it, on ten million records: opening it, another filter, keys while records come,
and whether anything holds it up while it searches, counts, follows and pages at once.

Parts: `open`, `keys`, `busy`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cornerman.core.logs import LogFilter
from cornerman.store.api import make_store
from cornerman.store.logs.reader import Logs

from .figures import Figure
from .heartbeat import late_beats
from .logs import QUICK_RECORDS, RECORDS, copied
from .pseudo_terminal import Terminal, cornerman, environ
from .terminal import waits

LEVELS = {b"4": "level>=ERROR", b"3": "level>=WARNING", b"2": "level>=INFO", b"0": ""}
"""Keys that choose a filter."""
PAGE_UP, UP, ESCAPE, ENTER = b"\x1b[5~", b"\x1b[A", b"\x1b", b"\r"
ABSENT = (b"~|", b"|~")
"""Texts that are in no record, and so short that every one has to be looked at."""


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure]:
    store = scratch / "logs"
    make_store(str(store)).close()
    copied(store, QUICK_RECORDS if quick else RECORDS)
    if part in "open":
        yield from _opened(store)
    if part in "keys":
        yield from _followed(store, 20 if quick else 80)
    if part in "busy":
        yield from _busy(store, scratch / "beats", 6 if quick else 30)


def _opened(store: Path) -> Iterator[Figure]:
    """Until the rows of all, or of another filter, are there with their number. Each filter is new to its process."""
    logs = Logs(store)
    totals = {key: f"{logs.facets(LogFilter.parse(text)).total:,}" for key, text in LEVELS.items()}
    logs.close()
    opened: list[float] = []
    chosen: list[float] = []
    peaks: list[float] = []
    for _ in range(3):
        with Terminal(cornerman(store)) as terminal:
            terminal.until(b"cornerman ", 30)
            terminal.watch(1.5)
            opened.append(_until(terminal, b"l", f"{totals[b'0']} of {totals[b'0']}".encode()))
            terminal.watch(1)
            for key, total in totals.items():
                chosen.append(_until(terminal, key, f"{total} of {total}".encode()))
                terminal.watch(1)
            peaks.append(terminal.peak())
    part = f"{totals[b'0']} log records"
    yield Figure(part=part, name="opening the Logs screen", unit="ms", values=tuple(opened), limit=400.0)
    yield Figure(part=part, name="another filter, to its rows and number", unit="ms", values=tuple(chosen), limit=50.0)
    yield Figure(part=part, name="peak memory", unit="MB", values=tuple(peaks), limit=150.0)


def _until(terminal: Terminal, keys: bytes, marker: bytes) -> float:
    """Milliseconds from keys to words that were not there before."""
    since, pressed = len(terminal.chunks), terminal.send(keys)
    return 1000 * (terminal.until(marker, 30, since) - pressed)


@contextlib.contextmanager
def _feed(store: Path, rate: int) -> Iterator[None]:
    """So many records a second come from another process."""
    command = [sys.executable, "-m", "bench.log_feed", str(store), str(rate)]
    feed = subprocess.Popen(command, env=environ(), stdout=subprocess.PIPE)
    try:
        assert feed.stdout is not None
        feed.stdout.readline()
        yield
    finally:
        feed.terminate()
        feed.wait()


def _followed(store: Path, presses: int) -> Iterator[Figure]:
    """While sixty records a second come: what is sent, and how long a key takes."""
    with _feed(store, 60), Terminal(cornerman(store)) as terminal:
        terminal.until(b"cornerman ", 30)
        terminal.watch(1.5)
        terminal.send(b"l")
        terminal.watch(3)
        sent = terminal.watch(5) / 5000
        taken = []
        for press in range(presses):
            since, pressed = len(terminal.chunks), terminal.send(UP)
            while len(terminal.chunks) == since:
                terminal.read(1)
            taken.append(1000 * (terminal.chunks[since][0] - pressed))
            terminal.watch(0.08 + press % 7 * 0.013)
    yield Figure(part="60 records a second", name="sent while it is followed", unit="kB/s", values=(sent,), limit=150.0)
    yield from waits("60 records a second", sorted(taken))


def _search(terminal: Terminal, text: bytes) -> float:
    """Milliseconds from the end of the text to the first progress; the text of the search before is deleted first."""
    terminal.send(b"s" + b"\x7f" * len(text))
    terminal.watch(0.2)
    return _until(terminal, text + ENTER, b'"' + text + b'" 0+ hits, searched back to')


def _busy(store: Path, beats: Path, rounds: int) -> Iterator[Figure]:
    """Thousand records a second come, a search of everything goes on, pages and filters are turned: does it stall?"""
    stopped: list[float] = []
    told: list[float] = []
    with _feed(store, 1000), Terminal([sys.executable, "-m", "bench.heartbeat", str(store), str(beats)]) as terminal:
        terminal.until(b"cornerman ", 30)
        terminal.watch(1.5)
        pressed = time.monotonic()
        terminal.send(b"l")
        terminal.watch(2)
        began = time.monotonic()
        for turn in range(rounds):
            told.append(_search(terminal, ABSENT[0]))
            for keys in (PAGE_UP, PAGE_UP, b"f", list(LEVELS)[turn % len(LEVELS)], PAGE_UP, b"f", b"0"):
                terminal.send(keys)
                terminal.watch(0.11)
            told.append(_search(terminal, ABSENT[1]))
            stopped.append(_until(terminal, ESCAPE, b"stopped"))
            terminal.watch(0.1)
        ended, peak = time.monotonic(), terminal.peak()
    part = "searching, counting, following, paging"
    opening, busy = late_beats(beats, pressed, began), late_beats(beats, began, ended)
    beaten = f"{sum(late.late_ms > 50 for late in busy)} later than 50 ms by the clock, in {ended - began:.0f} s"
    yield Figure(
        part=part, name="longest stall of the screen, less waiting for a processor", unit="ms",
        values=(max((late.stalled_ms for late in busy), default=0.0),), limit=50.0, note=beaten,
    )  # fmt: skip
    yield Figure(
        part=part, name="longest stall by the clock", unit="ms",
        values=(max((late.late_ms for late in busy), default=0.0),),
    )  # fmt: skip
    yield Figure(
        part=part, name="longest stall while the screen opens, less waiting", unit="ms",
        values=(max((late.stalled_ms for late in opening), default=0.0),),
    )  # fmt: skip
    yield Figure(part=part, name="a search, to its first progress", unit="ms", values=tuple(told), limit=100.0)
    yield Figure(part=part, name="escape, to the search that stopped", unit="ms", values=tuple(stopped), limit=100.0)
    yield Figure(part=part, name="peak memory", unit="MB", values=(peak,), limit=150.0)
