"""`cornerman quarantine VERB`: what schemas refused, grouped by error, until somebody decides."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..chosen import chosen_store
from ..schema_words import discarded_words, edit_words, record_facts, record_text, retried_words, value_text
from . import Help, Subparsers, add_common, describe

if TYPE_CHECKING:
    from cornerman.core.schema.refused import Quarantined
    from cornerman.store.quarantine import Retried, Selection

DESCRIPTION = """
What a schema refuses is kept whole: its bytes as they came, every reason against it, and where it is from. Steps come
here while they are recorded under `enforce`, lines of files while they are imported.

  list       grouped by error; --each shows record by record
  show       one record in full: its values and all reasons
  retry      judge records again, by a newer version, and accept what fits
  edit       change records by a rule, or one by hand; accept what fits then
  discard    say that records are not wanted
  export     write records as JSON lines

Which records is chosen by number, --schema, --path, --rule, --run and --state; without any, all that are held. Nothing
is ever deleted but with its run. A step that is accepted stays here with its values; its row in the run stays empty.

An edit shows what it makes of the first records, and asks; --yes does not ask. Rules are `set PATH VALUE`,
`rename PATH NAME`, `convert PATH integer|number|string|boolean` and `drop PATH`, divided by `;`. A record that is still
refused then stays as it is. What came is kept with every reason against it, beside what was made of it, by whom and
when: `show` has all of it."""

EXAMPLES = """
  cornerman quarantine list                        what was refused, and why
  cornerman quarantine list --each --rule maximum
  cornerman quarantine show 17
  cornerman quarantine retry --schema telemetry.step --dry-run
  cornerman quarantine retry --by telemetry.step@1.3.0
  cornerman quarantine edit --path /size "convert /size integer" --dry-run
  cornerman quarantine edit --schema ticks_v1 "rename /px price" --yes
  cornerman quarantine edit 17                     by hand, in $EDITOR
  cornerman quarantine edit 17 --document -        from standard input
  cornerman quarantine discard 17 18 --note "sensor was off"
  cornerman quarantine export --state held --out refused.jsonl"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "quarantine", DESCRIPTION, EXAMPLES)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb")
    for name, (purpose, _) in VERBS.items():
        verb = verbs.add_parser(name, help=purpose, description=purpose, formatter_class=Help)
        _arguments(verb, name)
        add_common(verb, default=argparse.SUPPRESS)


def _arguments(verb: argparse.ArgumentParser, name: str) -> None:
    if name == "edit":
        verb.add_argument("words", metavar="RECORD|RULES", nargs="*", help="numbers of records, then the rules")
    else:
        verb.add_argument(
            "records", metavar="RECORD", nargs="+" if name == "show" else "*", type=int, help="its number"
        )
    if name == "show":
        return
    verb.add_argument("--schema", metavar="ID[@VERSION]", default="", help="refused by this schema")
    verb.add_argument("--path", default="", help="with an error at this path, such as /observation/0")
    verb.add_argument("--rule", default="", help="with an error of this rule, such as maximum")
    verb.add_argument("--run", metavar="RUN", default="", help="of this run")
    if name != "edit":
        states = ("held", "accepted", "discarded", "all")
        verb.add_argument("--state", choices=states, default="held", help="what became of them (default: held)")
    if name == "list":
        verb.add_argument("--each", action="store_true", help="record by record, not grouped")
        verb.add_argument("--limit", type=int, default=50, help="how many records (default: 50)")
    if name in ("retry", "discard", "edit"):
        verb.add_argument("--note", default="", help="why, for those who look later")
    if name == "edit":
        verb.add_argument("--document", metavar="FILE", help="one record, written anew as JSON (-: standard input)")
        verb.add_argument("--yes", "-y", action="store_true", help="do not ask")
    if name in ("retry", "edit"):
        verb.add_argument("--by", metavar="ID[@VERSION]", default="", help="judge by this schema (default: the newest)")
        verb.add_argument("--dry-run", "-n", action="store_true", help="change nothing, say what would be accepted")
    if name == "discard":
        verb.add_argument("--all", action="store_true", help="all that are held")
    if name == "export":
        verb.add_argument("--out", metavar="FILE", default="-", help="where to (default: standard output)")


def run(args: argparse.Namespace) -> int:
    from cornerman.store.api import open_store

    if args.verb is None:
        raise InvalidOption("`cornerman quarantine` needs a verb.", f"One of {', '.join(VERBS)}; see --help.")
    with open_store(chosen_store(args)) as store:
        return VERBS[args.verb][1](store, args)


def selection_of(store: Any, args: argparse.Namespace) -> Selection:
    from cornerman.store.quarantine import Selection

    run_id = store.run(args.run).run_id if args.run else ""
    state = None if args.state == "all" else args.state
    return Selection(tuple(args.records), args.schema, args.path, args.rule, run_id, state)


def _list(store: Any, args: argparse.Namespace) -> int:
    selection = selection_of(store, args)
    count = store.quarantine.count(selection)
    if args.each:
        return _list_each(store, args, selection, count)
    groups = store.quarantine.groups(selection)
    if args.json:
        output.print_json({"records": count, "groups": [group._asdict() for group in groups]})
        return exits.OK
    output.print_table(
        ("records", "schema", "path", "rule", "expected", "got", "newest", "example"),
        [
            (f"{group.records:,}", group.schema, group.path or "/", group.rule, group.expected, group.got,
             output.moment(group.last_us), str(group.example))
            for group in groups
        ],
        right=(0, 7), spare=("newest", "expected"),
    )  # fmt: skip
    output.say(
        f"{count:,} records. `cornerman quarantine show NUMBER` shows one in full." if count else "Nothing here."
    )
    return exits.OK


def _list_each(store: Any, args: argparse.Namespace, selection: Selection, count: int) -> int:
    records = store.quarantine.list(selection, limit=args.limit)
    if args.json:
        output.print_json({"records": count, "shown": [_facts(record) for record in records]})
        return exits.OK
    output.print_table(
        ("number", "when", "source", "place", "schema", "state", "first error"),
        [
            (str(record.id), output.moment(record.at_us), record.source, record.place, record.schema, record.state,
             record.errors[0].message if record.errors else "")
            for record in records
        ],
        right=(0,), spare=("when", "source"),
    )  # fmt: skip
    if count > len(records):
        output.say(f"{count:,} records, the newest {len(records)} are shown; --limit shows more.")
    return exits.OK


def _show(store: Any, args: argparse.Namespace) -> int:
    from cornerman.core.schema.refused import document_of, edited_media

    records = [store.quarantine.get(number) for number in args.records]
    if args.json:
        output.print_json(
            [
                {**_facts(each), "edits": [edit._asdict() for edit in store.quarantine.edits(each.id)]}
                for each in records
            ]
        )
        return exits.OK
    for record in records:
        output.print_facts(record_facts(record, output.moment))
        for error in record.errors:
            print(output.harmless(f"  {error.message}"))
        print(output.harmless(record_text(record)))
        for edit in store.quarantine.edits(record.id):
            print(output.harmless(f"  {edit_words(edit, output.moment)}"))
            print(output.harmless(value_text(document_of(edit.raw, edited_media(record.media)))))
    return exits.OK


def _retry(store: Any, args: argparse.Namespace) -> int:
    retried = store.quarantine.retry(selection_of(store, args), schema=args.by, dry_run=args.dry_run, note=args.note)
    return print_retried(args, retried)


def _edit(store: Any, args: argparse.Namespace) -> int:
    from . import quarantine_edit  # which prints as we do, and so imports this

    return quarantine_edit.edit(store, args)


def print_retried(args: argparse.Namespace, retried: Retried) -> int:
    if args.json:
        refused = {number: [error.message for error in errors] for number, errors in retried.refused.items()}
        facts = {"dry_run": args.dry_run, "accepted": retried.accepted, "refused": refused}
        previews = [preview._asdict() for preview in retried.previews]
        output.print_json({**facts, "previews": previews} if previews else facts)
    else:
        print(retried_words(len(retried.accepted), len(retried.refused), args.dry_run))
        still = {(errors[0].path, errors[0].rule): errors[0].message for errors in retried.refused.values()}
        for (path, _), message in list(still.items())[:5]:
            print(output.harmless(f"  {path or '/'}: {message}"))
    return exits.PROBLEM if retried.refused else exits.OK


def _discard(store: Any, args: argparse.Namespace) -> int:
    chosen = args.records or args.schema or args.path or args.rule or args.run
    if not chosen and not args.all:
        raise InvalidOption("Nothing was chosen to discard.", "Name records, a schema, an error, a run, or --all.")
    count = store.quarantine.discard(selection_of(store, args), note=args.note)
    if args.json:
        output.print_json({"discarded": count})
    else:
        print(discarded_words(count))
    return exits.OK


def _export(store: Any, args: argparse.Namespace) -> int:
    records = store.quarantine.each(selection_of(store, args))
    lines = (json.dumps(output.plain(_facts(record))) for record in records)
    if args.out == "-":
        for line in lines:
            print(line)
        return exits.OK
    with Path(args.out).open("w", encoding="utf-8") as file:
        count = sum(file.write(line + "\n") > 0 for line in lines)
    output.say(f"{count:,} records in {args.out}.")
    return exits.OK


def _facts(record: Quarantined) -> dict[str, Any]:
    """A record as JSON: its document where it is one, its bytes as base64 in any case."""
    errors = [{"path": each.path, "rule": each.rule, "expected": each.expected, "got": each.got,
               "message": each.message} for each in record.errors]  # fmt: skip
    return {**record._asdict(), "errors": errors, "document": record.document(), "result": record.result()}


VERBS: dict[str, tuple[str, Callable[[Any, argparse.Namespace], int]]] = {
    "list": ("what was refused, grouped by error", _list),
    "show": ("one record in full, with every reason against it", _show),
    "retry": ("judge records again, by a newer version of their schema", _retry),
    "edit": ("change records by a rule, or one by hand, and accept what fits then", _edit),
    "discard": ("say that records are not wanted; they can still be shown", _discard),
    "export": ("write records as JSON lines, their bytes as base64", _export),
}
