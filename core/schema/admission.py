"""May this document become this version? The one rule book for adding, for syncing a folder and for the pull-request bot.

A new version is compared with the one it follows in its MAJOR line; under a transitive mode with every version of that
line. What breaks the mode needs a new MAJOR, what widens or narrows a MINOR, what only describes a PATCH. The first
version of a MAJOR may break what it likes: it is compared with the version before it so that one can read what broke.

Retired versions take no part in the comparison, but their numbers are never used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InvalidVersion, SchemaRefused
from .compare import Verdict, compare
from .document import SchemaDocument
from .references import Load, bundled
from .versions import Bump, base_of, bump_between, next_version, order, parse_version, suffices


class Rules(NamedTuple):
    """What new versions of a schema must keep, and what their readers are taken to do."""

    mode: str = "BACKWARD"
    policy: str = "strict"


class Known(NamedTuple):
    """A version that is there already."""

    version: str
    digest: str
    retired: bool = False


class Judgement(NamedTuple):
    """Whether a document may become a version, what it was compared with, and what would be needed."""

    pin: str
    outcome: str
    """`new`, `same` (exactly this content is there) or `refused`."""
    rules: Rules
    against: tuple[str, ...] = ()
    """The versions it was compared with, the one it follows first."""
    verdict: Verdict | None = None
    """What the comparison found: the first that its mode forbids, else that with the version it follows."""
    needed: str | None = None
    """The lowest version that this content may have; None where any will do."""
    problem: str = ""
    """Why it is refused."""

    @property
    def breaking(self) -> bool:
        """Whether somebody's data or reader breaks, whatever the version says."""
        return self.verdict is not None and not self.verdict.compatible

    def demand(self) -> None:
        """Raise SchemaRefused unless the document may have its version."""
        if self.outcome == "refused":
            raise SchemaRefused(self.problem, _remedy(self), self)


def judge(
    document: SchemaDocument, known: Sequence[Known], rules: Rules, load: Load, *, search: bool = True
) -> Judgement:
    """What the registry says to a document, given the versions of its id. Reads nothing but what `load` gives.

    `search` looks for a counter-example where the proof alone has none. Raises NotFound for a reference that leads
    nowhere.
    """
    whole = bundled(document, load)
    held = {each.version: each for each in known}
    if there := held.get(document.version):
        return _again(whole, there, known, rules, load, search)
    try:
        base_of(held, document.version)
    except InvalidVersion as error:
        judgement = _compared(whole, known, rules, load, search)
        return judgement._replace(outcome="refused", problem=error.what)
    return _compared(whole, known, rules, load, search)


def forbidden(known: Sequence[Known], schema_id: str, rules: Rules, load: Load) -> tuple[str, str, Verdict] | None:
    """The first two versions in force that these rules do not allow beside each other, None where all are allowed."""
    for at, entry in enumerate(sorted(known, key=lambda each: parse_version(each.version))):
        if entry.retired:
            continue
        earlier = sorted(known, key=lambda each: parse_version(each.version))[:at]
        document = bundled(load(f"{schema_id}@{entry.version}"), load)
        judgement = _compared(document, earlier, rules, load, search=False)
        if judgement.outcome == "refused" and judgement.breaking and judgement.verdict is not None:
            return judgement.against[-1], entry.version, judgement.verdict
    return None


def _again(
    document: SchemaDocument, there: Known, known: Sequence[Known], rules: Rules, load: Load, search: bool
) -> Judgement:
    """A version that is registered: idempotent with equal content, refused with other content."""
    if there.digest == document.digest:
        return Judgement(document.pin, "same", rules)
    others = [each for each in known if each.version != there.version]
    old = bundled(load(document.pin), load)
    verdict = compare(old, document, rules.mode, rules.policy, search=search)
    needed = _needed(verdict.bump, there.version, [*(each.version for each in others), there.version])
    problem = f"{document.pin} is registered with other content, and a registered version never changes."
    return Judgement(document.pin, "refused", rules, (there.version,), verdict, needed, problem)


def _compared(
    document: SchemaDocument, known: Sequence[Known], rules: Rules, load: Load, search: bool
) -> Judgement:
    versions = [each.version for each in known]
    against = _against(document.version, known, rules)
    if not against:
        return Judgement(document.pin, "new", rules)
    verdicts = {
        version: compare(
            bundled(load(f"{document.id}@{version}"), load), document, rules.mode, rules.policy, search=search
        )
        for version in against
    }
    base = against[0]
    broken = next((version for version, verdict in verdicts.items() if not verdict.compatible), None)
    bump: Bump = "major" if broken else verdicts[base].bump
    if broken:
        against = (base, *(version for version in against if version not in (base, broken)), broken)
        against = tuple(dict.fromkeys(against if broken != base else (*against[1:], base)))
    needed = _needed(bump, base, versions)
    shown = verdicts[broken or base]
    if suffices(bump_between(base, document.version), bump):
        return Judgement(document.pin, "new", rules, against, shown, needed)
    problem = f"{document.version} is too low a version for this change of {document.id}: it needs {needed}."
    return Judgement(document.pin, "refused", rules, against, shown, needed, problem)
