"""May this schema follow that one? The verdict with its reasons, a document that proves it, and the version it needs.

    compare(old, new, mode="BACKWARD", policy="strict")       →  Verdict(compatible=False, reasons=(…), …)
    compare_history(olds, new, mode="FULL_TRANSITIVE")        →  History, one verdict for each version that counts

Compatible means inclusion: BACKWARD, that every document of the old schema is one of the new. It is said only when it
is proved. What can be neither proved nor disproved is refused, and the verdict says so. Every call ends: proofs have a
number of steps and a second, what weighs too much for the set algebra is not given to it, the search for a
counter-example has a deadline of its own. That one decides only whether a document is shown, never the answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import InvalidSchema
from .algebra import Algebra, Answer
from .arrow import arrow_reasons, columns
from .changes import Change, Walk
from .counterexample import Counterexample, Search
from .document import SchemaDocument, canonical_json
from .normal import Definitions, Node, normal, pair
from .policies import MODES, POLICIES, Mode, Policy, check_mode, check_policy, read, written
from .prove import Proof
from .rename import Rename, declared_renames, renames
from .rules import DIRECTIONS, Direction, Reason, reason
from .validate import validator
from .versions import Bump, line, parse_version
from .walk import too_large

Schema = SchemaDocument | dict[str, Any]
Standing = Literal["proved", "disproved", "unknown"]

SEARCH = 0.15  # seconds
PROOF = 1.0  # seconds for all proofs of a call; those of schemas that people write take a few thousandths
MOST_REASONS = 50

__all__ = [
    "MODES",
    "POLICIES",
    "Counterexample",
    "History",
    "Mode",
    "Policy",
    "Reason",
    "Rename",
    "Verdict",
    "compare",
    "compare_history",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one comparison."""

    compatible: bool
    reasons: tuple[Reason, ...]
    counterexample: Counterexample | None
    bump: Bump
    """The step of the version that the change needs under this mode: "none" when the documents are the same."""
    mode: Mode
    policy: Policy
    backward: Standing
    """Whether the new schema reads the old documents; `forward` the reverse. Both are told, whatever the mode asks."""
    forward: Standing
    renames: tuple[Rename, ...] = ()
    notes: tuple[str, ...] = ()
    """What one should know beside the reasons: what the mode allows, a rename that breaks nothing."""

    @property
    def unknown(self) -> bool:
        """Whether a direction that the mode asks for is refused only because nothing could be proved."""
        return not self.compatible and "disproved" not in [getattr(self, each) for each in wanted(self.mode)]


@dataclass(frozen=True, slots=True)
class History:
    """The verdicts against every version that counts, the newest last."""

    verdicts: tuple[tuple[str, Verdict], ...]
    compatible: bool
    bump: Bump


def wanted(mode: Mode) -> tuple[Direction, ...]:
    """The directions that a mode asks for."""
    if mode == "NONE":
        return ()
    return DIRECTIONS if mode.startswith("FULL") else ("backward",) if mode.startswith("BACK") else ("forward",)


def compare(
    old: Schema,
    new: Schema,
    mode: str = "BACKWARD",
    policy: str = "strict",
    *,
    search: bool = True,
    deadline: float = SEARCH,
) -> Verdict:
    """Whether `new` may follow `old`. `deadline` bounds the search for a counter-example, in seconds.

    Raises InvalidOption for an unknown mode or policy, InvalidSchema for a reference that leads nowhere.
    """
    found_mode, found_policy = check_mode(mode), check_policy(policy)
    try:
        return _Comparison(old, new, found_mode, found_policy, search, deadline).verdict()
    except (RecursionError, OverflowError):  # too deep a chain of references, too large a number
        return _undecided(found_mode, found_policy)


def compare_history(
    olds: Iterable[SchemaDocument],
    new: SchemaDocument,
    mode: str = "BACKWARD",
    policy: str = "strict",
    *,
    search: bool = True,
) -> History:
    """The verdicts against the earlier versions that the mode asks about.

    Without TRANSITIVE that is the version before. A version counts only within its MAJOR: 1.3.0 is compared with 1.x,
    also after 2.0.0. The first version of a MAJOR is compared with the highest one below, which may be broken.
    """
    found_mode = check_mode(mode)
    known = {document.version: document for document in olds}
    before = line(known, new.version)
    same_line = bool(before) and parse_version(before[-1]).major == parse_version(new.version).major
    if not (same_line and found_mode.endswith("_TRANSITIVE")):
        before = before[-1:]
    verdicts = tuple((version, compare(known[version], new, found_mode, policy, search=search)) for version in before)
    compatible = all(verdict.compatible for _, verdict in verdicts)
    last: Bump = verdicts[-1][1].bump if verdicts else "none"
    return History(verdicts, compatible, last if compatible else "major")


class _Comparison:
    """One call of `compare`."""

    def __init__(self, old: Schema, new: Schema, mode: Mode, policy: Policy, search: bool, deadline: float) -> None:
        self.given = {"old": old, "new": new}
        self.schemas = {side: _schema(each) for side, each in self.given.items()}
        self.mode: Mode = mode
        self.policy: Policy = policy
        self.search = search
        self.deadline = deadline
        self.forms = {side: normal(schema) for side, schema in self.schemas.items()}
        self.columns = {
            side: columns(each) if isinstance(each, SchemaDocument) else None for side, each in self.given.items()
        }
        self.until = time.monotonic() + PROOF
        self.found: Counterexample | None = None
        self.renames: tuple[Rename, ...] = ()
        self.notes: list[str] = []

    def verdict(self) -> Verdict:
        """Prove or disprove both directions, then explain those that the mode asks for."""
        if self._same_content():
            return Verdict(True, (), None, "none", self.mode, self.policy, "proved", "proved")
        asked = wanted(self.mode)
        standing: dict[str, Standing] = {}
        reasons: list[Reason] = []
        for direction in (*asked, *(each for each in DIRECTIONS if each not in asked)):
            standing[direction], why = self._direction(direction, direction in asked)
            reasons += why
        compatible = all(standing[each] == "proved" for each in asked)
        self._note(asked, compatible)
        bump: Bump = "major" if not compatible else "patch" if self._says_the_same(standing) else "minor"
        return Verdict(
            compatible,
            tuple(reasons[:MOST_REASONS]) if not compatible else (),
            self.found if not compatible else None,
            bump,
            self.mode,
            self.policy,
            standing["backward"],
            standing["forward"],
            self.renames,
            tuple(self.notes),
        )

    def _same_content(self) -> bool:
        texts = []
        for each in self.given.values():
            content = each.content if isinstance(each, SchemaDocument) else each
            texts.append(canonical_json({key: value for key, value in content.items() if key != "version"}))
        return texts[0] == texts[1]

    def _direction(self, direction: Direction, explain: bool) -> tuple[Standing, list[Reason]]:
        """How one direction stands, and why it does not hold."""
        writer, reader = ("old", "new") if direction == "backward" else ("new", "old")
        inner_form = written(*self.forms[writer], self.policy)
        outer_form = read(*self.forms[reader], self.policy)
        inner, outer, table = pair(inner_form, outer_form)
        ignores_more = self.policy == "tolerant-reader" or not _closed(outer, table)
        of_columns = arrow_reasons(self.columns[writer], self.columns[reader], direction, ignores_more)
        algebra = Algebra(table)
        proof = Proof(table, self.until, algebra)
        answer = self._answer(inner, outer, proof, algebra, direction, explain)
        standing: Standing = {"yes": "proved", "no": "disproved", "unknown": "unknown"}[answer]  # type: ignore[assignment]
        reasons = self._explained(inner, outer, proof, direction, answer) if explain or direction == "backward" else []
        if of_columns and standing == "proved":
            standing = "disproved"
        if standing != "proved" and not reasons and not of_columns:
            reasons = [reason("not-included" if answer == "no" else "not-proved", "", direction)]
        return standing, [*reasons, *of_columns] if explain else []

    def _answer(
        self, inner: Node, outer: Node, proof: Proof, algebra: Algebra, direction: Direction, explain: bool
    ) -> Answer:
        """The proof from the structure first; then the search, quick where there is something; then the algebra."""
        if proof.quickly(inner, outer):
            return "yes"
        if self.search and explain and self.found is None:
            search = Search(proof.table, min(self.until, time.monotonic() + self.deadline))
            for document in search.find(inner, outer, algebra):
                self.found = self._shown(document, direction)
            if self.found is not None:
                return "no"
        return proof.thoroughly(inner, outer) if explain else algebra.contains(inner, outer)

    def _shown(self, document: Any, direction: Direction) -> Counterexample | None:
        """The document with its refusal, once the validators of both schemas as written have confirmed it."""
        accepts, refuses = ("old", "new") if direction == "backward" else ("new", "old")
        if not validator(self.schemas[accepts]).is_valid(document):
            return None
        problems = validator(self.schemas[refuses]).problems(document, limit=1)
        if not problems:
            return None
        return Counterexample(document, accepts, refuses, direction, problems[0].path, problems[0].message)

    # --- explanation ------------------------------------------------------------------------------------------------

    def _explained(self, inner: Node, outer: Node, proof: Proof, direction: Direction, answer: Answer) -> list[Reason]:
        """The reasons of one direction, with renames in place of what was removed and added."""
        old, new = (inner, outer) if direction == "backward" else (outer, inner)
        walk = Walk(proof.table, proof.refuted)
        walk.go(old, new)
        if direction == "backward" or not self.renames:
            said = declared_renames(self.schemas["new"])
            found = renames(
                walk.found, said, lambda one, other: proof.quickly(one, other) and proof.quickly(other, one)
            )
            self.renames = tuple(found)
        if answer == "yes":
            return []
        return self._reasons(walk.found, direction)

    def _reasons(self, changes: list[Change], direction: Direction) -> list[Reason]:
        found: list[Reason] = []
        told: set[str] = set()
        for change in changes:
            rename = next((each for each in self.renames if _is_of(change, each)), None)
            if rename is not None:
                place = f"{rename.path}/properties/{rename.old}"
                if place not in told:
                    told.add(place)
                    words = {"name": rename.old, "to": rename.new, "sure": "" if rename.declared else ", it seems"}
                    found.append(reason("property-renamed", place, direction, words))
            elif direction in change.breaks:
                found.append(reason(change.rule, change.path, direction, change.facts))
        return found

    def _note(self, asked: tuple[Direction, ...], compatible: bool) -> None:
        closed = any(_closed(*form) for form in self.forms.values())
        if len(asked) == 2 and self.policy == "strict" and closed and not compatible:
            self.notes.append(
                "FULL under strict allows no change of the fields of a closed object: one that is added is refused by"
                " old readers, one that is removed by new ones. BACKWARD, or the policy tolerant-reader, allows them."
            )
        if compatible:
            self.notes += [
                f"`{each.old}` was renamed to `{each.new}`{'' if each.declared else ', it seems'}: no document breaks,"
                " but readers find nothing under the other name until the data are migrated."
                for each in self.renames
            ]

    def _says_the_same(self, standing: dict[str, Standing]) -> bool:
        """Whether both schemas allow the same documents and columns: under the policy, and as they are written."""
        if self.columns["old"] != self.columns["new"] or {*standing.values()} != {"proved"}:
            return False
        if self.policy == "strict":
            return True
        one, other, table = pair(self.forms["old"], self.forms["new"])
        proof = Proof(table, self.until)
        return proof.quickly(one, other) and proof.quickly(other, one)


def _schema(given: Schema) -> dict[str, Any]:
    if isinstance(given, SchemaDocument):
        return given.schema
    if why := too_large(given):
        raise InvalidSchema(f"The schema is too large to compare: {why}.", "Split it.")
    return given


def _undecided(mode: Mode, policy: Policy) -> Verdict:
    reasons = tuple(reason("not-proved", "", direction) for direction in wanted(mode))
    return Verdict(not reasons, reasons, None, "major" if reasons else "minor", mode, policy, "unknown", "unknown")


def _closed(root: Node, table: Definitions) -> bool:
    for _ in range(16):
        if not (isinstance(root, dict) and "$ref" in root):
            break
        root = table[root["$ref"]]
    return isinstance(root, dict) and root.get("additionalProperties", True) is False


def _is_of(change: Change, rename: Rename) -> bool:
    """Whether a change is one half of a rename."""
    if change.rule not in ("property-removed", "optional-property-added", "required-property-added"):
        return False
    name = rename.old if change.rule == "property-removed" else rename.new
    return change.facts["name"] == name and change.path.rpartition("/properties/")[0] == rename.path
