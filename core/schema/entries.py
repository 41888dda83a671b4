"""What a registry says about what it holds: plain facts, the same from every backend."""

from __future__ import annotations

from typing import NamedTuple

from .admission import Judgement, Rules


class SchemaEntry(NamedTuple):
    """One schema id."""

    id: str
    title: str
    latest: str | None
    """The highest version that is not retired; None where all are."""
    versions: int
    retired: int
    rules: Rules
    changed_us: int


class VersionEntry(NamedTuple):
    """One registered version."""

    id: str
    version: str
    digest: str
    registered_us: int
    who: str
    note: str = ""
    commit: str | None = None
    """The git commit of the folder that it was synced from."""
    retired_us: int | None = None

    @property
    def pin(self) -> str:
        return f"{self.id}@{self.version}"

    @property
    def retired(self) -> bool:
        return self.retired_us is not None


class SchemaEvent(NamedTuple):
    """One change of the registry: who did what, and when."""

    at_us: int
    who: str
    action: str
    """`add`, `retire`, `restore`, `purge` or `mode`."""
    id: str
    version: str | None
    before: str | None
    after: str | None
    note: str
    commit: str | None


class Registered(NamedTuple):
    """What became of a document that was added."""

    pin: str
    new: bool
    """False: exactly this content was there already, and nothing changed."""
    digest: str
    judgement: Judgement


class Drift(NamedTuple):
    """One place where the registry is not what a folder says."""

    kind: str
    """`missing`, `retired`, `extra`, `changed`, `mode`, `unreadable`; `elsewhere`: an id of some other folder."""
    subject: str
    """The pin, the id, or the file."""
    detail: str
    remedy: str = ""


class Synced(NamedTuple):
    """What a sync did, and what it could not do."""

    done: tuple[str, ...]
    refused: tuple[Drift, ...]
    left: tuple[Drift, ...]
    """Ids that the folder does not know: they stay as they are."""
    commit: str | None
