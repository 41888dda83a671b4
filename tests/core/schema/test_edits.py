"""Changes of refused records: what they say is what they do, and what cannot be done without a loss is not done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cornerman.core.errors import InvalidOption
from cornerman.core.schema.edits import Edit, NotEditable, edited, parse_edits, written


def changed(value: Any, text: str) -> Any:
    return edited(value, parse_edits(text))


def test_a_line_may_hold_several_changes_made_in_their_order() -> None:
    record = {"px": "12.5", "size": "3", "debug": {"x": 1}, "ts": 1}
    found = changed(
        record, 'rename /px price; convert /price number; convert /size integer; drop /debug; set /side "B"'
    )
    assert found == {"price": 12.5, "size": 3, "ts": 1, "side": "B"}
    assert list(found) == ["price", "size", "ts", "side"]
    assert record == {"px": "12.5", "size": "3", "debug": {"x": 1}, "ts": 1}  # the original is not touched


def test_a_star_is_every_item() -> None:
    assert changed({"rows": [{"n": "1"}, {"n": "2"}, {}]}, "convert /rows/*/n integer") == {
        "rows": [{"n": 1}, {"n": 2}, {}]
    }


def test_what_is_not_there_is_left_as_it_is() -> None:
    assert changed({"a": 1}, "rename /b c; convert /b integer; drop /b; drop /a/b/c") == {"a": 1}


@pytest.mark.parametrize(
    ("value", "type_"),
    [("x", "number"), (1.5, "integer"), ("007", "integer"), (2, "boolean"), ([1], "string"), ("", "number")],
)
def test_a_conversion_that_loses_something_refuses_the_record(value: Any, type_: str) -> None:
    with pytest.raises(NotEditable) as refused:
        changed({"a": value}, f"convert /a {type_}")
    assert refused.value.problem.path == "/a"


def test_a_member_is_never_renamed_over_another() -> None:
    with pytest.raises(NotEditable):
        changed({"a": 1, "b": 2}, "rename /a b")


def test_values_of_steps_keep_their_types() -> None:
    step = {"observation": np.array([1, 99, 3], np.float32), "action": np.int64(1), "reward": 1.0}
    found = changed(step, "set /observation/1 2.5; set /action 0")
    assert (found["observation"].dtype, found["observation"].tolist()) == (np.float32, [1, 2.5, 3])
    assert type(found["action"]) is np.int64
    with pytest.raises(NotEditable):
        changed(step, "set /action 0.5")


def test_a_step_written_anew_as_json_keeps_its_types() -> None:
    step = {"observation": np.array([1, 99], np.float32), "info": {"x": (1, 2)}}
    found = written(step, {"observation": [1, 2], "info": {"x": [1, 3]}, "extra": 1})
    assert found["observation"].dtype == np.float32
    assert (found["info"], found["extra"]) == ({"x": (1, 3)}, 1)


@pytest.mark.parametrize(
    "text", ["", "set", "set /a", "put /a 1", "set a 1", "convert /a float", "rename /a", "drop /a b", "set /a 1 2; x"]
)
def test_what_says_no_change_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidOption, match="Such as: set /side B"):
        parse_edits(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(st.builds(lambda name, value: Edit("set", f"/{name}", value), st.text(), values), min_size=1))
def test_a_change_is_written_as_it_is_read(edits: list[Edit]) -> None:
    assert parse_edits("; ".join(map(str, edits))) == edits
