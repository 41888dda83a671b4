"""`cornerman schema`, end to end: real files, a real store, a real git repository, each verb as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Cornerman
from git_repository import GitRepository

from cornerman.tui.cli import main
from cornerman.tui.commands.schema import VERBS

CHECKOUT = Path(__file__).resolve().parents[2]

TICKS: dict[str, Any] = {
    "id": "ticks",
    "schema_version": "http://json-schema.org/draft-07/schema#",
    "title": "Trades",
    "version": "1.0.0",
    "type": "object",
    "properties": {"symbol": {"type": "string"}, "price": {"type": "number"}, "size": {"type": "integer"}},
    "required": ["symbol", "price"],
    "additionalProperties": False,
    "arrow": {
        "fields": [
            {"name": "symbol", "type": {"name": "utf8"}},
            {"name": "price", "type": {"name": "float64"}},
            {"name": "size", "type": {"name": "int32"}},
        ]
    },
}


def write(folder: Path, name: str, **changes: Any) -> str:
    """A tick document in a file, with these keys changed; None takes a key away."""
    document = {key: value for key, value in {**TICKS, **changes}.items() if value is not None}
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document, indent=2))
    return name


def renamed(folder: Path, name: str, version: str) -> str:
    text = json.dumps({**TICKS, "version": version}, indent=2).replace('"price"', '"last_price"')
    (folder / name).write_text(text)
    return name


@pytest.fixture
def registered(cornerman: Cornerman) -> Cornerman:
    """The command over a store that holds ticks 1.0.0."""
    assert cornerman.json("schema", "add", write(cornerman.folder, "ticks.json"))["added"] is True
    return cornerman


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples_that_fits_80_columns(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main(["schema", verb, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"cornerman schema {verb}" in text.partition("examples:")[2]
    assert "--store" in text
    assert "--json" in text
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_the_first_schema_makes_the_store(cornerman: Cornerman) -> None:
    """From nothing: add, list, get; what comes back is what was given."""
    done = cornerman("schema", "add", write(cornerman.folder, "ticks.json"))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "added ticks@1.0.0"), done.stderr
    ticks = next(entry for entry in cornerman.json("schema", "list")["schemas"] if entry["id"] == "ticks")
    assert (ticks["latest"], ticks["title"], ticks["rules"]["mode"]) == ("1.0.0", "Trades", "BACKWARD")
    assert json.loads(cornerman("schema", "get", "ticks").stdout) == TICKS
    assert cornerman.json("schema", "get", "ticks@1.0.0")["content"] == TICKS
    assert "exactly this content" in cornerman("schema", "add", "ticks.json").stdout


def test_a_rename_is_refused_until_its_version_says_so(registered: Cornerman) -> None:
    """compat and add say the same; only add changes anything; the answer names the version that is needed."""
    low = renamed(registered.folder, "new.json", "1.1.0")
    for verb in ("compat", "add"):
        done = registered("schema", verb, low)
        assert done.returncode == 1
        assert "2.0.0" in done.stdout + done.stderr
        answer = registered("schema", verb, low, "--json")
        assert answer.returncode == 1
        judgement = json.loads(answer.stdout)
        assert (judgement["outcome"], judgement["needed"], judgement["broken"]) == ("refused", "2.0.0", "1.0.0")
        assert judgement["verdict"]["reasons"]
    high = renamed(registered.folder, "new.json", "2.0.0")
    assert registered("schema", "compat", high).returncode == 0
    assert [one["version"] for one in registered.json("schema", "versions", "ticks")["versions"]] == ["1.0.0"]
    assert registered.json("schema", "add", high, "--note", "renamed")["broken"] == "1.0.0"
    assert json.loads(registered("schema", "get", "ticks").stdout)["version"] == "2.0.0"


def test_diff_shows_what_changed_and_what_that_breaks(registered: Cornerman) -> None:
    """Between pins and files, one line a place, then the verdict; the Arrow block too."""
    arrow = {"fields": [*TICKS["arrow"]["fields"][:2], {"name": "size", "type": {"name": "int64"}}]}
    wider = write(registered.folder, "wider.json", version="1.1.0", arrow=arrow)
    done = registered("schema", "diff", "ticks", wider)
    assert done.returncode == 0, done.stderr
    assert "~ arrow.fields.size.type.name: int32 → int64" in done.stdout
    assert "ticks@1.0.0 → ticks@1.1.0: compatible under BACKWARD" in done.stdout
    answer = registered.json("schema", "diff", "ticks@1.0.0", renamed(registered.folder, "new.json", "2.0.0"))
    assert answer["verdict"]["compatible"] is False
    assert {"-", "+"} <= {line["sign"] for line in answer["differences"]}
    assert "BREAKING" in registered("schema", "diff", "ticks", "new.json").stdout


def test_two_documents_are_compared_without_a_store(cornerman: Cornerman) -> None:
    old, new = write(cornerman.folder, "old.json"), renamed(cornerman.folder, "new.json", "2.0.0")
    assert cornerman("schema", "compat", old, new).returncode == 1
    assert cornerman("schema", "compat", old, new, "--mode", "none").returncode == 0
    assert cornerman("schema", "diff", old, new).returncode == 0
    assert not cornerman.store.exists()


def test_validate_names_the_line_of_every_problem(registered: Cornerman) -> None:
    """JSON lines, one JSON document, CSV, standard input; by pin or by file."""
    data = registered.folder / "data.jsonl"
    data.write_text(
        '{"symbol": "A", "price": 1.5}\n{"symbol": 3, "price": "x"}\n\nnot json\n{"symbol": "B", "price": NaN}\n'
    )
    done = registered("schema", "validate", "data.jsonl", "--schema", "ticks@1.0.0")
    assert done.returncode == 1
    assert re.findall(r"^data.jsonl:(\d+): (\S+):", done.stdout, re.MULTILINE) == [
        ("2", "/symbol"),
        ("2", "/price"),
        ("4", "/"),
    ]
    answer = json.loads(registered("schema", "validate", "data.jsonl", "--schema", "ticks.json", "--json").stdout)
    assert (answer["records"], answer["refused"], len(answer["problems"])) == (4, 2, 3)
    one = registered.folder / "one.json"
    one.write_text('{\n  "symbol": "A",\n  "price":\n    "x"\n}\n')
    assert registered("schema", "validate", "one.json", "--schema", "ticks").stdout.startswith("one.json:4: /price")
    (registered.folder / "data.csv").write_text("symbol,price,size\nA,1.5,3\nB,x,4\n")
    assert registered("schema", "validate", "data.csv", "--schema", "ticks").stdout.startswith("data.csv:3: /price")
    data.write_text('{"symbol": "A", "price": 1.5}\n')
    assert registered("schema", "validate", "data.jsonl", "--schema", "ticks").returncode == 0


def test_mode_retire_and_history(registered: Cornerman) -> None:
    assert registered.json("schema", "mode", "ticks", "full", "--note", "agreed")["mode"] == "FULL"
    assert registered("schema", "mode", "ticks").stdout.split() == ["ticks", "FULL", "strict"]
    assert registered("schema", "mode", "ticks", "sideways").returncode == 2
    assert registered("schema", "retire", "ticks@1.0.0").returncode == 0
    assert registered("schema", "get", "ticks").returncode == 1
    assert json.loads(registered("schema", "get", "ticks@1.0.0").stdout) == TICKS
    assert registered("schema", "retire", "ticks@1.0.0", "--undo").returncode == 0
    history = registered.json("schema", "versions", "ticks", "--history")["history"]
    assert [event["action"] for event in history] == ["add", "mode", "retire", "restore"]
    assert all(event["who"] and event["at_us"] for event in history)


def test_a_bundle_needs_no_registry(registered: Cornerman) -> None:
    """The file that `export --bundle` writes stands for itself: validated and compared without a store."""
    quote = {"id": "quote", "version": "1.0.0", "properties": {"best": {"$ref": "schema:ticks@1.0.0"}}}
    (registered.folder / "quote.json").write_text(json.dumps(quote))
    assert registered("schema", "add", "quote.json").returncode == 0
    assert registered("schema", "export", "quote", "--bundle", "-o", "whole.json").returncode == 0
    (registered.folder / "bad.jsonl").write_text('{"best": {"symbol": "A"}}\n')
    elsewhere = str(registered.folder / "nowhere")
    done = registered("schema", "validate", "bad.jsonl", "--schema", "whole.json", "--store", elsewhere)
    assert (done.returncode, done.stdout.split(":")[2].strip()) == (1, "/best/price"), done.stderr
    assert registered("schema", "validate", "bad.jsonl", "--schema", "quote.json").returncode == 1


def test_export_makes_the_folder_that_sync_reads(registered: Cornerman) -> None:
    """And into git with it: the commit is recorded, drift is shown, what is gone is retired."""
    write(registered.folder, "ticks2.json", version="1.1.0", title="Trades, described")
    registered.json("schema", "add", "ticks2.json", "--mode", "full")
    repository = GitRepository(registered.folder / "work")
    assert registered("schema", "export", "--folder", "work/schemas").returncode == 0
    repository.commit()
    assert registered("schema", "sync", "work/schemas", "--check").returncode == 0
    write(registered.folder, "work/schemas/ticks/2.0.0.json", version="2.0.0", required=["price"])
    repository.git("rm", "-q", "schemas/ticks/1.1.0.json")
    commit = repository.commit()
    drift = json.loads(registered("schema", "sync", "work/schemas", "--check", "--json").stdout)
    assert [(one["kind"], one["subject"]) for one in drift["drift"]] == [
        ("extra", "ticks@1.1.0"),
        ("missing", "ticks@2.0.0"),
    ]
    synced = registered.json("schema", "sync", "work/schemas")
    assert (synced["done"], synced["commit"]) == (["retired ticks@1.1.0", "added ticks@2.0.0"], commit)
    versions = registered.json("schema", "versions", "ticks")["versions"]
    assert [(one["version"], one["retired"], one["commit"]) for one in versions][-1] == ("2.0.0", False, commit)
    assert versions[1]["retired"]
    assert registered("schema", "sync", "work/schemas", "--check").returncode == 0


def test_sync_does_what_it_can_and_says_what_it_cannot(registered: Cornerman) -> None:
    """A changed version, a breaking change without its MAJOR, a broken file; the rest is done, and may be repeated."""
    folder = registered.folder / "schemas"
    write(folder, "ticks/1.0.0.json", title="edited")
    write(folder, "bars@1.0.0.json", id="bars")
    write(folder, "bars@1.1.0.json", id="bars", version="1.1.0", required=["symbol", "price", "size"])
    write(folder, "b/2.0.0.json", id="b", version="2.0.0", properties={"a": {"$ref": "schema:a@1.0.0"}}, arrow=None)
    write(folder, "b/1.0.0.json", id="b", properties={"c": {"$ref": "schema:c@1.0.0"}}, arrow=None)
    write(folder, "a/1.0.0.json", id="a", properties={"b": {"$ref": "schema:b@1.0.0"}}, arrow=None)
    write(folder, "c.json", id="c")
    (folder / "broken.json").write_text("{")
    done = registered("schema", "sync", "schemas", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert set(answer["done"]) == {f"added {pin}" for pin in ("bars@1.0.0", "c@1.0.0", "b@1.0.0", "a@1.0.0", "b@2.0.0")}
    assert {(one["kind"], one["subject"]) for one in answer["refused"]} == {
        ("changed", "ticks@1.0.0"),
        ("missing", "bars@1.1.0"),
        ("unreadable", "broken.json"),
    }
    assert json.loads(registered("schema", "sync", "schemas", "--json").stdout)["done"] == []


def test_check_is_what_a_pull_request_gets(cornerman: Cornerman) -> None:
    """Label first, report after it, exit code 1 without the MAJOR; by folder or revision, without a store."""
    repository = GitRepository(cornerman.folder)
    write(cornerman.folder, "schemas/ticks/1.0.0.json")
    repository.commit()
    renamed(cornerman.folder, "schemas/ticks/1.1.0.json", "1.1.0")
    done = cornerman("schema", "check", "main", "--report", "report.md")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "schema:breaking"), done.stderr
    assert (cornerman.folder / "report.md").read_text().rstrip() == done.stdout.partition("\n")[2].rstrip()
    assert "must bump the MAJOR version number" in done.stdout
    (cornerman.folder / "schemas/ticks/1.1.0.json").unlink()
    renamed(cornerman.folder, "schemas/ticks/2.0.0.json", "2.0.0")
    repository.commit()
    done = cornerman("schema", "check", "main~1", "main", "--label")
    assert (done.returncode, done.stdout) == (0, "schema:breaking\n"), done.stderr
    answer = cornerman.json("schema", "check", "main~1:schemas", "schemas")
    assert (answer["label"], answer["passes"], answer["changes"][0]["subject"]) == (
        "schema:breaking",
        True,
        "ticks@2.0.0",
    )
    assert cornerman("schema", "check", "no-such-branch").returncode == 2
    assert not cornerman.store.exists()


@pytest.mark.parametrize("title", ["same meaning", None])
def test_the_workflow_judges_a_merge(tmp_path: Path, title: str | None) -> None:
    """The step of `.github/workflows/schema-check.yml` as it stands there, on a merge commit as GitHub makes it."""
    workflow = (CHECKOUT / ".github/workflows/schema-check.yml").read_text()
    step = workflow.partition("id: judge")[2].partition("run: |\n")[2].partition("      - name:")[0]
    script = "\n".join(line.removeprefix(" " * 10) for line in step.splitlines())
    repository = GitRepository(tmp_path / "repository")
    write(repository.folder, "schemas/ticks/1.0.0.json")
    repository.commit()
    repository.git("checkout", "-q", "-b", "pull")
    if title:
        write(repository.folder, "schemas/ticks/1.0.1.json", version="1.0.1", title=title)
    else:
        renamed(repository.folder, "schemas/ticks/1.0.1.json", "1.0.1")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("README.md", "main went on")
    repository.commit()
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "pull")
    output, summary = tmp_path / "output", tmp_path / "summary"
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "cornerman").write_text(f'#!/bin/sh\nexec {sys.executable} -m cornerman "$@"\n')
    (bin / "cornerman").chmod(0o755)
    paths = {"PATH": f"{bin}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    environment = {**os.environ, **paths, "SCHEMAS": "schemas"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=repository.folder, env=environment, check=True)
    said = dict(line.split("=") for line in output.read_text().splitlines())
    wanted = {"label": "schema:compatible", "code": "0"} if title else {"label": "schema:breaking", "code": "1"}
    assert said == wanted
    assert said["label"] in summary.read_text()


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '{"id": "x"}', "\x00", '{"id": "x", "version": "1.0.0", "type": "no"}']
)
@pytest.mark.parametrize("verb", ["add", "compat"])
def test_a_file_that_is_no_schema_is_said_with_its_name(
    verb: str, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and what to do; no traceback, and no store is made of it."""
    (tmp_path / "bad.json").write_text(content)
    assert main(["schema", verb, str(tmp_path / "bad.json"), "--store", str(tmp_path / "store")]) == 1
    said = capsys.readouterr().err
    assert "bad.json" in said
    assert "fault" not in said
    assert not (tmp_path / "store").exists()


def test_what_is_not_there_is_said(registered: Cornerman, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in (
        (("get", "nothing"), 1),
        (("get", "ticks@9.0.0"), 1),
        (("get", "ticks@x"), 1),
        (("versions", "tick"), 1),
        (("retire", "ticks"), 2),
        (("add", "missing.json"), 1),
        (("sync", "missing"), 2),
        (("export",), 2),
        (("compat", "ticks"), 2),
        (("validate", "missing.jsonl", "--schema", "ticks"), 2),
        (("explain", "nonsense"), 2),
        ((), 2),
    ):
        assert main(["schema", *arguments, "--store", str(registered.store)]) == code, arguments
        assert capsys.readouterr().err.startswith("cornerman: ")


def test_without_a_store_what_reads_it_says_so(cornerman: Cornerman) -> None:
    assert cornerman("schema", "list").returncode == 3
    assert not cornerman.store.exists()


def test_the_tutorial_is_true(tmp_path: Path) -> None:
    """Every command of docs/schemas.md, in its order, ends as the page says."""
    page = (CHECKOUT / "docs" / "schemas.md").read_text()
    command = Cornerman(tmp_path / "store", tmp_path)
    (tmp_path / "ticks.json").write_text(page.partition("```json\n")[2].partition("```")[0])
    lines = re.findall(r"^\$ (.*)$", page.partition("```console\n")[2].partition("```")[0], re.MULTILINE)
    assert len(lines) > 10
    for line in lines:
        program = line.replace("cornerman schema", f"{sys.executable} -m cornerman schema")
        done = subprocess.run(
            ["bash", "-c", program],
            cwd=tmp_path,
            env=command.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == ("exit code 1" in line), f"{line}: {done.stdout}{done.stderr}"
    python = page.partition("```python\n")[2].partition("```")[0]
    subprocess.run([sys.executable, "-c", python + "assert fits"], env=command.environment(), check=True)


def test_fields_are_explained_and_who_reads_them_is_named_before_they_go(cornerman: Cornerman, tmp_path: Path) -> None:
    """Descriptions and `uses` are the glossary; a change that breaks a field says whom to ask."""
    price = {"type": "number", "description": "Paid for one", "unit": "EUR", "uses": ["loader", "risk"]}
    for version, name in (("1.0.0", "price"), ("2.0.0", "last_price")):
        content = {"id": "ticks", "version": version, "properties": {name: price}, "required": [name]}
        (tmp_path / f"{version}.json").write_text(json.dumps({**content, "additionalProperties": False}))
        cornerman.json("schema", "add", str(tmp_path / f"{version}.json"))
    (field,) = cornerman.json("schema", "explain", "last_price")
    assert (field["path"], field["means"], field["uses"]) == ("/last_price", "Paid for one", ["loader", "risk"])
    assert {"reward", "observation"} <= {each["name"] for each in cornerman.json("schema", "explain", "fields")}
    diff = cornerman("schema", "diff", "ticks@1.0.0", "ticks@2.0.0").stdout
    assert "/properties/price is read by loader, risk" in diff


def test_a_matrix_says_which_version_reads_which(cornerman: Cornerman, tmp_path: Path) -> None:
    """Closed objects: what is new reads what is old, and not the other way round."""
    properties = {"price": {"type": "number"}}
    for version, more in (("1.0.0", {}), ("1.1.0", {"size": {"type": "integer"}})):
        content = {"id": "ticks", "version": version, "properties": {**properties, **more}}
        (tmp_path / "ticks.json").write_text(json.dumps({**content, "additionalProperties": False}))
        cornerman.json("schema", "add", str(tmp_path / "ticks.json"))
    reads = cornerman.json("schema", "matrix", "ticks")["reads"]
    assert reads == {"1.0.0": {"1.0.0": True, "1.1.0": True}, "1.1.0": {"1.0.0": False, "1.1.0": True}}
    assert "yes" in cornerman("schema", "matrix", "ticks").stdout


def test_an_audit_shows_what_is_sent_and_what_nobody_described(cornerman: Cornerman, tmp_path: Path) -> None:
    """Of a run stream by stream, of a file as one; the schema's side too."""
    cornerman.json("record", "CartPole-v1", "--steps", "50", "--seed", "1")
    (stream,) = cornerman.json("schema", "audit", "latest")
    fields = {field["path"]: field for field in stream["fields"]}
    assert stream["records"] == 50
    assert {"/observation", "/observation/*", "/action", "/reward", "/terminated"} <= set(fields)
    (tmp_path / "data.jsonl").write_text('{"price": 1, "odd": {"x": 1}}\n')
    (tmp_path / "s.json").write_text(
        json.dumps({"id": "ticks", "version": "1.0.0", "properties": {"price": {}, "size": {}}})
    )
    done = cornerman("schema", "audit", "data.jsonl", "--schema", "s.json", "--json")
    (found,) = json.loads(done.stdout)
    assert (done.returncode, found["never_seen"], found["undescribed"]) == (1, ["/size"], ["/odd", "/odd/x"])
