"""`cornerman alerts`: what is wrong, by which rules, since when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cornerman.tui.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path, capsys: Capture) -> list[str]:
    """A store with one short run, as arguments."""
    chosen = ["--store", str(tmp_path / "store")]
    assert main(["record", "CartPole-v1", "--steps", "100", "--job", "a", *chosen]) == 0
    capsys.readouterr()
    return chosen


def test_what_is_wrong_is_shown_written_and_told_afterwards(store: list[str], capsys: Capture) -> None:
    """Exit code 1 while anything is; the history says when it began and ended."""
    assert main(["alerts", *store]) == 0
    assert main(["alerts", "add", "few", "episodes<1000"]) == 0
    assert main(["alerts", "show", "--json", *store]) == 1
    (alert,) = json.loads(capsys.readouterr().out)
    assert (alert["job"], alert["rule"], alert["code"]) == ("a", "few", "LOG1807")
    for named in ("few", "any"):
        assert main(["watch", "a", "--fail-on", named, *store]) == 4
    capsys.readouterr()
    assert main(["alerts", "forget", "few"]) == 0
    assert main(["alerts", *store]) == 0
    assert main(["alerts", "history", "a", "--json", *store]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["raised", "cleared"]


def test_built_in_rules_get_other_limits_and_can_be_off(capsys: Capture) -> None:
    assert main(["alerts", "limit", "disk", "24"]) == 0
    assert main(["alerts", "off", "stuck"]) == 0
    assert main(["alerts", "rules", "--json"]) == 0
    known = {one["word"]: one for one in json.loads(capsys.readouterr().out)["built_in"]}
    assert (known["disk"]["limit"], known["disk"]["default"], known["stuck"]["off"]) == (24, 12, True)
    assert main(["alerts", "forget", "stuck"]) == 0
    assert main(["alerts", "forget", "stuck"]) == 1
    assert main(["alerts", "limit", "dsik", "24"]) == 2
