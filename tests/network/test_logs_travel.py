"""What programs of one node said is read on all nodes of a store on a network: once, in order, while it comes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from cluster import Nodes, eventually, recorded

import cornerman
from cornerman.core.logs import LogFilter
from cornerman.core.logs.port import Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.run_command import RunCommand
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_SQLITE_DISK_FAILED
from cornerman.store import commands
from cornerman.store.api import make_store
from cornerman.store.copies import read_rows
from cornerman.store.liveness import Process
from cornerman.store.logs import block, open_writer
from cornerman.store.logs.copier import LogCopier
from cornerman.store.logs.replica import LogReplica
from cornerman.store.network import place_of

EVERYTHING = LogFilter()


def line(number: int, run: str = "RUN") -> LogRecordV1:
    return LogRecordV1(
        time_us=1_790_000_000_000_000 + number, level="INFO", message=f"line {number}", run_id=run, component="Worker",
        fields={"loss": number / 4}, step=number, output="stdout", raw=f"raw {number}",
    )  # fmt: skip


def write(nodes: Nodes, numbers: Iterable[int], run: str = "RUN") -> None:
    """As a program does that says something and ends."""
    with open_writer(nodes.store) as writer:
        writer.belongs(run, "mine")
        writer.append([line(number, run) for number in numbers])


def read(nodes: Nodes, node: str, text: str = "") -> list[LogRecordV1]:
    nodes.on(node)
    with cornerman.open_store(nodes.store) as store:
        return [entry.record for entry in store.logs.page(LogFilter.parse(text), limit=100_000)]


def sound(nodes: Nodes, node: str) -> bool:
    nodes.on(node)
    with cornerman.open_store(nodes.store) as store:
        return [str(finding) for finding in store.verify()] == []


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are full with sixteen records, so that few of them are sealed ones."""
    monkeypatch.setattr(block, "RECORDS", 16)


def test_another_node_reads_the_same_lines(nodes: Nodes) -> None:
    """Records, facets, jobs, search, SQL; nothing else than copies is on the network."""
    write(nodes, range(100))
    here = read(nodes, "writer")
    assert read(nodes, "reader") == here == [line(number) for number in range(100)]
    with cornerman.open_store(nodes.store) as store:
        assert store.logs.facets(LogFilter.parse("level:INFO")).values["job"][0].count == 100
        assert [found.entries[0].record.step for found in store.logs.search(LogFilter.parse("loss=3.25"))] == [13]
        assert store.sql("select count(*) from log where run = 'RUN'").fetchall() == [(100,)]
    assert {path.suffix for path in nodes.store.rglob("*") if path.is_file()} == {".logs"}
    assert sound(nodes, "reader")


def test_lines_are_followed_while_they_come(nodes: Nodes) -> None:
    """Within seconds, without closing or opening anything, each once."""
    with open_writer(nodes.store) as writer:
        writer.append([line(0)])
        nodes.on("reader")
        eventually(lambda: bool(list(nodes.store.rglob("*.logs"))))
        with cornerman.open_store(nodes.store) as store:
            last, seen = 0, []
            for number in range(1, 4):
                writer.append([line(number)])

                def come(upto: int = number) -> bool:
                    nonlocal last
                    for entry in store.logs.page(EVERYTHING, after=last):
                        seen.append(entry.record.step)
                        last = entry.id
                    return seen == list(range(upto + 1))

                eventually(come, 20)


@pytest.mark.usefixtures("small")
def test_sealed_and_open_blocks_of_two_nodes_and_our_own_are_one_log(nodes: Nodes) -> None:
    """Each node has all lines once, those of each in order; what came is not carried on."""
    for turn in range(3):
        for number, node in enumerate(("writer", "other", "third")):
            nodes.on(node)
            first = 1000 * number + 100 * turn
            write(nodes, range(first, first + 40 + 7 * number), run=node)
            read(nodes, node)
    expected = {line(number).message for node in range(3) for turn in range(3) for number in
                range(1000 * node + 100 * turn, 1000 * node + 100 * turn + 40 + 7 * node)}  # fmt: skip
    for node in ("writer", "other", "third", "late"):
        found = read(nodes, node)
        assert len(found) == len(expected)
        assert {record.message for record in found} == expected
        for run in ("writer", "other", "third"):
            steps = [record.step for record in found if record.run_id == run]
            assert steps == sorted(steps, key=lambda step: step or 0)
        assert sound(nodes, node)
    folders = list((nodes.store / "copies").iterdir())
    assert len(folders) == 3
    assert all(len(list(folder.iterdir())) == 1 for folder in folders), "programs go on in the file of their node"


class Killed(BaseException):
    """The process is no more."""


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("where", ["before the rows", "torn", "before the cursor", "after it"])
def test_a_copier_killed_anywhere_loses_and_doubles_nothing(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What was not carried, the next one carries; what came twice is read once."""
    write(nodes, range(30))
    assert len(read(nodes, "reader")) == 30
    nodes.on("writer")
    with monkeypatch.context() as patched:
        kill_at(patched, where)
        with pytest.raises(Killed):
            write(nodes, range(30, 75))
    write(nodes, range(75, 80))
    for node in ("reader", "late"):
        assert [record.step for record in read(nodes, node)] == list(range(80))
        assert sound(nodes, node)


def kill_at(patched: pytest.MonkeyPatch, where: str) -> None:
    from cornerman.store import copies
    from cornerman.store.logs import copier

    flush = copies.CopyFiles.flush
    carried = copier._Round._flush

    def before(self: Any) -> None:
        raise Killed

    def torn(self: Any) -> None:
        data = b"".join(self._buffer)
        self._buffer = [data[: len(data) - 5]]
        flush(self)
        raise Killed

    def between(self: Any) -> None:
        flush(self)
        raise Killed

    def after(self: Any) -> None:
        carried(self)
        raise Killed

    if where == "after it":
        patched.setattr(copier._Round, "_flush", after)
    else:
        patched.setattr(copies.CopyFiles, "flush", {"before the rows": before, "torn": torn}.get(where, between))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("where", ["_apply", "_next", "_kind", "_known"])
def test_a_reader_killed_anywhere_loses_and_doubles_nothing(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A file's place moves with its records."""
    from cornerman.store.logs import replica

    write(nodes, range(50))
    nodes.on("reader")
    with monkeypatch.context() as patched:
        calls, real = [0], getattr(replica._Bringing, where)

        def dies(*args: Any) -> Any:
            calls[0] += 1
            if calls[0] == 3:
                raise Killed
            return real(*args)

        patched.setattr(replica._Bringing, where, dies)
        with pytest.raises(Killed):
            refreshed(nodes, 3)
    assert [record.step for record in read(nodes, "reader")] == list(range(50))
    assert sound(nodes, "reader")


def refreshed(nodes: Nodes, times: int) -> None:
    for _ in range(times):
        LogReplica(place_of(nodes.store)).refresh()


@pytest.mark.usefixtures("small")
def test_files_that_come_twice_change_nothing(nodes: Nodes) -> None:
    """The same rows in the next file, and in another of a number that was read already."""
    write(nodes, range(50))
    assert len(read(nodes, "reader")) == 50
    (path,) = nodes.store.rglob("*.logs/*.logs")
    shutil.copy(path, path.with_name("000002.logs"))
    nodes.on("writer")
    write(nodes, range(50, 60))
    for node in ("reader", "late"):
        assert [record.step for record in read(nodes, node)] == list(range(60))


def test_a_deleted_run_takes_its_lines_from_every_node(nodes: Nodes) -> None:
    """And from those that come later; a run that was deleted where it was only read goes from that node alone."""
    write(nodes, range(10), run="GONE")
    write(nodes, range(10, 20), run="KEPT")
    for node in ("reader", "other"):
        assert len(read(nodes, node)) == 20
    delete(nodes, "other", "KEPT")
    delete(nodes, "writer", "GONE")
    nodes.on("writer")
    write(nodes, range(20, 25), run="KEPT")
    steps = {"reader": list(range(10, 25)), "late": list(range(10, 25)), "other": [], "writer": list(range(10, 25))}
    for node, expected in steps.items():
        assert [record.step for record in read(nodes, node)] == expected, node
        assert sound(nodes, node)


def delete(nodes: Nodes, node: str, run: str) -> None:
    nodes.on(node)
    with cornerman.open_store(nodes.store) as store:
        from cornerman.store.delete import delete_run

        class OnlyLines:
            run_id, job, created_us = run, "mine", 0

            def streams(self) -> list[Any]:
                return []

        delete_run(store, OnlyLines())  # type: ignore[arg-type]
    cornerman.open_store(nodes.store).close()


@pytest.mark.usefixtures("small")
def test_what_retention_took_goes_from_every_node_and_from_the_network(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other node's own lines stay; files of which nothing is left are removed."""
    from cornerman.store.logs.removal import prune_logs

    nodes.on("reader")
    write(nodes, range(-20, -10), run="reader")
    nodes.on("writer")
    monkeypatch.setattr("cornerman.store.copies.ROTATE_BYTES", 4000)
    for first in range(0, 320, 32):
        write(nodes, range(first, first + 32))
    assert len(read(nodes, "reader")) == 330
    files = len(list(nodes.store.rglob("*.logs/*.logs")))
    nodes.on("writer")
    prune_logs(place_of(nodes.store).local, older_than_us=line(200).time_us)
    left = [record.step for record in read(nodes, "writer", "run:RUN")]
    assert left[0] in range(180, 201)
    for node in ("reader", "late"):
        assert [record.step for record in read(nodes, node, "run:RUN")] == left
        assert len(read(nodes, node, "run:reader")) == 10
        assert sound(nodes, node)
    assert len(list(nodes.store.rglob("*.logs/*.logs"))) < files


def test_lines_in_a_damaged_file_are_missed_and_said(nodes: Nodes) -> None:
    """A row in the middle that does not decode: what the next file has is read all the same."""
    write(nodes, range(10))
    assert len(read(nodes, "reader")) == 10
    nodes.on("writer")
    write(nodes, range(10, 20))
    (path,) = nodes.store.rglob("*.logs/*.logs")
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data[:-1])
    write(nodes, range(20, 30))
    assert [record.step for record in read(nodes, "reader")] == [*range(10), *range(20, 30)]
    with cornerman.open_store(nodes.store) as store:
        assert any("10 of its lines" in notice for notice in store.notices)
        assert any("10 of its lines" in str(finding) for finding in store.verify())


def test_the_outcome_and_the_samples_of_a_command_travel(nodes: Nodes) -> None:
    """How it ended, what it used, its manifest; while it runs it lives on the other node too."""
    make_store(nodes.store).close()
    local = nodes.local()
    process = Process(local)
    command = RunCommand(run_id="RUN", job="mine", command=("train",), process=process.name, started_us=1)
    with open_writer(nodes.store) as writer:
        commands.keep(local, command)
        writer.sample("RUN", Sample(5, {"cpu_percent": 80.0}))
        writer.append([line(1)])
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert store.run("RUN").summary().state == "live"
        assert store.logs.samples("RUN") == [Sample(5, {"cpu_percent": 80.0})]
        commands.keep(local, replace(command, ended_us=9, exit_code=3))
        process.leave()
        nodes.on("writer")
        LogCopier(place_of(nodes.store)).close()
        nodes.on("reader")
        eventually(lambda: store.run("RUN").summary().state == "failed")
        ended = store.run("RUN").command
        assert ended is not None
        assert ended.exit_code == 3
    rows = [row["kind"] for path in nodes.store.rglob("*.logs/*.logs") for row, _ in read_rows(path)]
    assert rows.count("command") == 2
    assert rows.count("samples") == 1


def test_how_far_the_lines_were_copied_is_said(nodes: Nodes) -> None:
    """On the node that said them, and on the one that reads them."""
    write(nodes, range(3))
    with cornerman.open_store(nodes.store) as store:
        assert any("From this node: log lines copied up to" in notice for notice in store.notices)
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert any("log lines copied up to" in notice and "From " in notice for notice in store.notices)


def test_lines_are_not_copied_beyond_the_budget(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stay in the database of their node, and the notices say why."""
    other = nodes.store / "copies" / "elsewhere-process"
    other.mkdir(parents=True)
    (other / "000001.rows").write_bytes(bytes(8 << 20))
    monkeypatch.setenv("CORNERMAN_STORAGE_MAX_STORE_BYTES", str(4 << 20))
    write(nodes, range(3))
    assert not list(nodes.store.rglob("*.logs"))
    assert len(read(nodes, "writer")) == 3
    with cornerman.open_store(nodes.store) as store:
        assert any("max_store_bytes" in notice for notice in store.notices)


def test_what_the_recorder_says_in_a_training_is_read_elsewhere(nodes: Nodes) -> None:
    """While it trains, though no program has opened its store."""
    env = recorded(nodes, 10)
    log(LOG_SQLITE_DISK_FAILED, store=str(nodes.local()), reason="said in the training")
    nodes.on("reader")
    eventually(lambda: bool(list(nodes.store.rglob("*.logs"))))
    eventually(lambda: len(read(nodes, "reader", f"code:{LOG_SQLITE_DISK_FAILED.code}")) == 1)
    env.close()


def test_how_a_script_ended_is_known_elsewhere(nodes: Nodes) -> None:
    """Without `cornerman run`: the exception is the word of its run on every node."""
    script = (
        "import sys, gymnasium, cornerman\nenv = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1])\n"
    )
    ending = "env.reset(seed=1); env.step(0)\nraise ValueError('no')\n"
    subprocess.run([sys.executable, "-c", script + ending, str(nodes.store)], capture_output=True, check=False)
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        summary = store.run("latest").summary()
    assert (summary.state, summary.command and summary.command.ended) == (
        "failed",
        "exited with code 1: ValueError: no",
    )
