"""Lines of a worker as log records: microseconds a line of the thread that has them, and what a command's flood takes.

`parse` is from bytes to records, `append` from records to the spool, where they are safe.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cornerman.core.log_lines import Context, OutputLines
from cornerman.store.logs.writer import Writer

from .figures import Figure, Skipped

NOW = 1_795_676_611_000_000
LINES = {
    "print": "epoch 3 of 10: loss 0.125, return 191.5, number {}",
    "constant with extra": 'LOG512 | step summary | extra={{"episode": 3, "step": {}, "reward": 1.0}}',
    "Python logging": "2026-11-26 07:03:31,123 - trainer.loop - INFO - step {} of many",
    "Python logging, constant": '2026-11-26 07:03:31,123 INFO trainer: LOG512 | step | extra={{"step": {}, "r": 0.5}}',
    "JSON": '{{"event": "step", "level": "info", "timestamp": "2026-11-26T07:03:31.123Z", "step": {}, "loss": 0.5}}',
    "structlog console": "2026-11-26 07:03:31 [info     ] a step was made           [trainer] step={} loss=0.5",
    "logfmt": 'time=2026-11-26T07:03:31Z level=info msg="a step was made" step={} loss=0.5',
    "glog": "I1126 07:03:31.123456   4242 trainer.cc:17] step {} of many",
    "progress bar": " 42%|####      | {}/1000 [00:01<00:02]\r",
}
LIMIT_US = 20.0
FLOOD = "import sys\nfor i in range({count}): sys.stdout.write('2026-11-26 07:03:31,123 - a.b - INFO - step %d\\n' % i)"


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    repetitions, count = (5, 4000) if quick else (15, 20_000)
    for name, text in LINES.items():
        if part.lower() in name.lower():
            yield from _line(name, text, scratch / "lines", repetitions, count)
    if part.lower() in "a flood":
        yield from _flood(scratch, 3 if quick else 7, 50_000)


def _line(name: str, text: str, scratch: Path, repetitions: int, count: int) -> Iterator[Figure]:
    data = b"".join(text.format(number).encode() + b"\n" * (not text.endswith("\r")) for number in range(count))
    writer = Writer(scratch, thread=False)
    parsing, appending = [], []
    for _ in range(repetitions):
        lines = OutputLines(Context(run_id="BENCH", output="stdout", pid=1))
        parse = append = 0
        for at in range(0, len(data), 1 << 16):
            begin = time.thread_time_ns()
            records = lines.feed(data[at : at + (1 << 16)], NOW)
            parsed = time.thread_time_ns()
            writer.append(records)
            parse, append = parse + parsed - begin, append + time.thread_time_ns() - parsed
        parsing.append(parse / count / 1000)
        appending.append(append / count / 1000)
    writer.close()
    whole = tuple(a + b for a, b in zip(parsing, appending, strict=True))
    yield Figure(part=name, name="parse", unit="us", values=tuple(parsing))
    yield Figure(part=name, name="append", unit="us", values=tuple(appending))
    yield Figure(part=name, name="both", unit="us", values=whole, limit=LIMIT_US)


def _flood(scratch: Path, repetitions: int, count: int) -> Iterator[Figure]:
    """A command that does nothing but print, into a pipe: alone and bridged, by turns."""
    command = [sys.executable, "-c", FLOOD.format(count=count)]
    bridged = [sys.executable, "-m", "cornerman", "run", "--store", str(scratch / "flood"), "--", *command]
    ways = {"alone": command, "bridged": bridged}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repetitions):
        for way, words in ways.items():
            begin = time.perf_counter()
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
            seconds[way].append(time.perf_counter() - begin)
    for way, taken in seconds.items():
        yield Figure(part="a flood", name=f"{count:,} lines {way}", unit="s", values=tuple(taken))
