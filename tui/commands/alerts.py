"""`cornerman alerts VERB`: what is wrong with runs, since when, by which rules; and rules of the user's."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from cornerman.core.alert_rules import ALERT_RULES
from cornerman.core.alerts import RULES
from cornerman.core.errors import InvalidOption
from cornerman.core.payloads.alert_rules_v1 import AlertRule, AlertRulesV1

from .. import exits, output
from ..chosen import chosen_store, opened_store
from . import Subparsers, describe
from .verbs import Verb, add_verbs, no_arguments

if TYPE_CHECKING:
    from cornerman.core.payloads.alert_v1 import AlertV1
    from cornerman.core.records import RunSummary
    from cornerman.store.api import Store

DESCRIPTION = """
What is wrong with runs: returns that are no numbers or collapse, actions
without entropy, episodes that are stuck, streams that stall, data that is
lost, disks that fill; and what your rules say. The list of runs has the same
as a badge, and `cornerman watch --fail-on` obeys them.

`alerts.jsonl` in the store's folder has a line when an alert begins and when
it is over (schema `cornerman.alert`), and the run's log a record at that time
and step. `cornerman run` and `launch` write them while they run; for other
runs `show` does, and `follow` until Ctrl-C."""

EXAMPLES = """
  cornerman alerts                              what is wrong now: exit code 1
  cornerman alerts follow                       as it begins and ends
  cornerman alerts history latest               what was wrong with it, when
  cornerman alerts rules
  cornerman alerts add low 'mean_return(100)<50 and episodes>500'
  cornerman alerts add crash 'code:LOG406' --code LOG406 --job 'night*'
  cornerman alerts limit disk 24                hours until the disk is full
  cornerman alerts off stuck
  cornerman alerts forget low"""


def add(subparsers: Subparsers) -> None:
    """The arguments of `cornerman alerts`."""
    parser = describe(subparsers, "alerts", DESCRIPTION, EXAMPLES)
    add_verbs(parser, VERBS)


def run(args: argparse.Namespace) -> int:
    """Do what the verb says; without one, show what is wrong now."""
    if args.verb is None:
        args.run = None
    return VERBS[args.verb or "show"].run(args)


def _run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", help="of this run only (default: of all runs)")


def _show(args: argparse.Namespace) -> int:
    ALERT_RULES.stored()  # a file that cannot be read is said, not passed over
    with opened_store(args) as store:
        runs = _summaries(store, args.run)
        _write(store, runs)
    found = [(run, alert) for run in runs for alert in run.alerts]
    if args.json:
        output.print_json([{"run_id": run.run_id, "job": run.job, **_facts(alert)} for run, alert in found])
    elif found:
        rows = [
            (run.job, run.run_id[:8], alert.level, alert.rule, alert.code, output.harmless(alert.detail))
            for run, alert in found
        ]
        output.print_table(("job", "run", "level", "alert", "code", "because"), rows)
    else:
        output.say("Nothing is wrong, by any rule.")
    return exits.PROBLEM if found else exits.OK


def _follow(args: argparse.Namespace) -> int:
    with opened_store(args) as store:
        while True:
            for line in _write(store, _summaries(store, args.run)):
                _print_line(line, args.json)
            time.sleep(2.0)


def _history(args: argparse.Namespace) -> int:
    from cornerman.store.alert_file import history
    from cornerman.store.network import place_of

    wanted = ""
    if args.run:
        with opened_store(args, read_only=True) as store:
            wanted = store.run(args.run).run_id
    for line in history(place_of(chosen_store(args)).local):
        if not wanted or line.run_id == wanted:
            _print_line(line, args.json)
    return exits.OK


def _summaries(store: Store, run: str | None) -> list[RunSummary]:
    return [one.summary() for one in ([store.run(run)] if run else store.runs())]


def _write(store: Store, runs: Sequence[RunSummary]) -> list[AlertV1]:
    """Into the alert file, where the store may be written."""
    from cornerman.store.alert_file import AlertFile

    with contextlib.suppress(OSError):
        return AlertFile(store.path).look(runs)
    return []


def _print_line(line: AlertV1, as_json: bool) -> None:
    from cornerman.core.payloads.alert_v1 import to_json

    if as_json:
        print(to_json(line).decode(), flush=True)
        return
    what = f"{line.rule} {line.code}: {line.detail}" if line.event == "raised" else f"{line.rule} {line.code}: over"
    moment = output.moment(line.time_us)
    print(output.harmless(f"{moment} {line.level[0]} {line.job} {line.run_id[:8]} t {line.t:,} {what}"), flush=True)


def _rules(args: argparse.Namespace) -> int:
    own = ALERT_RULES.stored()
    built_in: list[dict[str, Any]] = [
        {
            "alert": rule.name, "word": rule.word, "code": rule.constant.code, "level": rule.constant.level,
            "limit": own.limits.get(rule.word, rule.limit), "default": rule.limit, "off": rule.word in own.off,
        }
        for rule in RULES
    ]  # fmt: skip
    if args.json:
        output.print_json(
            {"file": str(ALERT_RULES.path), "built_in": built_in, "rules": msgspec.to_builtins(own.rules)}
        )
        return exits.OK
    rows = [
        (str(one["alert"]), str(one["word"]), str(one["code"]), str(one["level"]),
         "off" if one["off"] else f"{one['limit']:g}", f"{one['default']:g}")
        for one in built_in
    ]  # fmt: skip
    output.print_table(("alert", "word", "code", "level", "limit", "default"), rows)
    if own.rules:
        output.print_table(
            ("yours", "when", "job", "code"), [(one.name, one.when, one.job, one.code) for one in own.rules]
        )
    output.say(f"Yours are in {ALERT_RULES.path}.")
    return exits.OK


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is called")
    parser.add_argument(
        "when", metavar="CONDITION", help="'mean_return(100)<50', or a filter of log records: code:LOG406"
    )
    parser.add_argument("--job", default="*", help="for runs of these jobs only; * stands for any characters")
    parser.add_argument("--code", default="LOG1807", help="the log constant that has its words and level")


def _add(args: argparse.Namespace) -> int:
    new = AlertRule(name=args.name, when=args.when, job=args.job, code=args.code.upper())
    if new.name in {rule.name for rule in RULES}:
        raise InvalidOption(
            f"{new.name!r} is built in.", "Take another name; `limit` and `off` change what is built in."
        )

    def added(rules: AlertRulesV1) -> AlertRulesV1:
        others = tuple(one for one in rules.rules if one.name != new.name)
        return msgspec.structs.replace(rules, rules=(*others, new))

    ALERT_RULES.change(added)
    output.say(f"{new.name}: {new.when}, kept in {ALERT_RULES.path}.")
    return exits.OK


def _word_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", metavar="WORD", help=", ".join(rule.word for rule in RULES))


def _limit_arguments(parser: argparse.ArgumentParser) -> None:
    _word_argument(parser)
    parser.add_argument("limit", metavar="NUMBER", type=float, help="from where on it is an alert")


def _limit(args: argparse.Namespace) -> int:
    def changed(rules: AlertRulesV1) -> AlertRulesV1:
        off = tuple(word for word in rules.off if word != args.word)
        return msgspec.structs.replace(rules, limits={**rules.limits, args.word: args.limit}, off=off)

    ALERT_RULES.change(changed)
    output.say(f"{args.word}: {args.limit:g} is its limit now.")
    return exits.OK


def _off(args: argparse.Namespace) -> int:
    ALERT_RULES.change(lambda rules: msgspec.structs.replace(rules, off=tuple(dict.fromkeys([*rules.off, args.word]))))
    output.say(f"{args.word}: not looked at any more. `cornerman alerts forget {args.word}` takes that back.")
    return exits.OK


def _forget_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a rule of yours, or the word of a built-in one")


def _forget(args: argparse.Namespace) -> int:
    before = ALERT_RULES.stored()

    def left(rules: AlertRulesV1) -> AlertRulesV1:
        limits = {word: limit for word, limit in rules.limits.items() if word != args.name}
        off = tuple(word for word in rules.off if word != args.name)
        own = tuple(rule for rule in rules.rules if rule.name != args.name)
        return AlertRulesV1(rules=own, limits=limits, off=off)

    if left(before) == AlertRulesV1(rules=before.rules, limits=before.limits, off=before.off):
        output.say(f"cornerman: you said nothing of {args.name}.\n  `cornerman alerts rules` lists what there is.")
        return exits.PROBLEM
    ALERT_RULES.change(left)
    output.say(
        f"{args.name}: as it was built in." if args.name in {rule.word for rule in RULES} else f"{args.name}: gone."
    )
    return exits.OK


def _facts(alert: Any) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in alert.__dataclass_fields__}


VERBS = {
    "show": Verb("what is wrong now", _run_argument, _show),
    "follow": Verb("alerts as they begin and end, until Ctrl-C", _run_argument, _follow),
    "history": Verb("what began and ended when: the alert file", _run_argument, _history),
    "rules": Verb("every rule, built in and yours, with its limit", no_arguments, _rules),
    "add": Verb("a rule of yours: a condition on figures, or a filter of log records", _add_arguments, _add),
    "limit": Verb("another limit for a built-in rule", _limit_arguments, _limit),
    "off": Verb("do not look at a built-in rule", _word_argument, _off),
    "forget": Verb("take back a rule, a limit, an off", _forget_argument, _forget),
}
