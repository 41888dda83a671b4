"""A filter of log records and its text are the same thing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cornerman.core.errors import InvalidOption
from cornerman.core.logs import LogFilter, Term
from cornerman.core.logs.filter import FACETS, RANGES
from cornerman.core.logs.matching import Chosen
from cornerman.core.payloads.log_record_v1 import LogRecordV1

words = st.text(min_size=1, max_size=12)
terms = st.one_of(
    st.builds(Term, st.sampled_from([field for field in FACETS if field != "level"]), words, st.booleans()),
    st.builds(Term, st.just("level"), st.sampled_from(["ERROR", ">=INFO", "DEBUG"]), st.booleans()),
    st.builds(Term, st.sampled_from(RANGES), st.sampled_from(["3", "1..5", "7..", "..9", "-2..2"]), st.booleans()),
    st.builds(Term, st.sampled_from(["since", "until"]), st.sampled_from(["2h", "2026-11-26T07:00"]), st.just(False)),
    st.builds(Term, st.just("text"), st.text(max_size=12), st.booleans()),
)


@given(st.lists(terms, max_size=5))
def test_a_filter_is_read_back_from_its_text(chosen: list[Term]) -> None:
    """Whatever is in its values: quotes, blanks, colons, a minus, any letter."""
    one = LogFilter(tuple(dict.fromkeys(chosen)))
    assert LogFilter.parse(str(one)) == one


@given(st.text(max_size=30))
def test_any_text_is_a_filter_or_is_refused_in_words(text: str) -> None:
    """Nothing else is raised, and what is accepted can be asked about a record."""
    with suppress(InvalidOption):
        Chosen(LogFilter.parse(text)).matches(LogRecordV1(time_us=1, level="INFO", message="nothing"))


WRONG = ["level:LOUD", "episode:x", "since:tomorrow", "colour:red", '"open', "-since:2h", "episode:.."]


@pytest.mark.parametrize("text", WRONG)
def test_what_means_nothing_is_refused(text: str) -> None:
    """With the term that is wrong."""
    with pytest.raises(InvalidOption):
        LogFilter.parse(text)
