"""What is appended is there once, whatever happens: kills at every boundary, torn tails, full and locked disks."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from cornerman.core.errors import CornermanError, StoreLocked, StoreTooNew, StoreUnreadable
from cornerman.core.logs import LogFilter
from cornerman.core.logs.text import fields_text
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.api import open_store
from cornerman.store.logs import open_writer, spool
from cornerman.store.logs.check import LogState, log_problems
from cornerman.store.logs.database import FILE
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.spool import spools
from cornerman.store.logs.writer import Writer, ingest_leftovers

EVERYTHING = LogFilter()
POINTS = [
    f"{name}:{when}:{number}"
    for name in ("write", "take", "block", "commit", "parse")
    for when in ("before", "after")
    for number in (2, 5)
] + ["unlink:before:1", "unlink:after:1"]


def line(number: int) -> LogRecordV1:
    return LogRecordV1(time_us=number, level="INFO", message=f"n={number}")


def messages(path: Path) -> list[str]:
    logs = Logs(path)
    found = [entry.record.message for entry in logs.page(EVERYTHING, limit=100_000)]
    logs.close()
    return found


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_writer_loses_nothing_and_repeats_nothing(tmp_path: Path, point: str) -> None:
    """Each promised record is there exactly once when somebody opens the store again; the spool has gone."""
    program = Path(__file__).with_name("killed_writer.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), point, "60"], capture_output=True, text=True, timeout=60
    )
    promised = int((done.stdout.split() or ["0"])[-1])
    ingest_leftovers(tmp_path)
    ingest_leftovers(tmp_path)
    found = messages(tmp_path)
    assert found == [f"n={number}" for number in range(len(found))]
    assert promised <= len(found) <= promised + 10
    assert not spools(tmp_path)
    assert list(log_problems(tmp_path)) == []


def test_a_torn_tail_is_told_from_what_was_written(tmp_path: Path) -> None:
    """Half a record at the end of a dead writer's spool is counted; all before it is kept."""
    spool = dead_spool(tmp_path)
    with spool.open("ab") as file:
        file.truncate(spool.stat().st_size - 3)
    assert ingest_leftovers(tmp_path) == 9
    assert messages(tmp_path) == [f"n={number}" for number in range(9)]
    assert LogState(tmp_path).lost == {"torn": 1}
    assert not spools(tmp_path)


def test_damage_in_the_middle_costs_only_what_it_hit(tmp_path: Path) -> None:
    """The records after flipped bytes are found again."""
    spool = dead_spool(tmp_path)
    data = bytearray(spool.read_bytes())
    data[data.index(b"n=4") + 1] ^= 255
    spool.write_bytes(data)
    assert ingest_leftovers(tmp_path) == 9
    assert messages(tmp_path) == [f"n={number}" for number in range(10) if number != 4]
    assert LogState(tmp_path).lost == {"torn": 1}


def dead_spool(path: Path) -> Path:
    """Ten records in the spool of a process that is no more."""
    writer = Writer(path, thread=False)
    writer.append(map(line, range(10)))
    writer._spool.close()
    return spools(path)[0]


def test_a_spool_of_a_newer_version_is_left_to_who_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays as it is, and holds up nobody; whoever knows its version brings it in."""
    monkeypatch.setattr(spool, "VERSION", 2)
    newer = dead_spool(tmp_path)
    monkeypatch.setattr(spool, "VERSION", 1)
    content = newer.read_bytes()
    dead_spool(tmp_path)
    assert ingest_leftovers(tmp_path) == 10
    assert (spools(tmp_path), newer.read_bytes() == content) == ([newer], True)
    assert LogState(tmp_path).newer == 1
    monkeypatch.setattr(spool, "VERSION", 2)
    assert ingest_leftovers(tmp_path) == 10
    assert spools(tmp_path) == []


def test_two_who_bring_records_in_bring_each_once(tmp_path: Path) -> None:
    """While a third appends: all are there, in order."""
    children = []
    for _ in range(2):
        children.append(os.fork())
        if not children[-1]:
            for _ in range(40):
                with contextlib.suppress(StoreLocked):
                    ingest_leftovers(tmp_path)
            os._exit(0)
    with Writer(tmp_path) as writer:
        for first in range(0, 1000, 10):
            writer.append(map(line, range(first, first + 10)))
    for child in children:
        os.waitpid(child, 0)
    ingest_leftovers(tmp_path)
    assert messages(tmp_path) == [f"n={number}" for number in range(1000)]


def test_while_the_database_is_locked_nobody_waits_and_nothing_is_lost(tmp_path: Path) -> None:
    """Appending takes no notice; the records come when the lock is gone."""
    with Writer(tmp_path, thread=False) as writer:
        writer.append([line(0)])
        writer.ingest()
        with apsw.Connection(str(tmp_path / FILE)) as other:
            other.execute("update log_meta set value = value")
            assert writer.append([line(1)]) == 1
            with pytest.raises(StoreLocked):
                writer.ingest()
        writer.ingest()
    assert messages(tmp_path) == ["n=0", "n=1"]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Says how many bytes the disk takes from now on; None: any."""
    room: list[int | None] = [None]
    write = os.write

    def limited(descriptor: int, data: Any) -> int:
        if room[0] is None:
            return write(descriptor, data)
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = write(descriptor, data[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", limited)

    def set_room(size: int | None) -> None:
        room[0] = size

    return set_room


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path, disk: Callable[[int | None], None]) -> None:
    """What it cut off in the middle of a record is written on when there is room."""
    with Writer(tmp_path, thread=False) as writer:
        writer.append([line(0)])
        disk(20)
        assert writer.append([line(1), line(2)]) == 2
        assert writer.append([line(3)]) == 1
        writer.ingest()
        assert messages(tmp_path) == ["n=0"]
        disk(None)
        writer.append([line(4)])
        writer.ingest()
    assert messages(tmp_path) == [f"n={number}" for number in range(5)]
    assert LogState(tmp_path).lost == {}


def test_what_a_full_disk_cost_is_counted_said_and_stored(
    tmp_path: Path, disk: Callable[[int | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its cause: as a record of its own, and for the doctor."""
    monkeypatch.setattr("cornerman.store.logs.spool.WAITING_BYTES", 0)
    with Writer(tmp_path, thread=False) as writer:
        writer.append([line(0)])
        disk(0)
        assert writer.append([line(1), line(2)]) == 0
        disk(None)
    logs = Logs(tmp_path)
    [said] = [entry.record for entry in logs.page(LogFilter.parse("code:LOG1250"))]
    assert said.fields == {"cause": "no space left on device", "count": 2}
    assert LogState(tmp_path).lost == {"no space left on device": 2}


def test_a_forked_child_writes_into_a_spool_of_its_own(tmp_path: Path) -> None:
    """Its records and its parent's are all there once."""
    writer = Writer(tmp_path, thread=False)
    writer.append([line(0)])
    child = os.fork()
    if not child:
        writer.append([line(1)])
        os._exit(0)
    os.waitpid(child, 0)
    writer.append([line(2)])
    writer.close()
    ingest_leftovers(tmp_path)
    assert sorted(messages(tmp_path)) == ["n=0", "n=1", "n=2"]


@pytest.mark.parametrize(
    ("content", "error"), [(b"not a database at all", StoreUnreadable), (b"SQLite form", StoreUnreadable)]
)
def test_a_foreign_file_is_refused_in_words(tmp_path: Path, content: bytes, error: type[CornermanError]) -> None:
    """For reading and for writing; the file is left as it is, and records wait in the spool."""
    (tmp_path / FILE).write_bytes(content)
    writer = Writer(tmp_path, thread=False)
    assert writer.append([line(0)]) == 1
    with pytest.raises(error):
        writer.ingest()
    with pytest.raises(error):
        Logs(tmp_path).count()
    writer.close()
    assert (tmp_path / FILE).read_bytes() == content
    assert len(spools(tmp_path)) == 1


def test_a_newer_database_is_read_and_not_written(tmp_path: Path) -> None:
    """What a later Cornerman wrote is shown; ours waits in the spool."""
    with Writer(tmp_path, thread=False) as writer:
        writer.append([line(0)])
    with apsw.Connection(str(tmp_path / FILE)) as connection:
        connection.execute("pragma user_version=99")
    later = Writer(tmp_path, thread=False)
    later.append([line(1)])
    with pytest.raises(StoreTooNew):
        later.ingest()
    later.close()
    assert messages(tmp_path) == ["n=0"]
    assert len(spools(tmp_path)) == 1


READS_ONLY = """
import sys
from pathlib import Path
from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.writer import Writer
store = Path(sys.argv[1])
print([entry.record.message for entry in Logs(store).page(LogFilter())])
with Writer(store) as writer:
    writer.append([LogRecordV1(time_us=1, level="INFO", message="more")])
print(sum(writer.lost.values()), "lost:", *writer.lost)
"""


def without_override() -> None:
    """In the child, before it executes: root, too, then obeys the modes of files (capabilities(7), PR_CAPBSET_DROP)."""
    dac_override, dac_read_search, drop = 1, 2, 24
    for capability in (dac_override, dac_read_search):
        ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


def test_a_folder_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    """And appending there counts, by the system's word."""
    with Writer(tmp_path, thread=False) as writer:
        writer.append([line(0)])
    folders = [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        done = subprocess.run(
            [sys.executable, "-c", READS_ONLY, str(tmp_path)],
            capture_output=True, text=True, preexec_fn=without_override, timeout=60,
        )  # fmt: skip
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert done.stdout.splitlines() == ["['n=0']", "1 lost: permission denied"], done.stderr


def test_a_record_that_is_far_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    """And costs nobody else anything."""
    with Writer(tmp_path, thread=False) as writer:
        long = LogRecordV1(time_us=1, level="INFO", message="x" * (20 << 20), fields={"n": 1})
        assert writer.append([line(0), long, line(2)]) == 3
    logs = Logs(tmp_path)
    [_, cut, _] = [entry.record for entry in logs.page(EVERYTHING)]
    assert cut.flags == ("cut",)
    assert len(cut.message) == 1 << 20
    assert [entry.id for entry in logs.page(LogFilter.parse("n=2"))] == [3]


def test_too_many_kinds_are_kept_coarser_and_say_so(tmp_path: Path) -> None:
    """Nothing is lost: what has no column any more is in the record's extra, and can be searched for."""
    writer = Writer(tmp_path, thread=False)
    writer._ingestor.max_kinds = 5
    writer.append(
        LogRecordV1(time_us=at, level="INFO", message="", component=f"C{at}", tags=("t",), code="LOG512", run_id="R")
        for at in range(20)
    )
    writer.close()
    logs = Logs(tmp_path)
    assert logs.facets(EVERYTHING).values["flag"][0].count == 15
    [capped] = [entry.record for entry in logs.page(LogFilter.parse("component=C9"))]
    assert (capped.component, capped.tags, capped.code) == ("", (), "")
    assert capped.extra == {"component": "C9", "tags": ["t"], "code": "LOG512"}
    assert LogState(tmp_path).kinds <= 7


def test_half_a_surrogate_pair_is_kept_as_it_is_read(tmp_path: Path) -> None:
    """A text that UTF-8 has no word for comes back in escapes."""
    with Writer(tmp_path, thread=False) as writer:
        assert writer.append([LogRecordV1(time_us=1, level="INFO", message="a\ud800b", fields={"x": "\ud800"})]) == 1
    assert messages(tmp_path) == ["a\\ud800b"]


def test_a_record_that_cannot_be_stored_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with it: it is counted, and those before and after it are there."""

    def failing(*fields: Any) -> str:
        if "poison" in fields[0]:
            raise RecursionError
        return fields_text(*fields)

    monkeypatch.setattr("cornerman.store.logs.ingest.fields_text", failing)
    with Writer(tmp_path, thread=False) as writer:
        writer.append([line(0), LogRecordV1(time_us=1, level="INFO", message="", fields={"poison": 1}), line(2)])
    assert messages(tmp_path) == ["n=0", "n=2"]
    assert LogState(tmp_path).lost == {"unreadable": 1}
    assert list(log_problems(tmp_path)) == []


def test_a_store_whose_making_was_killed_is_made_by_the_next(tmp_path: Path) -> None:
    """The empty file that was left stands in nobody's way."""
    (tmp_path / "store.db").touch()
    open_writer(tmp_path).close()
    open_store(tmp_path).close()


def test_a_spool_that_somebody_removes_is_written_again(tmp_path: Path) -> None:
    """What was not in the database yet is in the next spool; nothing comes twice."""
    with Writer(tmp_path, thread=False) as writer:
        for number in range(3):
            writer.append([LogRecordV1(time_us=number, message=f"line {number}", level="INFO")])
            if number == 0:
                writer.ingest()
            spools(tmp_path)[0].unlink()
    found = [entry.record.message for entry in Logs(tmp_path).page(LogFilter.parse(""), limit=10)]
    assert sorted(found) == ["line 0", "line 1", "line 2"]
