"""`cornerman prune`: shows first, removes with --yes, and says why."""

from __future__ import annotations

from command_line import Cornerman


def test_prune_shows_first_and_removes_with_yes(cornerman: Cornerman) -> None:
    """Nothing changes without --yes; with it the newest of each job are left."""
    for job in ("a", "a", "b"):
        cornerman.json("record", "FrozenLake-v1", "--job", job, "--steps", "5")
    shown = cornerman.json("prune", "--keep-last", "1")
    assert (shown["dry_run"], [run["job"] for run in shown["pruned"]]) == (True, ["a"])
    assert len(cornerman.json("runs")["runs"]) == 3
    done = cornerman("prune", "--keep-last", "1", "--yes")
    assert done.returncode == 0
    assert "1 newer of its job" in done.stdout
    assert [run["job"] for run in cornerman.json("runs")["runs"]] == ["b", "a"]


def test_prune_without_a_rule_or_with_a_wrong_one_does_nothing(recorded: Cornerman) -> None:
    for wrong in ((), ("--older-than", "soon"), ("--max-bytes", "many"), ("--keep-last", "-1")):
        done = recorded("prune", *wrong, "--yes")
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
    assert len(recorded.json("runs")["runs"]) == 3


def test_show_says_how_to_run_it_again(recorded: Cornerman) -> None:
    again = recorded.json("show", "single")["again"]
    assert again.startswith(f"cd {recorded.folder} && ")
    assert "record CartPole-v1 --job single --steps 300 --seed 7" in again
    assert again in recorded("show", "single").stdout
