"""What a constant may be: a code of its component's own, one meaning, a level, words without values."""

from __future__ import annotations

import logging

import pytest

from cornerman import log_catalog
from cornerman.log_catalog import CatalogError, LogConstant, constant


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
    """In one of the component's ranges, or kept from before it."""
    for owner in log_catalog.components().values():
        for code in owner.constants:
            assert code in owner.kept or owner.owns(code)


def test_every_component_of_a_constant_is_registered() -> None:
    """No constant names a component that nobody has heard of."""
    assert {one.component for one in log_catalog.catalog().values()} <= set(log_catalog.components())


KNOWN = {
    "LOG408": ("INFO", "Controller", "LiveTelemetry"),
    "LOG418": ("WARNING", "Controller", "LiveTelemetry"),
    "LOG420": ("INFO", "Controller", "LiveTelemetry"),
    "LOG510": ("INFO", "Adapter", "Lifecycle"),
    "LOG512": ("DEBUG", "Adapter", "Step"),
    "LOG513": ("INFO", "Adapter", "Lifecycle"),
    "LOG601": ("WARNING", "Service", "Telemetry"),
    "LOG623": ("ERROR", "Service", "SQLite"),
    "LOG671": ("INFO", "Service", "Telemetry"),
    "LOG932": ("WARNING", "Service", "DBSink"),
    "LOG505": ("ERROR", "Recorder", "Frames"),
    "LOG622A": ("ERROR", "Store", "SQLite"),
    "LOG668": ("WARNING", "Recorder", "Validation"),
    "LOG669": ("WARNING", "Recorder", "Validation"),
    "LOG101": ("INFO", "View", "Credits"),
    "LOG201": ("DEBUG", "View", "EarlyBuffer"),
}


@pytest.mark.parametrize("code", KNOWN)
def test_codes_that_people_know_keep_number_and_meaning(code: str) -> None:
    """These were there before this program: searching for them must find the same thing."""
    found = log_catalog.get_constant_by_code(code)
    assert found is not None
    assert (found.level, found.component, found.subcomponent) == KNOWN[code]


@pytest.mark.parametrize("number", [701, 705, 710, 724, 736, 801, 804, 961, 970, 975, 1001, 1003])
def test_a_number_with_two_meanings_is_nobodys(number: int) -> None:
    """Workers use these thirty for two things each; a line must not get the wrong one."""
    assert log_catalog.get_constant_by_code(f"LOG{number}") is None


def test_a_constant_is_found_by_its_code() -> None:
    """None for a code that nobody knows, not an error."""
    found = log_catalog.get_constant_by_code("LOG668")
    assert isinstance(found, LogConstant)
    assert found.source == "emitted"
    assert log_catalog.get_constant_by_code("LOG999X") is None
    assert log_catalog.get_constant_by_code("") is None


@pytest.mark.parametrize("code", ["LOG9100", "LOG668", "log9001", "9001", "LOG9001B", "LOG1", "LOG900100"])
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


@pytest.mark.parametrize("message", ["", " ", "{count} steps were lost", "lost %d steps", "a | b", "two\nlines"])
def test_a_message_holds_no_values(scratch: log_catalog.Component, message: str) -> None:
    """Values go into fields: the same event always has the same words."""
    with pytest.raises(CatalogError):
        scratch.define("LOG9002", "INFO", "Part", message)


def test_ranges_do_not_overlap(scratch: log_catalog.Component) -> None:
    """Nor do the kept codes of two components, and nobody takes over a component that is there."""
    with pytest.raises(CatalogError, match="overlap"):
        log_catalog.component("Other", range(20, 30), range(9005, 9020))
    with pytest.raises(CatalogError, match="both keep"):
        log_catalog.component("Other", range(9020, 9030), kept=("LOG72A",))
    with pytest.raises(CatalogError, match="already"):
        log_catalog.component("Recorder", range(9020, 9030))


def test_every_component_has_a_file_and_the_discovery_is_no_secret() -> None:
    """The folders are scanned: these lists are what was found, so that a forgotten file shows."""
    found = log_catalog.components()
    ours = [name for name, one in found.items() if one.source == "emitted"]
    known = [name for name, one in found.items() if one.source == "known"]
    assert ours == ["Bridge", "Health", "Legacy", "Program", "Recorder", "Settings", "Store", "View"]
    assert known == ["Adapter", "Controller", "Core", "Runtime", "Service", "Telemetry", "Worker"]


def test_the_snapshot_counts_what_the_catalogue_holds() -> None:
    """Filters can be offered before any line came: parts, levels and tags of each component, with counts."""
    snapshot = log_catalog.get_component_snapshot()
    assert tuple(snapshot) == log_catalog.list_known_components()
    worker = snapshot["Worker"]
    assert worker.source == "known"
    assert sum(worker.levels.values()) == sum(worker.subcomponents.values()) == worker.constants
    assert worker.tags["checkpoint"] >= 4
    assert snapshot["Store"].codes == "1200 to 1299"
