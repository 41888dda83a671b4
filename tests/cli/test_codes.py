"""`cornerman codes`: what a code means, which are unknown, and how one becomes known."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from command_line import Cornerman

from cornerman.tui.cli import main

REGISTER = ("codes", "register", "LOG2001", "--component", "Rollout/PPO", "--message", "a rollout was collected")


def test_the_list_is_filtered_by_component_level_tag_and_source(cornerman: Cornerman) -> None:
    """As JSON it is a list of documents of the registered schema."""
    found = json.loads(cornerman("codes", "list", "--component", "Worker/Policy", "--level", "ERROR", "--json").stdout)
    assert [one["code"] for one in found] == ["LOG911", "LOG920"]
    assert {one["schema"] for one in found} == {"cornerman.log_constant@1.0.0"}
    tagged = json.loads(cornerman("codes", "list", "--tag", "loss", "--source", "emitted", "--json").stdout)
    assert "LOG1110" in [one["code"] for one in tagged]


def test_a_code_is_explained_with_the_place_that_says_it(cornerman: Cornerman) -> None:
    """File and line in our own source, and the fields that stand there; a worker's code has none."""
    shown = json.loads(cornerman("codes", "show", "1208", "--json").stdout)
    assert shown["message"] == "a run was deleted"
    assert [(place["file"], place["fields"]) for place in shown["said_at"]] == [
        ("cornerman/store/api.py", ["run", "bytes"])
    ]
    known = json.loads(cornerman("codes", "show", "LOG512", "--json").stdout)
    assert (known["source"], known["said_at"]) == ("known", [])
    assert cornerman("codes", "show", "LOG9999").returncode == 1


def test_the_catalogue_is_sound(cornerman: Cornerman) -> None:
    """What CI asks."""
    answer = cornerman("codes", "check")
    assert (answer.returncode, answer.stdout) == (0, "")


def test_unknown_codes_of_a_worker_are_found_and_registered(cornerman: Cornerman, tmp_path: Path) -> None:
    """In its logs, packed or not, and in its source, with the first place; from then on they are known."""
    logs = tmp_path / "worker"
    logs.mkdir()
    (logs / "a.log").write_text("LOG512 | steps\n2026-11-26 INFO x: LOG2001 | rollout\nLOG10(x) is no code\n")
    with gzip.open(logs / "b.log.gz", "wb") as packed:
        packed.write(b'{"log_code": "LOG2001"}\n')
    (logs / "worker.py").write_text("CODE = 'LOG2002'\n")
    answer = cornerman("codes", "check", str(logs), "--json")
    assert answer.returncode == 1
    unknown = json.loads(answer.stdout)["unknown"]
    assert [(one["code"], one["times"], one["line"]) for one in unknown] == [("LOG2001", 2, 2), ("LOG2002", 1, 1)]
    assert cornerman(*REGISTER).returncode == 0
    again = json.loads(cornerman("codes", "check", str(logs), "--json").stdout)
    assert [one["code"] for one in again["unknown"]] == ["LOG2002"]


def test_what_is_registered_can_be_forgotten(cornerman: Cornerman) -> None:
    """And is listed as the user's own meanwhile; a code that is taken is refused as typed wrongly."""
    cornerman(*REGISTER)
    assert "LOG2001" in cornerman("codes", "list", "--source", "registered").stdout
    taken = cornerman("codes", "register", "LOG512", "--component", "Mine", "--message", "something else")
    assert (taken.returncode, "already means" in taken.stderr) == (2, True)
    assert cornerman("codes", "forget", "LOG2001").returncode == 0
    assert cornerman("codes", "forget", "LOG2001").returncode == 1


def test_a_logger_is_given_to_a_component(cornerman: Cornerman) -> None:
    """It stands beside the component, which exists from then on."""
    assert cornerman("codes", "logger", "torchrl.collectors", "Collector").returncode == 0
    found = {one["name"]: one for one in json.loads(cornerman("codes", "components", "--json").stdout)}
    assert found["Collector"]["loggers"] == ["torchrl.collectors"]
    assert cornerman("codes", "logger", "torchrl.collectors", "--forget").returncode == 0
    assert cornerman("codes", "logger", "torchrl.collectors").returncode == 2


def test_programs_log_as_the_settings_say(cornerman: Cornerman) -> None:
    """Warnings only, unless a level or a component's level asks for more; as JSON for other programs."""
    record = ("record", "CartPole-v1", "--steps", "200")
    assert "LOG1103" not in cornerman(*record).stderr
    answer = cornerman(*record, CORNERMAN_LOG_LEVELS="Recorder=INFO", CORNERMAN_LOG_RENDER="json")
    lines = [json.loads(line) for line in answer.stderr.splitlines() if line.startswith("{")]
    assert [line["code"] for line in lines] == ["LOG1103", "LOG1104"]
    assert all(line["run"] and line["pid"] for line in lines)


def test_a_misspelt_component_is_said_and_harmless(cornerman: Cornerman) -> None:
    """The program goes on with the other settings."""
    answer = cornerman("config", CORNERMAN_LOG_LEVELS="Recrder=DEBUG")
    assert answer.returncode == 0
    assert "Recorder?" in answer.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--component", "Wurker"], "Did you mean Worker"),
        (["--component", "Worker/Polisy"], "Did you mean Policy"),
        (["--tag", "nosuch", "--json"], "There is no tag 'nosuch'"),
    ],
)
def test_a_word_that_no_code_has_is_not_an_empty_list(
    asked: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["codes", "list", *asked]) == 1
    printed = capsys.readouterr()
    assert (printed.out, said in printed.err) == ("", True)


def test_what_was_logged_and_nobody_registered_is_listed(cornerman: Cornerman, tmp_path: Path) -> None:
    """Codes and loggers with their counts, until somebody says what they are."""
    (tmp_path / "a.log").write_text("LOG2001 | rollout\nINFO:lab.loader:ready\nINFO:lab.loader:done\n")
    assert cornerman("import-logs", str(tmp_path / "a.log"), "--job", "a").returncode == 0
    found = json.loads(cornerman("codes", "unknown", "--json").stdout)
    assert [tuple(one.values()) for one in found] == [("code", "LOG2001", 1), ("logger", "lab.loader", 2)]
    cornerman("codes", "logger", "lab", "Worker")
    assert "lab.loader" not in cornerman("codes", "unknown").stdout
