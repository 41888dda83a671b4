"""A folder of schema files is the truth, and the registry follows it.

What the folder holds and the registry does not is added; what a folder that keeps every version no longer holds is
retired; what it holds again is restored. Ids that the folder does not know at all are left alone: another folder, or a
person, may have added them. A registered version never changes, so a file that says otherwise is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cornerman.core.errors import CornermanError, StoreError
from cornerman.core.schema import SchemaDocument, order, parse_version
from cornerman.core.schema.admission import OWN, Rules
from cornerman.core.schema.entries import Drift, Synced, VersionEntry
from cornerman.core.schema.folder import SchemaFile, SchemaFolder, read_folder
from cornerman.core.schema.references import references

if TYPE_CHECKING:
    from .schemas import SchemaRegistry


def drift(registry: SchemaRegistry, folder: Path) -> list[Drift]:
    """Where the registry is not what the folder says."""
    return list(_drift(registry, read_folder(folder)))


def sync(registry: SchemaRegistry, folder: Path, note: str) -> Synced:
    """Bring the registry to what the folder says; what its rules do not allow is refused, the rest is done."""
    source = read_folder(folder)
    note = note or f"synced from {folder}"
    done: list[str] = []
    refused: list[Drift] = []
    left: list[Drift] = []

    def attempt(found: Drift, change: Callable[[], object], said: str) -> None:
        try:
            change()
            done.append(said)
        except StoreError:  # nothing more can be done
            raise
        except CornermanError as error:
            refused.append(found._replace(detail=error.what, remedy=error.remedy))

    found = list(_drift(registry, source))
    for one in found:
        pin = one.subject
        if one.kind == "extra":
            attempt(one, partial(registry.retire, pin, note, source.commit), f"retired {pin}")
        elif one.kind == "mode":
            rules = source.rules_of(pin) or Rules()
            attempt(one, partial(registry.set_mode, pin, *rules, note), f"set {pin} to {one.detail}")
        elif one.kind == "retired":
            attempt(one, partial(registry.restore, pin, note, source.commit), f"restored {pin}")
        elif one.kind == "elsewhere":
            left.append(one)
        elif one.kind in ("changed", "unreadable"):
            refused.append(one)
    missing = {one.subject: one for one in found if one.kind == "missing"}
    for document in _in_order([file.document for file in source.files if file.document.pin in missing]):
        add = partial(registry.add, document, note=note, commit=source.commit)
        if chosen := source.rules_of(document.id):
            add = partial(add, mode=chosen.mode, policy=chosen.policy)
        attempt(missing[document.pin], add, f"added {document.pin}")
    return Synced(tuple(done), tuple(refused), tuple(left), source.commit)


def _drift(registry: SchemaRegistry, source: SchemaFolder) -> Iterator[Drift]:
    for path, reason, remedy in source.unreadable:
        yield Drift("unreadable", path, reason, remedy)
    registered = {entry.id: entry for entry in registry.list()}
    for schema_id in source.ids():
        files = [file for file in source.files if file.document.id == schema_id]
        there = {entry.version: entry for entry in registry.versions(schema_id)} if schema_id in registered else {}
        yield from _extra(files, list(there.values()))
        rules = source.rules_of(schema_id)
        if there and rules is not None and rules != registered[schema_id].rules:
            yield Drift("mode", schema_id, " ".join(rules), f"the registry has {' '.join(registered[schema_id].rules)}")
        for file in files:
            yield from _of_file(file, there.get(file.document.version))
    for schema_id in sorted(registered.keys() - set(source.ids())):
        if not schema_id.startswith(OWN):
            yield Drift("elsewhere", schema_id, "the folder does not know it")


def _of_file(file: SchemaFile, there: VersionEntry | None) -> Iterator[Drift]:
    pin = file.document.pin
    if there is None:
        yield Drift("missing", pin, f"{file.path} is not registered")
    elif there.digest != file.document.digest:
        yield Drift(
            "changed",
            pin,
            f"{file.path} is not what was registered as {pin}",
            "A registered version never changes: put the file back, and give the change a version of its own.",
        )
    elif there.retired:
        yield Drift("retired", pin, f"{file.path} is there, and the registry retired it")


def _extra(files: Sequence[SchemaFile], there: Sequence[VersionEntry]) -> Iterator[Drift]:
    """Versions in force that the folder lacks: each, where it keeps every version; else those above what it has."""
    held = [file.document.version for file in files]
    keeps = any(file.keeps_versions for file in files)
    top = parse_version(order(held)[-1])
    for entry in there:
        if not entry.retired and entry.version not in held and (keeps or parse_version(entry.version) > top):
            yield Drift("extra", entry.pin, "the folder does not hold it")


def _in_order(documents: Sequence[SchemaDocument]) -> Iterator[SchemaDocument]:
    """Lower versions first, and what is referred to before what refers to it."""
    pending = sorted(documents, key=lambda document: (document.id, parse_version(document.version)))
    while pending:
        pins = {document.pin for document in pending}
        ready = [document for document in pending if not references(document.schema) & (pins - {document.pin})]
        yield from ready or pending  # a ring of references: each is refused with what it lacks
        pending = [document for document in pending if document not in ready] if ready else []
