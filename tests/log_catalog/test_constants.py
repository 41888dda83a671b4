"""The catalogue: unique codes, a range for each component, and no word that nobody says."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from cornerman import log_catalog
from cornerman.log_catalog import CatalogError, LogConstant, constant

CHECKOUT = Path(__file__).resolve().parents[2]
CODE = [path for top in ("adapters", "core", "store", "tui") for path in sorted((CHECKOUT / top).rglob("*.py"))]


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> log_catalog.Component:
    """A component of the test's own, in a copy of the catalogue."""
    log_catalog.catalog()
    monkeypatch.setattr(constant, "_CATALOG", dict(vars(constant)["_CATALOG"]))
    monkeypatch.setattr(constant, "_COMPONENTS", dict(vars(constant)["_COMPONENTS"]))
    return log_catalog.component("Scratch", range(9000, 9010), kept=("LOG72A",))


def test_every_level_is_a_real_one() -> None:
    """The standard library knows each level by the same number."""
    for one in log_catalog.catalog().values():
        assert one.severity == logging.getLevelNamesMapping()[one.level]


def test_every_code_belongs_to_its_component() -> None:
    """In the component's range, or kept from before it."""
    for owner in log_catalog.components().values():
        for code in owner.constants:
            assert code in owner.kept or int(code[3:]) in owner.codes


def test_codes_that_people_know_keep_number_and_meaning() -> None:
    """These were there before this program: searching for them must find the same thing."""
    known = {code: (one.level, one.message.split()[0]) for code, one in log_catalog.catalog().items()}
    assert known["LOG668"] == ("WARNING", "a")
    assert known["LOG669"] == ("WARNING", "the")
    assert known["LOG622"][0] == known["LOG622A"][0] == known["LOG505"][0] == "ERROR"


def test_a_constant_is_found_by_its_code() -> None:
    """None for a code that is not ours, not an error."""
    found = log_catalog.by_code("LOG668")
    assert isinstance(found, LogConstant)
    assert found.component == "Recorder"
    assert log_catalog.by_code("LOG999") is None


@pytest.mark.parametrize("code", ["LOG9100", "LOG668", "log9001", "9001", "LOG9001B", "LOG1"])
def test_a_code_that_is_not_the_components_own_is_refused(scratch: log_catalog.Component, code: str) -> None:
    """Out of range, somebody else's, or no code at all."""
    with pytest.raises(CatalogError):
        scratch.define(code, "INFO", "Part", "something happened")


def test_a_code_means_one_thing(scratch: log_catalog.Component) -> None:
    """The same definition again is harmless (a reloaded module); another one under the same code is refused."""
    first = scratch.define("LOG9001", "INFO", "Part", "something happened")
    assert scratch.define("LOG9001", "INFO", "Part", "something happened") == first
    with pytest.raises(CatalogError, match="already means"):
        scratch.define("LOG9001", "INFO", "Part", "something else happened")


def test_a_kept_code_may_lie_outside_the_range(scratch: log_catalog.Component) -> None:
    """Such as those with a letter."""
    assert scratch.define("LOG72A", "INFO", "Part", "something happened").code == "LOG72A"


@pytest.mark.parametrize("message", ["", "{count} steps were lost", "lost %d steps", "a | b", "two\nlines"])
def test_a_message_holds_no_values(scratch: log_catalog.Component, message: str) -> None:
    """Values go into fields: the same event always has the same words."""
    with pytest.raises(CatalogError):
        scratch.define("LOG9002", "INFO", "Part", message)


def test_ranges_do_not_overlap(scratch: log_catalog.Component) -> None:
    """Nor do the kept codes of two components."""
    with pytest.raises(CatalogError, match="overlap"):
        log_catalog.component("Other", range(9005, 9020))
    with pytest.raises(CatalogError, match="both keep"):
        log_catalog.component("Other", range(9020, 9030), kept=("LOG72A",))


def test_every_component_has_a_file_and_the_discovery_is_no_secret() -> None:
    """The folder is scanned: this list is what it found."""
    assert list(log_catalog.components()) == ["Legacy", "Recorder", "Settings", "Store", "View"]


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


NOT_YET_SAID = {"LOG_CREDIT_STARVED", "LOG_CREDIT_RESUMED", "LOG_EARLY_BUFFERING", "LOG_EARLY_DISCARDED"}
"""Of the live view, which comes next."""


def test_no_constant_is_unused() -> None:
    """Every constant of ours is said somewhere; what is no longer said is deleted."""
    said = {name for path in CODE for name in names_in(path)}
    defined = {
        name for path in (CHECKOUT / "log_catalog").glob("*.py") for name in names_in(path) if name.startswith("LOG_")
    }
    assert sorted(defined - said - NOT_YET_SAID) == []


def test_log_is_called_with_constants_only() -> None:
    """No free text: the first argument of every `log(…)` is a name from the catalogue."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log" and node.args:
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), f"{path}:{node.lineno}"


def test_nobody_else_speaks_to_a_logging_library() -> None:
    """`logging` and `structlog` are imported in log_catalog only: the user's logging is never touched."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {"logging", "structlog"} & {module.split(".")[0] for module in modules}, path
