"""How a verdict reads: what broke, where, in which direction, what to do, and the document that proves it."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from .. import output

if TYPE_CHECKING:
    from cornerman.core.schema.admission import Judgement
    from cornerman.core.schema.compare import Verdict

_WIDTH = 100
_LONGEST = 4000
"""Characters of a counter-example; --json has it whole."""


def judgement_facts(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON."""
    facts = {**judgement._asdict(), **judgement.rules._asdict()}
    del facts["rules"], facts["pin"]
    facts["verdict"] = None if judgement.verdict is None else output.plain(judgement.verdict)
    return facts


def print_judgement(judgement: Judgement) -> None:
    """What a document was compared with, and what came of it."""
    rules = f"{judgement.rules.mode}, {judgement.rules.policy}"
    if judgement.outcome == "same":
        print("exactly this content is registered")
    elif judgement.verdict is None:
        print(f"the first of its line: nothing to compare with ({rules})")
    elif judgement.broken:
        print(f"breaks {judgement.broken} ({rules})")
        print_verdict(judgement.verdict)
    else:
        compared = ", ".join(judgement.compared)
        print(f"compatible with {compared} ({rules})")


def print_verdict(verdict: Verdict) -> None:
    """Every reason with its place and remedy, the proof, and what else one should know."""
    for reason in verdict.reasons:
        print(output.harmless(f"  {reason.rule} at {reason.path or '/'} ({reason.direction.lower()})"))
        for text in filter(None, (reason.sentence, reason.fix)):
            print(_filled(text, "    "))
    if verdict.counterexample is not None:
        proof = verdict.counterexample
        text = json.dumps(output.plain(proof.document), ensure_ascii=False)
        print(
            _filled(
                f"proof: the {proof.valid_under} schema allows this document, the {proof.refused_by} one does not:",
                "  ",
            )
        )
        print(output.harmless(f"    {text if len(text) <= _LONGEST else text[:_LONGEST] + '… (--json has all of it)'}"))
        print(_filled(f"{proof.path or '/'}: {proof.problem}", "    "))
    for note in verdict.notes:
        print(_filled(f"note: {note}", "  "))


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(
        output.harmless(text), _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )
