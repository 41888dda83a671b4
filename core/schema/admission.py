"""May this document become this version? The one rule book for adding, syncing a folder and the pull-request bot.

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
from .policies import check_mode, check_policy
from .references import Load, bundled, references
from .validate import validator
from .versions import Bump, base_of, bump_between, line, next_version, parse_version, suffices

OWN = "cornerman."
"""How the ids of the product's own schemas begin: every store has them, and nobody else may add to them."""


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
    base: str | None = None
    """The version it follows; None for the first of all."""
    compared: tuple[str, ...] = ()
    """The versions it was compared with."""
    broken: str | None = None
    """The first of them that its mode does not allow beside it."""
    verdict: Verdict | None = None
    """What the comparison with `broken` found, else that with `base`."""
    needed: str | None = None
    """The lowest version that this content may have; None where any will do."""
    problem: str = ""
    """Why it is refused."""

    def demand(self) -> None:
        """Raise SchemaRefused unless the document may have its version."""
        if self.outcome == "refused":
            raise SchemaRefused(self.problem, _remedy(self), self)


def chosen(rules: Rules, mode: str | None, policy: str | None) -> Rules:
    """The rules with what was asked for; InvalidOption for words that are none."""
    return Rules(check_mode((mode or rules.mode).upper()), check_policy((policy or rules.policy).lower()))


def judge(
    document: SchemaDocument, known: Sequence[Known], rules: Rules, load: Load, *, search: bool = True
) -> Judgement:
    """What the registry says to a document, given the versions of its id. Reads nothing but what `load` gives.

    `search` looks for a counter-example where the proof alone has none. Raises NotFound for a reference that leads
    nowhere.
    """
    for entry in known:
        if entry.version == document.version and entry.digest == document.digest:
            return Judgement(document.pin, "same", rules)
    held = [entry.version for entry in known]
    whole = bundled(document, load)
    if references(document.schema):
        validator(whole.schema)  # references that lead back to themselves show only in the whole
    judgement = _compared(whole, known, rules, load, search)
    if document.version in held:
        problem = f"{document.pin} is registered with other content, and a registered version never changes."
        return judgement._replace(outcome="refused", problem=problem)
    try:
        base_of(held, document.version)
    except InvalidVersion as error:
        return judgement._replace(outcome="refused", problem=f"{document.id}: {error.what}")
    return judgement


def forbidden(known: Sequence[Known], schema_id: str, rules: Rules, load: Load) -> Judgement | None:
    """The first version in force that these rules do not allow beside an earlier one; None where all are allowed."""
    in_order = sorted((entry for entry in known if not entry.retired), key=lambda entry: parse_version(entry.version))
    for at, entry in enumerate(in_order):
        document = bundled(load(f"{schema_id}@{entry.version}"), load)
        judgement = _compared(document, in_order[:at], rules, load, search=False)
        if judgement.broken and _major(judgement.broken) == _major(entry.version):
            return judgement
    return None


def _compared(document: SchemaDocument, known: Sequence[Known], rules: Rules, load: Load, search: bool) -> Judgement:
    against = _against(document.version, known, rules)
    if not against:
        return Judgement(document.pin, "new", rules)
    base = against[-1]
    shown, broken = _verdict(base, document, rules, load, search), None
    if not shown.compatible:
        broken = base
    for version in against[:-1]:
        if broken is None and not (found := _verdict(version, document, rules, load, search)).compatible:
            shown, broken = found, version
    bump: Bump = "major" if broken else "patch" if shown.bump == "none" else shown.bump
    needed = _lowest([entry.version for entry in known], base, bump)
    judgement = Judgement(document.pin, "new", rules, base, tuple(against), broken, shown, needed)
    if suffices(bump_between(base, document.version), bump):
        return judgement
    problem = f"{document.pin} is too low a version for what changed since {base}: it needs {needed}."
    return judgement._replace(outcome="refused", problem=problem)


def _against(version: str, known: Sequence[Known], rules: Rules) -> list[str]:
    """What a version has to live with, the one it follows last; of a new MAJOR only that one."""
    in_force = [entry.version for entry in known if not entry.retired]
    if version in in_force:  # registered with other content: what changed is shown against what is there
        return [version]
    before = line(in_force, version)
    transitive = rules.mode.endswith("_TRANSITIVE") and bool(before) and _major(before[-1]) == _major(version)
    return before if transitive else before[-1:]


def _verdict(version: str, new: SchemaDocument, rules: Rules, load: Load, search: bool) -> Verdict:
    old = bundled(load(f"{new.id}@{version}"), load)
    return compare(old, new, rules.mode, rules.policy, search=search)


def _lowest(versions: Sequence[str], base: str, bump: Bump) -> str:
    """The lowest version that may be registered for a change: above all of its line, the retired ones included."""
    wanted = next_version(versions, base, bump)
    top = max((each for each in versions if _major(each) == _major(wanted)), key=parse_version, default=None)
    if top is not None and parse_version(top) >= parse_version(wanted):
        return next_version(versions, top, "patch")
    return wanted


def _major(version: str) -> int:
    return parse_version(version).major


def _remedy(judgement: Judgement) -> str:
    """What to do: the version to give it, and why, where something broke."""
    said: list[str] = []
    if judgement.broken and judgement.verdict is not None:
        said += [reason.sentence for reason in judgement.verdict.reasons[:3]]
    if judgement.needed:
        said.append(f"Give it version {judgement.needed}.")
    return " ".join(said)
