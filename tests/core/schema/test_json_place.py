"""The line of a problem in a JSON document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cornerman.core.schema.json_place import line_of

TEXT = """\
{
  "a": 1,
  "b": [10,
        {"c~d/e": {"f": "\\"}, {"}}
       ],
  "": {"x":
       null}
}"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [("", 1), ("/a", 2), ("/b/1/c~0d~1e/f", 4), ("//x", 7), ("/missing", 1), ("/b/7", 3), ("/a/x", 2)],
)
def test_a_value_is_on_its_line(pointer: str, line: int) -> None:
    """What is missing is where it would belong."""
    assert line_of(TEXT, pointer) == line


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_value_of_any_document_is_found(value: object) -> None:
    """With one value a line, the lines of all values rise in their order."""
    text = json.dumps(value, indent=1)
    lines = [line_of(text, pointer) for pointer in _pointers(value, "")]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


def _pointers(value: object, pointer: str) -> list[str]:
    found = [pointer]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _pointers(inner, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    return found
