"""A folder of schema files, as it lies on disk or as it was at a git revision.

    schemas/ticks/1.0.0.json        every version its own file: all of them stay
    schemas/ticks@1.0.0.json        the same, side by side
    schemas/bars.json               one file an id: the newest version, the older ones are in git's history
    schemas/compatibility.json      optional: {"ticks": {"mode": "FULL"}, "*": {"policy": "tolerant-reader"}}

Id and version come from the document, else from the path. A file that cannot be read is reported with its path, and is
no reason not to read the others.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ..errors import CornermanError, InvalidOption, InvalidSchema
from .admission import Rules
from .compare import MODES, POLICIES
from .document import SchemaDocument, parse

RULES_FILE = "compatibility.json"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class SchemaFile(NamedTuple):
    """One readable file: where it lies in the folder, and the document in it."""

    path: str
    document: SchemaDocument

    @property
    def keeps_versions(self) -> bool:
        """Whether the file is named after its version, so that older versions have files of their own."""
        return _named(PurePosixPath(self.path))[1] is not None


class Unreadable(NamedTuple):
    """A file that is no schema, and why."""

    path: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class SchemaFolder:
    """What a folder held at one moment."""

    name: str
    files: tuple[SchemaFile, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    rules: Mapping[str, Rules] = field(default_factory=dict)
    """By id; `*` for those that are not named."""
    commit: str | None = None
    """The git commit, where the files are exactly what it holds."""

    def rules_of(self, schema_id: str) -> Rules | None:
        """What the folder's own `compatibility.json` says of an id."""
        return self.rules.get(schema_id) or self.rules.get("*")

    def documents(self) -> dict[str, SchemaDocument]:
        """The documents by their pins."""
        return {file.document.pin: file.document for file in self.files}

    def ids(self) -> tuple[str, ...]:
        return tuple(sorted({file.document.id for file in self.files}))


def demand_folder(folder: Path) -> None:
    """Raise InvalidOption where there is no folder."""
    if not folder.is_dir():
        raise InvalidOption(f"There is no folder {folder}.", "Name the folder that holds the schema files.")


def read_folder(folder: Path) -> SchemaFolder:
    """The schema files below a folder; InvalidOption where there is no folder."""
    demand_folder(folder)
    found: dict[str, bytes] = {}
    failed: list[Unreadable] = []
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in PurePosixPath(name).parts):
            continue
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            failed.append(Unreadable(name, f"it cannot be read: {error.strerror or error}"))
    return _folder(str(folder), found, failed, _clean_commit(folder))


def read_revision(revision: str, path: str, repository: Path | None = None) -> SchemaFolder:
    """The schema files below `path`, as they were at a git revision; none where the path was not there yet.

    `path` counts from the working folder, as everything else that is typed. InvalidOption for an unknown revision.
    """
    where = repository or Path()
    commit = _git(where, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    name = f"{revision}:{path}"
    inside = path if path.startswith(("./", "../")) else f"./{path}"
    try:
        tree = _git(where, "rev-parse", "--verify", "--end-of-options", f"{commit}:{inside}").decode().strip()
    except InvalidOption:
        return SchemaFolder(name, commit=commit)
    listed = _git(where, "ls-tree", "-r", "-z", "--full-tree", tree).decode("utf-8", "surrogateescape")
    blobs: dict[str, str] = {}
    for entry in filter(None, listed.split("\0")):
        facts, _, file = entry.partition("\t")
        if file.endswith(".json") and facts.startswith("100"):
            blobs[file] = facts.split()[2]
    return _folder(name, dict(zip(blobs, _contents(where, list(blobs.values())), strict=True)), [], commit)


def read_source(source: str, path: str) -> SchemaFolder:
    """A folder, `REV:FOLDER`, or `REV` alone, whose folder is then `path`: what `schema check` takes."""
    if Path(source).is_dir():
        return read_folder(Path(source))
    revision, colon, folder = source.partition(":")
    return read_revision(revision, folder if colon else path)


def _folder(name: str, contents: Mapping[str, bytes], failed: Iterable[Unreadable], commit: str | None) -> SchemaFolder:
    files: list[SchemaFile] = []
    unreadable = list(failed)
    rules: dict[str, Rules] = {}
    owners: dict[str, str] = {}
    for path, content in contents.items():
        try:
            if path == RULES_FILE:
                rules = _rules(content)
                continue
            document = read_document(PurePosixPath(path), content, agree=True)
            if document.pin in owners:
                raise InvalidSchema(f"it is {document.pin}, and so is {owners[document.pin]}", "Keep one of them.")
        except CornermanError as error:
            unreadable.append(Unreadable(path, error.what.rstrip("."), error.remedy))
        else:
            owners[document.pin] = path
            files.append(SchemaFile(path, document))
    return SchemaFolder(name, tuple(files), tuple(unreadable), rules, commit)


def read_document(path: PurePosixPath, content: bytes, *, agree: bool = False) -> SchemaDocument:
    """The document of a file; the path stands in for an id or a version that it does not say itself.

    With `agree` a path such as `ticks/1.0.0.json` must say the same as the document. Raises InvalidSchema.
    """
    name, version = _named(path)
    if agree and version is not None:
        return parse(content, id=name, version=version)
    said = _keys(content)
    return parse(
        content,
        id=None if said & {"id", "schema_id", "$id"} else name,
        version=None if "version" in said else version,
    )


def _keys(content: bytes) -> set[str]:
    """What a document says at its top; nothing where it cannot be read, which `parse` says better."""
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        return set()
    return set(found) if isinstance(found, dict) else set()


def _named(path: PurePosixPath) -> tuple[str, str | None]:
    """The id and the version that a path says."""
    if _VERSION.fullmatch(path.stem) and len(path.parts) > 1:
        return path.parts[-2], path.stem
    name, _, version = path.stem.rpartition("@")
    return (name, version) if name and _VERSION.fullmatch(version) else (path.stem, None)


def _rules(content: bytes) -> dict[str, Rules]:
    try:
        table: Any = json.loads(content)
    except ValueError as error:
        raise InvalidSchema(f"it is not JSON: {error}", "Correct that line.") from error
    if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
        raise InvalidSchema("it is no table of ids", 'Write {"ID": {"mode": "FULL", "policy": "strict"}}.')
    return {name: _rule(name, entry) for name, entry in table.items()}


def _rule(name: str, entry: Mapping[str, Any]) -> Rules:
    rules = Rules(**{key: entry[key] for key in ("mode", "policy") if key in entry})
    unknown = sorted(entry.keys() - {"mode", "policy"})
    if unknown or rules.mode not in MODES or rules.policy not in POLICIES:
        raise InvalidSchema(
            f"what it says of {name!r} cannot be used: {json.dumps(entry)}",
            f"Modes are {', '.join(MODES)}; policies are {', '.join(POLICIES)}.",
        )
    return rules


def _clean_commit(folder: Path) -> str | None:
    """The commit that a folder is at, None where it is in no repository or holds what was never committed."""
    try:
        if _git(folder, "status", "--porcelain", "-z", "--", "."):
            return None
        return _git(folder, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    except CornermanError:
        return None


def _contents(repository: Path, blobs: Sequence[str]) -> list[bytes]:
    """The contents of git objects, by one process for all of them."""
    answer = _git(repository, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
    found: list[bytes] = []
    at = 0
    for _ in blobs:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        found.append(answer[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git says; InvalidOption with git's own words where it refuses."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, input=given, check=False)
    except FileNotFoundError as error:
        raise CornermanError("There is no git on this host.", "Name two folders instead of revisions.") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        words = said[-1].removeprefix("fatal: ") if said else f"git {arguments[0]} failed"
        raise InvalidOption(
            f"git cannot read that: {words}.", "Name a folder, a revision such as `origin/main`, or REVISION:FOLDER."
        )
    return done.stdout
