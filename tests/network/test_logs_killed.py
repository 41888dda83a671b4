"""A program that says lines into a store on a network dies anywhere: every node has each line once all the same."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster import Nodes

import cornerman
from cornerman.core.logs import LogFilter

CHILD = Path(__file__).with_name("killed_lines.py")


@pytest.mark.soak
@pytest.mark.parametrize("turn", range(20))
def test_twenty_kills_lose_and_double_no_line(nodes: Nodes, monkeypatch: pytest.MonkeyPatch, turn: int) -> None:
    """At any moment, twice one after the other, while another node reads."""
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "0.05")
    said = 0
    for _ in range(2):
        nodes.on("writer")
        said += killed(nodes, "random", 0.7 + random.Random(turn).random())
        assert len(read(nodes, "reader")) <= said
    everywhere(nodes, said)


@pytest.mark.soak
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "point", ["write:1", "write:2", "write:5", "flush:1", "flush:3", "cursor:2", "sync:1", "sync:2"]
)
def test_a_kill_at_each_step_of_the_copier(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, point: str, when: str
) -> None:
    """Rows in the file and no cursor, half a row, a file without rows."""
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "0.05")
    everywhere(nodes, killed(nodes, f"{point}:{when}"))


def killed(nodes: Nodes, point: str, seconds: float = 0) -> int:
    """How many lines a program was promised before it died."""
    command = [sys.executable, str(CHILD), str(nodes.store), point]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [child.stdout.readline()]
        if point == "random":
            time.sleep(seconds)
            child.kill()
        said += child.stdout.readlines()
    assert child.returncode == -9
    return len([line for line in said if line])


def everywhere(nodes: Nodes, said: int) -> None:
    """The lines that were promised, and at most one more of each program, are on all nodes; each once, in order."""
    there: dict[str, list[str]] = {}
    for node in ("writer", "reader", "late"):
        there[node] = read(nodes, node)
        with cornerman.open_store(nodes.store) as store:
            assert [str(finding) for finding in store.verify()] == []
    assert there["reader"] == there["late"] == there["writer"]
    assert said <= len(there["writer"]) <= said + 2
    programs = " ".join(there["writer"]).split("n=0")
    for part in programs[1:]:
        assert part.split() == [f"n={number}" for number in range(1, len(part.split()) + 1)]


def read(nodes: Nodes, node: str) -> list[str]:
    nodes.on(node)
    with cornerman.open_store(nodes.store) as store:
        entries = store.logs.page(LogFilter.parse('"n="'), limit=10**6)
        return [entry.record.message for entry in entries]
