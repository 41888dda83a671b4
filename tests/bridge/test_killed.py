"""Killed at any moment, an import and a bridge bring each record exactly once, when they or others go on."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cornerman.adapters.bridge import backlog, log_import
from cornerman.adapters.bridge.keeper import LineKeeper
from cornerman.adapters.bridge.log_import import import_logs
from cornerman.core.errors import CornermanError
from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.api import make_store
from cornerman.store.logs import backlog as segments
from cornerman.store.logs import ingest, spool
from cornerman.store.logs.check import LogState, log_problems
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.writer import ingest_leftovers

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no\n\n\n'
LINES = "".join(
    f"2026-11-26 07:00:{at % 60:02},250 INFO a.b: line {at}\n"
    + {1: TRACEBACK, 2: "same\nsame\n", 3: "10%\r20%\rdone\n", 4: "\n\x1b[2Kdrawn\n", 5: "later\n"}.get(at % 7, "")
    for at in range(60)
)
POINTS: dict[str, tuple[Any, str]] = {
    "write": (os, "write"), "put": (spool.Spool, "_put"), "take": (ingest.Ingestor, "_take"),
    "commit": (ingest.Ingestor, "_commit"), "unlink": (Path, "unlink"), "parsed": (segments, "parsed"),
    "read": (segments.Segment, "read_on"), "recovered": (segments, "_recover"),
}  # fmt: skip


def dies(work: Callable[[], object], point: str = "", after_s: float = 0.0) -> bool:
    """Whether a child that does the work is killed: at the n-th call of a function, before or after it, or in time."""
    child = os.fork()
    if not child:
        if point:
            _die_at(*point.split(":"))
        try:
            work()
        finally:
            os._exit(0)
    if after_s:
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _die_at(name: str, when: str, number: str) -> None:
    owner, attribute = POINTS[name]
    original, calls = getattr(owner, attribute), itertools.count(1)

    def dying(*args: Any, **kwargs: Any) -> Any:
        call = next(calls)
        if call == int(number) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = original(*args, **kwargs)
        if call == int(number) and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, attribute, dying)
    if hasattr(backlog, attribute):
        setattr(backlog, attribute, dying)


def stored(store: Path) -> list[LogRecordV1]:
    logs = Logs(store)
    found = [entry.record for entry in logs.page(LogFilter.parse("-source:emitted"), limit=100_000)]
    logs.close()
    return found


def texts(records: list[LogRecordV1]) -> list[tuple[str, int]]:
    return [(record.message, record.repeats) for record in records]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(log_import, "BATCH", 7)
    (tmp_path / "a.log").write_text(LINES)
    make_store(tmp_path / "store").close()
    return tmp_path / "a.log"


def wanted() -> list[tuple[str, int]]:
    """What the file is when it is read at once."""
    lines = OutputLines(Context(live=False))
    return texts([*lines.feed(LINES.encode(), 1), *lines.close(1)])


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_an_import_that_is_stopped_goes_on_exactly_there(
    file: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Also where one line ends a traceback, the blanks after it and what was held: several records at once."""
    monkeypatch.setattr(log_import, "BATCH", batch)
    store = file.parent / "store"
    for _ in range(200 // batch + 2):
        if import_logs(store, [file], stopped=lambda: True).whole:
            break
    assert texts(stored(store)) == wanted()
    assert import_logs(store, [file]).records == 0


def points(*names: str) -> list[Any]:
    """Before and after the second call of each; later ones when there is time."""
    soon = [f"{name}:{when}:2" for name in names for when in ("before", "after")]
    later = [f"{name}:{when}:{at}" for name in names for when in ("before", "after") for at in (3, 4, 5, 8)]
    return soon + [pytest.param(point, marks=pytest.mark.soak) for point in later]


@pytest.mark.parametrize("point", points("put", "take", "commit", "write"))
def test_a_killed_import_repeats_nothing(file: Path, point: str) -> None:
    """At each boundary of a batch on its way: the same command brings the rest, and it is all there once."""
    store = file.parent / "store"
    assert dies(lambda: import_logs(store, [file]), point)
    import_logs(store, [file])
    assert texts(stored(store)) == wanted()
    assert (list(log_problems(store)), LogState(store).lost) == ([], {})


def test_an_import_killed_at_any_time_repeats_nothing(file: Path) -> None:
    """Unpaced: again and again, until it is through."""
    store = file.parent / "store"
    file.write_text(LINES * 20)
    for _ in range(6):
        dies(lambda: import_logs(store, [file]), after_s=random.uniform(0.05, 0.3))
    import_logs(store, [file])
    assert len(stored(store)) == len(wanted()) * 20


def bridged(store: Path, count: int) -> None:
    """What `cornerman run` does with what a command writes."""
    keeper = LineKeeper(store, store, "R", "job")
    keeper.begin(7)
    for first in range(0, count, 10):
        keeper.feed("stdout", b"".join(b"n=%d\n" % at for at in range(first, first + 10)))
    keeper.close("stdout")
    keeper.caught_up(60)
    keeper.finish()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(backlog, "SEGMENT_BYTES", 200)
    make_store(tmp_path).close()
    return tmp_path


@pytest.mark.parametrize("point", points("put", "read", "unlink", "take", "parsed"))
def test_a_killed_bridge_repeats_nothing(store: Path, point: str) -> None:
    """At each boundary between the lines as they came and their records; whoever recovers them is killed, too."""
    dies(lambda: bridged(store, 200), point)
    for when in ("recovered:before:1", "put:after:1", "take:after:2", "unlink:before:1"):
        dies(lambda: ingest_leftovers(store), when)
    ingest_leftovers(store)
    found = [record.message for record in stored(store)]
    assert found == [f"n={at}" for at in range(len(found))]
    assert (segments.left(store), spool.spools(store), LogState(store).lost) == ([], [], {})


def test_only_one_imports_at_a_time(file: Path) -> None:
    """Two that read the same file would both take it for a new one: the other is refused in words."""
    said = []
    import_logs(file.parent / "store", [file], on_progress=lambda _: said.append(refusal(file)))
    assert said
    assert all("Another import-logs" in words for words in said)
    assert texts(stored(file.parent / "store")) == wanted()


def refusal(file: Path) -> str:
    """What another process is told that imports now."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            import_logs(file.parent / "store", [file])
        except CornermanError as error:
            os.write(write, error.what.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with open(read) as answer:
        return answer.read()
