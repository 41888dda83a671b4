"""The product's own schemas: draft-07, true of real payloads, and never changed without a version."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core import payload_documents as module
from cornerman.core.payload_documents import generated, mismatches, text_of
from cornerman.core.payloads import chunk_v1, episode_v1, frame_chunk_v1, frame_v1, kinds, step_v1
from cornerman.core.published import published
from cornerman.core.schema import SchemaDocument
from cornerman.core.schema.validate import validator
from cornerman.core.schema_of import draft_07, field_words, schema_of_struct
from cornerman.core.settings import Settings

BOUNDARY = ("step", "episode", "run_manifest", "log_record", "log_constant")
GOLDEN = Path(__file__).parents[1] / "data" / "golden"
DOCUMENTS = {document.pin: document for document in published()}


def document(kind: str) -> SchemaDocument:
    """The newest version."""
    return [document for document in published() if document.id == f"cornerman.{kind}"][-1]


def samples() -> dict[str, list[Any]]:
    """Real payloads as JSON has them, by kind."""
    plain_settings = Settings().model_dump(mode="json")
    found: dict[str, list[Any]] = {"settings": [plain_settings], "ui_controls": [plain_settings["view"]]}
    for kind, file in (*((kind, f"{kind}_v1") for kind in BOUNDARY), ("log_record", "log_record_v1_1")):
        found.setdefault(kind, []).append(json.loads((GOLDEN / f"{file}.json").read_bytes()))
    frames = [frame_v1.decode(file.read_bytes()) for file in sorted(GOLDEN.glob("frame_v1_*.bin"))]
    found["frame"] = [plain(frame) for frame in frames]
    found["chunk"] = [plain(chunk_v1.decode((GOLDEN / "chunk_v1.bin").read_bytes()))]
    raw = msgspec.msgpack.decode((GOLDEN / "frame_chunk_v1.bin").read_bytes(), type=frame_chunk_v1.FrameChunkV1)
    found["frame_chunk"] = [plain(raw)]
    return found


def plain(payload: Any) -> Any:
    return json.loads(msgspec.json.encode(payload))


SAMPLES = [(kind, sample) for kind, of_kind in samples().items() for sample in of_kind]


def test_there_is_a_document_for_every_kind_of_payload() -> None:
    assert {document.id for document in published()} == {
        f"cornerman.{kind}" for kind in (*kinds(), "settings", "ui_controls")
    }


def test_every_document_is_what_its_definition_says() -> None:
    """A change of a typed definition is a new version of its document: the message says which."""
    assert not mismatches(), "\n\n".join(map(str, mismatches()))
    assert {document.pin for document in generated()} <= DOCUMENTS.keys(), (
        "run `python -m cornerman.core.payload_documents`"
    )


def test_generating_gives_the_bytes_of_the_files() -> None:
    folder = Path(module.__file__).parent / "payloads" / "documents"
    for made in generated():
        assert (folder / f"{made.pin}.json").read_text(encoding="utf-8") == text_of(made)


@pytest.mark.parametrize("pin", DOCUMENTS)
def test_the_meta_schema_of_draft_07_accepts_each(pin: str) -> None:
    content = {**DOCUMENTS[pin].schema, "$schema": "http://json-schema.org/draft-07/schema#"}
    jsonschema_rs.meta.validate(content)
    text = json.dumps(DOCUMENTS[pin].content)
    assert not any(word in text for word in ('"$defs"', '"prefixItems"', "2020-12"))


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_real_payloads_are_valid(kind: str, sample: Any) -> None:
    assert validator(document(kind)).problems(sample) == []


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_a_payload_with_a_required_part_less_or_of_another_type_is_not(kind: str, sample: Any) -> None:
    check = validator(document(kind))
    if isinstance(sample, dict):
        for name in document(kind).schema.get("required", ()):
            assert not check.is_valid({key: value for key, value in sample.items() if key != name}), name
        for name in sample.keys() & {"run_id", "time_us", "payload_version", "storage"}:
            assert not check.is_valid({**sample, name: [None]}), name
        assert kind == "settings" or not check.is_valid({**sample, "payload_version": 2})
    else:
        assert not check.is_valid(sample[:1])
        assert not check.is_valid([{}, *sample[1:]])
    assert not check.is_valid("text")


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=4), st.floats() | st.binary(max_size=4) | st.tuples(st.integers()), max_size=3))
def test_the_json_form_of_any_step_is_valid(values: dict[str, Any]) -> None:
    step = step_v1.StepV1(
        run_id="r", episode=0, step=0, time_us=0, observation=values, reward=float("nan") if values else None
    )
    assert validator(document("step")).problems(json.loads(step_v1.to_json(step))) == []


@pytest.mark.parametrize("pin", DOCUMENTS)
def test_every_field_has_its_words(pin: str) -> None:
    content = DOCUMENTS[pin].schema
    for part in (content, *content.get("definitions", {}).values()):
        places = part.get("items", ())
        named = {field["title"]: field for field in places} if isinstance(places, list) else {}
        for name, field in {**part.get("properties", {}), **named}.items():
            if name != "kind" and name != "payload_version" and "$ref" not in str(field):
                assert field.get("description"), f"{pin}: {name}"


def test_flat_payloads_have_a_column_for_each_field() -> None:
    arrow = document("step").arrow
    assert arrow is not None
    columns = {field["name"]: field for field in arrow["fields"]}
    assert columns.keys() == document("step").schema["properties"].keys()
    assert columns["time_us"]["type"] == {"name": "timestamp", "unit": "us", "timezone": "UTC"}
    assert (columns["reward"]["type"], columns["reward"]["nullable"]) == ({"name": "float64"}, True)
    assert (columns["run_id"]["nullable"], columns["observation"]["type"]) == (False, {"name": "binary"})
    assert columns["info"]["type"]["name"] == "map"


def test_units_come_from_the_docstrings() -> None:
    assert document("step").schema["properties"]["time_us"]["unit"] == "microseconds"
    assert (
        document("settings").schema["definitions"]["StorageSettings"]["properties"]["min_free_bytes"]["unit"] == "bytes"
    )


@pytest.mark.parametrize(
    "schema", [{"unevaluatedProperties": False}, {"$dynamicRef": "#a"}, {"$ref": "#/definitions/a", "type": "object"}]
)
def test_what_draft_07_would_ignore_in_silence_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Draft-07 has no|rules beside it"):
        draft_07({"properties": {"a": schema}})


def test_a_reference_with_words_beside_it_keeps_both() -> None:
    assert draft_07({"$ref": "#/definitions/a", "description": "it"}) == {
        "description": "it",
        "allOf": [{"$ref": "#/definitions/a"}],
    }


class Before(msgspec.Struct):
    """A thing."""

    name: str
    """What it is called."""


class Wider(msgspec.Struct):
    """A thing."""

    name: str
    """What it is called."""
    size: int = 0
    """How large it is. Unit: metres."""


class Broken(msgspec.Struct):
    """A thing."""

    title: str
    """What it is called."""


class Reworded(msgspec.Struct):
    """A thing."""

    name: str
    """By what name it goes."""


@pytest.mark.parametrize(
    ("changed", "bump", "pin"),
    [
        (Wider, "MINOR", "cornerman.episode@1.1.0"),
        (Broken, "MAJOR", "cornerman.episode@2.0.0"),
        (Reworded, "PATCH", "cornerman.episode@1.0.1"),
    ],
)
def test_a_changed_definition_is_told_which_version_it_needs(changed: Any, bump: str, pin: str) -> None:
    known, new = (
        module._document(episode_v1.SCHEMA, schema_of_struct(struct, "Thing")) for struct in (Before, changed)
    )
    message = str(module._mismatch(known, new))
    assert bump in message
    assert pin in message


def test_the_words_of_a_field_are_its_docstring() -> None:
    assert field_words(Wider)["size"] == {"description": "How large it is.", "unit": "metres"}


def test_a_picture_in_a_payload_is_base64_in_json() -> None:
    sample = copy.deepcopy(samples()["step"][0])
    assert frame_v1.decode(base64.b64decode(sample["frame"]))
