"""How verdicts, adoption and quarantine read: the same words in the commands and on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import output

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument
    from cornerman.core.schema.admission import Rules
    from cornerman.core.schema.adoption import Checkpoint, VersionShare
    from cornerman.core.schema.compare import Verdict
    from cornerman.core.schema.entries import VersionEntry
    from cornerman.core.schema.refused import Quarantined, RecordEdit
    from cornerman.store.quarantine import Preview

LONGEST = 4000
"""Characters of a counter-example; --json has it whole."""


class Said(NamedTuple):
    """One sentence of a verdict. `kind` is rule, sentence, fix, proof, document, problem or note."""

    kind: str
    text: str
    indent: int


def verdict_headline(old: SchemaDocument, new: SchemaDocument, rules: Rules, verdict: Verdict) -> str:
    """The answer in one line."""
    says = "compatible" if verdict.compatible else "BREAKING"
    return f"{old.pin} → {new.pin}: {says} under {rules.mode} ({rules.policy}); a {verdict.bump} change"


def verdict_words(verdict: Verdict) -> Iterator[Said]:
    """Every reason with its place and remedy, the proof, and what else one should know."""
    for reason in verdict.reasons:
        yield Said("rule", f"{reason.rule} at {reason.path or '/'} ({reason.direction.lower()})", 2)
        if reason.sentence:
            yield Said("sentence", reason.sentence, 4)
        if reason.fix:
            yield Said("fix", reason.fix, 4)
    if (proof := verdict.counterexample) is not None:
        allows = f"proof: the {proof.valid_under} schema allows this document, the {proof.refused_by} one does not:"
        yield Said("proof", allows, 2)
        text = json.dumps(output.plain(proof.document), ensure_ascii=False)
        yield Said("document", text if len(text) <= LONGEST else text[:LONGEST] + "… (--json has all of it)", 4)
        yield Said("problem", f"{proof.path or '/'}: {proof.problem}", 4)
    for note in verdict.notes:
        yield Said("note", f"note: {note}", 2)


def version_state(entry: VersionEntry) -> str:
    return "retired" if entry.retired else "in force"


def checkpoint_words(point: Checkpoint, since: str) -> str:
    """How far the newest version is adopted; `since` is when the checkpoint was first seen to be met."""
    tick = f"met since {since}" if point.met_us else "not met"
    return f"{point.wanted:.0%} of {point.measure} on {point.pin}: {point.share:.0%}, {tick}"


def share_cells(each: VersionShare) -> tuple[str, str, str]:
    """Steps, runs and producers of a version, each with its share."""
    return (
        f"{each.steps:,} ({each.step_share:.0%})",
        f"{each.runs:,} ({each.run_share:.0%})",
        f"{each.producers:,} ({each.producer_share:.0%})",
    )


def record_facts(record: Quarantined, moment: Any) -> Mapping[str, str]:
    """Where a refused record is from and what became of it; `moment` says a time in words."""
    facts = {
        "record": str(record.id), "from": f"{record.source}, {record.place}", "refused by": record.schema,
        "when": moment(record.at_us), "state": record.state,
    }  # fmt: skip
    if record.state != "held":
        facts["since"] = f"{moment(record.changed_us)} by {record.changed_by}: {record.note}"
    return facts


def record_text(record: Quarantined, indent: int | None = None) -> str:
    """The values of a refused record as JSON; what is no JSON as it came."""
    document = record.document()
    return record.raw.decode("utf-8", "replace") if document is None else value_text(document, indent)


def value_text(value: Any, indent: int | None = None) -> str:
    return json.dumps(output.plain(value), indent=indent, ensure_ascii=False)


def edit_words(edit: RecordEdit, moment: Any) -> str:
    """Who made what of a refused record."""
    note = f" ({edit.note})" if edit.note else ""
    return f"{moment(edit.at_us)} {edit.who}: {edit.what}{note}; allowed by {edit.schema}"


def preview_words(preview: Preview) -> Iterator[str]:
    """What an edit makes of a record, place by place, in the signs of a diff."""
    from cornerman.core.schema.edits import changes

    found = [str(change) for change in changes(preview.before, preview.after)]
    yield from found or ["nothing changes"]


def retried_words(accepted: int, refused: int, dry_run: bool = False) -> str:
    verb = "would be" if dry_run else "is" if accepted == 1 else "are"
    still = "is" if refused == 1 else "are"
    return f"{accepted:,} record{'s' * (accepted != 1)} {verb} accepted, {refused:,} {still} still refused"


def discarded_words(count: int) -> str:
    return f"{count:,} record{'s are' if count != 1 else ' is'} discarded; `--state discarded` still shows them"


def adopted(versions: Sequence[VersionShare], point: Checkpoint | None) -> str:
    """Adoption of a schema in a few words."""
    if point is None or not versions:
        return "not in use"
    newest = versions[0].pin.partition("@")[2]
    older = f", {len(versions) - 1} older in use" if len(versions) > 1 else ""
    return f"{point.share:.0%} of runs on {newest}{older}"
