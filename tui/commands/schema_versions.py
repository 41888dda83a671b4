"""`cornerman schema list|get|versions|add|mode|retire|sync`: what the registry holds, and how it changes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import SchemaRefused

from .. import exits, output
from ..schema_words import version_state
from .schema_verb import Verb, document_in, registry_of, registry_to_fill
from .schema_words import judgement_facts, print_judgement

if TYPE_CHECKING:
    from cornerman.core.schema.entries import Drift, SchemaEntry, SchemaEvent, VersionEntry


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """Takes none of its own."""


def _list(args: argparse.Namespace) -> int:
    from cornerman.core.schema.admission import OWN

    with registry_of(args) as registry:
        found = registry.list()
    if args.json:
        output.print_json({"schemas": [_entry_facts(entry) for entry in found]})
        return exits.OK
    found = sorted(found, key=lambda entry: entry.id.startswith(OWN))
    headings = ["schema", "latest", "versions", "mode", "policy", "changed", "title"]
    output.print_table(headings, [_entry_row(entry) for entry in found], right=[2], spare=["changed", "policy"])
    return exits.OK


def _entry_row(entry: SchemaEntry) -> list[str]:
    count = f"{entry.versions}" + (f" ({entry.retired} retired)" if entry.retired else "")
    changed = output.moment(entry.changed_us)
    return [entry.id, entry.latest or "retired", count, entry.rules.mode, entry.rules.policy, changed, entry.title]


def _entry_facts(entry: SchemaEntry) -> dict[str, Any]:
    return {**entry._asdict(), "rules": entry.rules._asdict()}


def _get(args: argparse.Namespace) -> int:
    with registry_of(args) as registry:
        document = registry.get(args.pin)
        entry = next(one for one in registry.versions(document.id) if one.version == document.version)
    if args.json:
        output.print_json({**_version_facts(entry), "content": document.content})
    else:
        print(json.dumps(document.content, indent=2, ensure_ascii=False))
        if entry.retired:
            output.say(f"{entry.pin} is retired since {output.moment(entry.retired_us)}.")
    return exits.OK


def _get_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID[@VERSION]", help="which one; without a version the highest in force")


def _versions(args: argparse.Namespace) -> int:
    with registry_of(args) as registry:
        found, events = registry.versions(args.id), registry.history(args.id)
    if args.json:
        history = {"history": [event._asdict() for event in events]} if args.history else {}
        output.print_json({"id": args.id, "versions": [_version_facts(entry) for entry in found], **history})
    elif args.history:
        headings = ["when", "who", "did", "to", "commit", "note"]
        output.print_table(headings, [_event_row(event) for event in events], spare=["commit"])
    else:
        headings = ["version", "state", "registered", "by", "commit", "digest", "note"]
        output.print_table(headings, [_version_row(entry) for entry in found], spare=["digest", "commit", "by"])
    return exits.OK


def _versions_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="which schema")
    parser.add_argument("--history", action="store_true", help="every change instead: who did what, and when")


def _version_row(entry: VersionEntry) -> list[str]:
    commit = (entry.commit or "")[:10]
    return [
        entry.version,
        version_state(entry),
        output.moment(entry.registered_us),
        entry.who,
        commit,
        entry.digest[:12],
        entry.note,
    ]


def _event_row(event: SchemaEvent) -> list[str]:
    subject = f"{event.id}@{event.version}" if event.version else f"{event.id}: {event.before} → {event.after}"
    return [output.moment(event.at_us), event.who, event.action, subject, (event.commit or "")[:10], event.note]


def _version_facts(entry: VersionEntry) -> dict[str, Any]:
    return {"pin": entry.pin, **entry._asdict(), "retired": entry.retired}


def _add(args: argparse.Namespace) -> int:
    document = document_in(args.file)
    with registry_to_fill(args) as registry:
        try:
            done = registry.add(document, mode=args.mode, policy=args.policy, note=args.note)
        except SchemaRefused as error:
            if args.json:
                output.print_json({"pin": document.pin, "added": False, **judgement_facts(error.judgement)})
            else:
                output.say(f"cornerman: {error.what}")
                print_judgement(error.judgement)
                output.say("Nothing was added.")
            return exits.PROBLEM
        retired = any(one.retired for one in registry.versions(document.id) if one.version == document.version)
    if args.json:
        facts = {"pin": done.pin, "added": done.new, "digest": done.digest}
        output.print_json({**facts, **judgement_facts(done.judgement)})
        return exits.OK
    if not done.new:
        again = f"; it is retired, and `schema retire {done.pin} --undo` brings it back" if retired else ""
        print(f"{done.pin} is there already, with exactly this content{again}.")
        return exits.OK
    print(f"added {done.pin}")
    print_judgement(done.judgement)
    return exits.OK


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the document, or - for standard input")
    rule_arguments(parser)
    parser.add_argument("--note", default="", metavar="TEXT", help="what the history says about it")


def rule_arguments(parser: argparse.ArgumentParser) -> None:
    """Mode and policy, for every verb that judges."""
    parser.add_argument("--mode", metavar="MODE", help="compatibility mode (`schema explain modes` lists them)")
    parser.add_argument("--policy", metavar="POLICY", help="strict, defaults-filled or tolerant-reader")


def _mode(args: argparse.Namespace) -> int:
    with registry_of(args) as registry:
        if args.mode is None and args.policy is None:
            rules = registry.rules(args.id)
        else:
            rules = registry.set_mode(args.id, args.mode, args.policy, args.note)
    if args.json:
        output.print_json({"id": args.id, **rules._asdict()})
    else:
        print(f"{args.id}  {rules.mode}  {rules.policy}")
    return exits.OK


def _mode_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="which schema")
    parser.add_argument("mode", metavar="MODE", nargs="?", help="the new mode; without it the present one is shown")
    parser.add_argument("--policy", metavar="POLICY", help="strict, defaults-filled or tolerant-reader")
    parser.add_argument("--note", default="", metavar="TEXT", help="what the history says about it")


def _retire(args: argparse.Namespace) -> int:
    if args.purge:
        return _purge(args)
    with registry_of(args) as registry:
        entry = registry.restore(args.pin, args.note) if args.undo else registry.retire(args.pin, args.note)
    if args.json:
        output.print_json(_version_facts(entry))
    else:
        print(f"{entry.pin} is {'retired: its pin still finds it' if entry.retired else 'in force'}")
    return exits.OK


def _purge(args: argparse.Namespace) -> int:
    with registry_of(args) as registry:
        registry.purge(args.pin, args.note)
    if args.json:
        output.print_json({"pin": args.pin, "purged": True})
    else:
        print(f"{args.pin} is deleted; the history keeps that it was there")
    return exits.OK


def _retire_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID@VERSION", help="which version")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--undo", action="store_true", help="put it back in force")
    either.add_argument("--purge", action="store_true", help="delete it for good, if nothing names it")
    parser.add_argument("--note", default="", metavar="TEXT", help="why; the history keeps it")


def _approve(args: argparse.Namespace) -> int:
    with registry_of(args) as registry:
        entry = registry.approve(args.pin, args.note)
    if args.json:
        output.print_json(_version_facts(entry))
    else:
        print(f"{entry.pin} is approved; `cornerman schema versions {entry.id} --history` shows by whom")
    return exits.OK


def _approve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID[@VERSION]", help="which version; without one the highest in force")
    parser.add_argument("--note", default="", metavar="TEXT", help="as whom, or why; the history keeps it")


def _sync(args: argparse.Namespace) -> int:
    from cornerman.core.schema.folder import demand_folder

    if args.check:
        with registry_of(args) as registry:
            found = registry.drift(args.folder)
        drift = [one for one in found if one.kind != "elsewhere"]
        if args.json:
            output.print_json({"in_step": not drift, "drift": [one._asdict() for one in found]})
        else:
            _print_drift(found)
            output.say(
                f"{len(drift)} differences; `cornerman schema sync {args.folder}` settles them."
                if drift
                else "In step."
            )
        return exits.PROBLEM if drift else exits.OK
    demand_folder(args.folder)  # before a store is made for it
    with registry_to_fill(args) as registry:
        synced = registry.sync(args.folder, note=args.note)
    if args.json:
        refused, left = ([one._asdict() for one in kind] for kind in (synced.refused, synced.left))
        output.print_json({"done": synced.done, "commit": synced.commit, "refused": refused, "left": left})
    else:
        for line in synced.done:
            print(line)
        _print_drift([*synced.refused, *synced.left])
        commit = f"at commit {synced.commit[:10]}" if synced.commit else "at no commit: not in git, or not committed"
        output.say(f"{len(synced.done)} changes, {len(synced.refused)} refused, {commit}")
    return exits.PROBLEM if synced.refused else exits.OK


def _print_drift(found: Any) -> None:
    one: Drift
    for one in found:
        print(output.harmless(f"{one.kind:<10}  {one.subject}: {one.detail}"))
        if one.remedy:
            print(output.harmless(f"            {one.remedy}"))


def _sync_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of schema files, best in git")
    parser.add_argument("--check", action="store_true", help="only show the drift; exit code 1 where there is any")
    parser.add_argument("--note", default="", metavar="TEXT", help="what the history says about it")


VERSIONS = {
    "list": Verb(
        "every schema: its highest version, mode and policy",
        "List what the store's registry holds. `cornerman.…` are the schemas of Cornerman's own payloads.",
        """
  cornerman schema list
  cornerman schema list --json | jq -r '.schemas[].id'""",
        _no_arguments,
        _list,
    ),
    "get": Verb(
        "print a document as it was given",
        """
Print a registered document. Without a version it is the highest one in force; a pin finds retired ones too.

With --json the document is in `content`, beside its digest and when it was registered.""",
        """
  cornerman schema get ticks                  the highest version
  cornerman schema get ticks@1.0.0 > ticks.json
  cornerman schema get ticks --json | jq .version""",
        _get_arguments,
        _get,
    ),
    "versions": Verb(
        "the versions of a schema, or its history",
        "List the versions of a schema, the lowest first, or every change of it: who did what, and when.",
        """
  cornerman schema versions ticks
  cornerman schema versions ticks --history""",
        _versions_arguments,
        _versions,
    ),
    "add": Verb(
        "register a document; refused where its version is too low",
        """
Register a new version. It is compared with the one it follows in its MAJOR line, and refused where its version is
lower than the change needs: what breaks the mode needs a new MAJOR, what widens or narrows a MINOR, what only
describes a PATCH. The same content again changes nothing. 1.3.0 may follow 1.2.0 after 2.0.0 was added.

The document says its id and version; a path such as ticks/1.0.0.json stands in for what it does not say.""",
        """
  cornerman schema add ticks.json
  cornerman schema add ticks.json --mode FULL --note "agreed with the loader"
  generate-schema | cornerman schema add -
  cornerman schema compat ticks.json          only ask""",
        _add_arguments,
        _add,
    ),
    "mode": Verb(
        "show or set what new versions must keep",
        """
Show or set the compatibility mode and the policy of a schema. A mode that two versions in force do not keep is
refused: retire one of them first. `cornerman schema explain modes` says what each one promises.""",
        """
  cornerman schema mode ticks
  cornerman schema mode ticks FULL_TRANSITIVE
  cornerman schema mode ticks --policy tolerant-reader""",
        _mode_arguments,
        _mode,
    ),
    "retire": Verb(
        "take a version out of use; its pin still finds it",
        """
Retire a version: it is no longer `latest`, and new versions are not compared with it. Nothing is deleted, its number
is not used again, and --undo takes it back.

With --purge a version goes for good, as one registered by mistake may. It is refused where anything names it: steps or
imports that were judged by it, quarantine, a rule, another schema.""",
        """
  cornerman schema retire ticks@1.1.0 --note "wrong unit"
  cornerman schema retire ticks@1.1.0 --undo
  cornerman schema retire ticks@1.1.0 --purge --note "registered by mistake\"""",
        _retire_arguments,
        _retire,
    ),
    "approve": Verb(
        "note that you agree with a version",
        """
Sign a version off: the history keeps who did so, when, and the note. It is a note: nothing is held back without it.""",
        """
  cornerman schema approve ticks@2.0.0 --note "for the risk team"
  cornerman schema versions ticks --history""",
        _approve_arguments,
        _approve,
    ),
    "sync": Verb(
        "make a folder of schema files the truth",
        """
Bring the registry to what a folder says: its documents are added, versions whose file is gone are retired, and the
commit is recorded. Ids that the folder does not know stay as they are. With --check only the drift is shown.

The folder:
  schemas/ticks/1.0.0.json     a file for every version, or
  schemas/ticks@1.0.0.json     the same, side by side, or
  schemas/ticks.json           the newest version; git has the older ones
  schemas/compatibility.json   optional: {"ticks": {"mode": "FULL"}}""",
        """
  cornerman schema sync schemas --check       the drift, exit code 1 if any
  cornerman schema sync schemas
  git pull && cornerman schema sync schemas --json""",
        _sync_arguments,
        _sync,
    ),
}
