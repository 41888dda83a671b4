"""`cornerman config`: data to stdout, talk to stderr, exit codes that mean something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cornerman.core.setting_keys import KEYS
from cornerman.core.setting_sources import user_config_file
from cornerman.tui.cli import main


def test_show_lists_every_setting_with_its_origin(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, the name first."""
    assert main(["config"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(KEYS)
    assert all("built in" in line or line.startswith("identity.store") for line in lines[1:])


def test_show_as_json_names_value_and_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One document, one entry a setting."""
    monkeypatch.setenv("CORNERMAN_VIEW_FPS", "7")
    assert main(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert list(shown) == list(KEYS)
    assert shown["view.fps"] == {"value": 7, "origin": "$CORNERMAN_VIEW_FPS"}


def test_explain_prints_every_source_and_the_winner(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds, effect, place of enforcement, variable, and the layers in order."""
    monkeypatch.setenv("CORNERMAN_VIEW_FPS", "7")
    assert main(["config", "explain", "view.fps"]) == 0
    text = capsys.readouterr().out
    for part in ("1 to 30", "view only", "CORNERMAN_VIEW_FPS", "built in", "7 frames per second"):
        assert part in text
    assert main(["config", "explain", "view.fps", "--json"]) == 0
    (explained,) = json.loads(capsys.readouterr().out)
    assert [layer["value"] for layer in explained["layers"]] == [30, 7]


def test_explain_of_an_unknown_setting_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was probably meant."""
    assert main(["config", "explain", "view.fpss"]) == 2
    assert "view.fps" in capsys.readouterr().err


def test_paths_say_what_is_read_and_where_the_store_is(capsys: pytest.CaptureFixture[str]) -> None:
    """`--store` counts, as in every command."""
    assert main(["config", "paths", "--json", "--store", "/somewhere"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["store"] == {"path": "/somewhere", "use": "read and written", "there": False}
    assert found["logs.db"]["path"] == "/somewhere/logs.db"


def test_state_dir_keeps_everything_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings, what is remembered and the store: not one path is in the home then."""
    monkeypatch.delenv("CORNERMAN_STORE", raising=False)
    monkeypatch.setenv("CORNERMAN_STATE_DIR", "")  # so that what the flag sets is taken back after the test
    own = str(tmp_path / "own")
    assert main(["config", "set", "view.fps", "12", "--state-dir", own]) == 0
    assert (tmp_path / "own/config/config.toml").exists()
    assert main(["--state-dir", own, "config", "paths", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(one["path"].startswith(own) for one in found.values())


def test_check_is_one_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values out of bounds and names that are none, all at once; the other actions warn and go on."""
    assert main(["config", "check"]) == 0
    monkeypatch.setenv("CORNERMAN_VIEW_FPS", "60")
    monkeypatch.setenv("CORNERMAN_VIEW_FSP", "6")
    assert main(["config", "check", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert ["CORNERMAN_VIEW_FPS" in problems[0]["problem"], "CORNERMAN_VIEW_FSP" in problems[1]["problem"]] == [
        True
    ] * 2
    assert main(["config", "show"]) == 0
    assert "It is ignored" in capsys.readouterr().err


def test_set_changes_the_users_file_and_says_what_it_costs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the validator of every source; where something stronger hides it, that is said."""
    assert main(["config", "set", "view.fps", "12"]) == 0
    assert user_config_file().read_text() == "[view]\nfps = 12\n"
    assert main(["config", "set", "view.fps", "120"]) == 2
    assert "1 to 30" in capsys.readouterr().err
    monkeypatch.setenv("CORNERMAN_VIEW_FPS", "7")
    assert main(["config", "set", "view.fps", "13"]) == 0
    assert "$CORNERMAN_VIEW_FPS is stronger and says 7" in capsys.readouterr().err
    assert main(["config", "set", "resources.cpus", "4000"]) == 0
    assert "warning: this host has" in capsys.readouterr().err
    assert main(["config", "unset", "view.fps"]) == 0
    assert "fps" not in user_config_file().read_text()


def test_check_warns_of_what_is_dear_without_calling_it_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """A budget that is used up: exit code 0, and a warning with the figure."""
    assert main(["config", "set", "resources.gpus", "0,77"]) == 0
    assert main(["config", "check", "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert [one["setting"] for one in warnings] in (["resources.gpus"], [])  # another maker's GPUs are not counted


def test_a_profile_can_be_looked_at_before_it_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """What it changes, and that it did."""
    assert main(["config", "show", "--profile", "debug", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["storage.rows_per_chunk"] == {"value": 256, "origin": "the profile debug"}
    assert main(["config", "profiles"]) == 0
    assert "atari" in capsys.readouterr().out
