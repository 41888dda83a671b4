"""A program that says numbered lines into a store on a network until it is killed.

python killed_lines.py STORE POINT      POINT: `random` (from outside), or a function of the copier to die in and how
                                        often it was called by then: `flush:2:after`
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.copies import CopyFiles
from cornerman.store.logs import block, copier, open_writer

TARGETS: dict[str, tuple[Any, str]] = {
    "write": (CopyFiles, "_write"),
    "flush": (CopyFiles, "flush"),
    "cursor": (copier._Round, "_flush"),
    "sync": (os, "fsync"),
}


def die_at(point: str) -> None:
    name, number, when = point.split(":")
    owner, attribute = TARGETS[name]
    original, calls = getattr(owner, attribute), itertools.count(1)

    def dying(*args: Any, **kwargs: Any) -> Any:
        last = next(calls) == int(number)
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = original(*args, **kwargs)
        if last and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, attribute, dying)


def main(store: str, point: str) -> None:
    block.RECORDS = 16
    writer = open_writer(Path(store))
    if point != "random":
        die_at(point)
    for number in itertools.count():
        writer.append([LogRecordV1(time_us=number, level="INFO", message=f"n={number}")])
        print(number, flush=True)  # now it is promised
        time.sleep(0.002)


if __name__ == "__main__":
    main(*sys.argv[1:])
