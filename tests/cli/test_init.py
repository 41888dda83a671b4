"""`cornerman init producer`: what it writes runs, and passes its own test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from command_line import Cornerman

TICKS = {
    "id": "ticks",
    "version": "1.0.0",
    "type": "object",
    "properties": {"price": {"type": "number"}, "say": {"enum": ['it\'s \\ "so"', "é"]}},
    "required": ["price", "say"],
    "additionalProperties": False,
}


def test_a_begun_producer_passes_its_test_until_it_sends_something_else(cornerman: Cornerman, tmp_path: Path) -> None:
    """Texts that end a Python string included."""
    (tmp_path / "ticks.json").write_text(json.dumps(TICKS))
    cornerman.json("init", "producer", "ticks.json", "--out", "feed")
    producer = tmp_path / "feed" / "producer.py"
    assert own_test(producer).returncode == 0
    producer.write_text(producer.read_text().replace('"payload": record', '"payload": {"price": "two"}'))
    done = own_test(producer)
    assert done.returncode == 1
    assert "/price" in done.stdout


def own_test(producer: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(producer.parent)],
        capture_output=True, text=True, env={**os.environ, "PATH": path}, cwd=producer.parent, timeout=120,
    )  # fmt: skip


def test_what_is_there_is_not_written_over(cornerman: Cornerman, tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "producer.py").write_text("mine")
    (tmp_path / "ticks.json").write_text(json.dumps(TICKS))
    done = cornerman("init", "producer", "ticks.json", "--out", "feed")
    assert done.returncode == 2
    assert "has producer.py already" in done.stderr
    assert [file.name for file in (tmp_path / "feed").iterdir()] == ["producer.py"]
