"""Names that become paths stay inside their folder; one hash stands for all inputs."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.run_inputs import Input, Inputs, inputs_hash, safe_name

HOSTILE = [
    "../../etc",
    "",
    ".",
    "..",
    "/",
    "x" * 300,
    "a\0b",
    "a/b",
    "~",
    "-rf",
    "\ud800",
    "ä" * 200,
    ".hidden",
    "a\nb",
    "%",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_one_folder_inside_its_parent(tmp_path: Path, text: str) -> None:
    name = safe_name(text)
    (tmp_path / name).mkdir()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert not name.startswith(".")


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=50)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)
    assert len(safe_name(one).encode()) <= 120
    assert set(safe_name(one)).isdisjoint("/\0\\ \n:*?\"'<>|&;$`")


def test_harmless_names_can_be_read() -> None:
    assert safe_name("ppo-CartPole_v1.seed=3") == "ppo-CartPole_v1.seed=3"
    assert safe_name("run one") == "run%20one"


def test_the_hash_is_the_one_that_coreutils_make(tmp_path: Path) -> None:
    """Nobody needs Cornerman to check it; the names of the inputs, their order and their origin do not matter."""
    found = [Input("script", "train.py", b"print()\n"), Input("b", "b.yaml", b"x: 1\n"), Input("a", "a.yaml", b"")]
    inputs = Inputs(found)
    (tmp_path / "inputs").mkdir()
    for place, content in inputs.files.items():
        (tmp_path / place).write_bytes(content)
    command = "LC_ALL=C; export LC_ALL; sha256sum inputs/* | sha256sum"
    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == inputs.hash == Inputs(reversed(found)).hash


def test_inputs_of_one_name_are_kept_apart() -> None:
    inputs = Inputs([Input("config", "c.yaml", b"1"), Input("config", "c.yaml", b"2"), Input("x", "c.yaml", b"3")])
    assert inputs.places == {"config": "inputs/c.yaml", "config-2": "inputs/c-2.yaml", "x": "inputs/c-3.yaml"}
    assert [inputs.files[place] for place in inputs.places.values()] == [b"1", b"2", b"3"]
    assert inputs.digests["inputs/c-2.yaml"] == hashlib.sha256(b"2").hexdigest()


def test_without_inputs_there_is_no_hash() -> None:
    assert Inputs().hash == inputs_hash({}) == ""
