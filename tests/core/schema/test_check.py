"""What the diff bot says of a pull request, over real folders and a real git repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from git_repository import GitRepository

from cornerman.core.errors import InvalidOption
from cornerman.core.schema.check import BREAKING, COMPATIBLE, Report, check
from cornerman.core.schema.folder import read_folder, read_revision, read_source

TICKS: dict[str, Any] = {
    "id": "ticks",
    "version": "1.0.0",
    "type": "object",
    "properties": {"price": {"type": "number"}, "size": {"type": "integer"}},
    "required": ["price"],
    "additionalProperties": False,
}


def ticks(version: str, **changes: Any) -> dict[str, Any]:
    """The tick document with other properties, or anything else."""
    return {**TICKS, "version": version, **changes}


WIDER = {"price": {"type": "number"}, "size": {"type": "integer"}, "side": {"type": "string"}}
RENAMED = {"last_price": {"type": "number"}, "size": {"type": "integer"}}


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """`main` has ticks 1.0.0 in a file of its own and bars 1.0.0 in a file for the id."""
    found = GitRepository(tmp_path / "repository")
    found.write("schemas/ticks/1.0.0.json", TICKS)
    found.write("schemas/bars.json", {**TICKS, "id": "bars"})
    found.write("README.md", "nothing of ours")
    found.commit()
    return found


def judged(repository: GitRepository, base: str = "main") -> Report:
    """The working folder against a revision."""
    return check(read_revision(base, "schemas", repository.folder), read_folder(repository.folder / "schemas"))


def test_nothing_changed(repository: GitRepository) -> None:
    report = judged(repository)
    assert (report.label, report.passes, report.changes) == (COMPATIBLE, True, ())
    assert "No schema changes" in report.markdown()


def test_a_compatible_version(repository: GitRepository) -> None:
    repository.write("schemas/ticks/1.1.0.json", ticks("1.1.0", properties=WIDER))
    report = judged(repository)
    assert (report.label, report.passes) == (COMPATIBLE, True)
    assert [change.kind for change in report.changes] == ["version"]


@pytest.mark.parametrize(("version", "passes"), [("1.1.0", False), ("1.0.1", False), ("2.0.0", True)])
def test_a_breaking_change_passes_with_a_new_major_only(repository: GitRepository, version: str, passes: bool) -> None:
    """The label is the same either way."""
    repository.write(f"schemas/ticks/{version}.json", ticks(version, properties=RENAMED, required=["last_price"]))
    report = judged(repository)
    assert (report.label, report.passes) == (BREAKING, passes)
    text = report.markdown()
    assert "BREAKING CHANGES DETECTED" in text
    assert ("must bump the MAJOR version number: it needs `2.0.0`" in text) is not passes


def test_a_wider_change_needs_its_minor(repository: GitRepository) -> None:
    """The registry would refuse it, so the pull request fails, although nothing breaks."""
    repository.write("schemas/ticks/1.0.1.json", ticks("1.0.1", properties=WIDER))
    report = judged(repository)
    assert (report.label, report.passes) == (COMPATIBLE, False)
    assert "it needs `1.1.0`" in report.markdown()


def test_a_file_for_an_id_holds_its_newest_version(repository: GitRepository) -> None:
    """The older one is in git: a new version in its place is no removal, an edit without a new version is refused."""
    repository.write("schemas/bars.json", ticks("1.1.0", id="bars", properties=WIDER))
    assert [(change.kind, change.passes) for change in judged(repository).changes] == [("version", True)]
    repository.write("schemas/bars.json", ticks("1.0.0", id="bars", properties=WIDER))
    report = judged(repository)
    assert [(change.kind, change.passes) for change in report.changes] == [("edited", False)]
    assert "needs version 1.1.0" in report.changes[0].sentence


def test_several_new_versions_follow_each_other(repository: GitRepository) -> None:
    """In the order of their numbers; the second is judged against the first."""
    repository.write("schemas/ticks/1.10.0.json", ticks("1.10.0", properties=RENAMED))
    repository.write("schemas/ticks/1.9.0.json", ticks("1.9.0", properties=WIDER))
    changes = judged(repository).changes
    assert [(change.subject, change.passes) for change in changes] == [("ticks@1.9.0", True), ("ticks@1.10.0", False)]
    assert changes[1].judgement is not None
    assert changes[1].judgement.base == "1.9.0"


def test_what_is_gone_is_said(repository: GitRepository) -> None:
    """A version that is retired breaks nobody; the last file of a schema does."""
    repository.write("schemas/ticks/1.1.0.json", ticks("1.1.0", properties=WIDER))
    repository.commit()
    (repository.folder / "schemas/ticks/1.0.0.json").unlink()
    (repository.folder / "schemas/bars.json").unlink()
    found = {change.subject: (change.kind, change.breaking, change.passes) for change in judged(repository).changes}
    assert found == {"ticks@1.0.0": ("removed", False, True), "bars@1.0.0": ("removed", True, True)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "object"),
        ('{"id": "ticks", "version": "1.2"}', "version"),
        ('{"type": "obj"}', "version"),
        ('{"version": "3.0.0", "type": "obj"}', "draft-07"),
        ('{"version": "3.0.0", "$schema": "https://json-schema.org/draft/2020-12/schema"}', "draft-07"),
    ],
)
def test_a_file_that_is_no_schema_fails_with_its_path(repository: GitRepository, content: str, said: str) -> None:
    repository.write("schemas/other/thing.json", content)
    report = judged(repository)
    assert (report.label, report.passes) == (COMPATIBLE, False)
    assert "other/thing.json" in report.markdown()
    assert said in report.changes[0].sentence + report.changes[0].remedy


def test_a_path_that_says_another_version_than_its_file_fails(repository: GitRepository) -> None:
    repository.write("schemas/ticks/1.1.0.json", ticks("1.2.0", properties=WIDER))
    assert [(change.kind, change.subject) for change in judged(repository).changes] == [
        ("unreadable", "ticks/1.1.0.json")
    ]


def test_the_folder_says_its_modes(repository: GitRepository) -> None:
    """What BACKWARD takes, FULL refuses; a table that cannot be used fails the check."""
    repository.write("schemas/compatibility.json", {"ticks": {"mode": "FULL"}})
    repository.write("schemas/ticks/1.1.0.json", ticks("1.1.0", properties=WIDER))
    assert judged(repository).label == BREAKING
    for unusable in ('{"ticks": {"mode": "HALF"}}', '{"ticks": "FULL"}', "{"):
        repository.write("schemas/compatibility.json", unusable)
        assert "compatibility.json" in judged(repository).markdown()
        assert not judged(repository).passes


def test_references_are_followed_within_the_folder(repository: GitRepository) -> None:
    """A new version that refers to another new one; and one that refers to nothing."""
    repository.write(
        "schemas/quote/1.0.0.json", ticks("1.0.0", id="quote", properties={"price": {"$ref": "schema:ticks@1.0.0"}})
    )
    assert judged(repository).passes
    repository.write(
        "schemas/quote/1.0.0.json", ticks("1.0.0", id="quote", properties={"price": {"$ref": "schema:ticks@7.0.0"}})
    )
    assert "ticks@7.0.0" in judged(repository).markdown()
    assert not judged(repository).passes


def test_names_from_documents_start_no_markup(repository: GitRepository) -> None:
    """A pull request from anybody is answered with the bot's rights."""
    evil = "a|b <img src=x> `c` ``` [x](http://y) @everyone\n# d"
    repository.write("schemas/ticks/1.1.0.json", ticks("1.1.0", properties={evil: {"type": "number"}}, required=[evil]))
    text = re.sub(r"```json\n.*?\n```", "", judged(repository).markdown(), flags=re.DOTALL)
    for line in text.splitlines():
        outside = re.sub(r"`[^`]*`", "", line)
        assert not re.search(r"<img|(?<!\\)\[x|@everyone|^# d", outside), line


def test_revisions_are_read_as_they_were(repository: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    """By any name of a commit, `REV:FOLDER`, from a folder below the root; nothing where the path was not yet there."""
    first = repository.git("rev-parse", "HEAD")
    repository.write("schemas/ticks/1.1.0.json", ticks("1.1.0", properties=WIDER))
    repository.git("rm", "-q", "schemas/bars.json")
    repository.commit()
    monkeypatch.chdir(repository.folder)
    assert [file.document.pin for file in read_source("HEAD~1", "schemas").files] == ["bars@1.0.0", "ticks@1.0.0"]
    assert [file.document.pin for file in read_source("main:schemas", "elsewhere").files] == [
        "ticks@1.0.0",
        "ticks@1.1.0",
    ]
    assert read_source(first, "nowhere").files == ()
    assert read_source(first, ".").unreadable == ()
    monkeypatch.chdir(repository.folder / "schemas")
    assert len(read_source("HEAD:ticks", "x").files) == 2
    for unknown in ("nothing", "--help", "-x:schemas"):
        with pytest.raises(InvalidOption, match="git cannot read that"):
            read_source(unknown, "schemas")


def test_the_commit_is_known_where_the_folder_is_what_was_committed(repository: GitRepository) -> None:
    head = repository.git("rev-parse", "HEAD")
    assert read_folder(repository.folder / "schemas").commit == head
    repository.write("elsewhere.txt", "not of the folder")
    assert read_folder(repository.folder / "schemas").commit == head
    repository.write("schemas/new.json", ticks("1.0.0", id="new"))
    assert read_folder(repository.folder / "schemas").commit is None
