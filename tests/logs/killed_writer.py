"""A program that appends numbered log records and ingests them, until it is killed at a moment that the test chooses.

python killed_writer.py STORE POINT COUNT       POINT: a function to die in, `before` or `after` it, and how many calls
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import block, blocks, ingest
from cornerman.store.logs.writer import Writer

TARGETS: dict[str, tuple[Any, str]] = {
    "write": (os, "write"),
    "take": (ingest.Ingestor, "_take"),
    "block": (blocks, "write_block"),
    "commit": (ingest.Ingestor, "_commit"),
    "unlink": (Path, "unlink"),
    "parse": (ingest, "parse"),
}


def die_at(point: str) -> None:
    """Make the n-th call of a function the last thing this process does, before or after the call itself."""
    name, when, number = point.split(":")
    owner, attribute = TARGETS[name]
    original, calls = getattr(owner, attribute), 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == int(number) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = original(*args, **kwargs)
        if calls == int(number) and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, attribute, dying)


def main(store: str, point: str, count: str) -> None:
    block.RECORDS = 16
    die_at(point)
    writer = Writer(Path(store), thread=False)
    for first in range(0, int(count), 10):
        batch = [LogRecordV1(time_us=at, level="INFO", message=f"n={at}") for at in range(first, first + 10)]
        writer.append(batch)
        print(first + 10, flush=True)  # now the batch is promised
        writer.ingest()
    writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
