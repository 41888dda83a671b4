"""`cornerman fixtures make`: sample files that are what their manifest says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cornerman

SCHEMA = {
    "id": "ticks",
    "version": "1.0.0",
    "type": "object",
    "properties": {"price": {"type": "number", "minimum": 0}, "side": {"enum": ["B", "S"]}},
    "required": ["price"],
}


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    command = Cornerman(tmp_path / "store", tmp_path)
    (tmp_path / "ticks.json").write_text(json.dumps(SCHEMA))
    yield command
    command.stop()


def test_the_files_are_what_the_manifest_says(cornerman: Cornerman) -> None:
    made = cornerman.json("fixtures", "make", "ticks.json", "--out", "made", "--count", "30", "--seed", "4")
    folder = cornerman.folder / "made"
    assert json.loads((folder / "manifest.json").read_text()) == made
    assert set(made["files"]) == {"valid.jsonl", "mutated.jsonl"}
    for name, facts in made["files"].items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == facts["sha256"]
        assert len(content.splitlines()) == facts["records"] == 30
    broken = made["files"]["mutated.jsonl"]["breaks"]
    assert {each["rule"] for each in broken} == {"type", "minimum", "enum", "required"}


def test_import_agrees_with_them(cornerman: Cornerman) -> None:
    """The whole way: made, imported, all of the one accepted and none of the other."""
    cornerman.json("fixtures", "make", "ticks.json", "--out", "made", "--count", "25")
    assert cornerman.json("import", "made/valid.jsonl", "--schema", "ticks.json")["accepted"] == 25
    refused = cornerman("import", "made/mutated.jsonl", "--schema", "ticks.json", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["refused"]) == (1, 25)


def test_a_seed_makes_the_same_files(cornerman: Cornerman) -> None:
    one = cornerman.json("fixtures", "make", "ticks.json", "--out", "one", "--seed", "4")
    two = cornerman.json("fixtures", "make", "ticks.json", "--out", "two", "--seed", "4")
    other = cornerman.json("fixtures", "make", "ticks.json", "--out", "three", "--seed", "5")
    assert one == two != other
