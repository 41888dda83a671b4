"""Changing the user's file: one value, everything else as its author left it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from cornerman.core.errors import InvalidOption
from cornerman.core.setting_file import read, set_value, unset_value
from cornerman.core.setting_keys import KEYS, key

WRITTEN = """\
# mine
[view]
fps = 10  # slow line # really
colour = "auto" # "256" is ugly

[storage]
  rows_per_chunk = 512
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN)
    return path


def test_a_value_is_replaced_and_its_comment_stays(file: Path) -> None:
    """Nothing else on the line, or in the file, moves."""
    set_value(file, key("view.fps"), "20")
    set_value(file, key("view.colour"), "256")
    expected = WRITTEN.replace("fps = 10", "fps = 20").replace('colour = "auto"', 'colour = "256"')
    assert file.read_text() == expected


def test_a_value_is_added_to_its_section_or_to_a_new_one(file: Path) -> None:
    """After the last line of the section; the file is made where there was none."""
    set_value(file, key("storage.max_store_bytes"), "100 GiB")
    set_value(file, key("log.level"), "DEBUG")
    expected = WRITTEN + 'max_store_bytes = "100 GiB"\n\n[log]\nlevel = "DEBUG"\n'
    assert file.read_text() == expected
    set_value(file.parent / "new" / "config.toml", key("view.ascii"), "auto")
    assert (file.parent / "new" / "config.toml").read_text() == '[view]\nascii = "auto"\n'


def test_setting_and_unsetting_leaves_the_file_as_it_was(file: Path) -> None:
    """A value that is not there is not an error."""
    for name in ("storage.max_journal_bytes", "view.byte_budget"):
        set_value(file, key(name), KEYS[name].default)
        assert unset_value(file, key(name))
        assert not unset_value(file, key(name))
    assert file.read_text() == WRITTEN


def test_what_cannot_be_used_changes_nothing(file: Path) -> None:
    """The validator of every other source."""
    with pytest.raises(InvalidOption, match=r"view\.fps"):
        set_value(file, key("view.fps"), "61")
    assert file.read_text() == WRITTEN


@pytest.mark.parametrize("text", ["view = {fps = 3}\n", '[view]\ncolour = """\nauto"""\n', "view.fps = 1\n[view.x]\n"])
def test_a_spelling_that_cannot_be_edited_is_refused_whole(file: Path, text: str) -> None:
    """Said, with what to do by hand; never a file that says something else."""
    file.write_text(text)
    for name, value in (("view.fps", "5"), ("view.colour", "16")):
        with contextlib.suppress(InvalidOption):
            set_value(file, key(name), value)
            assert str(read(file)[name]) == value
            file.write_text(text)
        assert file.read_text() == text


def test_dotted_names_before_any_table_are_found(file: Path) -> None:
    """`view.fps = 10` is as good as a table."""
    file.write_text("view.fps = 10\n")
    set_value(file, key("view.fps"), 12)
    assert file.read_text() == "view.fps = 12\n"


def test_links_and_permissions_stay(file: Path) -> None:
    """Somebody's dotfiles are a link into a repository."""
    file.chmod(0o600)
    link = file.with_name("link.toml")
    link.symlink_to(file)
    set_value(link, key("view.fps"), "11")
    assert link.is_symlink()
    assert "fps = 11" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["config.toml", "link.toml"]
