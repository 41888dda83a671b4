"""Credits: no view, none used; none is ever lost or made; whoever starts first, nobody waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cornerman.core.credits import Credits


def test_without_a_view_there_is_no_credit_and_nothing_to_say() -> None:
    credits = Credits(3)
    assert credits.take() == (False, "")
    assert credits.grant(5) == ""
    assert credits.available == 0


def test_starved_is_said_once_and_so_is_resumed() -> None:
    credits = Credits(2)
    credits.begin()
    assert [credits.take() for _ in range(5)] == [
        (True, ""), (True, ""), (False, "starved"), (False, ""), (False, ""),
    ]  # fmt: skip
    assert [credits.grant(), credits.grant()] == ["resumed", ""]


def test_no_grant_lifts_them_over_twice_the_initial_number() -> None:
    credits = Credits(4)
    credits.begin()
    credits.grant(100)
    assert credits.available == 8


def test_a_view_without_credit_could_never_draw() -> None:
    with pytest.raises(ValueError, match="one credit"):
        Credits(0)


@given(st.integers(1, 20), st.lists(st.sampled_from(("begin", "end", "take", "grant"))))
def test_whatever_happened_a_view_that_begins_has_credit(initial: int, calls: list[str]) -> None:
    """From a cold start or after any past: no deadlock in which each waits for the other."""
    credits = Credits(initial)
    for call in calls:
        getattr(credits, call)()
        assert 0 <= credits.available <= credits.cap
        assert credits.viewed or not credits.available
    credits.end()
    credits.begin()
    assert credits.take() == (True, "")
