"""Settings and launching on the screen: the same answers as the command line, changed and started from there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_host import FakeHost, three_launches
from screens import app_on, press, settle, text_of, watching
from textual.pilot import Pilot

from cornerman.adapters import launches, launching
from cornerman.core.setting_sources import user_config_file
from cornerman.tui.app import CornermanApp
from cornerman.tui.launch_fields import command_of, filled_from
from cornerman.tui.screens.launches import LaunchesScreen
from cornerman.tui.screens.run import RunScreen
from cornerman.tui.screens.settings import SettingsScreen


def shown(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, CornermanApp)
    return text_of(pilot.app)


async def fill(pilot: Pilot[int], text: str) -> None:
    """Type over what the prompt holds."""
    await press(pilot, "enter", "ctrl+u")
    await pilot.press(*("space" if char == " " else char for char in text))
    await press(pilot, "enter")


async def to(pilot: Pilot[int], label: str) -> None:
    """Put the cursor on a row."""
    screen = pilot.app.screen
    assert isinstance(screen, SettingsScreen)
    while screen.row is None or screen.row.label != label:
        await press(pilot, "down")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store's folder; what was launched from it does not outlive the test."""
    yield tmp_path / "store"
    for launch in launches.launches(tmp_path / "store"):
        if launch.alive:
            launching.kill(tmp_path / "store", launch)


# ---- settings ----


async def test_a_value_is_changed_in_the_users_file_and_its_layer_wins() -> None:
    """Typed, checked, written; the list says who won, and the next screen obeys."""
    async with watching(app_on(), "comma") as pilot:
        await to(pilot, "fps")
        await fill(pilot, "12")
        assert user_config_file().read_text() == "[view]\nfps = 12\n"
        assert "your file 12 (wins)" in shown(pilot)
        assert pilot.app.options.frames_per_second == 12  # type: ignore[attr-defined]
        await press(pilot, "u")
        assert "default 30" in shown(pilot)


async def test_a_value_out_of_bounds_is_refused_with_the_bounds() -> None:
    """The sentence of the command line; nothing is written."""
    async with watching(app_on(), "comma") as pilot:
        await to(pilot, "fps")
        await fill(pilot, "61")
        assert "not saved: view.fps cannot be" in shown(pilot)
        assert not user_config_file().exists()


async def test_a_dear_value_is_saved_only_after_its_cost_was_seen() -> None:
    """The guard rail, with its figure; no leaves everything as it was."""
    async with watching(app_on(), "comma", "a") as pilot:
        await to(pilot, "rows_per_chunk")
        await fill(pilot, "16")
        assert "781 commits a second" in shown(pilot)
        await press(pilot, "n")
        assert not user_config_file().exists()
        await fill(pilot, "16")
        await press(pilot, "y")
        assert "rows_per_chunk = 16" in user_config_file().read_text()


async def test_choices_are_stepped_through_without_typing() -> None:
    """Space takes the next one, as it was typed."""
    async with watching(app_on(), "comma") as pilot:
        await to(pilot, "profile")
        await press(pilot, "space")
        assert user_config_file().read_text() == '[producer]\nprofile = "toy-text"\n'
        assert "profile" in shown(pilot)


async def test_the_key_works_from_anywhere_and_opens_one() -> None:
    """From a run too; pressed again it does not pile up."""
    async with watching(app_on(), "enter", "comma", "comma") as pilot:
        opened = pilot.app.screen
        assert isinstance(opened, SettingsScreen)
        await press(pilot, "escape")
        assert type(pilot.app.screen) is RunScreen


async def test_what_is_wrong_in_a_source_is_on_the_screen() -> None:
    """As `cornerman config check` says it."""
    user_config_file().parent.mkdir(parents=True)
    user_config_file().write_text("[view]\nfpss = 3\n")
    async with watching(app_on(), "comma", "c") as pilot:
        assert "1 to mend" in shown(pilot)
        assert "There is no setting called 'view.fpss'." in shown(pilot)


async def test_that_nothing_is_wrong_is_said() -> None:
    """And the cursor stays: who asked goes on where they were."""
    async with watching(app_on(), "comma", "down", "c") as pilot:
        assert "every setting can be used" in shown(pilot)
        assert "identity.job" in shown(pilot)


async def test_a_filter_finds_words_of_names_and_descriptions() -> None:
    """Advanced ones too; escape drops it."""
    async with watching(app_on(), "comma", "slash") as pilot:
        await pilot.press(
            *"fsync", "backspace", "backspace", "backspace", "backspace", "backspace", *"journal", "enter"
        )
        await settle(pilot)
        assert "max_journal_bytes" in shown(pilot)
        assert "schema_mode" not in shown(pilot)
        await press(pilot, "escape")
        assert "schema_mode" in shown(pilot)


# ---- launching ----


async def test_a_command_is_started_from_the_form_and_stopped_from_the_list(store: Path) -> None:
    """With a setting of its own; it is a launch like any other."""
    async with watching(app_on(host=FakeHost(store)), "exclamation_mark", "n") as pilot:
        await to(pilot, "command")
        await fill(pilot, f"{sys.executable} -c 'import time; time.sleep(60)'")
        await to(pilot, "cpus")
        await fill(pilot, "1")
        await press(pilot, "l")
        (launch,) = launches.launches(store)
        assert (launch.state, launch.settings) == ("running", {"resources.cpus": "1"})
        assert "running" in shown(pilot)
        await press(pilot, "s", "y")
        assert launching.wait(store, launch, 20)
        assert launches.named(store, launch.id).stopped_by == "SIGTERM"


@pytest.mark.parametrize(
    ("label", "text", "words"),
    [
        ("command", "no-such-program --x", "There is no program no-such-program"),
        ("command", "python 'unclosed", "The command cannot be read"),
        ("command", "cornerman record CartPol-v1", "There is no environment CartPol-v1"),
        ("folder", "/no/such/folder", "There is no folder"),
    ],
)
async def test_what_cannot_be_started_stays_on_the_form(store: Path, label: str, text: str, words: str) -> None:
    """Said in the words of the command line, and nothing was started."""
    async with watching(app_on(host=FakeHost(store)), "exclamation_mark", "n", size=(120, 40)) as pilot:
        await to(pilot, label)
        await fill(pilot, text)
        await press(pilot, "l")
        assert words in shown(pilot)
        assert launches.launches(store) == []


async def test_a_policy_on_an_environment_is_a_form_too(store: Path) -> None:
    """Space turns the form; what it makes is `cornerman record`, checked before it is started."""
    async with watching(app_on(host=FakeHost(store)), "exclamation_mark", "n") as pilot:
        await press(pilot, "space")
        await to(pilot, "environment")
        await fill(pilot, "CartPole-v1")
        await to(pilot, "steps")
        await fill(pilot, "40")
        await press(pilot, "l")
        assert isinstance(pilot.app.screen, LaunchesScreen)
        (launch,) = launches.launches(store)
        assert launch.command == ("cornerman", "record", "CartPole-v1", "--steps", "40")
        assert launching.wait(store, launch, 60)
        assert launches.named(store, launch.id).exit_code == 0


async def test_passwords_are_not_on_the_screen() -> None:
    """Not in the list, and not below it."""
    host = FakeHost(launched=three_launches())
    async with watching(app_on(host=host), "exclamation_mark", "down", size=(120, 40)) as pilot:
        assert "--api-key" in shown(pilot)
        assert "hunter2" not in shown(pilot)


@pytest.mark.parametrize(
    "command",
    [
        ("cornerman", "record", "CartPole-v1", "--steps", "5", "--policy", "a:b"),
        ("cornerman", "record", "CartPole-v1", "--env-arg", "x=1"),
        ("python", "train.py", "--name", "two words"),
    ],
)
def test_a_form_makes_the_command_it_was_filled_from(command: tuple[str, ...]) -> None:
    """Launching one like another starts the same."""
    again = command_of(filled_from(command, "job", "/somewhere"))
    assert (again[:3], sorted(again[3:])) == (command[:3], sorted(command[3:]))
