"""The causes of the loss ledger in words: what became of transitions that are not stored, and which of it is lost.

Two tables are never mixed. This one is about data, kept with the run. What a screen did not draw is counted by that
screen (`tui/live.py`), and nothing in that count is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .records import LedgerRow


class Cause(NamedTuple):
    """Why transitions are not stored steps."""

    label: str
    lost: bool
    """Whether data is gone. Otherwise it was not wanted, or is kept elsewhere."""
    means: str
    remedy: str


CAUSES: dict[str, Cause] = {
    "sampled": Cause("sampled at source", False, "left out because producer.sample says so", ""),
    "quarantined": Cause(
        "invalid", False, "refused by its schema and kept in quarantine", "`cornerman quarantine list` has it"
    ),
    "duplicate": Cause("duplicate", False, "was there already", ""),
    "journal full": Cause(
        "writer behind", True, "the journal was full: sealing did not keep up, or the store was locked",
        "raise storage.max_journal_bytes, or find who holds the store",
    ),
    "disk full": Cause(
        "disk full", True, "the disk was full, or below storage.min_free_bytes", "free some room on the store's disk"
    ),
    "budget": Cause("budget", True, "the store reached storage.max_store_bytes", "raise it, or delete runs"),
    "store read-only": Cause(
        "store read-only", True, "the store's folder could not be written", "`cornerman doctor` says why"
    ),
    "store deleted": Cause("store deleted", True, "its store was deleted while it was recorded", ""),
    "after delete": Cause("after delete", True, "the run was deleted while it was recorded", ""),
    "fault": Cause("fault", True, "the recorder failed inside", "the notes of the stream say how"),
}  # fmt: skip


def cause_of(name: str) -> Cause:
    """The words of a cause; a cause of a newer version is a loss that is called by its name."""
    return CAUSES.get(name) or Cause(name, True, "", "")


def counts(ledger: LedgerRow) -> dict[str, int]:
    """Transitions that are not stored nor in the journal, by cause, in the order of the table; those that occurred."""
    found = {"sampled": ledger.sampled, "quarantined": ledger.quarantined, "duplicate": ledger.duplicate}
    found |= ledger.dropped
    order = [*CAUSES, *(name for name in found if name not in CAUSES)]
    return {name: found[name] for name in order if found.get(name)}


def lost(ledger: LedgerRow) -> int:
    """Transitions that are gone."""
    return sum(number for name, number in counts(ledger).items() if cause_of(name).lost)


def worst(ledger: LedgerRow) -> str:
    """The cause of most of what is lost, or ''."""
    gone = {name: number for name, number in counts(ledger).items() if cause_of(name).lost}
    return max(gone, key=lambda name: gone[name], default="")
