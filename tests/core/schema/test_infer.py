"""`infer` proposes a schema that accepts what it was drawn from, is the same each time, and says how sure it is."""

from __future__ import annotations

import csv
import gzip
import json
import math
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cornerman.core.errors import InvalidOption
from cornerman.core.schema import parse, validator, value_node
from cornerman.core.schema.cells import CellTypes
from cornerman.core.schema.data_files import DataFile
from cornerman.core.schema.evidence import FieldEvidence
from cornerman.core.schema.infer import Proposal, infer, infer_file
from cornerman.core.schema.judge import judged

TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["2024-01-01T00:00:00Z", "2024-01-01", "10:00:00Z", "a@b.org", "http://a.b", "1.2.3.4", "::1", "007"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(0, 1), st.floats(), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=10,
)
RECORDS = st.lists(st.one_of(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), VALUES), max_size=12)
CELLS = st.one_of(
    st.sampled_from(["", "0", "1", "-7", "007", "1.5", "2.0", "NaN", "-inf", "true", "FALSE", "1e400", " 3", "1_0"]),
    st.integers().map(str),
    st.floats().map(str),
    TEXTS,
)  # fmt: skip


@given(RECORDS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_proposal_accepts_what_it_was_drawn_from(records: list[Any], tight: bool) -> None:
    """Every record, whatever is in it; and the proposal is a document that the registry takes."""
    proposal = infer(records, tight=tight)
    valid = validator(parse(proposal.content))
    assert not [problem for record in records for problem in judged(valid, record)]
    assert all(0 <= field.confidence <= 1 for field in proposal.fields)


@given(RECORDS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_objects_read_as_maps_are_accepted_too(records: list[Any], tight: bool) -> None:
    before, value_node.NAMES = value_node.NAMES, 2
    try:
        proposal = infer(records, tight=tight)
    finally:
        value_node.NAMES = before
    valid = validator(parse(proposal.content))
    assert not [problem for record in records for problem in judged(valid, record)]


@given(RECORDS, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_where_a_batch_ends_makes_no_difference(records: list[Any], at: int) -> None:
    import cornerman.core.schema.infer as module

    whole = infer(records)
    before, module.BATCH = module.BATCH, at
    try:
        assert json.dumps(infer(records).content) == json.dumps(whole.content)
        assert str(infer(records).fields) == str(whole.fields)
    finally:
        module.BATCH = before


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_read_by_its_proposal_is_accepted(tmp_path: Path, rows: list[tuple[str, ...]], tight: bool) -> None:
    path = written(tmp_path / "data.csv", ["a", "b", "c"], rows)
    proposal = infer_file(path, id="data", tight=tight)
    typed, valid = CellTypes(proposal.content), validator(parse(proposal.content))
    for record in read(path):
        assert not judged(valid, typed(record)), record


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "0", "1"], "integer"),
        (["true", "False"], "boolean"),
        (["007", "12"], "string"),
        (["1", "2.5"], "number"),
        (["1", "NaN", "inf"], "number"),
        (["1", ""], ["integer", "null"]),
        (["NaN", "Smith"], "string"),
        (["1_000", "2"], "string"),
        (["٣"], "string"),
        (["12", "12a"], "string"),
    ],
)
def test_what_cells_are(tmp_path: Path, cells: list[str], expected: Any) -> None:
    path = written(tmp_path / "data.csv", ["x", "end"], [(cell, "z") for cell in cells])
    assert infer_file(path, id="data").content["properties"]["x"]["type"] == expected


def test_doubts_cost_confidence_and_are_said() -> None:
    records = [
        {"sure": n * 7, "flag": n % 2, "whole": float(n), "text": str(n), "mixed": n if n % 2 else "x", "no": None}
        for n in range(100)
    ]
    found = {field.path: field for field in infer(records).fields}
    assert found["/sure"].confidence > 0.98
    assert not found["/sure"].doubts
    assert "perhaps a boolean" in said(found["/flag"])
    assert "perhaps an integer" in said(found["/whole"])
    assert "perhaps numbers" in said(found["/text"])
    assert "50 integer, 50 string" in said(found["/mixed"])
    assert found["/no"].confidence == 0
    assert {f.confidence for f in found.values()} > {found["/sure"].confidence}


def test_the_evidence_is_what_was_there() -> None:
    records = [{"side": "BS"[n % 2], "price": n / 4, **({"tag": None} if n % 5 == 0 else {})} for n in range(40)]
    found = {field.path: field for field in infer(records).fields}
    assert found["/side"].values == {"B": 20, "S": 20}
    assert (found["/price"].minimum, found["/price"].maximum) == (0.0, 9.75)
    assert (found["/tag"].present, found["/tag"].missing, found["/tag"].nulls) == (8, 32, 8)
    assert infer(records, tight=True).content["properties"]["side"] == {"type": "string", "enum": ["B", "S"]}
    assert infer(records).content["required"] == ["side", "price"]


def test_formats_are_found_where_every_text_has_them() -> None:
    records = [{"ts": f"2024-01-01T00:00:{n:02}Z", "local": f"2024-01-01 00:00:{n:02}"} for n in range(9)]
    proposal = infer(records)
    assert proposal.content["properties"]["ts"] == {"type": "string", "format": "date-time"}
    assert proposal.content["properties"]["local"] == {"type": "string"}
    assert "names no zone" in said(next(field for field in proposal.fields if field.path == "/local"))
    assert proposal.content["arrow"]["fields"][0]["type"] == {"name": "timestamp", "unit": "us"}


def test_ids_as_names_are_a_map() -> None:
    """A thousand users do not become a thousand properties, however many files of them come."""
    proposal = infer({"at": n, "users": {f"user-{n}-{k}": {"score": k} for k in range(5)}} for n in range(500))
    users = proposal.content["properties"]["users"]
    assert users["properties"] == {}
    assert users["additionalProperties"]["properties"] == {"score": {"type": "integer"}}
    assert "/users cannot be a column" in " ".join(proposal.notes)


def test_lines_that_are_no_record_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": \n\xff\xfe\n{"a": NaN}\n')
    proposal = infer_file(path, id="data")
    assert (proposal.records, proposal.unreadable) == (2, 2)
    assert [line.split(":")[0] for line in proposal.first_unreadable] == ["line 3", "line 4"]


def test_a_row_of_another_width_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text('a;b\n1;2\n1;2;3\n"x\ny";4\n')
    with DataFile(path) as file:
        records = list(file.records())
    assert [(record.line, bool(record.error)) for record in records] == [(2, False), (3, True), (4, False)]
    assert records[2].value == {"a": "x\ny", "b": "4"}


@pytest.mark.parametrize("name", ["data.jsonl", "data.csv", "data.csv.gz"])
def test_reading_goes_on_where_it_stopped(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = [(str(n), f"ü{n}\n") for n in range(50)]
    if name == "data.jsonl":
        path.write_text("".join(json.dumps({"a": a, "b": b}) + "\r\n" for a, b in rows))
    else:
        plain = written(tmp_path / "plain.csv", ["a", "b"], rows)
        path.write_bytes(gzip.compress(plain.read_bytes()) if name.endswith("gz") else plain.read_bytes())
    with DataFile(path) as file:
        whole = list(file.records())
    assert [record.value["b"] for record in whole] == [b for _, b in rows]
    for stop in (0, 17, 49):
        with DataFile(path) as file:
            assert list(file.records(whole[stop].end, whole[stop].lines)) == whole[stop + 1 :]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.json", b'[\n{"a": 1}\n]', "array"),
        ("a.json", b'{\n"a": 1\n}', "several lines"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"a,a\n1,2\n", "twice"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:-20], "short"),
    ],
    ids=["array", "document", "empty", "twice", "short"],
)
def test_what_is_no_data_file_is_said_with_the_remedy(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidOption, match=word) as refused:
        infer_file(path, id="data")
    assert refused.value.remedy


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    """Four megabytes, gzip: the peak is that of one batch. A hundred megabytes need no more."""
    path = tmp_path / "data.jsonl.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for n in range(7_000):
            file.write(
                json.dumps({"n": n, "id": f"id-{n}", "x": math.sqrt(n), "pad": "p" * 400, "list": [n] * 8}) + "\n"
            )
    tracemalloc.start()
    try:
        assert infer_file(path, id="data").records == 7_000
        assert tracemalloc.get_traced_memory()[1] < 2.5e6
    finally:
        tracemalloc.stop()


def said(field: FieldEvidence) -> str:
    return " ".join(field.doubts)


def written(path: Path, columns: list[str], rows: Sequence[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def read(path: Path) -> Iterator[Any]:
    with DataFile(path) as file:
        for record in file.records():
            if not record.error:
                yield record.value


def test_a_proposal_is_a_proposal() -> None:
    """Nothing seen, nothing claimed."""
    proposal: Proposal = infer([])
    assert proposal.records == 0
    assert validator(proposal.document()).is_valid({"any": "thing"})
