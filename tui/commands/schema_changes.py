"""`cornerman schema diff|compat|check`: what a change is, what it breaks, and whether it may be merged."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..chosen import chosen_store
from ..schema_words import verdict_headline
from .schema_verb import Verb, document_in, document_of, is_file, registry_of
from .schema_versions import rule_arguments
from .schema_words import judgement_facts, print_judgement, print_verdict

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument
    from cornerman.core.schema.admission import Judgement, Rules
    from cornerman.core.schema.compare import Verdict
    from cornerman.core.schema.enforcement import Producer
    from cornerman.store.documents import DocumentImport


def _diff(args: argparse.Namespace) -> int:
    from cornerman.core.schema.compare import compare
    from cornerman.core.schema.difference import differences

    old, new = document_of(args, args.old), document_of(args, args.new)
    rules = _rules(args, old)
    verdict = compare(old, new, rules.mode, rules.policy)
    found = differences(old.content, new.content)
    streams, imports = _users(args, old)
    if args.json:
        lines = [difference._asdict() for difference in found]
        pins = {"old": old.pin, "new": new.pin, **rules._asdict()}
        used = {
            "streams": [{"run_id": one.run_id, "job": one.job, "stream": one.stream, "schema": one.pin,
                         "steps": one.steps, "recording": one.recording} for one in streams],
            "imports": [{"import": one.id, "source": one.source, "schema": f"{one.schema_id}@{one.version}",
                         "documents": one.accepted} for one in imports],
        }  # fmt: skip
        facts = {"differences": lines, "verdict": output.plain(verdict), "read_by": _readers(old, verdict)}
        output.print_json({**pins, **facts, "used_by": used})
        return exits.OK
    for difference in found:
        print(output.harmless(str(difference)))
    if not found:
        print("no difference")
    print(f"\n{verdict_headline(old, new, rules, verdict)}")
    print_verdict(verdict)
    for path, names in _readers(old, verdict).items():
        print(output.harmless(f"{path} is read by {', '.join(names)}: ask them first"))
    _print_users(old.id, streams, imports)
    return exits.OK


def _readers(old: SchemaDocument, verdict: Verdict) -> dict[str, tuple[str, ...]]:
    """Who reads the fields that a change breaks, as far as the schema says so."""
    from cornerman.core.schema.glossary import readers

    found = {reason.path: readers(old, reason.path) for reason in verdict.reasons}
    return {path: names for path, names in found.items() if names}


SHOWN = 8
"""Streams and imports that are named; --json has all."""


def _users(args: argparse.Namespace, document: SchemaDocument) -> tuple[list[Producer], list[DocumentImport]]:
    """Whom a change of a schema meets: streams whose steps a version of it judged, and imports of it; newest first."""
    from cornerman.core.errors import StoreNotFound
    from cornerman.store.api import open_store

    try:
        with open_store(chosen_store(args)) as store:
            streams = [one for one in store.enforcement.producers() if one.pin.partition("@")[0] == document.id]
            imports = list(store.documents.imports(document.id))
    except StoreNotFound:
        return [], []
    return sorted(streams, key=lambda one: -one.last_us), sorted(imports, key=lambda one: -one.id)


def _print_users(schema_id: str, streams: Sequence[Producer], imports: Sequence[DocumentImport]) -> None:
    if not streams and not imports:
        return
    runs = len({one.run_id for one in streams})
    print(f"\n{schema_id} is used by {len(streams):,} streams of {runs:,} runs and {len(imports):,} imports")
    lines = [
        f"  {one.run_id} {one.job}, {one.stream}: {one.steps:,} steps by {one.pin}" + ", recording" * one.recording
        for one in streams
    ]
    lines += [
        f"  import {one.id}, {one.source}: {one.accepted:,} documents by {one.schema_id}@{one.version}"
        for one in imports
    ]
    for line in lines[:SHOWN]:
        print(output.harmless(line))
    if len(lines) > SHOWN:
        print(f"  and {len(lines) - SHOWN:,} more")


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="A", help="the older one: a pin or a file")
    parser.add_argument("new", metavar="B", help="the newer one: a pin or a file")
    rule_arguments(parser)


def _compat(args: argparse.Namespace) -> int:
    if args.new is not None:
        from cornerman.core.schema.compare import compare

        old, new = document_of(args, args.document), document_of(args, args.new)
        rules = _rules(args, old)
        verdict = compare(old, new, rules.mode, rules.policy)
        if args.json:
            pins = {"old": old.pin, "new": new.pin, **rules._asdict()}
            output.print_json({**pins, "compatible": verdict.compatible, "verdict": output.plain(verdict)})
        else:
            print(f"{old.pin} → {new.pin}: {'compatible' if verdict.compatible else 'BREAKING'} under {rules.mode}")
            print_verdict(verdict)
        return exits.OK if verdict.compatible else exits.PROBLEM
    if not is_file(args.document):
        raise InvalidOption(f"{args.document} is no file.", "Name a document's file, or two pins to compare.")
    document = document_in(args.document)
    judgement = _judge(args, document)
    if args.json:
        output.print_json({"pin": document.pin, **judgement_facts(judgement)})
    else:
        words = {"new": f"{document.pin} may be added", "same": f"{document.pin} is there already"}
        print(words.get(judgement.outcome, f"refused: {judgement.problem}"))
        print_judgement(judgement)
    return exits.PROBLEM if judgement.outcome == "refused" else exits.OK


def _judge(args: argparse.Namespace, document: SchemaDocument) -> Judgement:
    with registry_of(args) as registry:
        return registry.judge(document, mode=args.mode, policy=args.policy)


def _compat_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="FILE", help="the document, - for standard input; or the older pin")
    parser.add_argument("new", metavar="B", nargs="?", help="the newer pin or file, to compare just these two")
    rule_arguments(parser)


def _rules(args: argparse.Namespace, document: SchemaDocument) -> Rules:
    """What was typed, else what the registry has for the id, else the defaults."""
    from cornerman.core.errors import NotFound, StoreNotFound
    from cornerman.core.schema.admission import Rules, chosen

    rules = Rules()
    try:
        with registry_of(args) as registry:
            rules = registry.rules(document.id)
    except (NotFound, StoreNotFound):
        pass
    return chosen(rules, args.mode, args.policy)


def _check(args: argparse.Namespace) -> int:
    from cornerman.core.schema.admission import Rules, chosen
    from cornerman.core.schema.check import check
    from cornerman.core.schema.folder import read_folder, read_source

    base = read_source(args.base, args.path)
    head = read_source(args.head, args.path) if args.head else read_folder(Path(args.path))
    report = check(base, head, chosen(Rules(), args.mode, args.policy))
    if args.label:
        print(report.label)
    elif args.json:
        output.print_json(
            {
                "label": report.label,
                "breaking": report.breaking,
                "passes": report.passes,
                "changes": [_change_facts(change) for change in report.changes],
                "markdown": report.markdown(),
            }
        )
    else:
        print(report.label)
        print(report.markdown())
    if args.report:
        args.report.write_text(report.markdown() + "\n", encoding="utf-8")
    return exits.OK if report.passes else exits.PROBLEM


def _change_facts(change: Any) -> dict[str, Any]:
    judgement = None if change.judgement is None else judgement_facts(change.judgement)
    return {**change._asdict(), "judgement": judgement}


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", metavar="BASE", help="a folder, a git revision, or REVISION:FOLDER")
    parser.add_argument("head", metavar="HEAD", nargs="?", help="the same; default: the working folder's --path")
    parser.add_argument("--path", default="schemas", metavar="DIR", help="the folder at a revision (default: schemas)")
    rule_arguments(parser)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the Markdown report to a file, too")
    parser.add_argument("--label", action="store_true", help="print the label only")


CHANGES = {
    "diff": Verb(
        "what changed between two documents, and what that breaks",
        """
Show what differs between two documents, one line a place, then the verdict with its reasons and, where it breaks
something, a document that proves it; last the runs, streams and imports that a version of A judged, which the change
will meet. A and B are pins or files. Mode and policy are those of the registered schema
unless you name others.""",
        """
  cornerman schema diff ticks@1.0.0 ticks
  cornerman schema diff ticks ticks.json --mode FULL
  cornerman schema diff old.json new.json --policy tolerant-reader""",
        _diff_arguments,
        _diff,
    ),
    "compat": Verb(
        "may this document be added? nothing changes",
        """
Say what `schema add` would say, and change nothing: what the document is compared with, what it breaks, and the
version that it needs. With two pins or files only these two are compared. The exit code is 1 where the answer is
no.""",
        """
  cornerman schema compat ticks.json
  cornerman schema compat ticks.json --mode FULL_TRANSITIVE
  cornerman schema compat ticks@1.0.0 ticks@2.0.0 --json | jq .compatible""",
        _compat_arguments,
        _compat,
    ),
    "check": Verb(
        "judge a pull request: label, report, exit code",
        """
Compare two states of a folder of schema files as the registry would: print the label (schema:breaking or
schema:compatible) on the first line, then a Markdown report. The exit code is 1 where a change lacks the version that
it needs, or a file is no schema; no store is needed.

Modes and policies come from compatibility.json in the folder, else from the options.
`.github/workflows/schema-check.yml` is a workflow to copy.""",
        """
  cornerman schema check origin/main --path schemas      what you will push
  cornerman schema check origin/main HEAD --path schemas
  cornerman schema check v1.2:schemas v1.3:schemas --label
  cornerman schema check old-folder new-folder --report report.md""",
        _check_arguments,
        _check,
    ),
}
