"""`cornerman quarantine edit`: records are changed by rules or by hand, shown, judged, and only then accepted."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..schema_words import preview_words, record_text
from .quarantine import print_retried, selection_of

if TYPE_CHECKING:
    from cornerman.store.quarantine import Retried

SHOWN = 3
"""Records whose changes are printed."""


def edit(store: Any, args: argparse.Namespace) -> int:
    args.records = [int(word) for word in args.words if word.isdecimal()]
    args.state = "held"
    rules = "; ".join(word for word in args.words if not word.isdecimal())
    by_hand = not rules
    if by_hand and (len(args.records) != 1 or args.schema or args.rule or args.path or args.run):
        raise InvalidOption("There is no rule.", 'Such as "convert /size integer"; without one, name a single record.')
    if rules and args.document:
        raise InvalidOption("A record is changed by rules or written anew, not both.", "Leave one of the two out.")
    document = _document(store, args) if by_hand else None

    def judged(dry_run: bool) -> Retried:
        options = {"schema": args.by, "note": args.note, "dry_run": dry_run}
        if by_hand:
            return store.quarantine.rewrite(args.records[0], document, **options)  # type: ignore[no-any-return]
        return store.quarantine.edit(selection_of(store, args), rules, **options)  # type: ignore[no-any-return]

    if args.dry_run or not args.yes:
        retried = judged(dry_run=True)
        if not args.json:
            _print_previews(retried)
        if args.dry_run or not retried.accepted:
            args.dry_run = True
            return print_retried(args, retried)
        question = f"Change and accept {len(retried.accepted):,} records?"
        if not output.agreed(question, "Add --yes, or --dry-run to see what would change."):
            output.say("Nothing was changed.")
            return exits.PROBLEM
    return print_retried(args, judged(dry_run=False))


def _print_previews(retried: Retried) -> None:
    for preview in retried.previews[:SHOWN]:
        refused = retried.refused.get(preview.record)
        print(f"record {preview.record}: {'still refused' if refused else 'allowed then'}")
        for line in preview_words(preview):
            print(output.harmless(f"  {line}"))


def _document(store: Any, args: argparse.Namespace) -> Any:
    """One record as somebody wrote it anew."""
    if args.document == "-":
        text = sys.stdin.read()
    elif args.document:
        text = Path(args.document).read_text(encoding="utf-8")
    else:
        text = _from_editor(record_text(store.quarantine.get(args.records[0]), 2))
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidOption(f"The document is no JSON: {error}.", "Nothing was changed.") from None


def _from_editor(text: str) -> str:
    """What is left in the editor of the environment when it is closed."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor or not sys.stdin.isatty():
        raise InvalidOption(
            "There is no rule, no --document and no editor to write one in.",
            'Say a rule, such as "convert /size integer", or set EDITOR.',
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "record.json")
        path.write_text(text + "\n", encoding="utf-8")
        if subprocess.run([*shlex.split(editor), str(path)], check=False).returncode:
            raise InvalidOption(f"{editor} ended with an error.", "Nothing was changed.")
        return path.read_text(encoding="utf-8")
