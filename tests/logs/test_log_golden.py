"""Released bytes stay readable: a `logs.db` and a spool of the first format, as they were written then.

`python tests/logs/test_log_golden.py` writes them where they are missing; what is there is never written again.
"""

from __future__ import annotations

import hashlib
import shutil
from importlib import resources
from pathlib import Path

from cornerman.core.logs import LogFilter
from cornerman.core.logs.port import Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import block
from cornerman.store.logs.check import log_problems
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.spool import spools
from cornerman.store.logs.writer import Writer, ingest_leftovers

GOLDEN = Path(__file__).parents[1] / "data" / "logs"
STEPS = {
    "0001_base.sql": "851bc57838c55d01730861864537e8344764bb4f513bed1a74189dc01a101f14",
    "0002_copies.sql": "0ff5d9eec442c8f0ed7c5b2bdbb61e9654d1ede649b9ba32b21a56c37eabd5a1",
    "0003_sources.sql": "7c0edaa3b12d247dd1a9e9a9183dbc6c37cb6dfc926143deaa012f075db2c5c2",
    "0004_open_blocks.sql": "cbad8383d51daa9e382929009159c4d1f283f7fab8b8a7d4cf7f50acde355ac3",
}
"""SHA-256 of each released step file: they are never edited."""


def record(number: int) -> LogRecordV1:
    return LogRecordV1(
        time_us=1_790_000_000_000_000 + number, level="ERROR" if number == 7 else "INFO", message=f"Straße {number}",
        code="LOG512", component="Worker", subcomponent="Runtime", tags=("step",), fields={"loss": number / 4},
        run_id="RUN", stream="eval", agent="one", episode=number // 5, step=number, source="known", raw=f"raw {number}",
        extra={"left": [number]}, output="stderr", pid=77, env_index=number % 2, logger="root", flags=("inferred",),
        repeats=2, raw_bytes=b"\xff",
    )  # fmt: skip


def test_the_first_format_is_read(tmp_path: Path) -> None:
    """Sealed and unsealed blocks, a spool that nobody had brought in; and more is written beside them."""
    shutil.copytree(GOLDEN, tmp_path / "store")
    store = tmp_path / "store"
    assert ingest_leftovers(store) == 5
    logs = Logs(store)
    assert [entry.record for entry in logs.page(LogFilter(), limit=100)] == [record(number) for number in range(45)]
    assert [entry.id for entry in logs.page(LogFilter.parse("strasse loss=1.75 level:ERROR job:mine"))] == [8]
    assert logs.samples("RUN") == [Sample(5, {"cpu_percent": 80.0})]
    assert list(log_problems(store)) == []
    assert not spools(store)


def test_step_files_are_never_edited() -> None:
    """Whoever changes the tables adds a step file."""
    folder = resources.files("cornerman.store.logs").joinpath("ddl")
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    assert found == STEPS


def main() -> None:
    if (GOLDEN / "logs.db").exists():
        return
    block.RECORDS = 16
    writer = Writer(GOLDEN, thread=False)
    writer.belongs("RUN", "mine")
    writer.sample("RUN", Sample(5, {"cpu_percent": 80.0}))
    for first in (0, 20):
        writer.append(map(record, range(first, first + 20)))
        writer.ingest()
    writer.close()
    left = Writer(GOLDEN, thread=False)
    left.append(map(record, range(40, 45)))
    left._spool.close()


if __name__ == "__main__":
    main()
