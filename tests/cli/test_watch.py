"""`cornerman watch` over real recordings: how it ends, with which code, and what it prints until then."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command_line import Cornerman
from recordings import Faulty, Recording

from cornerman.tui.cli import main


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run that ended well, after 300 steps."""
    store = tmp_path_factory.mktemp("watched") / "store"
    Recording(store, job="walk").run(300).close()
    return store


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["--until", "steps>=300"], 0),
        (["--until", "return>1e9"], 0),
        (["--until", "return>1e9", "--require"], 1),
        (["--until", "steps>=300", "--fail-on", "episodes>1"], 4),
        (["--fail-on", "any"], 0),
        (["--until", "steps>=300", "--stream", "evil"], 1),
    ],
)
def test_the_exit_code_says_what_came_of_a_run(ended: Path, asked: list[str], code: int) -> None:
    """The run ended well. Trouble counts before success, success before the end."""
    assert main(["watch", "walk", "--store", str(ended), *asked]) == code


def test_a_run_that_goes_on_is_watched_until_the_time_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And each line that is printed is a JSON object, the last one the verdict."""
    live = Recording(tmp_path / "store", job="walk").run(300)
    asked = ["--until", "mean_return(5)>1e9", "--timeout", "0.3s", "--json"]
    assert main(["watch", "walk", "--store", str(live.store), *asked]) == 5
    printed = capsys.readouterr()
    *looks, last = map(json.loads, printed.out.splitlines())
    newest = [sum(episode.rewards) for episode in live.seen if episode.over][-5:]
    assert {look["event"] for look in looks} <= {"look"}
    assert (last["state"], last["step_count"]) == ("live", 300)
    assert last["figures"] == {"mean_return(5)": pytest.approx(sum(newest) / 5)}
    assert (last["event"], last["verdict"], last["exit_code"], printed.err) == ("verdict", "timeout", 5, "")


def test_a_run_that_is_not_there_yet_is_waited_for(cornerman: Cornerman) -> None:
    """Not even the store is; and one that ended before is passed over."""
    watch = cornerman.start("watch", "walk", "--wait", "--until", "steps>=40", "--every", "0")
    assert watch.stderr is not None
    assert "Waiting" in watch.stderr.readline()
    recording = Recording(cornerman.store, job="walk").run(40)
    out, _ = watch.communicate(timeout=30)
    recording.close()
    assert (watch.returncode, "40 steps" in out) == (0, True)
    over = ["watch", "walk", "--store", str(cornerman.store), "--timeout", "0"]
    assert (main([*over, "--wait"]), main(over)) == (5, 0)


def test_returns_that_are_no_numbers_end_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live = Recording(tmp_path / "store", Faulty(), job="faulty").run(200)
    assert main(["watch", "--store", str(live.store), "--fail-on", "nan"]) == 4
    assert "LOG1801" in capsys.readouterr().err


def test_a_line_of_the_log_ends_it(cornerman: Cornerman, capsys: pytest.CaptureFixture[str]) -> None:
    """While the command that says it goes on."""
    says = "import logging, time; logging.basicConfig(); logging.error('no space left'); time.sleep(60)"
    cornerman.start("run", "--job", "night", "--", sys.executable, "-c", says)
    asked = ["--wait", "--fail-on", "level>=ERROR", "--timeout", "30s"]
    assert main(["watch", "night", "--store", str(cornerman.store), *asked]) == 4
    assert "no space left" in capsys.readouterr().err


def test_a_command_that_fails_is_a_run_that_ended_badly(
    cornerman: Cornerman, capsys: pytest.CaptureFixture[str]
) -> None:
    cornerman("run", "--job", "night", "--", sys.executable, "-c", "raise SystemExit(3)")
    assert main(["watch", "night", "--store", str(cornerman.store)]) == 1
    assert "exited with code 3" in capsys.readouterr().err


@pytest.mark.soak
def test_a_recording_that_is_killed_is_a_run_that_ended_badly(cornerman: Cornerman) -> None:
    recording = cornerman.start("record", "CartPole-v1", "--steps", "100000000")
    watch = cornerman.start("watch", "--wait", "--every", "0")
    assert watch.stdout is not None
    assert "live" in watch.stdout.readline()
    recording.kill()
    recording.communicate()
    _, said = watch.communicate(timeout=30)
    assert (watch.returncode, "its process died" in said) == (1, True)
