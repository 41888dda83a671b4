"""`cornerman enforce` and `cornerman quarantine`, as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cornerman.tui.cli import main

SCHEMA: dict[str, Any] = {"id": "slow", "version": "1.0.0", "properties": {"observation": {"items": {"maximum": 0.5}}}}


class Command:
    """The command in this process: a store of its own, what it printed, and its exit code."""

    def __init__(self, store: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.store, self.captured = store, captured

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--store", str(self.store)])
        said = self.captured.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def cornerman(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "store", capsys)


def test_a_schema_is_enforced_from_the_command_line(cornerman: Command, tmp_path: Path) -> None:
    """Registered, tried with `warn`, enforced, looked at, judged again, rolled back."""
    (tmp_path / "slow.json").write_text(json.dumps(SCHEMA))
    cornerman.json("schema", "add", str(tmp_path / "slow.json"))
    cornerman.json("enforce", "set", "slow", "warn")
    cornerman.json("record", "CartPole-v1", "--job", "cart", "--steps", "300", "--seed", "7")
    code, _, refusal = cornerman("enforce", "set", "slow", "enforce")
    assert code == 1
    assert "cart" in refusal
    assert "--force" in refusal
    cornerman.json("enforce", "set", "slow", "enforce", "--force", "--note", "known")
    cornerman.json("record", "CartPole-v1", "--job", "again", "--steps", "300", "--seed", "7")

    shown = cornerman.json("enforce", "show", "again")
    (judged,) = shown["judged"]
    assert judged["schema"] == "slow@1.0.0"
    assert judged["refused"] == judged["bad"] > 0
    assert {each["rule"] for each in shown["mismatches"]} == {"maximum"}
    listed = cornerman.json("quarantine", "list")
    assert listed["records"] == judged["refused"]
    assert listed["groups"][0]["path"] == "/observation/*"
    used = cornerman.json("schema", "diff", "slow", "slow")["used_by"]["streams"]
    assert {(each["job"], each["steps"]) for each in used} == {("cart", 300), ("again", 300)}
    (record,) = cornerman.json("quarantine", "show", "1")
    assert len(record["document"]["observation"]) == 4
    assert record["errors"][0]["rule"] == "maximum"
    assert len(cornerman("quarantine", "export")[1].splitlines()) == listed["records"]
    assert cornerman("quarantine", "retry")[0] == 1, "they are still refused"
    edit = ("quarantine", "edit", "--rule", "maximum", "set /observation/* 0")
    assert cornerman(*edit)[0] == 2, "nobody is there to ask"
    assert cornerman.json(*edit, "--dry-run")["previews"][0]["after"]["observation"] == [0, 0, 0, 0]
    accepted = cornerman.json(*edit, "--yes", "--note", "sensor")["accepted"]
    assert cornerman.json("quarantine", "show", str(accepted[0]))[0]["edits"][0]["note"] == "sensor"
    assert cornerman.json("verify")["sound"]
    listed = cornerman.json("quarantine", "list")
    assert listed["records"] == judged["refused"] - len(accepted)

    assert cornerman.json("quarantine", "discard", "--all")["discarded"] == listed["records"]
    assert cornerman("quarantine", "list")[0] == 0
    cornerman.json("enforce", "rollback")
    history = cornerman.json("enforce", "history")
    assert [event["action"] for event in history] == ["rollback", "set", "set"]
    assert history[1]["forced"]
    assert history[1]["note"] == "known"
    adopted = cornerman.json("enforce", "adoption", "slow")["slow"]
    assert adopted["checkpoint"]["met"]
    assert adopted["versions"][0]["runs"] == 2


def test_the_tables_are_readable_without_json(cornerman: Command) -> None:
    cornerman.json("enforce", "cohort", "canary", "--share", "10%")
    cornerman.json("enforce", "set", "*", "enforce", "--cohort", "canary")
    for verbs in (("enforce", "show"), ("enforce", "history"), ("enforce", "adoption"), ("quarantine", "list")):
        code, _, err = cornerman(*verbs)
        assert code == 0, err
    assert "canary: 0 runs" in cornerman("enforce", "show")[1]


def test_what_cannot_be_meant_is_refused_with_a_remedy(cornerman: Command) -> None:
    for verbs in (
        ("enforce",), ("enforce", "set", "absent", "warn"), ("enforce", "promote", "nobody"),
        ("enforce", "cohort", "c", "--share", "much"), ("quarantine",), ("quarantine", "discard"),
    ):  # fmt: skip
        code, _, err = cornerman(*verbs)
        assert code in (1, 2, 3), verbs
        assert 0 < err.count("\n") <= 3
