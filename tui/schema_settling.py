"""What the Schemas screen asks before it changes refused records: the question, and what follows from a yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import runs_view, words
from .schema_queries import PREVIEWED

if TYPE_CHECKING:
    from cornerman.core.schema.refused import ErrorGroup

    from .schema_queries import SettleAnswer

EXAMPLES = "set /side B; rename /px price; convert /size integer; drop /debug"


class Question(NamedTuple):
    question: str
    consequence: str


def retrying(group: ErrorGroup) -> Question:
    return Question(
        f"Judge {_named(group)} again?",
        "By the newest version of their schema. What it allows is accepted; the others stay held.",
    )


def discarding(group: ErrorGroup) -> Question:
    return Question(
        f"Discard {_named(group)}?",
        "They are kept, but no longer held: `cornerman quarantine list --state discarded`.",
    )


def editing(group: ErrorGroup, edits: str, tried: SettleAnswer) -> Question:
    """After a trial: what it makes of one record, and how many it helps."""
    tried_on = "" if group.records <= PREVIEWED else f"Of the newest {PREVIEWED}: "
    lines = [*tried.changes, f"{tried_on}{tried.said}.", *([f"Refused: {tried.refusal}"] if tried.refusal else [])]
    return Question(
        f"Change {_named(group)}?",
        "\n".join(runs_view.safe(line) for line in (edits, *lines, "What came is kept beside what is made of it.")),
    )


def _named(group: ErrorGroup) -> str:
    return runs_view.safe(f"{words.exact(group.records)} records: {group.schema} {group.path or '/'} {group.rule}")
