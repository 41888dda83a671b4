"""Small files that are replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from cornerman.core.whole_file import replace_file


def test_what_cannot_be_replaced_stays_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    """A folder stands in the place of the file: it is not touched."""
    replace_file(tmp_path / "new" / "rules.json", b"{}")
    assert (tmp_path / "new" / "rules.json").read_bytes() == b"{}"
    (tmp_path / "taken" / "something").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "taken", b"{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "taken"]
