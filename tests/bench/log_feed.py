"""Log records at a pace, while the Logs screen is measured: python -m bench.log_feed STORE RECORDS_A_SECOND"""

from __future__ import annotations

import sys
import time

from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import open_writer

LEVELS = ("DEBUG", "INFO", "INFO", "WARNING", "DEBUG", "INFO", "ERROR")


def main(store: str, rate: str) -> None:
    """Say `ready`, then go on until somebody ends it."""
    writer = open_writer(store)
    print("ready", flush=True)
    due, number = time.monotonic(), 0
    while True:
        number += 1
        record = LogRecordV1(
            time_us=time.time_ns() // 1000,
            code="LOG512",
            level=LEVELS[number % len(LEVELS)],  # type: ignore[arg-type]
            component="Worker",
            subcomponent="Runtime",
            message=f"record {number} of a training that goes on",
            fields={"loss": 1 / number, "steps": number * 7},
            run_id="01BENCH",
            source="known",
            output="stdout",
        )
        writer.append([record])
        due += 1 / float(rate)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
