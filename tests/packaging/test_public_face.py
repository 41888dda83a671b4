"""The public names are one list: in the table, in `__all__`, for the checkers, and in the README."""

from __future__ import annotations

import ast
import importlib.util
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest

import cornerman

TABLE = cast("dict[str, str]", vars(cornerman)["_PUBLIC"])


def test_all_is_the_table_and_the_version() -> None:
    """Nothing is offered that cannot be resolved, and nothing resolvable is hidden."""
    assert list(cornerman.__all__) == [*TABLE, "__version__"]
    assert dir(cornerman) == sorted(cornerman.__all__)


def test_checkers_see_the_same_names(checkout: Path) -> None:
    """The imports under TYPE_CHECKING name the same homes as the table."""
    tree = ast.parse((checkout / "core/_package/__init__.py").read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == TABLE


def test_the_readme_lists_the_same_names(checkout: Path) -> None:
    """The table in the README's "Public names" is complete, and in the same order."""
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Public names", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `(\w+)", section, flags=re.MULTILINE) == cornerman.__all__


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_public_name_resolves(name: str) -> None:
    """Asking for a name imports its home and finds it there, once."""
    if importlib.util.find_spec(TABLE[name]) is None:
        pytest.skip(f"{TABLE[name]} is not there yet")
    value: Any = getattr(cornerman, name)
    assert value is getattr(cornerman, name)
    assert vars(cornerman)[name] is value


def test_an_unknown_name_is_an_attribute_error() -> None:
    """`hasattr` and misspellings work as with any module."""
    assert not hasattr(cornerman, "recrod")


def test_the_version_is_the_installed_one() -> None:
    """One definition: the wheel's metadata takes it from the package."""
    assert cornerman.__version__ == version("cornerman")
