"""The diff bot's report in Markdown: what a reviewer reads first is on top, what explains it is folded away below."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .check import Change, Report
    from .counterexample import Counterexample

MARKER = "<!-- cornerman schema check -->"
"""By which a bot finds its own comment again."""
_LONGEST = 2000
"""Characters of a counter-example."""


def markdown(report: Report) -> str:
    """The whole comment."""
    return "\n".join(
        [MARKER, "## Schema changes detected" if report.changes else "## No schema changes", *_body(report)]
    )


def _body(report: Report) -> Iterator[str]:
    yield ""
    if not report.changes:
        yield f"Nothing differs between {_code(report.base)} and {_code(report.head)}."
        return
    if report.breaking:
        yield "⚠️ **BREAKING CHANGES DETECTED**\n"
        yield "The following breaking changes were found:\n"
        yield from dict.fromkeys(
            f"- {line}" for change in report.changes if change.breaking for line in _reasons(change)
        )
        yield ""
    else:
        yield "✅ **No breaking changes**\n"
    failing = [change for change in report.changes if not change.passes]
    if failing:
        yield "**Action required**\n"
        yield from (f"- {_action(change)}" for change in failing)
        yield ""
    yield "| | schema | change | what it means |"
    yield "|---|---|---|---|"
    yield from map(_row, report.changes)
    for change in report.changes:
        yield from _details(change)
    yield f"\nLabel: `{report.label}`"


def _row(change: Change) -> str:
    mark = "❌" if not change.passes else "⚠️" if change.breaking else "✅"
    cells = [mark, _code(change.subject), change.kind, _plain(change.sentence)]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _reasons(change: Change) -> list[str]:
    """What broke, one sentence each."""
    if change.judgement is None or change.judgement.verdict is None:
        return [f"{_code(change.subject)}: {_plain(change.sentence)}"]
    return [f"{_plain(reason.sentence)} ({_code(change.subject)})" for reason in change.judgement.verdict.reasons]


def _action(change: Change) -> str:
    """What has to be done before the change can be merged."""
    judgement = change.judgement
    if judgement is None or judgement.needed is None:
        return f"{_code(change.subject)}: {_plain(change.sentence)} {_plain(change.remedy)}".rstrip()
    part = "MAJOR " if change.breaking else ""
    why = "" if judgement.problem in change.sentence else f" {_plain(judgement.problem)}"
    return f"{_code(change.subject)} must bump the {part}version number: it needs `{judgement.needed}`.{why}"


def _details(change: Change) -> Iterator[str]:
    """Rule, place and remedy of every reason, and the document that proves it."""
    if change.judgement is None or change.judgement.verdict is None:
        return
    verdict, rules = change.judgement.verdict, change.judgement.rules
    if not verdict.reasons and not verdict.notes:
        return
    yield f"\n<details><summary>{change.subject}: why ({rules.mode}, {rules.policy})</summary>\n"
    for reason in verdict.reasons:
        yield f"- `{reason.rule}` at {_code(reason.path or '/')} ({reason.direction}): {_plain(reason.sentence)}"
        if reason.fix:
            yield f"  - {_plain(reason.fix)}"
    if verdict.counterexample is not None:
        yield from _proof(verdict.counterexample)
    yield from (f"\n{_plain(note)}" for note in verdict.notes)
    yield "\n</details>"


def _proof(proof: Counterexample) -> Iterator[str]:
    text = json.dumps(proof.document, indent=2, ensure_ascii=False)
    yield f"\nThe {proof.valid_under} schema allows this document, the {proof.refused_by} one does not:\n"
    yield f"```json\n{text[:_LONGEST].replace('```', '` ` `')}\n```"
    yield f"\nAt {_code(proof.path or '/')}: {_plain(proof.problem)}"


def _plain(text: str) -> str:
    """A sentence on one line, in which only its own `code` is markup: names come out of anybody's documents."""
    parts = re.sub("`+", "`", " ".join(text.split())).split("`")
    if len(parts) % 2 == 0:  # a name with a backtick in it
        parts[-2:] = ["'".join(parts[-2:])]
    return "`".join(part if at % 2 else _escaped(part) for at, part in enumerate(parts))


def _escaped(text: str) -> str:
    escaped = re.sub(r"([\\\[\]*!#]|(?<!\w)_|_(?!\w))", r"\\\1", text)
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"(?<!\w)@", "@\u200b", escaped)  # nobody is called


def _code(text: str) -> str:
    return "`" + " ".join(text.replace("`", "'").split()) + "`"
