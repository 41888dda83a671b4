"""What a Great Expectations run over a data file would report, in its result form, and the schema's own verdict beside.

Every expectation is judged as Great Expectations judges it: a missing value breaks none of them but "not null",
percents are of the values that are there, the first twenty unexpected values are shown. The file is read once.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

from .cells import CellTypes
from .data_files import DataFile, Record
from .document import SchemaDocument
from .expectations import FORM, Expectation, expectations, not_expressed
from .judge import judged
from .validate import Validator, validator

SHOWN: Final = 20
"""Unexpected values in a result, as Great Expectations shows them."""
FIRST: Final = 5
"""Refused records that are shown with their problems."""


def report_file(
    document: SchemaDocument, path: Path | str, *, format: str | None = None, delimiter: str | None = None
) -> dict[str, Any]:
    """The report on a file of JSON lines or CSV. Raises InvalidOption where it cannot be read."""
    with DataFile(path, format, delimiter) as file:
        records: Iterable[Record] = file.records()
        if file.format == "csv":
            typed = CellTypes(document.schema)
            records = (each if each.error else each._replace(value=typed(each.value)) for each in records)
        return report(document, records, columns=file.columns, source=str(path))


def report(
    document: SchemaDocument, records: Iterable[Record], *, columns: Iterable[str] = (), source: str = ""
) -> dict[str, Any]:
    """The report on records as `DataFile` reads them; `columns` are those of the table, where it names them itself.

    `success` is false where an expectation fails, or where the schema refuses a record for a rule that none expresses.
    """
    checks = [_Check(each) for each in expectations(document)]
    seen = dict.fromkeys(columns)
    verdict = _Verdict(validator(document))
    rows = 0
    for record in records:
        verdict.take(record)
        if record.error:
            continue
        row = record.value if isinstance(record.value, dict) else {}
        seen.update(dict.fromkeys(row))
        for check in checks:
            check.take(rows, row)
        rows += 1
    results = [check.result(rows, seen) for check in checks]
    return _whole(document, results, verdict, source)


def _whole(document: SchemaDocument, results: list[dict[str, Any]], verdict: _Verdict, source: str) -> dict[str, Any]:
    good = sum(result["success"] for result in results)
    about = {"schema": document.pin, "digest": document.digest, "source": source, **verdict.facts()}
    return {
        "success": good == len(results) and not verdict.refused and not verdict.unreadable,
        "results": results,
        "suite_name": document.pin,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": good / len(results) * 100 if results else None,
        },
        "meta": {
            "great_expectations_version": FORM,
            "cornerman": {**about, "not_expressed": list(not_expressed(document.schema))},
        },
        "id": None,
    }


class _Verdict:
    """What the schema itself says of the records."""

    def __init__(self, judge: Validator) -> None:
        self._judge = judge
        self.valid = self.refused = self.unreadable = 0
        self._first: list[dict[str, Any]] = []

    def take(self, record: Record) -> None:
        if record.error:
            self.unreadable += 1
            self._show(record.line, [record.error])
        elif problems := judged(self._judge, record.value):
            self.refused += 1
            self._show(record.line, [f"{problem.path or '/'}: {problem.message}" for problem in problems])
        else:
            self.valid += 1

    def _show(self, line: int, reasons: list[str]) -> None:
        if len(self._first) < FIRST:
            self._first.append({"line": line, "problems": reasons})

    def facts(self) -> dict[str, Any]:
        counts = {"valid": self.valid, "refused": self.refused, "unreadable": self.unreadable}
        return {"records": sum(counts.values()), **counts, "first_refused": self._first}


class _Check:
    """One expectation, and what it met."""

    def __init__(self, expectation: Expectation) -> None:
        self._expectation = expectation
        self._column: str = expectation.kwargs.get("column", "")
        self._accepts = _acceptance(expectation)
        self._counts_nulls = expectation.type == "expect_column_values_to_not_be_null"
        self._unexpected = self._missing = 0
        self._values: list[Any] = []
        self._rows: list[int] = []

    def take(self, at: int, row: dict[str, Any]) -> None:
        if self._accepts is None:
            return
        value = row.get(self._column)
        if value is None or value != value:
            self._missing += 1
            if not self._counts_nulls:
                return
            value = None
        elif self._accepts(value):
            return
        self._unexpected += 1
        if len(self._rows) < SHOWN:
            self._values.append(value)
            self._rows.append(at)

    def result(self, rows: int, columns: Iterable[str]) -> dict[str, Any]:
        """In the form of an ExpectationValidationResult."""
        if self._accepts is None:
            success, found = self._of_table(set(columns))
        else:
            success, found = not self._unexpected, self._of_column(rows)
        return {
            "success": success,
            "expectation_config": self._expectation.content(),
            "result": found,
            "meta": {},
            "exception_info": {"raised_exception": False, "exception_traceback": None, "exception_message": None},
        }

    def _of_table(self, columns: set[str]) -> tuple[bool, dict[str, Any]]:
        if self._column:
            return self._column in columns, {}
        wanted = set(self._expectation.kwargs["column_set"])
        found: dict[str, Any] = {"observed_value": sorted(columns)}
        if columns != wanted:
            off = {"unexpected": sorted(columns - wanted), "missing": sorted(wanted - columns)}
            found["details"] = {"mismatched": {key: names for key, names in off.items() if names}}
        return columns == wanted, found

    def _of_column(self, rows: int) -> dict[str, Any]:
        there = rows if self._counts_nulls else rows - self._missing
        percent = _percent(self._unexpected, there)
        found: dict[str, Any] = {
            "element_count": rows,
            "unexpected_count": self._unexpected,
            "unexpected_percent": percent,
            "partial_unexpected_list": self._values,
        }
        if not self._counts_nulls:
            found |= {
                "missing_count": self._missing,
                "missing_percent": _percent(self._missing, rows),
                "unexpected_percent_total": _percent(self._unexpected, rows),
                "unexpected_percent_nonmissing": percent,
            }
        return {
            **found,
            "partial_unexpected_counts": _counted(self._values),
            "partial_unexpected_index_list": self._rows,
        }


def _percent(part: int, whole: int) -> float | None:
    return part / whole * 100 if whole else None


def _counted(values: list[Any]) -> list[dict[str, Any]]:
    """Each value and how often it came, the most frequent first; equal values are those that JSON writes alike."""
    written = [json.dumps(value, sort_keys=True) for value in values]
    shown = dict(zip(written, values, strict=True))
    counts = sorted(Counter(written).items(), key=lambda each: (-each[1], _rank(shown[each[0]])))
    return [{"value": shown[text], "count": count} for text, count in counts]


def _rank(value: Any) -> tuple[bool, Any]:
    """Numbers by their value, everything else by its text."""
    numeric = isinstance(value, (int, float))
    return not numeric, value if numeric else str(value)


def _acceptance(expectation: Expectation) -> Callable[[Any], bool] | None:
    """Whether a value that is there is expected; None where the expectation is about the table."""
    kwargs = expectation.kwargs
    match expectation.type:
        case "expect_column_values_to_not_be_null":
            return lambda _: True
        case "expect_column_values_to_be_in_type_list":
            return partial(_of_type, frozenset(kwargs["type_list"]))
        case "expect_column_values_to_be_in_set":
            return partial(_in_set, kwargs["value_set"])
        case "expect_column_values_to_be_between":
            return partial(_between, kwargs)
        case "expect_column_value_lengths_to_be_between":
            return partial(_length_between, kwargs)
        case "expect_column_values_to_match_regex":
            return partial(_matches, re.compile(kwargs["regex"]))
        case "expect_column_values_to_match_json_schema":
            return validator(kwargs["json_schema"]).is_valid
        case _:
            return None


def _of_type(names: frozenset[str], value: Any) -> bool:
    """By the value's own type; a float that is whole is an integer to JSON."""
    return type(value).__name__ in names or (isinstance(value, float) and value.is_integer() and "int" in names)


def _in_set(values: list[Any], value: Any) -> bool:
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in values)


def _between(kwargs: dict[str, Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and (value <= low if kwargs.get("strict_min") else value < low):
        return False
    return high is None or not (value >= high if kwargs.get("strict_max") else value > high)


def _length_between(kwargs: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return bool(kwargs.get("min_value", 0) <= len(value) <= kwargs.get("max_value", len(value)))


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.search(value) is not None
