"""Who decides what happens to steps: the order of the rules, cohorts that keep their members, the guard, adoption."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cornerman.core.errors import InvalidOption
from cornerman.core.schema.adoption import adoption, checkpoint
from cornerman.core.schema.enforcement import (
    ACTIVE_US,
    Cohort,
    Decision,
    Mode,
    Producer,
    Rule,
    Rules,
    Subject,
    canary,
    check_rule,
    decide,
    lagging,
)

ANN = Subject("run1", "ann-walk", derived="derived.Walk.1@1.0.0")
NOW = 10 * ACTIVE_US


def test_where_nothing_is_set_the_spaces_are_the_schema_and_the_run_says_the_mode() -> None:
    assert decide(ANN, Rules()) == Decision("derived.Walk.1@1.0.0", "warn")
    assert decide(ANN._replace(mode="off", pin="a@1.0.0"), Rules()) == Decision("a@1.0.0", "off")


@pytest.mark.parametrize(
    ("closer", "wider"),
    [
        (Rule("*", "off", cohort="all"), Rule("a@1.0.0", "enforce", "ann-walk")),
        (Rule("*", "off", "ann-walk"), Rule("a@1.0.0", "enforce", "ann*")),
        (Rule("*", "off", "ann*"), Rule("a@1.0.0", "enforce")),
        (Rule("*", "off", "run1"), Rule("a", "enforce")),
        (Rule("a@1.0.0", "off"), Rule("a", "enforce")),
        (Rule("a", "off"), Rule("*", "enforce")),
    ],
)
def test_the_closest_rule_wins(closer: Rule, wider: Rule) -> None:
    """Whatever the order in which they were set."""
    cohorts = (Cohort("all", 1.0),)
    for rules in ((closer, wider), (wider, closer)):
        assert decide(ANN._replace(pin="a@1.0.0"), Rules(rules, cohorts)).mode == "off"


def test_a_rule_that_names_a_schema_gives_it_to_its_jobs() -> None:
    rules = Rules((Rule("tele.step@1.2.0", "observe", "ann*"),))
    assert decide(ANN, rules)[:2] == ("tele.step@1.2.0", "observe")
    assert decide(ANN._replace(job="bob"), rules).schema == "derived.Walk.1@1.0.0"
    assert decide(ANN._replace(pin="own@1.0.0"), rules)[:2] == ("own@1.0.0", "warn")


@given(st.floats(0, 1), st.floats(0, 1), st.lists(st.text(min_size=1), max_size=50))
def test_a_larger_share_keeps_who_was_in_a_smaller_one(one: float, other: float, runs: list[str]) -> None:
    small, large = sorted((one, other))
    for run in runs:
        assert not Cohort("c", small).has(run, "job") or Cohort("c", large).has(run, "job")


def test_a_cohort_has_about_its_share_of_the_runs() -> None:
    members = sum(Cohort("canary", 0.1).has(f"run{number}", "job") for number in range(5000))
    assert 400 < members < 600


def test_promotion_makes_the_rules_of_a_cohort_everybodys() -> None:
    before = Rules((Rule("a", "enforce", cohort="c"), Rule("a", "warn")), (Cohort("c", 0.1), Cohort("d", 0.5)))
    after = before.promoted("c")
    assert after == Rules((Rule("a", "enforce"),), (Cohort("d", 0.5),))
    with pytest.raises(InvalidOption):
        after.promoted("c")


def test_nothing_closer_of_the_same_schema_holds_back_what_is_promoted() -> None:
    pinned = Rule("a@1.0.0", "enforce"), Rule("a", "enforce", job="base*"), Rule("b", "enforce")
    before = Rules((*pinned, Rule("a", "warn", cohort="c")), (Cohort("c", 1.0),))
    inside, after = decide(Subject("r", "baseline"), before), before.promoted("c")
    assert decide(Subject("r", "baseline"), after.without(("b", "*", "")))[:2] == inside[:2] == ("a", "warn")
    assert after.rules == (Rule("b", "enforce"), Rule("a", "warn"))


def test_of_rules_that_are_as_close_the_one_set_last_decides() -> None:
    one, other = Rule("zebra@1.0.0", "observe"), Rule("ant@1.0.0", "enforce")
    assert decide(Subject("r", "baseline"), Rules((one, other)))[:2] == ("ant@1.0.0", "enforce")
    assert decide(Subject("r", "baseline"), Rules((other, one)))[:2] == ("zebra@1.0.0", "observe")


names, modes = st.sampled_from(["ant", "ant@1.0.0", "zebra", "*"]), st.sampled_from(["observe", "warn", "enforce"])


@given(
    st.lists(st.tuples(names, modes), unique_by=lambda each: each[0]),
    st.tuples(names.filter(lambda name: name != "*"), modes),
)
def test_what_is_promoted_decides_over_what_was_as_close(everybodys: list[Any], promoted: Any) -> None:
    """Whatever the ids are called: what the cohort had is what everybody has of that schema from then on."""
    rules = (
        Rules(tuple(Rule(*each) for each in everybodys))
        .with_cohort(Cohort("c", 1.0))
        .with_rule(Rule(promoted[0], promoted[1], cohort="c"))
    )
    inside = decide(Subject("r", "baseline", derived="derived.x@1.0.0"), rules)
    after = decide(Subject("r", "baseline", derived="derived.x@1.0.0"), rules.promoted("c"))
    assert after[:2] == inside[:2]


def test_a_rule_set_again_is_the_last() -> None:
    rules = Rules((Rule("ant", "warn"), Rule("zebra", "warn"))).with_rule(Rule("ant", "observe"))
    assert [rule.schema for rule in rules.rules] == ["zebra", "ant"]


def test_a_rule_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(InvalidOption):
        check_rule(Rule("a", "strict"), ())  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        check_rule(Rule("a", "warn", cohort="nobody"), ())


def producer(
    run: str = "run1", *, pin: str = "a@1.0.0", bad: int = 0, ago: int = 0, job: str = "ann", mode: Mode = "warn"
) -> Producer:
    subject = Subject(run, job, pin or "a@1.0.0", mode=mode)
    return Producer(run, job, 1, "Walk", pin, 5000, 5000 if pin else 0, bad, NOW - ago, subject)


ENFORCED = Rules((Rule("a", "enforce"),))


@pytest.mark.parametrize(
    ("producers", "lags"),
    [
        ([producer(bad=3)], True),
        ([producer(bad=0)], False),
        ([producer(pin="")], True),
        ([producer(bad=3, ago=2 * ACTIVE_US)], False),
        ([producer("old", bad=3, ago=60), producer("new")], False),
        ([producer("old", ago=60), producer("new", bad=3)], True),
        ([producer(bad=3)._replace(recording=True, last_us=0)], True),
    ],
)
def test_enforce_waits_for_producers_that_are_at_work_and_fail(producers: list[Producer], lags: bool) -> None:
    assert bool(lagging(Rules(), ENFORCED, producers, NOW)) == lags
    assert not lagging(ENFORCED, ENFORCED, producers, NOW), "it was enforced already"
    assert not lagging(ENFORCED, Rules(), producers, NOW)


@pytest.mark.parametrize(
    ("inside", "outside", "proposal"), [(0, 0, "promote"), (50, 0, "roll back"), (50, 50, "promote")]
)
def test_a_canary_is_compared_with_the_rest(inside: int, outside: int, proposal: str) -> None:
    cohort = Cohort("c", 0.5)
    runs = [f"run{number}" for number in range(20)]
    found = canary(cohort, [producer(run, bad=inside if cohort.has(run, "ann") else outside) for run in runs])
    assert found.proposal == proposal
    assert found.runs + found.other_runs == 20
    assert canary(cohort, []).proposal == "wait"


def test_adoption_counts_steps_runs_and_producers_of_each_version() -> None:
    producers = [producer(f"run{number}", pin="a@1.10.0", job=f"job{number % 3}") for number in range(19)]
    producers += [producer("late", pin="a@1.9.0", job="late"), producer("other", pin="b@1.0.0")]
    newest, older = adoption("a", producers)
    assert (newest.pin, newest.runs, newest.producers, newest.run_share) == ("a@1.10.0", 19, 3, 0.95)
    assert (older.pin, older.producer_share) == ("a@1.9.0", 0.25)
    runs, streams = checkpoint([newest, older]), checkpoint([newest, older], "producers")
    assert runs is not None
    assert runs.met
    assert streams is not None
    assert not streams.met
    assert checkpoint([]) is None


def test_adoption_over_time_says_which_version_was_in_use_when() -> None:
    """Shares of what was judged last in each span; spans in which nothing was are no zero."""
    ages = {"a@1.0.0": (0, 1_000, 5_000), "a@1.1.0": (5_000, 11_000, 12_000)}
    producers = [producer(f"run{pin}{at}", pin=pin)._replace(last_us=at) for pin, times in ages.items() for at in times]
    newer, older = adoption("a", producers)
    assert [span.run_share for span in older.over_time][:6] == [1.0, None, None, None, 0.5, None]
    assert newer.over_time[-1].run_share == 1.0
    assert newer.over_time[0].of("steps") == 0.0
