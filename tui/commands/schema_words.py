"""How a verdict reads: what broke, where, in which direction, what to do, and the document that proves it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from .. import output
from ..schema_words import verdict_words

if TYPE_CHECKING:
    from cornerman.core.schema.admission import Judgement
    from cornerman.core.schema.compare import Verdict

_WIDTH = 100


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
    for said in verdict_words(verdict):
        if said.kind in ("rule", "document"):  # on one line, for whoever cuts and greps
            print(output.harmless(" " * said.indent + said.text))
        else:
            print(_filled(said.text, " " * said.indent))


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(
        output.harmless(text), _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )
