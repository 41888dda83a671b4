"""The registry that lives in a store: every schema and version, and the only way in for a new one.

    with cornerman.open_store() as store:
        store.schemas.add(cornerman.core.schema.parse(text))
        store.schemas.get("ticks@1.2.0").schema

Reading needs no right to write, and sees what others add at once. A change opens a connection of its own: what it
decides is decided outside the transaction, for a long comparison must not hold up a recording; the transaction then
only happens if nothing was changed meanwhile, else it is decided again. So of two programs that add the same version
one wins, and the other is told what is there.
"""

from __future__ import annotations

import difflib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw

from cornerman.core.errors import InvalidOption, NotFound, SchemaInUse, SchemaRefused
from cornerman.core.schema import SchemaDocument, Validator, parse, parse_pin, validator
from cornerman.core.schema.admission import OWN, Judgement, Known, Rules, chosen, forbidden, judge
from cornerman.core.schema.compare import Verdict, compare
from cornerman.core.schema.entries import Drift, Registered, SchemaEntry, SchemaEvent, Synced, VersionEntry
from cornerman.core.schema.references import bundled
from cornerman.log_catalog import log
from cornerman.log_catalog.store import (
    LOG_SCHEMA_ADDED,
    LOG_SCHEMA_PURGED,
    LOG_SCHEMA_RETIRED,
    LOG_SCHEMA_RULES_CHANGED,
)

from . import schema_rows as rows
from .connection import connect, transaction, translated
from .schema_rows import Change, Moment, Query
from .who import who

Act = Callable[[apsw.Connection], None]
"""What a change does to the rows, once it is decided."""
KEPT = 512
"""Documents kept in memory: a registered version never changes."""


class SchemaRegistry:
    """The schemas of one store. Usable from any thread; see `core.ports.SchemaRepository`."""

    def __init__(self, path: Path, query: Query) -> None:
        self._path, self._query = path, query
        self._documents: OrderedDict[str, SchemaDocument] = OrderedDict()
        self.changed = False
        """Whether something was changed here that other nodes of a network store do not know yet."""

    def list(self) -> Sequence[SchemaEntry]:
        """Every id, by name."""
        return rows.entries(self._query) if rows.has_tables(self._query) else []

    def versions(self, schema_id: str) -> Sequence[VersionEntry]:
        """The versions of an id, the lowest first, the retired ones too; NotFound where there is no such id."""
        found = rows.versions(self._query, schema_id) if rows.has_tables(self._query) else []
        if not found:
            raise self._unknown(schema_id)
        return found

    def get(self, pin: str) -> SchemaDocument:
        """The document of `id@1.2.0`, or of `id`: its highest version in force. NotFound, InvalidVersion."""
        wanted = parse_pin(pin)
        return self._load(str(wanted) if wanted.version else f"{wanted.id}@{self._latest(wanted.id)}")

    def content(self, pin: str) -> dict[str, Any]:
        """The JSON of an exact pin as it was given: to be shown, and not checked again, which a large one feels."""
        wanted = parse_pin(pin)
        found = rows.content(self._query, wanted.id, str(wanted.version)) if rows.has_tables(self._query) else None
        if found is None:
            raise self._absent(wanted.id, str(wanted.version))
        return found

    def bundle(self, pin: str) -> SchemaDocument:
        """The same, with every schema that it refers to in its own `definitions`."""
        return bundled(self.get(pin), self._load)

    def validator(self, pin: str) -> Validator:
        """What decides whether a value fits the schema."""
        return validator(self.bundle(pin))

    def rules(self, schema_id: str) -> Rules:
        """Mode and policy of an id; NotFound where there is no such id."""
        found = self._moment(schema_id).rules
        if found is None:
            raise self._unknown(schema_id)
        return found

    def mode(self, schema_id: str) -> str:
        """The compatibility mode of an id."""
        return self.rules(schema_id).mode

    def history(self, schema_id: str | None = None) -> Sequence[SchemaEvent]:
        """Who changed what, and when, the oldest first; of one id, or of all."""
        return rows.events(self._query, schema_id) if rows.has_tables(self._query) else []

    def judge(
        self, document: SchemaDocument, *, mode: str | None = None, policy: str | None = None, search: bool = True
    ) -> Judgement:
        """What `add` would say, and why; nothing is changed."""
        moment = self._moment(document.id)
        rules = chosen(moment.rules or Rules(), mode, policy)
        return judge(document, moment.known, rules, self._load, search=search)

    def compat(self, document: SchemaDocument) -> Verdict:
        """How a document compares with what its id's mode demands: the first version that breaks, else the last."""
        found = self.judge(document).verdict
        return found if found is not None else compare(document, document)

    def add(
        self,
        document: SchemaDocument,
        *,
        mode: str | None = None,
        policy: str | None = None,
        note: str = "",
        commit: str | None = None,
    ) -> Registered:
        """Register a version. The same content again changes nothing.

        `mode` and `policy` are set for the id in the same step. Raises SchemaRefused, with the version that the change
        needs; NotFound for a reference that leads nowhere; StoreReadOnly, StoreLocked, StoreFull.
        """
        known = self._moment(document.id).known
        if document.id.startswith(OWN) and document.digest not in [one.digest for one in known]:
            raise InvalidOption(f"{document.id} is a schema of Cornerman itself.", f"Choose an id without {OWN!r}.")
        found: list[Judgement] = []

        def decide(before: Moment) -> Act | None:
            was = before.rules
            rules = chosen(was or Rules(), mode, policy)
            if was is not None and was != rules:
                self._demand_peace(document.id, before.known, rules)
            judgement = judge(document, before.known, rules, self._load)
            judgement.demand()
            found.append(judgement)
            change = _change(note, commit)

            def act(connection: apsw.Connection) -> None:
                if was is not None and was != rules:
                    rows.set_rules(connection, document.id, was, rules, change)
                if judgement.outcome == "new":
                    rows.insert(connection, document, rules, change)

            return act

        self._change(document.id, decide)
        judgement = found[-1]
        if judgement.outcome == "new":
            log(LOG_SCHEMA_ADDED, schema=document.pin, breaking=judgement.broken is not None, follows=judgement.base)
        return Registered(document.pin, judgement.outcome == "new", document.digest, judgement)

    def set_mode(self, schema_id: str, mode: str | None = None, policy: str | None = None, note: str = "") -> Rules:
        """Set what new versions must keep. SchemaRefused where two versions in force do not keep it."""

        def decide(before: Moment) -> Act | None:
            if before.rules is None:
                raise self._unknown(schema_id)
            was, rules = before.rules, chosen(before.rules, mode, policy)
            if rules == was:
                return None
            self._demand_peace(schema_id, before.known, rules)
            log(LOG_SCHEMA_RULES_CHANGED, schema=schema_id, mode=rules.mode, policy=rules.policy)
            return lambda connection: rows.set_rules(connection, schema_id, was, rules, _change(note))

        self._change(schema_id, decide)
        return self.rules(schema_id)

    def retire(self, pin: str, note: str = "", commit: str | None = None) -> VersionEntry:
        """Take a version out of use: it is no longer `latest` nor compared with. Its pin still finds it."""
        return self._set_retired(pin, True, _change(note, commit))

    def restore(self, pin: str, note: str = "", commit: str | None = None) -> VersionEntry:
        """Take a retirement back; SchemaRefused where the mode does not allow the version beside the others now."""
        return self._set_retired(pin, False, _change(note, commit))

    def approve(self, pin: str, note: str = "") -> VersionEntry:
        """Note that somebody agrees with a version. The history keeps who and when; nothing depends on it."""
        wanted = parse_pin(pin)
        entry = self._entry(wanted.id, str(wanted.version or self._latest(wanted.id)))

        def act(connection: apsw.Connection) -> None:
            rows.record(connection, "approve", entry.id, entry.version, None, entry.digest, _change(note))

        self._change(wanted.id, lambda before: act)
        return entry

    def purge(self, pin: str, note: str = "") -> None:
        """Delete a version for good, retired or not. The history keeps that it was there.

        SchemaInUse where anything names it: steps, imports, quarantine, a rule of enforcement, another schema.
        """
        wanted = parse_pin(pin)
        if wanted.version is None:
            raise InvalidOption(f"{pin} names no version.", f"Say which one, such as {wanted.id}@1.0.0.")
        if wanted.id.startswith(OWN):
            raise InvalidOption(f"{wanted.id} is a schema of Cornerman itself.", "It stays with the store.")
        version = wanted.version

        def decide(before: Moment) -> Act | None:
            entry = self._entry(wanted.id, version)

            def act(connection: apsw.Connection) -> None:
                if users := rows.users(connection, entry):
                    raise SchemaInUse(entry.pin, users)
                rows.purge(connection, entry, _change(note))

            return act

        self._change(wanted.id, decide)
        self._documents.pop(f"{wanted.id}@{version}", None)
        log(LOG_SCHEMA_PURGED, schema=f"{wanted.id}@{version}")

    def drift(self, folder: Path | str) -> Sequence[Drift]:
        """Where the registry is not what a folder of schema files says; nothing is changed."""
        from .schema_sync import drift

        return drift(self, Path(folder))

    def sync(self, folder: Path | str, *, note: str = "") -> Synced:
        """Make the registry what a folder of schema files says, as far as its rules allow."""
        from .schema_sync import sync

        return sync(self, Path(folder), note)

    def _set_retired(self, pin: str, retired: bool, change: Change) -> VersionEntry:
        wanted = parse_pin(pin)
        if wanted.version is None:
            raise InvalidOption(f"{pin} names no version.", f"Say which one, such as {wanted.id}@1.0.0.")
        version = wanted.version

        def decide(before: Moment) -> Act | None:
            entry = self._entry(wanted.id, version)
            if entry.retired == retired:
                return None
            if not retired and before.rules is not None:
                known = [one._replace(retired=one.retired and one.version != version) for one in before.known]
                self._demand_peace(wanted.id, known, before.rules)
            if retired:
                log(LOG_SCHEMA_RETIRED, schema=entry.pin)
            return lambda connection: rows.set_retired(connection, entry, retired, change)

        self._change(wanted.id, decide)
        return self._entry(wanted.id, version)

    def _change(self, schema_id: str, decide: Callable[[Moment], Act | None]) -> None:
        """Decide on what is there, then act in one transaction if that is still so, else decide again."""
        with translated(self._path):
            connection = connect(self._path, write=True)
            try:
                query = rows.reader(connection)
                while True:
                    before = rows.moment(query, schema_id)
                    act = decide(before)
                    if act is None:
                        return
                    with transaction(connection):
                        if rows.last_event(query, schema_id) == before.mark:
                            act(connection)
                            self.changed = True
                            return
            finally:
                connection.close()

    def _demand_peace(self, schema_id: str, known: Sequence[Known], rules: Rules) -> None:
        """Raise SchemaRefused where two versions in force are not allowed beside each other."""
        found = forbidden(known, schema_id, rules, self._load)
        if found is None:
            return
        reasons = found.verdict.reasons if found.verdict else ()
        said = [*(reason.sentence for reason in reasons[:2]), "Retire one of the two, or choose another mode."]
        raise SchemaRefused(
            f"{found.pin} may not stand beside {found.broken} under {rules.mode} ({rules.policy}).",
            " ".join(said),
            found,
        )

    def _entry(self, schema_id: str, version: str) -> VersionEntry:
        for entry in self.versions(schema_id):
            if entry.version == version:
                return entry
        raise self._absent(schema_id, version)

    def _latest(self, schema_id: str) -> str:
        found = rows.latest(self._query, schema_id) if rows.has_tables(self._query) else None
        if found is None:
            known = self.versions(schema_id)
            raise NotFound(
                f"Every version of {schema_id} is retired.", f"A pin still finds it: {schema_id}@{known[-1].version}."
            )
        return found

    def _load(self, pin: str) -> SchemaDocument:
        """The document of an exact pin."""
        found = self._documents.get(pin)
        if found is not None:
            return found
        schema_id, _, version = pin.rpartition("@")
        found = self._documents[pin] = parse(self.content(pin), id=schema_id, version=version)
        while len(self._documents) > KEPT:
            self._documents.popitem(last=False)
        return found

    def _moment(self, schema_id: str) -> Moment:
        return rows.moment(self._query, schema_id) if rows.has_tables(self._query) else Moment(None, (), 0)

    def _absent(self, schema_id: str, version: str) -> NotFound:
        known = [entry.version for entry in self._moment(schema_id).known]
        if not known:
            return self._unknown(schema_id)
        return NotFound(f"{schema_id} has no version {version}.", f"It has {', '.join(known[-8:])}.")

    def _unknown(self, schema_id: str) -> NotFound:
        names = [entry.id for entry in self.list()]
        close = difflib.get_close_matches(schema_id, names, n=3)
        hint = f"Is it {' or '.join(close)}?" if close else "`cornerman schema list` shows what is there."
        return NotFound(f"There is no schema {schema_id!r} in the registry.", hint)


def _change(note: str, commit: str | None = None) -> Change:
    return Change(time.time_ns() // 1000, who(), note, commit)
