"""Retention decides on summaries alone: what goes, why, and that nothing alive or kept ever does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cornerman.core.records import LedgerRow, RunState, RunSummary
from cornerman.core.retention import RECORDING, Limits, beyond

DAY = 86_400_000_000
NOW = 400 * DAY


def run(name: str, days_old: float, job: str = "a", bytes: int = 100, state: RunState = "done") -> RunSummary:
    at = NOW - int(days_old * DAY)
    empty = LedgerRow(0, 0, 0)
    return RunSummary(name, job, state, (), at, at, 0, 0, 0, 0.0, None, (), None, bytes, None, empty, {})


RUNS = [run("old", 40), run("mid", 20), run("new", 1), run("other", 30, job="b")]


def gone(limits: Limits, keep: frozenset[str] = frozenset(), runs: list[RunSummary] = RUNS) -> list[str]:
    return [one.summary.run_id for one in beyond(runs, limits, NOW, keep)]


def test_age_is_that_of_the_last_step() -> None:
    assert gone(Limits(older_than_s=25 * 86400)) == ["old", "other"]


def test_the_newest_of_each_job_stay() -> None:
    assert gone(Limits(keep_last=1)) == ["old", "mid"]
    assert gone(Limits(keep_last=0)) == ["old", "other", "mid", "new"]


def test_the_oldest_go_until_the_rest_fits() -> None:
    assert gone(Limits(max_bytes=250)) == ["old", "other"]
    assert gone(Limits(max_bytes=400)) == []


def test_what_is_kept_by_name_stays_and_counts() -> None:
    assert gone(Limits(max_bytes=100), frozenset({"old"})) == ["other", "mid", "new"]


def test_every_run_that_goes_says_why() -> None:
    (first, *_) = beyond(RUNS, Limits(older_than_s=25 * 86400), NOW)
    assert first.reason == "its last step is 40.0 days old"


@given(
    st.lists(st.tuples(st.floats(0, 90), st.sampled_from("ab"), st.integers(0, 500), st.booleans()), max_size=12),
    st.builds(
        Limits,
        st.none() | st.floats(0, 1e7),
        st.none() | st.integers(0, 4),
        st.none() | st.integers(0, 2000),
    ),
)
def test_no_rule_removes_what_still_records_nor_anything_without_a_rule(
    facts: list[tuple[float, str, int, bool]], limits: Limits
) -> None:
    runs = [run(str(n), days, job, size, "live" if live else "done") for n, (days, job, size, live) in enumerate(facts)]
    chosen = beyond(runs, limits, NOW)
    assert not any(one.summary.state in RECORDING for one in chosen)
    assert chosen == [] or limits != Limits()
    left = [one for one in runs if one not in [pick.summary for pick in chosen]]
    if limits.max_bytes is not None and sum(one.bytes for one in left) > limits.max_bytes:
        assert all(one.state in RECORDING for one in left), "too large only by what may not go"
