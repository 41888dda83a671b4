"""Every error Cornerman raises on purpose, so that a caller can catch one root and a person can act on it.

    CornermanError
    ├── StoreError
    │   ├── StoreNotFound        nothing there yet
    │   ├── StoreUnreadable      not ours, cut short, damaged
    │   ├── StoreTooNew          written by a newer Cornerman
    │   ├── StoreReadOnly        cannot be written here
    │   ├── StoreLocked          another program holds it
    │   └── StoreFull            disk, reserve or budget used up
    ├── NotFound                 a run, stream, episode or step that is not in the store
    ├── Interrupted              what was being answered was given up by who asked
    ├── InvalidQuery             SQL that cannot be answered
    ├── InvalidOption            something a person typed
    ├── PayloadError             stored bytes that do not decode
    │   └── PayloadTooNew        written by a newer Cornerman
    ├── InvalidSchema            a schema document that cannot be used
    ├── InvalidVersion           a version or pin that cannot be read, or is out of order
    ├── SchemaRefused            a document that may not become the version it names
    └── SchemaInUse              a version that may not be deleted

Each message says what happened, to what, and the remedy. None of them ever reaches `env.step`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class CornermanError(Exception):
    """The root of every error raised on purpose; `remedy` is the sentence that says what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy.strip()  # its first sentence may be empty: nothing was near
        super().__init__(f"{what} {self.remedy}".strip())


class StoreError(CornermanError):
    """A store cannot be used as asked."""


class StoreNotFound(StoreError):
    """There is no store at this path."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(
            f"There is no store at {path}.",
            "Record something first (`cornerman demo`, or `cornerman.record(env)` in a script), or name another"
            " folder with --store or CORNERMAN_STORE.",
        )


class StoreUnreadable(StoreError):
    """A file is there, but it is not a store, or it is cut short or damaged."""

    def __init__(self, path: Path | str, reason: str, remedy: str = "") -> None:
        super().__init__(
            f"{path} cannot be read as a Cornerman store: {reason}.",
            remedy
            or "Nothing was changed. Check the path; `cornerman doctor --store PATH` says what can still be read.",
        )


class StoreTooNew(StoreError):
    """The store was written by a newer version than this one."""

    def __init__(self, path: Path | str, found: int, known: int) -> None:
        super().__init__(
            f"The store {path} has format {found}; this Cornerman writes format {known}.",
            "It can be read, not written: upgrade with `pip install -U cornerman` to record into it.",
        )


class StoreReadOnly(StoreError):
    """The store can be read, but not written."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(
            f"The store {path} is read-only here.", "Check the permissions, or choose another folder with --store."
        )


class StoreLocked(StoreError):
    """Another program holds the store's write lock."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(
            f"The store {path} is locked by another program.",
            "Try again in a moment; `cornerman doctor` names the programs that record into it.",
        )


class StoreFull(StoreError):
    """No room: the disk, the free-space reserve or the store's budget is used up."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(
            f"No room to record into {path}: {reason}.",
            "Free some disk, delete runs (`cornerman delete RUN`), or raise storage.max_store_bytes.",
        )


class NotFound(CornermanError):
    """A run, stream, episode or step that is not in the store."""

    def __init__(self, what: str, remedy: str = "`cornerman runs` lists what is there.") -> None:
        super().__init__(what, remedy)


class Interrupted(CornermanError):
    """A question was given up, from another thread, by the one who asked it."""

    def __init__(self, what: str = "The question was given up.") -> None:
        super().__init__(what)


class InvalidQuery(CornermanError):
    """SQL that cannot be answered."""


class InvalidOption(CornermanError):
    """A value that a person typed and that cannot be used."""


class PayloadError(CornermanError):
    """Stored bytes that do not decode as what they claim to be."""

    def __init__(self, what: str, remedy: str = "`cornerman verify RUN` checks every payload of a run.") -> None:
        super().__init__(what, remedy)


class PayloadTooNew(PayloadError):
    """A payload of a version that this Cornerman does not know yet. Its bytes are kept as they are."""

    def __init__(self, kind: str, version: int, known: int) -> None:
        self.kind, self.version, self.known = kind, version, known
        super().__init__(
            f"The {kind} has payload version {version}; this Cornerman reads versions up to {known}.",
            "Nothing was changed or lost: upgrade with `pip install -U cornerman` to read it.",
        )


class InvalidSchema(CornermanError):
    """A schema document that cannot be used; `path` is the place in it, as a JSON pointer."""

    def __init__(self, what: str, remedy: str, path: str = "") -> None:
        self.path = path
        super().__init__(what, remedy)


class InvalidVersion(CornermanError):
    """A version or pin that cannot be read, or that is out of order."""


class SchemaInUse(CornermanError):
    """A version that something names may not be deleted; `users` says what."""

    def __init__(self, pin: str, users: Sequence[str]) -> None:
        self.users = tuple(users)
        more = f" and {len(users) - 5} more" if len(users) > 5 else ""
        super().__init__(
            f"{pin} is in use and is not deleted: {', '.join(users[:5])}{more}.",
            f"`cornerman schema retire {pin}` takes it out of use; its pin still finds it.",
        )


class SchemaRefused(CornermanError):
    """A document that may not become the version it names; `judgement` has the comparison and what is needed."""

    def __init__(self, what: str, remedy: str, judgement: Any) -> None:
        self.judgement = judgement
        super().__init__(what, remedy)
