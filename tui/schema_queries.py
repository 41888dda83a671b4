"""What the Schemas screen asks of the store and what it gets. Answered on the reader's thread, comparisons included.

The registry, the comparison and the validator are loaded by the first question: who never opens the screen pays for
none of them. Each question is a fixed number of statements, and those about what may change are asked again the more
rarely the longer they take.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias, cast

from .renderers._cells import visible
from .schema_words import (
    Said,
    discarded_words,
    preview_words,
    record_text,
    retried_words,
    verdict_headline,
    verdict_words,
)

if TYPE_CHECKING:
    from cornerman.core.schema.adoption import Checkpoint, VersionShare
    from cornerman.core.schema.difference import Difference
    from cornerman.core.schema.enforcement import Cohort, Rule
    from cornerman.core.schema.entries import SchemaEntry, VersionEntry
    from cornerman.core.schema.refused import ErrorGroup, Quarantined, State
    from cornerman.store.enforcement import RuleEvent

    from .queries import Reading
    from .widgets.lines import Line

CHANNELS = ("schemas", "versions", "document", "diff", "quarantine", "record", "rules")
"""What is forgotten when the screen is left."""
PREVIEWED = 200
"""Records that an edit is tried on before one is asked."""
MOST_CHANGES = 8
MOST_EVENTS = 50
"""Changes of the rules that are shown; `cornerman enforce history` has all."""
Adoption: TypeAlias = "tuple[tuple[VersionShare, ...], Checkpoint | None]"


class _Same:
    """Answers that differ where their fields do."""

    def same(self, other: object) -> bool:
        return self == other


@dataclass(frozen=True, slots=True)
class SchemasQuery:
    """Every id. `tick` keeps when a checkpoint was first met."""

    channel: ClassVar[str] = "schemas"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    tick: bool = True

    def answer(self, reading: Reading) -> SchemasAnswer:
        from cornerman.core.schema.admission import OWN

        store: Any = reading.repository
        found = sorted(store.schemas.list(), key=lambda entry: entry.id.startswith(OWN))
        adoption = {name: (tuple(all_), at) for name, (all_, at) in store.enforcement.adoptions(tick=self.tick).items()}
        return SchemasAnswer(tuple(found), adoption)


@dataclass(frozen=True)
class SchemasAnswer(_Same):
    entries: tuple[SchemaEntry, ...]
    adoption: dict[str, Adoption]


@dataclass(frozen=True, slots=True)
class VersionsQuery:
    """The versions of one id, the newest first."""

    channel: ClassVar[str] = "versions"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    schema: str

    def answer(self, reading: Reading) -> VersionsAnswer:
        store: Any = reading.repository
        return VersionsAnswer(self.schema, tuple(reversed(store.schemas.versions(self.schema))))


@dataclass(frozen=True)
class VersionsAnswer(_Same):
    schema: str
    versions: tuple[VersionEntry, ...]


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """One document as lines, as `cornerman schema get` prints it."""

    channel: ClassVar[str] = "document"
    watched: ClassVar[bool] = False
    pin: str

    def answer(self, reading: Reading) -> DocumentAnswer:
        store: Any = reading.repository
        text = json.dumps(store.schemas.content(self.pin), indent=2, ensure_ascii=False)
        return DocumentAnswer(self.pin, as_lines(text))


@dataclass(frozen=True)
class DocumentAnswer(_Same):
    pin: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class DiffQuery:
    """What changed between two versions of an id and what that breaks, as `cornerman schema diff` says it."""

    channel: ClassVar[str] = "diff"
    watched: ClassVar[bool] = False
    schema: str
    old: str
    new: str

    def answer(self, reading: Reading) -> DiffAnswer:
        from cornerman.core.schema.compare import compare
        from cornerman.core.schema.difference import differences

        registry = reading.repository.schemas  # type: ignore[attr-defined]
        old, new = (registry.bundle(f"{self.schema}@{version}") for version in (self.old, self.new))
        rules = registry.rules(self.schema)
        verdict = compare(old, new, rules.mode, rules.policy)
        return DiffAnswer(
            self.schema, self.old, self.new, verdict.compatible, verdict_headline(old, new, rules, verdict),
            tuple(verdict_words(verdict)), tuple(map(_shown, differences(old.content, new.content))),
        )  # fmt: skip


@dataclass(frozen=True)
class DiffAnswer(_Same):
    schema: str
    old: str
    new: str
    compatible: bool
    headline: str
    said: tuple[Said, ...]
    differences: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class QuarantineQuery:
    """What was refused, by error."""

    channel: ClassVar[str] = "quarantine"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    state: State | None

    def answer(self, reading: Reading) -> QuarantineAnswer:
        from cornerman.store.quarantine import Selection

        store: Any = reading.repository
        asked = (self, store.version())
        known = reading.unchanged.get(self.channel)
        if known is None or known[0] != asked:  # grouping a hundred thousand records takes a fifth of a second
            selection = Selection(state=self.state)
            found = QuarantineAnswer(store.quarantine.count(selection), tuple(store.quarantine.groups(selection)))
            known = reading.unchanged[self.channel] = (asked, found)
        return cast("QuarantineAnswer", known[1])


@dataclass(frozen=True)
class QuarantineAnswer(_Same):
    records: int
    groups: tuple[ErrorGroup, ...]


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """One record of a group in full: the newest is number 0."""

    channel: ClassVar[str] = "record"
    watched: ClassVar[bool] = False
    schema: str
    path: str
    rule: str
    state: State | None
    number: int

    def answer(self, reading: Reading) -> RecordAnswer:
        store: Any = reading.repository
        found = store.quarantine.list(selected(self), limit=1, offset=self.number)
        if not found:
            return RecordAnswer(self, None, ())
        return RecordAnswer(self, found[0], as_lines(record_text(found[0], 2)))


@dataclass(frozen=True)
class RecordAnswer(_Same):
    query: RecordQuery
    record: Quarantined | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RulesQuery:
    """The rules in force, cohorts, and who changed them lately."""

    channel: ClassVar[str] = "rules"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True

    def answer(self, reading: Reading) -> RulesAnswer:
        store: Any = reading.repository
        rules = store.enforcement.rules()
        return RulesAnswer(tuple(rules.rules), tuple(rules.cohorts), tuple(store.enforcement.history(MOST_EVENTS)))


@dataclass(frozen=True)
class RulesAnswer(_Same):
    rules: tuple[Rule, ...]
    cohorts: tuple[Cohort, ...]
    history: tuple[RuleEvent, ...]


@dataclass(frozen=True, slots=True)
class SettleQuery:
    """Judge a group again, change it by rules, or say that it is not wanted. It is done once and never repeated."""

    channel: ClassVar[str] = "settle"
    watched: ClassVar[bool] = False
    act: Literal["retry", "edit", "discard"]
    schema: str
    path: str
    rule: str
    edits: str = ""
    preview: bool = False
    """Change nothing: what would an edit make of the newest records?"""
    state: State | None = "held"

    @property
    def group(self) -> tuple[str, str, str]:
        return self.schema, self.path, self.rule

    def answer(self, reading: Reading) -> SettleAnswer:
        if self.preview:
            return self._preview(reading)
        quarantine = reading.writable().quarantine  # type: ignore[attr-defined]
        if self.act == "discard":
            return SettleAnswer(discarded_words(quarantine.discard(selected(self))))
        edit = self.act == "edit"
        retried = quarantine.edit(selected(self), self.edits) if edit else quarantine.retry(selected(self))
        return SettleAnswer(retried_words(len(retried.accepted), len(retried.refused)))

    def _preview(self, reading: Reading) -> SettleAnswer:
        quarantine = reading.repository.quarantine  # type: ignore[attr-defined]
        newest = [record.id for record in quarantine.list(selected(self), limit=PREVIEWED)]
        tried = quarantine.edit(selected(self)._replace(ids=newest), self.edits, dry_run=True)
        why = next(iter(tried.refused.values()), (None,))[0]
        shown = next((each for each in tried.previews if each.record in tried.accepted), None)
        lines = tuple(preview_words(shown))[:MOST_CHANGES] if shown else ()
        return SettleAnswer(
            retried_words(len(tried.accepted), len(tried.refused), dry_run=True), lines,
            f"{why.path or '/'}: {why.message}" if why else "", self,
        )  # fmt: skip


class SettleAnswer(NamedTuple):
    said: str
    changes: tuple[str, ...] = ()
    """What an edit makes of one record."""
    refusal: str = ""
    """Why one of them would still be refused."""
    previewed: SettleQuery | None = None

    def same(self, other: object) -> bool:
        return False


def as_lines(text: str) -> tuple[Line, ...]:
    """Text from elsewhere, line by line, its control characters as signs."""
    return tuple(((visible(line), "normal"),) for line in text.split("\n"))


def _shown(difference: Difference) -> Line:
    style = {"+": "good", "-": "bad"}.get(difference.sign, "warn")
    return ((visible(f" {difference}"), style),)


def selected(asked: RecordQuery | SettleQuery) -> Any:
    """The records of a group."""
    from cornerman.store.quarantine import Selection

    return Selection(schema=asked.schema, path=asked.path or "/", rule=asked.rule, state=asked.state)


SchemaQuery: TypeAlias = (
    SchemasQuery | VersionsQuery | DocumentQuery | DiffQuery | QuarantineQuery | RecordQuery | RulesQuery | SettleQuery
)
SchemaAnswer: TypeAlias = (
    SchemasAnswer | VersionsAnswer | DocumentAnswer | DiffAnswer | QuarantineAnswer | RecordAnswer | RulesAnswer
    | SettleAnswer
)  # fmt: skip
