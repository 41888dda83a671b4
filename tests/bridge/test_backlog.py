"""A command that writes faster than its lines can be parsed is not slowed, and no line of it is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cornerman

from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.logs import LogFilter
from cornerman.store.api import open_store
from cornerman.store.logs import backlog, open_writer
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.writer import Writer, ingest_leftovers

FLOOD = "import os\nfor i in range(0, {count}, 100): os.write(1, b''.join(b'%d\\n' % j for j in range(i, i + 100)))"


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    command = Cornerman(tmp_path / "store", tmp_path)
    yield command
    command.stop()


def start(cornerman: Cornerman, text: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cornerman", "run", "--", sys.executable, "-c", text],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cornerman.folder,
        env=cornerman.environment(), start_new_session=True,
    )  # fmt: skip


def messages(store: Path) -> list[str]:
    """Of the command's lines, as a reader has them who comes now."""
    open_writer(store).close()
    with open_store(store) as opened:
        found = opened.logs.page(LogFilter.parse("output:stdout"), limit=1_000_000)
        return [entry.record.message for entry in found]


def test_a_flood_is_passed_on_before_it_is_parsed(cornerman: Cornerman) -> None:
    """All of it has come out while records of it are still being made; at the end they are all there, in order."""
    child = start(cornerman, FLOOD.format(count=60_000))
    passed, wanted = b"", b"".join(b"%d\n" % i for i in range(60_000))
    assert child.stdout is not None
    while len(passed) < len(wanted):
        passed += os.read(child.stdout.fileno(), 1 << 20)
    assert passed == wanted
    assert backlog.left(cornerman.store)
    assert (child.wait(60), child.communicate()[0]) == (0, b"")
    assert messages(cornerman.store) == [str(i) for i in range(60_000)]
    assert backlog.left(cornerman.store) == []


def test_what_was_passed_on_is_kept_when_the_bridge_is_killed(cornerman: Cornerman) -> None:
    """SIGKILL in the middle of a flood: whoever comes next finds each line that came out, once and in order."""
    for _ in range(2):
        child = start(cornerman, FLOOD.format(count=10_000_000))
        assert child.stdout is not None
        passed, enough = b"", random.randrange(1 << 17)
        while len(passed) <= enough:
            passed += os.read(child.stdout.fileno(), 1 << 14)
        child.kill()
        passed += child.stdout.read()
        child.communicate()
        whole = passed[: passed.rfind(b"\n")].count(b"\n") + 1
        found = messages(cornerman.store)
        found = found[len(found) - 1 - found[::-1].index("0") :]
        assert found[:whole] == [str(i) for i in range(whole)]
        assert backlog.left(cornerman.store) == []


def test_who_cannot_wait_leaves_the_rest_to_the_next(cornerman: Cornerman) -> None:
    """Ctrl-C while the last records are made: we go at once, say so, and nothing is lost."""
    child = start(cornerman, FLOOD.format(count=100_000))
    assert child.stdout is not None
    size = len(b"".join(b"%d\n" % i for i in range(100_000)))
    while size > 0:
        size -= len(os.read(child.stdout.fileno(), 1 << 20))
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 0
    assert child.stderr is not None
    assert b"LOG1705" in child.stderr.read()
    child.communicate()
    assert messages(cornerman.store) == [str(i) for i in range(100_000)]


def test_what_is_parsed_again_is_what_was_parsed_before(tmp_path: Path) -> None:
    """Killed between two batches: the records that came into the store are left out, and the others are the same."""
    segment = backlog.Segment(tmp_path, Context("R", "stdout", 7))
    lines, made, before = OutputLines(Context("R", "stdout", 7)), [], 0
    for number in range(20):
        time_us = 1_000_000 + number * 60_000 * (1 + number % 3)
        data = b"one\nsame\nsame\n%d\npart" % number
        segment.append(time_us, data)
        made += backlog.parsed(lines, time_us, before or time_us, data)
        before = time_us
    writer = Writer(tmp_path, thread=False)
    writer.append_with(made[:-5], [segment.read_on(len(made) - 5)])
    writer._spool.close()
    content, name = segment.read(0, segment.size), segment.path
    segment.remove()
    name.write_bytes(content)  # as a killed process leaves it
    assert ingest_leftovers(tmp_path) == 5 + len(lines.close(before))
    assert [entry.record for entry in Logs(tmp_path).page(LogFilter())][: len(made)] == made
    assert backlog.left(tmp_path) == []
