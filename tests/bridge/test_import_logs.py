"""`cornerman import-logs`: files of any program, merged by time, nothing twice, nothing thrown away."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from command_line import Cornerman

from cornerman.adapters.bridge.log_import import import_logs
from cornerman.core.errors import InvalidOption
from cornerman.core.log_lines import original
from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.api import open_store


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    command = Cornerman(tmp_path / "store", tmp_path)
    yield command
    command.stop()


def records(cornerman: Cornerman, chosen: str = "-source:emitted") -> list[LogRecordV1]:
    return stored(cornerman.store, chosen)


def write(cornerman: Cornerman, name: str, content: bytes | str) -> str:
    data = content.encode() if isinstance(content, str) else content
    (cornerman.folder / name).write_bytes(data)
    return name


PLAIN = "".join(f"2026-11-26 07:00:{second:02},250 INFO a.b: line {second}\n" for second in range(0, 60, 2))


def test_files_of_several_formats_are_merged_by_time(cornerman: Cornerman) -> None:
    """Each in its order, together by their times; what each is, is counted."""
    write(cornerman, "plain.log", PLAIN)
    odd = "".join(
        json.dumps({"level": "info", "time": f"2026-11-26T07:00:{second:02}", "msg": f"line {second}"}) + "\n"
        for second in range(1, 60, 2)
    )
    write(cornerman, "odd.json", odd)
    done = cornerman.json("import-logs", "plain.log", "odd.json")
    assert done["formats"] == {"time_stamped": 30, "json_line": 30}
    assert [record.message for record in records(cornerman)] == [f"line {second}" for second in range(60)]


def test_an_import_can_be_taken_back(cornerman: Cornerman) -> None:
    """By its job: its lines go, no others, and the same file comes again when it is asked for."""
    write(cornerman, "wrong.log", PLAIN)
    write(cornerman, "other.log", "2026-11-26 07:00:00,250 INFO a.b: other\n")
    cornerman.json("import-logs", "wrong.log", "--job", "wrong")
    cornerman.json("import-logs", "other.log", "--job", "other")
    assert "30 log lines" in cornerman("delete", "wrong", "--dry-run").stdout
    cornerman.json("delete", "wrong", "--yes")
    assert [record.message for record in records(cornerman)] == ["other"]
    assert cornerman.json("import-logs", "wrong.log", "--job", "again")["records"] == 30


def test_the_same_lines_never_come_twice(cornerman: Cornerman) -> None:
    """Whatever the file is called by then; one that has grown adds what is new, packed or not."""
    write(cornerman, "a.log", PLAIN)
    assert cornerman.json("import-logs", "a.log")["records"] == 30
    assert cornerman.json("import-logs", "a.log")["records"] == 0
    write(cornerman, "a.log.1", PLAIN + "not timed\n2026-11-26 07:01:00,250 INFO a.b: late\n")
    assert cornerman.json("import-logs", "a.log.1")["records"] == 2
    (cornerman.folder / "a.log.gz").write_bytes(gzip.compress((cornerman.folder / "a.log.1").read_bytes()))
    again = cornerman.json("import-logs", "a.log.gz")
    assert (again["records"], again["files"][0]["before"]) == (0, 32)
    found = records(cornerman)
    assert len(found) == 32
    assert found[-2].time_us == found[-3].time_us, "a line without a time has that of the line before"


def test_another_file_that_begins_alike_is_another_file(cornerman: Cornerman) -> None:
    """The first line only says where to look; the checksum decides."""
    write(cornerman, "a.log", "begin\n" + PLAIN)
    write(cornerman, "b.log", "begin\n" + PLAIN.replace("line", "row"))
    assert [cornerman.json("import-logs", name)["records"] for name in ("a.log", "b.log", "b.log")] == [31, 31, 0]


def test_packed_files_are_unpacked(cornerman: Cornerman) -> None:
    """gzip and zstd, by what is in them."""
    write(cornerman, "a", gzip.compress(b"INFO:x:one\n"))
    write(cornerman, "b", zstandard.compress(b"INFO:x:two\n"))
    assert cornerman.json("import-logs", "a", "b")["formats"] == {"bare_level": 2}


def test_standard_input_is_read(cornerman: Cornerman) -> None:
    """With `-`; the same again adds nothing."""
    command = [sys.executable, "-m", "cornerman", "import-logs", "-", "--json"]
    counts = []
    for _ in range(2):
        done = subprocess.run(command, input=PLAIN.encode(), capture_output=True, env=cornerman.environment())
        counts.append(json.loads(done.stdout)["records"])
    assert counts == [30, 0]


def test_the_journals_export_format(cornerman: Cornerman) -> None:
    """Entries of fields, of which some are binary and come with their length."""
    text = b"two\nlines"
    entry = b"__CURSOR=x\n__REALTIME_TIMESTAMP=1795676611000000\nPRIORITY=3\nMESSAGE\n" + struct.pack("<Q", len(text))
    entry += text + b"\n_PID=42\nSYSLOG_IDENTIFIER=trainer\n_HOSTNAME=h\n\n"
    write(cornerman, "journal", entry + entry.replace(b"1795676611", b"1795676612"))
    assert cornerman.json("import-logs", "journal")["formats"] == {"journald_export": 2}
    first, second = records(cornerman)
    assert (first.message, first.level, first.pid, first.logger) == ("two\nlines", "ERROR", 42, "trainer")
    assert second.time_us - first.time_us == 1_000_000
    assert original(first) == entry.rstrip(b"\n")


def test_what_cannot_be_read_is_kept_as_it_is(cornerman: Cornerman) -> None:
    """Binary, a line of five mebibytes, a broken JSON object, no newline at the end."""
    write(cornerman, "mess", b"\xff\xfe\x00\n" + b"x" * (5 << 20) + b'\n{"broken": \nlast')
    assert cornerman.json("import-logs", "mess")["formats"] == {"raw": 4}
    binary, long, broken, last = records(cornerman)
    assert [original(record) for record in (binary, broken, last)] == [b"\xff\xfe\x00", b'{"broken": ', b"last"]
    assert (len(original(long)), long.extra) == (1 << 20, {"cut_bytes": 4 << 20})


def test_lines_can_be_given_to_a_job_or_a_run(cornerman: Cornerman) -> None:
    """To a job, which then has them under an id of its own; or to a run of the store, which must be there."""
    write(cornerman, "a.log", PLAIN)
    run_id = cornerman.json("import-logs", "a.log", "--job", "old")["run_id"]
    assert {record.run_id for record in records(cornerman, "job:old")} == {run_id}
    assert cornerman("import-logs", "a.log", "--run", "nothing").returncode == 1


def test_times_without_a_year_are_of_the_year_that_is_said(cornerman: Cornerman) -> None:
    """glog writes none."""
    write(cornerman, "glog", "I1126 07:03:31.250000  42 a.cc:17] it went\n")
    cornerman.json("import-logs", "glog", "--since-year", "2019")
    (record,) = records(cornerman)
    assert 1_574_000_000 < record.time_us / 1e6 < 1_575_000_000


def test_one_format_can_be_insisted_on(cornerman: Cornerman) -> None:
    """What is of another is kept as raw."""
    write(cornerman, "mixed", 'level=info msg="a"\nINFO:x:b\n')
    assert cornerman.json("import-logs", "mixed", "--format", "logfmt")["formats"] == {"logfmt": 1, "raw": 1}


def test_a_file_that_is_not_there(cornerman: Cornerman) -> None:
    """Is said, before anything is read."""
    write(cornerman, "a.log", PLAIN)
    done = cornerman("import-logs", "a.log", "missing.log")
    assert done.returncode == 2
    assert "missing.log cannot be read" in done.stderr


def test_a_file_that_is_no_text_is_refused(cornerman: Cornerman) -> None:
    """A checkpoint among the files of a `*` makes no lines, unless it is said that it is text."""
    name = write(cornerman, "model.pt", b"PK\x03\x04" + bytes(range(40)) * 3 + bytes(60))
    done = cornerman("import-logs", name)
    assert (done.returncode, "--format text" in done.stderr) == (2, True)
    assert cornerman("import-logs", name, "--format", "text").returncode == 0


def test_a_packed_file_that_was_cut_off_is_said(cornerman: Cornerman) -> None:
    """With what can still be made of it."""
    name = write(cornerman, "cut.log.gz", gzip.compress(PLAIN.encode())[:60])
    done = cornerman("import-logs", name)
    assert (done.returncode, "zcat cut.log.gz" in done.stderr) == (2, True)


ZSTD = zstandard.compress(PLAIN.encode() * 50)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PLAIN.encode("utf-16"), "iconv -f UTF-16"),
        (ZSTD[: len(ZSTD) // 2], "zstdcat odd"),
        (ZSTD[:60] + b"\0\0" + ZSTD[62:], "zstdcat odd"),
        (gzip.compress(gzip.compress(PLAIN.encode() * 9)), "holds no lines of text"),
        (gzip.compress(PLAIN.encode()) + b"and more", "zcat odd"),
        (None, "odd is a folder"),
    ],
    ids=["utf-16", "zstd cut off", "zstd damaged", "packed twice", "gzip and more", "folder"],
)
def test_what_is_no_log_file_is_refused_with_what_to_do(tmp_path: Path, content: bytes | None, said: str) -> None:
    """And nothing of it is in the store."""
    odd = tmp_path / "odd"
    odd.mkdir() if content is None else odd.write_bytes(content)
    with pytest.raises(InvalidOption) as refused:
        import_logs(tmp_path / "store", [odd])
    assert said in f"{refused.value.what} {refused.value.remedy}".replace(f"{tmp_path}/", "")
    assert not (tmp_path / "store").exists() or stored(tmp_path / "store") == []


def test_what_came_by_a_pipe_is_all_there(tmp_path: Path) -> None:
    """Also where it begins like files that were imported before, and then differs from each of them."""
    for name, content in {"a": PLAIN + "a\n", "b": PLAIN + "bbb\n" * 9, "c": PLAIN[:400]}.items():
        (tmp_path / name).write_text(content)
        import_logs(tmp_path / "store", [tmp_path / name])
    before = len(stored(tmp_path / "store"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    feeder = threading.Thread(target=pipe.write_text, args=(PLAIN + "another\n",))
    feeder.start()
    done = import_logs(tmp_path / "store", [pipe])
    feeder.join()
    assert len(stored(tmp_path / "store")) - before == done.records > 0
    assert stored(tmp_path / "store")[-1].message == "another"


def test_the_same_file_twice_in_one_command_comes_once(tmp_path: Path) -> None:
    """By name, by a link, as a copy, and as what it was before it grew; those are named."""
    (tmp_path / "a").write_text(PLAIN + "more\n")
    (tmp_path / "b").write_text(PLAIN)
    (tmp_path / "c").symlink_to("a")
    done = import_logs(tmp_path / "store", [tmp_path / name for name in ("b", "a", "c", "a")])
    assert (done.records, [Path(file.same_as).name for file in done.files]) == (31, ["", "a", "a", "a"])


def test_odd_lines_are_kept(tmp_path: Path) -> None:
    """A byte order mark, NUL, two encodings, carriage returns, times that no calendar has, a line of 40 MB."""
    times = [b'{"time": 1e300, "msg": "x"}\n', b'{"time": -1e18, "msg": "x"}\n', b"0001-01-01 00:00:00,000 INFO a: b\n"]
    odd = [b"2026-02-30 01:00:00,000 INFO z: feb\n", b"Stra\xdfe\nStra\xc3\x9fe\na\0b\n", b"x" * (40 << 20) + b"\n"]
    crlf = b"2999-01-01 00:00:00,000 INFO a: future\r\n"
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf" + PLAIN.encode() + b"".join((*times, *odd, crlf)))
    done = import_logs(tmp_path / "store", [tmp_path / "a"])
    assert done.formats["time_stamped"] >= 31
    found = stored(tmp_path / "store")
    assert [record.message for record in found[-4:-2]] == ["Straße", "a\0b"]
    assert (found[0].message, found[-1].message) == ("line 0", "future")


def stored(store: Path, chosen: str = "-source:emitted") -> list[LogRecordV1]:
    with open_store(store) as opened:
        return [entry.record for entry in opened.logs.page(LogFilter.parse(chosen), limit=100_000)]
