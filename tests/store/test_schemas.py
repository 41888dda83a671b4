"""The registry in a store: what may become a version, what never changes, and what two programs at once get."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cornerman.core.errors import (
    CornermanError,
    InvalidOption,
    InvalidSchema,
    NotFound,
    SchemaInUse,
    SchemaRefused,
    StoreError,
)
from cornerman.core.schema import SchemaDocument, bump_between, order, parse, parse_version, validator
from cornerman.core.schema.refused import Refused
from cornerman.store.api import Store, make_store, open_store
from cornerman.store.connection import connect
from cornerman.store.schemas import SchemaRegistry

DDL = Path(__file__).resolve().parents[2] / "store" / "ddl"


def document(version: str, id: str = "ticks", **schema: Any) -> SchemaDocument:
    return parse({"id": id, "version": version, "type": "object", **schema})


def closed(version: str, id: str = "ticks", **properties: str) -> SchemaDocument:
    """An object with these properties and no others."""
    types = {name: {"type": type} for name, type in properties.items()}
    return document(version, id, properties=types, additionalProperties=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path / "store") as store:
        yield store


@pytest.fixture
def schemas(store: Store) -> SchemaRegistry:
    return store.schemas


def test_a_document_comes_back_as_it_was_given(schemas: SchemaRegistry, store: Store) -> None:
    """Key for key, in its order, with its digest; by any opening of the store."""
    given = closed("1.0.0", price="number")
    assert schemas.add(given, note="the first").new
    with open_store(store.path, read_only=True) as again:
        found = again.schemas.get("ticks@1.0.0")
        assert list(found.content) == list(given.content)
        assert found == given
        assert again.schemas.versions("ticks")[0].note == "the first"


def test_the_same_content_again_changes_nothing(schemas: SchemaRegistry) -> None:
    schemas.add(closed("1.0.0", price="number"))
    assert not schemas.add(closed("1.0.0", price="number")).new
    assert [event.action for event in schemas.history("ticks")] == ["add"]


def test_a_registered_version_never_changes(schemas: SchemaRegistry, store: Store) -> None:
    """Neither through the registry nor by SQL, and the history neither."""
    schemas.add(closed("1.0.0", price="number"))
    with pytest.raises(SchemaRefused, match=r"never changes.*1\.1\.0"):
        schemas.add(closed("1.0.0", price="number", size="integer"))
    connection = connect(store.path, write=True)
    for statement in (
        "update schema_version set content = '{}'",
        "delete from schema_version",
        "update schema_event set who = 'nobody'",
        "delete from schema_event",
    ):
        with pytest.raises(apsw.ConstraintError, match="never"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("version", "change", "needed"),
    [
        ("1.0.1", {"price": "number", "size": "integer"}, "1.1.0"),
        ("1.9.0", {"last": "number"}, "2.0.0"),
        ("1.0.0", {"last": "number"}, "2.0.0"),
        ("0.9.0", {"price": "number"}, None),
    ],
)
def test_a_lower_version_than_the_change_needs_is_refused(
    schemas: SchemaRegistry, version: str, change: dict[str, str], needed: str | None
) -> None:
    """With the version that it needs. A lower MAJOR that is not there yet may be filled in."""
    schemas.add(closed("1.0.0", price="number"))
    if needed is None:
        assert schemas.add(closed(version, **change)).new
        return
    with pytest.raises(SchemaRefused) as caught:
        schemas.add(closed(version, **change))
    assert caught.value.judgement.needed == needed
    assert needed in str(caught.value)
    assert schemas.add(closed(needed, **change)).new


def test_latest_is_the_highest_version_and_not_the_newest(schemas: SchemaRegistry) -> None:
    """By numbers: 1.10.0 is above 1.9.0, and a 1.x that goes on after 2.0.0 is not the latest."""
    for version in ("1.9.0", "1.10.0"):
        schemas.add(document(version, title=version))
    assert schemas.get("ticks").version == "1.10.0"
    schemas.add(closed("2.0.0", last="number"))
    went_on = schemas.add(document("1.10.1", title="kept up"))
    assert went_on.judgement.compared == ("1.10.0",), "within its MAJOR"
    assert schemas.get("ticks@latest").version == schemas.get("ticks").version == "2.0.0"
    assert schemas.list()[-1].latest == "2.0.0"


def test_versions_of_a_line_only_rise(schemas: SchemaRegistry) -> None:
    schemas.add(document("1.2.0"))
    with pytest.raises(SchemaRefused, match=r"1\.1\.0 is below 1\.2\.0"):
        schemas.add(document("1.1.0", title="late"))


def test_a_breaking_change_of_an_older_line_needs_a_major_that_is_free(schemas: SchemaRegistry) -> None:
    """2.0.0 is taken, so it is 3.0.0."""
    schemas.add(closed("1.0.0", price="number"))
    schemas.add(closed("2.0.0", last="number"))
    with pytest.raises(SchemaRefused) as caught:
        schemas.add(closed("1.1.0", other="number"))
    assert caught.value.judgement.needed == "3.0.0"


def test_a_retired_version_is_out_of_use_and_still_there(schemas: SchemaRegistry) -> None:
    """Not the latest, not compared with; its pin finds it, its number is not used again, and it can come back."""
    schemas.add(closed("1.0.0", price="number"))
    schemas.add(closed("1.1.0", price="number", size="integer"))
    schemas.retire("ticks@1.1.0", "a mistake")
    assert schemas.get("ticks").version == "1.0.0"
    assert schemas.get("ticks@1.1.0").version == "1.1.0"
    with pytest.raises(SchemaRefused) as caught:
        schemas.add(closed("1.1.0", price="number", amount="integer"))
    assert caught.value.judgement.needed == "1.1.1", "1.1.0 was a number already"
    assert schemas.add(closed("1.1.1", price="number", amount="integer")).judgement.compared == ("1.0.0",)
    with pytest.raises(SchemaRefused, match="may not stand beside"):
        schemas.restore("ticks@1.1.0")
    schemas.retire("ticks@1.1.1")
    schemas.restore("ticks@1.1.0")
    assert schemas.get("ticks").version == "1.1.0"
    assert [event.action for event in schemas.history("ticks")] == ["add", "add", "retire", "add", "retire", "restore"]


def test_where_every_version_is_retired_a_pin_is_needed(schemas: SchemaRegistry) -> None:
    schemas.add(document("1.0.0"))
    schemas.retire("ticks@1.0.0")
    with pytest.raises(NotFound, match=r"ticks@1\.0\.0"):
        schemas.get("ticks")
    with pytest.raises(InvalidOption):
        schemas.retire("ticks")


def test_what_is_not_there_is_said_with_what_is(schemas: SchemaRegistry) -> None:
    schemas.add(document("1.0.0"))
    with pytest.raises(NotFound, match="Is it ticks"):
        schemas.get("tick")
    with pytest.raises(NotFound, match=r"It has 1\.0\.0"):
        schemas.get("ticks@3.0.0")


def test_a_mode_holds_for_what_comes_and_for_what_is_there(schemas: SchemaRegistry) -> None:
    """FULL refuses what BACKWARD takes, and cannot be set over it."""
    schemas.add(closed("1.0.0", price="number"))
    schemas.add(closed("1.1.0", price="number", size="integer"))
    with pytest.raises(SchemaRefused, match="Retire one of the two"):
        schemas.set_mode("ticks", "full")
    assert schemas.mode("ticks") == "BACKWARD"
    schemas.add(closed("1.0.0", "bars", price="number"), mode="FULL")
    with pytest.raises(SchemaRefused) as caught:
        schemas.add(closed("1.1.0", "bars", price="number", size="integer"))
    assert caught.value.judgement.needed == "2.0.0"
    assert schemas.set_mode("bars", "NONE").mode == "NONE"
    assert schemas.add(closed("1.1.0", "bars", other="string")).new
    assert schemas.history("bars")[1].after == "NONE strict"


@pytest.mark.parametrize("words", [{"mode": "SIDEWAYS"}, {"policy": "kind"}])
def test_a_mode_that_is_none_is_said_with_those_there_are(schemas: SchemaRegistry, words: dict[str, str]) -> None:
    with pytest.raises(InvalidOption, match="Use one of"):
        schemas.add(document("1.0.0"), **words)


def test_transitive_modes_compare_with_every_version_of_the_line(schemas: SchemaRegistry) -> None:
    schemas.add(closed("1.0.0", price="integer"), mode="BACKWARD_TRANSITIVE")
    schemas.add(closed("1.1.0", price="number"))
    assert schemas.judge(closed("1.2.0", price="number", size="integer")).compared == ("1.0.0", "1.1.0")
    assert schemas.judge(closed("2.0.0", last="number")).compared == ("1.1.0",)


TRADES: dict[str, Any] = {
    "properties": {
        "ts": {"type": "string", "format": "date-time"},
        "price": {"type": "number"},
        "size": {"type": "integer"},
    },
    "required": ["ts", "price", "size"],
    "additionalProperties": False,
    "arrow": {
        "fields": [
            {"name": "ts", "type": {"name": "timestamp", "unit": "us"}},
            {"name": "price", "type": {"name": "float64"}},
            {"name": "size", "type": {"name": "int32"}},
        ]
    },
}


def trades(**changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(TRADES)), **changes}


def test_three_steps_of_a_schema_that_lives(schemas: SchemaRegistry) -> None:
    """A nullable column: new readers only. A rename: said to be one, and MAJOR. A wider column on the old line."""
    schemas.add(document("1.0.0", **trades()))
    more = trades()
    more["properties"]["exchange"] = {"type": ["string", "null"]}
    more["arrow"]["fields"].append({"name": "exchange", "type": {"name": "utf8"}, "nullable": True})
    forward = schemas.judge(document("1.1.0", **more), mode="FORWARD")
    assert forward.needed == "2.0.0", "old readers refuse a field that a closed schema does not know"
    assert schemas.add(document("1.1.0", **more)).new

    renamed = json.loads(json.dumps(more).replace('"price"', '"last_price"'))
    with pytest.raises(SchemaRefused, match="renamed to `last_price`") as caught:
        schemas.add(document("1.2.0", **renamed))
    assert caught.value.judgement.needed == "2.0.0"
    proof = caught.value.judgement.verdict.counterexample.document
    assert schemas.validator("ticks@1.1.0").is_valid(proof)
    assert not validator(document("1.2.0", **renamed)).is_valid(proof)
    assert schemas.add(document("2.0.0", **renamed)).judgement.broken == "1.1.0"

    wider = json.loads(json.dumps(more).replace("int32", "int64"))
    assert schemas.add(document("1.2.0", **wider)).judgement.compared == ("1.1.0",)
    with pytest.raises(SchemaRefused, match="int64"):
        schemas.add(document("1.3.0", **more))


def test_a_schema_may_use_a_version_of_another(schemas: SchemaRegistry) -> None:
    """By pin, in part or as a whole, through several; checked and bundled as if it stood inside."""
    schemas.add(
        document(
            "1.0.0",
            "money",
            properties={"of": {"$ref": "#/definitions/name"}},
            definitions={"name": {"type": "string"}},
        )
    )
    schemas.add(document("1.0.0", "quote", properties={"price": {"$ref": "schema:money@1.0.0"}}))
    schemas.add(
        document(
            "1.0.0",
            properties={
                "best": {"$ref": "schema:quote@1.0.0"},
                "name": {"$ref": "schema:money@1.0.0#/definitions/name"},
                "enum": {"const": {"$ref": "schema:nothing"}},
            },
        )
    )
    judge = schemas.validator("ticks")
    assert judge.is_valid({"best": {"price": {"of": "EUR"}}, "name": "x"})
    assert [problem.path for problem in judge.problems({"best": {"price": {"of": 3}}, "name": 4})] == [
        "/best/price/of",
        "/name",
    ]
    whole = schemas.bundle("ticks").schema
    assert validator(whole).is_valid({"enum": {"$ref": "schema:nothing"}}), "what is data is no reference"
    assert set(whole["definitions"]) == {"money@1.0.0", "quote@1.0.0"}


def test_a_reference_must_lead_to_a_registered_version(schemas: SchemaRegistry) -> None:
    with pytest.raises(NotFound, match=r"ticks@1\.0\.0 refers to money@1\.0\.0"):
        schemas.add(document("1.0.0", properties={"price": {"$ref": "schema:money@1.0.0"}}))
    with pytest.raises(CornermanError, match="does not pin a version"):
        document("1.0.0", properties={"price": {"$ref": "schema:money"}})
    assert "ticks" not in [entry.id for entry in schemas.list()]


def test_a_change_behind_a_reference_is_compared_as_if_it_stood_inside(schemas: SchemaRegistry) -> None:
    schemas.add(document("1.0.0", "money", properties={"of": {"type": "string"}}))
    schemas.add(document("2.0.0", "money", properties={"of": {"type": "integer"}}))
    schemas.add(document("1.0.0", properties={"price": {"$ref": "schema:money@1.0.0"}}))
    with pytest.raises(SchemaRefused) as caught:
        schemas.add(document("1.1.0", properties={"price": {"$ref": "schema:money@2.0.0"}}))
    assert caught.value.judgement.needed == "2.0.0"


def test_the_products_own_schemas_are_in_every_store(schemas: SchemaRegistry) -> None:
    """And nobody else can add to them."""
    assert schemas.get("cornerman.step").version
    with pytest.raises(InvalidOption, match="Cornerman itself"):
        schemas.add(document("9.0.0", "cornerman.step"))


def test_a_store_that_cannot_be_written_can_be_read(schemas: SchemaRegistry, store: Store) -> None:
    schemas.add(document("1.0.0"))
    store.close()
    for path in (store.path, *store.path.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        reading = (
            "import sys, cornerman\n"
            "store = cornerman.open_store(sys.argv[1])\n"
            "print(store.schemas.get('ticks').version, len(store.schemas.history('ticks')))"
        )
        done = subprocess.run([sys.executable, "-c", reading, store.path], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("1.0.0 1\n", 0), done.stderr
    finally:
        store.path.chmod(0o755)


def test_a_store_of_an_older_format_has_no_schemas_until_it_is_written(tmp_path: Path) -> None:
    """Reading it changes nothing; the first change brings the tables and the product's own schemas."""
    path = tmp_path / "old"
    path.mkdir()
    old = apsw.Connection(str(path / "store.db"))
    for name in ("0001_base.sql", "0002_relay.sql"):
        old.execute((DDL / name).read_text())
    old.execute("pragma user_version=2; pragma application_id=0x434F524E")
    old.close()
    with open_store(path, read_only=True) as store:
        assert not store.schemas.list()
        assert not store.schemas.history()
        with pytest.raises(NotFound):
            store.schemas.get("cornerman.step")
        assert store.schemas.judge(document("1.0.0")).outcome == "new"
        assert store.schemas.add(document("1.0.0")).new
        assert store.schemas.get("cornerman.step").version


def test_a_store_on_a_network_folder_keeps_its_schemas_on_this_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everything else: no database is opened on NFS."""
    shared = tmp_path / "shared"
    shared.mkdir()
    mounts = [
        f"{n} 1 8:{n} / {at} rw - {kind} source rw\n" for n, (at, kind) in enumerate((("/", "ext4"), (shared, "nfs4")))
    ]
    (tmp_path / "mountinfo").write_text("".join(mounts))
    monkeypatch.setenv("CORNERMAN_MOUNTINFO", str(tmp_path / "mountinfo"))
    monkeypatch.setenv("CORNERMAN_LOCAL", str(tmp_path / "local"))
    with make_store(shared / "runs") as store:
        assert store.schemas.add(document("1.0.0")).new
    with open_store(shared / "runs", read_only=True) as store:
        assert store.schemas.get("ticks").version == "1.0.0"
    assert not list(shared.rglob("store.db"))


def test_of_two_programs_that_add_the_same_version_one_wins(tmp_path: Path) -> None:
    """Each adds the same versions with content of its own, as fast as it can; every version has one owner."""
    make_store(tmp_path / "store").close()
    code = (
        "import sys, time, cornerman\n"
        "from cornerman.core.schema import parse\n"
        "from cornerman.core.errors import SchemaRefused\n"
        "store, me, wins = cornerman.open_store(sys.argv[1]), sys.argv[2], 0\n"
        "time.sleep(max(0, float(sys.argv[3]) - time.time()))\n"
        "for patch in range(40):\n"
        "    try: wins += store.schemas.add(parse({'id': 'ticks', 'version': f'1.0.{patch}', 'title': me})).new\n"
        "    except SchemaRefused: pass\n"
        "print(wins)"
    )
    start = str(time.time() + 1.5)
    command = [sys.executable, "-c", code, str(tmp_path / "store")]
    children = [
        subprocess.Popen([*command, name, start], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    answers = [child.communicate(timeout=60) for child in children]
    wins = [int(out or error) for out, error in answers]
    with open_store(tmp_path / "store") as store:
        owners = [store.schemas.get(entry.pin).content["title"] for entry in store.schemas.versions("ticks")]
        assert [owners.count("one"), owners.count("two")] == wins
        assert len(owners) == len(store.schemas.history("ticks"))
        versions = [entry.version for entry in store.schemas.versions("ticks")]
        assert versions == order(versions)


def test_a_locked_store_is_said_to_be_locked(
    schemas: SchemaRegistry, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what could not be added is not there."""
    monkeypatch.setattr("cornerman.store.schemas.connect", lambda path, write: connect(path, write=write, busy_ms=10))
    holder = connect(store.path, write=True)
    holder.execute("begin immediate")
    with pytest.raises(StoreError, match="locked"):
        schemas.add(document("1.0.0"))
    holder.execute("rollback")
    holder.close()
    assert schemas.add(document("1.0.0")).new


# --- what holds whatever is asked for ---------------------------------------------------------------------------------

SCHEMAS = st.builds(
    lambda type, b, required, open: {
        "type": "object",
        "properties": {"a": {"type": type}, **({"b": {"type": "string"}} if b else {})},
        "required": ["a"] * required,
        "additionalProperties": open,
    },
    st.sampled_from(["integer", "number", ["integer", "null"]]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([False, False, True]),
)
"""Few, and related: many may follow each other, many may not."""
_PARTS: list[Any] = [1, 1.5, "x", None, True]
_MISSING = object()
SAMPLES = [
    {name: value for name, value in (("a", a), ("b", b), ("c", c)) if value is not _MISSING}
    for a, b in itertools.product([*_PARTS, _MISSING], repeat=2)
    for c in (1, _MISSING)
]
"""Every document that could tell two of these schemas apart."""


def accepts(old: SchemaDocument, new: SchemaDocument) -> bool:
    """Whether every sample that the old one takes is taken by the new one."""
    before, after = validator(old), validator(new)
    return all(after.is_valid(sample) for sample in SAMPLES if before.is_valid(sample))


class Registry(RuleBasedStateMachine):
    """Anybody may ask for anything; what the registry then holds keeps its mode."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = make_store(Path(self.folder.name) / "store")
        self.schemas = self.store.schemas

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @initialize(schema=SCHEMAS, mode=st.sampled_from(["NONE", "BACKWARD", "FORWARD"]))
    def begin(self, schema: dict[str, Any], mode: str) -> None:
        self.schemas.add(self.as_version("1.0.0", schema), mode=mode)

    @rule(schema=SCHEMAS, major=st.integers(1, 2), minor=st.integers(0, 3), patch=st.integers(0, 2))
    def add(self, schema: dict[str, Any], major: int, minor: int, patch: int) -> None:
        self.attempt(lambda: self.schemas.add(self.as_version(f"{major}.{minor}.{patch}", schema)))

    @rule(schema=SCHEMAS)
    def add_as_told(self, schema: dict[str, Any]) -> None:
        """With the version that the refusal names, it is taken."""
        top = self.schemas.versions("x")[-1].version
        judgement = self.schemas.judge(self.as_version(top, schema))
        if judgement.outcome == "refused" and judgement.needed:
            assert self.schemas.add(self.as_version(judgement.needed, schema)).new

    @rule(mode=st.sampled_from(["BACKWARD", "FORWARD", "FULL", "NONE", "BACKWARD_TRANSITIVE", "FULL_TRANSITIVE"]))
    def set_mode(self, mode: str) -> None:
        self.attempt(lambda: self.schemas.set_mode("x", mode))

    @rule(which=st.integers(0, 9), back=st.booleans())
    def retire(self, which: int, back: bool) -> None:
        known = [entry for entry in self.schemas.versions("x") if entry.retired == back]
        if known:
            pin = known[which % len(known)].pin
            self.attempt(lambda: (self.schemas.restore if back else self.schemas.retire)(pin))

    @invariant()
    def keeps_its_mode(self) -> None:
        mode = self.schemas.mode("x")
        in_force = [self.schemas.get(entry.pin) for entry in self.schemas.versions("x") if not entry.retired]
        for old, new in itertools.combinations(in_force, 2):
            if bump_between(old.version, new.version) == "major":
                continue
            between = [
                one
                for one in in_force
                if parse_version(old.version) < parse_version(one.version) < parse_version(new.version)
            ]
            if between and not mode.endswith("TRANSITIVE"):
                continue
            if mode.startswith(("BACKWARD", "FULL")):
                assert accepts(old, new), (mode, old.content, new.content)
            if mode.startswith(("FORWARD", "FULL")):
                assert accepts(new, old), (mode, old.content, new.content)

    @staticmethod
    def as_version(version: str, schema: dict[str, Any]) -> SchemaDocument:
        return parse({"id": "x", "version": version, **schema})

    @staticmethod
    def attempt(change: Callable[[], object]) -> None:
        with contextlib.suppress(SchemaRefused):
            change()


def test_the_registry_never_holds_two_versions_that_its_mode_forbids() -> None:
    run_state_machine_as_test(
        Registry,
        settings=settings(
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_a_reference_that_leads_back_to_itself_is_never_registered(schemas: SchemaRegistry) -> None:
    with pytest.raises(InvalidSchema, match="back to themselves"):
        schemas.add(parse({"id": "loop", "version": "1.0.0", "$ref": "schema:loop@1.0.0"}))
    assert "loop" not in [entry.id for entry in schemas.list()]


def test_a_store_made_before_versions_could_be_purged_can_purge_them(tmp_path: Path) -> None:
    """Formats 4 to 6 were once made with a trigger that let nothing go."""
    with apsw.Connection(str(tmp_path / "store.db")) as old:
        for number in range(1, 7):
            (file,) = DDL.glob(f"{number:04}_*.sql")
            old.execute(file.read_text().replace(" when old.retired_us is null", ""))
        old.execute("pragma user_version=6; pragma application_id=0x434F524E")
    old.close()
    with open_store(tmp_path) as store:
        store.schemas.add(document("1.0.0"))
        store.schemas.purge("ticks@1.0.0")
        assert "ticks" not in [entry.id for entry in store.schemas.list()]


def test_approvals_are_in_the_history(schemas: SchemaRegistry) -> None:
    """Who, when, why; nothing else changes."""
    schemas.add(document("1.0.0"))
    schemas.approve("ticks", note="risk team")
    last = schemas.history("ticks")[-1]
    assert (last.action, last.version, last.note) == ("approve", "1.0.0", "risk team")
    with pytest.raises(NotFound):
        schemas.approve("ticks@9.0.0")


def test_only_what_nothing_names_can_be_purged(schemas: SchemaRegistry, store: Store) -> None:
    """The id goes with its last version, the history stays; whatever names the version is said, and holds it."""
    schemas.add(document("1.0.0"))
    schemas.add(document("1.0.0", "user", properties={"a": {"$ref": "schema:ticks@1.0.0"}}))
    with pytest.raises(SchemaInUse, match=r"user@1\.0\.0"):
        schemas.purge("ticks@1.0.0")
    schemas.purge("user@1.0.0", note="a mistake")
    store.enforcement.set("ticks", "observe")
    with pytest.raises(SchemaInUse, match="1 rules"):
        schemas.purge("ticks@1.0.0")
    store.enforcement.clear("ticks")
    store.quarantine.add([Refused(b"1", ())], source="a file", schema="ticks@1.0.0")
    with pytest.raises(SchemaInUse, match="1 records in quarantine"):
        schemas.purge("ticks@1.0.0")
    assert [event.action for event in schemas.history("user")] == ["add", "purge"]
    assert "user" not in [entry.id for entry in schemas.list()]
    with pytest.raises(NotFound):
        schemas.purge("user@1.0.0")
    with pytest.raises(InvalidOption):
        schemas.purge("cornerman.step@1.0.0")
    assert schemas.get("ticks@1.0.0") == document("1.0.0")
