"""What a pull request does to a folder of schemas: the label, the report, and whether it may be merged.

    report = check(read_revision("origin/main", "schemas"), read_folder(Path("schemas")))
    report.label, report.passes, report.markdown()

The base folder stands for what is registered, and every file that is new or changed in the head folder is judged as the
registry would judge it (`admission.py`): what passes here can be synced, and what cannot be synced fails here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import CornermanError, NotFound
from .admission import Judgement, Known, Rules, judge
from .document import SchemaDocument
from .folder import SchemaFile, SchemaFolder
from .references import Load
from .versions import order

BREAKING, COMPATIBLE = "schema:breaking", "schema:compatible"


class Change(NamedTuple):
    """One file of the head folder that is new or different, or one that is gone."""

    kind: str
    """`added` (an id), `version` (of a known id), `edited` (a version that is there), `removed`, `unreadable`."""
    subject: str
    """The pin, or the file where it cannot be read."""
    path: str
    breaking: bool
    passes: bool
    sentence: str
    judgement: Judgement | None = None
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """What changed between two folders."""

    base: str
    head: str
    changes: tuple[Change, ...]

    @property
    def breaking(self) -> bool:
        return any(change.breaking for change in self.changes)

    @property
    def label(self) -> str:
        """The label of the pull request."""
        return BREAKING if self.breaking else COMPATIBLE

    @property
    def passes(self) -> bool:
        """Whether every change has the version that it needs."""
        return all(change.passes for change in self.changes)

    def markdown(self) -> str:
        """The report as a comment on the pull request."""
        from .check_report import markdown

        return markdown(self)


def check(base: SchemaFolder, head: SchemaFolder, rules: Rules | None = None, *, search: bool = True) -> Report:
    """Judge what `head` changes. `rules` hold for ids that the head folder's own `compatibility.json` does not name."""
    changes = [
        Change(
            "unreadable", path, path, False, False, f"This is no schema that can be registered: {reason}.", None, remedy
        )
        for path, reason, remedy in head.unreadable
    ]
    changes += _removed(base, head)
    known = {
        schema_id: [_known(file) for file in base.files if file.document.id == schema_id] for schema_id in base.ids()
    }
    held = base.documents()
    documents = {**head.documents(), **held}
    for file in _in_order(head):
        there = known.setdefault(file.document.id, [])
        if held.get(file.document.pin) == file.document:
            continue
        changes.append(_change(file, there, head.rules_of(file.document.id) or rules or Rules(), documents, search))
        if all(entry.version != file.document.version for entry in there):
            there.append(_known(file))
    return Report(base.name, head.name, tuple(changes))


def _change(
    file: SchemaFile, known: list[Known], rules: Rules, documents: Mapping[str, SchemaDocument], search: bool
) -> Change:
    document = file.document
    try:
        judgement = judge(document, known, rules, _loader(documents), search=search)
    except CornermanError as error:
        return Change("version", document.pin, file.path, False, False, error.what, None, error.remedy)
    passes = judgement.outcome != "refused"
    breaking = judgement.broken is not None
    if not known:
        return Change("added", document.pin, file.path, False, passes, "A new schema.", judgement)
    if any(entry.version == document.version for entry in known):
        said = f"It was edited in place; a released version never changes. It needs version {judgement.needed}."
        return Change("edited", document.pin, file.path, breaking, False, said, judgement)
    return Change("version", document.pin, file.path, breaking, passes, _sentence(judgement), judgement)


def _sentence(judgement: Judgement) -> str:
    if judgement.outcome == "refused":
        return judgement.problem
    if judgement.broken:
        return f"Breaks what {judgement.broken} promised, and its MAJOR version says so."
    return f"Follows {judgement.base}, and keeps what {judgement.rules.mode} demands."


def _removed(base: SchemaFolder, head: SchemaFolder) -> Iterator[Change]:
    """Versions whose file is gone. A file that now holds another version of its id is no removal."""
    present = {file.path for file in head.files} | {each.path for each in head.unreadable}
    pins, ids = head.documents().keys(), head.ids()
    for file in base.files:
        if file.path in present or file.document.pin in pins:
            continue
        if file.document.id in ids:
            said = "The file is gone: a sync retires this version. Its pin still finds it."
            yield Change("removed", file.document.pin, file.path, False, True, said)
        else:
            said = "The last file of this schema is gone: who asks for it by name finds nothing in this folder."
            yield Change("removed", file.document.pin, file.path, True, True, said)


def _in_order(folder: SchemaFolder) -> Iterator[SchemaFile]:
    """By id; the lower versions first, since the higher ones follow them."""
    for schema_id in folder.ids():
        files = {file.document.version: file for file in folder.files if file.document.id == schema_id}
        yield from (files[version] for version in order(files))


def _known(file: SchemaFile) -> Known:
    return Known(file.document.version, file.document.digest)


def _loader(documents: Mapping[str, SchemaDocument]) -> Load:
    def load(pin: str) -> SchemaDocument:
        if pin not in documents:
            raise NotFound(f"{pin} is in neither folder.", "Add its file.")
        return documents[pin]

    return load
