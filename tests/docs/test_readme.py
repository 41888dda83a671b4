"""The code in the README runs, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_records_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    """The blocks in their order, in one program: the second prints the episodes that the first recorded."""
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert lines
    for seed, total_reward, shape in lines:
        assert (seed, shape) == ("1", f"({float(total_reward) + 1:.0f}, 4)")
