"""`cornerman redact`, and that nothing hidden reaches the store by the bridge or an import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cornerman.tui.cli import main


def test_rules_are_added_shown_tried_and_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redact", "name", "wandb_*"]) == 0
    assert main(["redact", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"]["names"] == ["wandb_*"]
    assert main(["redact", "try", "wandb_id=abc"]) == 0
    assert capsys.readouterr().out == "wandb_id=***\n"
    assert main(["redact", "forget", "wandb_*"]) == 0
    assert main(["redact", "forget", "wandb_*"]) == 1
    assert main(["redact", "pattern", "["]) == 2


def test_imported_lines_have_no_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Message, raw line and fields; the filter `flag:redacted` finds the record."""
    log, store = tmp_path / "a.log", ["--store", str(tmp_path / "store")]
    log.write_text('{"msg": "hello", "level": "info", "api_key": "hunter2"}\nno secret\n')
    assert main(["import-logs", str(log), "--job", "a", *store]) == 0
    capsys.readouterr()
    assert main(["logs", "flag:redacted", "--json", *store]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "hunter2" not in line
    assert json.loads(line)["fields"]["api_key"] == "***"
