"""The suite and the report are those of Great Expectations, held against what version 1.24.1 wrote and found itself.

`tests/data/great_expectations/ticks_v1.json` was made by loading our suite there, validating two tables of objects with
it, and keeping what `to_json_dict` gave: the suite as it writes it, and its results.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cornerman.core.schema import SchemaDocument, parse
from cornerman.core.schema.data_files import Record
from cornerman.core.schema.expectation_report import report, report_file
from cornerman.core.schema.expectations import suite

THEIRS = json.loads((Path(__file__).parents[2] / "data/great_expectations/ticks_v1.json").read_text())


@pytest.fixture
def ticks() -> SchemaDocument:
    return parse(THEIRS["document"])


def test_the_suite_is_written_as_great_expectations_writes_it(ticks: SchemaDocument) -> None:
    """Their defaults apart: the severity, the version that wrote it, and bounds as floats."""
    ours, theirs = suite(ticks), THEIRS["written"]
    assert ours.keys() == theirs.keys()
    for mine, written in zip(ours["expectations"], theirs["expectations"], strict=True):
        assert mine["type"] == written["type"]
        assert {"exact_match": True, **mine["kwargs"]} == {"exact_match": True, **written["kwargs"]}
        assert mine["meta"] == written["meta"]


@pytest.mark.parametrize("at", [0, 1])
def test_the_report_is_what_great_expectations_finds(ticks: SchemaDocument, at: int) -> None:
    run = THEIRS["runs"][at]
    ours, theirs = report(ticks, records(run["records"])), run["report"]
    assert ours["statistics"] == theirs["statistics"]
    assert ours["success"] == theirs["success"]
    found = {key_of(result): result for result in theirs["results"]}
    assert len(found) == len(ours["results"])
    for result in ours["results"]:
        other = found[key_of(result)]
        assert (result["success"], result["result"]) == (other["success"], other["result"])
        assert result.keys() == other.keys()


def test_the_schema_has_the_last_word(ticks: SchemaDocument) -> None:
    """A rule that no expectation stands for is listed, and a record that breaks it fails the report."""
    content = {**ticks.content, "dependencies": {"venue": ["lot"]}}
    document = parse(content)
    found = report(document, records(THEIRS["runs"][1]["records"]))
    assert found["statistics"]["unsuccessful_expectations"] == 0
    assert not found["success"]
    assert found["meta"]["cornerman"]["refused"] == 3
    assert "/dependencies" in found["meta"]["cornerman"]["not_expressed"]
    assert "lot" in found["meta"]["cornerman"]["first_refused"][0]["problems"][0]


def test_a_report_on_csv(ticks: SchemaDocument, tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    path.write_text(
        "ts,symbol,price,size,side,venue\n"
        "2025-07-28T19:05:52Z,ABC,1.5,10,B,XN\n"
        "2025-07-28T19:05:53Z,ABC,free,,S,XN\n"
        "2025-07-28T19:05:54Z,ABC,2,7,S,\n"
        "too,short\n"
    )
    found = report_file(ticks, path)
    facts = found["meta"]["cornerman"]
    assert (facts["valid"], facts["refused"], facts["unreadable"]) == (2, 1, 1)
    assert [each["line"] for each in facts["first_refused"]] == [3, 5]
    failed = {(each["expectation_config"]["kwargs"]["column"], *each["result"]["partial_unexpected_list"])
              for each in found["results"] if not each["success"]}  # fmt: skip
    assert failed == {("price", "free")}


def records(values: list[Any]) -> Iterator[Record]:
    return (Record(at, 0, at, b"", value) for at, value in enumerate(values, 1))


def key_of(result: dict[str, Any]) -> str:
    kwargs = {key: value for key, value in result["expectation_config"]["kwargs"].items() if key != "batch_id"}
    return json.dumps([result["expectation_config"]["type"], {"exact_match": True, **kwargs}], sort_keys=True).replace(
        ".0", ""
    )
