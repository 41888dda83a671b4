"""What the Schemas screen says below its lists: details, diffs, refused records, rules. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import words
from .renderers._cells import visible, wrap
from .schema_words import checkpoint_words, record_facts
from .schemas_view import ago
from .widgets.lines import Line

if TYPE_CHECKING:
    from cornerman.core.schema.adoption import Measure, VersionShare
    from cornerman.core.schema.entries import SchemaEntry

    from .feed import Problem
    from .look import Look
    from .schema_queries import Adoption, DiffAnswer, RecordAnswer, RulesAnswer

_STYLES = {
    "rule": "bad", "sentence": "normal", "fix": "key", "proof": "title", "document": "info", "problem": "warn",
    "note": "dim",
}  # fmt: skip


def filled(text: str, indent: int, width: int, style: str) -> list[Line]:
    """A sentence broken at spaces, every line of it indented."""
    lines = wrap(visible(" ".join(text.split())), max(20, width - indent - 1))
    return [((" " * indent + line, style),) for line in lines]


def schema(entry: SchemaEntry, adoption: Adoption | None, width: int, now: float) -> list[Line]:
    retired = f", {entry.retired} retired" if entry.retired else ""
    rules = f"{entry.rules.mode} ({entry.rules.policy})"
    rows = filled(entry.title, 1, width, "normal") if entry.title else []
    changed = f"{entry.versions} versions{retired}; new ones must keep {rules}; changed {ago(now, entry.changed_us)}"
    rows += filled(changed, 1, width, "dim")
    rows += checkpoint(adoption, width, now)
    return [
        *rows,
        *filled("enter: versions and documents. cornerman schema add FILE registers the next", 1, width, "key"),
    ]


def checkpoint(adoption: Adoption | None, width: int, now: float) -> list[Line]:
    """How far the newest version of a schema is adopted."""
    if adoption is None or adoption[1] is None:
        return filled("No step was judged by it: `cornerman enforce set ID warn` has steps judged.", 1, width, "dim")
    point = adoption[1]
    return filled(checkpoint_words(point, ago(now, point.met_us)), 1, width, "good" if point.met_us else "warn")


def over_time(version: VersionShare | None, width: int, now: float, look: Look) -> list[Line]:
    """A version's shares of runs, steps and producers, span by span, the oldest at the left."""
    spans = version.over_time if version is not None else ()
    if version is None or len(spans) < 2:
        return []
    measures: tuple[Measure, ...] = ("runs", "steps", "producers")
    rows: list[Line] = []
    for measure in measures:
        shares = [span.of(measure) for span in spans]
        # the full height is all of them, whatever the most is: so that bars of two versions can be compared
        signs = "".join(" " if one is None else look.blocks[max(1, round(8 * one))] for one in shares)
        newest = next((one for one in reversed(shares) if one is not None), 0.0)
        rows.append(((words.fit(f" {measure}", 12), "key"), (signs, "curve"), (f"  {newest:.0%} now", "normal")))
    since = f" share over time, {ago(now, spans[0].since_us)} at the left"
    return [*rows, ((words.fit(since, width), "dim"),)]


def diff(answer: DiffAnswer, width: int) -> list[Line]:
    """The verdict, why, the proof, and then every difference."""
    rows = filled(answer.headline, 1, width, "good" if answer.compatible else "bad")
    for said in answer.said:
        rows += filled(said.text, said.indent, width, _STYLES.get(said.kind, "normal"))
    count = len(answer.differences)
    heading = f"{count:,} difference{'s' * (count != 1)}" if count else "no difference"
    return [*rows, (), ((f" {heading}", "title"),), *answer.differences]


def record(answer: RecordAnswer, width: int, now: float) -> list[Line]:
    """A refused record: where it is from, every reason against it, and its values."""
    found = answer.record
    if found is None:
        return [((" This record is no longer there: t shows other states.", "dim"),)]
    facts = record_facts(found, lambda at_us: ago(now, at_us))
    rows: list[Line] = [
        ((words.fit(f" {name}", 12), "key"), (visible(" ".join(value.split())), "normal"))
        for name, value in facts.items()
    ]
    for error in found.errors:
        rows += filled(f"{error.path or '/'}: {error.message}", 2, width, "bad")
    keys = "r judges its group again, e edits it by a rule, d discards it; [ ] other records, t other states"
    return [*rows, *(hints((keys,), width) if found.state == "held" else ()), (), *answer.lines]


def rules(answer: RulesAnswer, width: int, now: float) -> list[Line]:
    """The rules in force, the cohorts, and the newest changes."""
    rows: list[Line] = [((" Rules: the closest wins; else what a run was started with", "title"),)]
    rows += [line for rule in answer.rules for line in filled(str(rule), 2, width, "normal")]
    if not answer.rules:
        rows += filled("None: the steps of every run are judged by its spaces, under `warn`.", 2, width, "dim")
        rows += filled("cornerman enforce set SCHEMA observe|warn|enforce makes one", 2, width, "key")
    rows += [(), ((" Cohorts", "title"),)]
    rows += [
        line
        for each in answer.cohorts
        for line in filled(f"{each.name}: {each.share:.0%} of the runs of {each.job}", 2, width, "normal")
    ]
    if not answer.cohorts:
        rows += filled("None. cornerman enforce cohort NAME --share 10% makes one", 2, width, "dim")
    rows += [(), ((" Changes, the newest first", "title"),)]
    for event in answer.history:
        forced = ", forced" if event.forced else ""
        note = f": {event.note}" if event.note else ""
        said = f"{ago(now, event.at_us)} {event.who}: {event.action} {event.what}{forced}{note}"
        rows += filled(said, 2, width, "normal")
    return rows if answer.history else [*rows, (("  None yet.", "dim"),)]


def problem(found: Problem, width: int) -> list[Line]:
    """Why there is no answer."""
    return [*filled(found.what, 1, width, "bad"), *filled(found.remedy, 1, width, "key")]


def hints(texts: Iterable[str], width: int) -> list[Line]:
    return [line for text in texts for line in filled(text, 1, width, "dim")]
