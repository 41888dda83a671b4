"""`cornerman enforce VERB`: what happens to steps that their schema does not allow, and who decided it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits, output
from ..chosen import chosen_store
from ..schema_words import checkpoint_words, share_cells
from . import Help, Subparsers, add_common, describe

if TYPE_CHECKING:
    from cornerman.core.schema.adoption import Measure, VersionShare
    from cornerman.store.enforcement import Enforcement

DESCRIPTION = """
The steps of every run are judged by a schema when they are sealed: by the one that a rule or the run names, else by the
one that the spaces of its environment declare. A rule says what happens to steps that it does not allow:

  off        they are not looked at
  observe    they are counted
  warn       they are counted and said, once for each kind: the default
  enforce    they are refused: they go to quarantine, the rest is stored

The closest rule wins: of the run's cohort, then of its job (or run id), then of its schema. `enforce` cannot be set
while an active producer is not known to fit the schema, unless --force says so. A cohort is a share of the runs, the
same ones at every look: give it `enforce` first, compare, then promote it or roll back."""

EXAMPLES = """
  cornerman enforce show                           rules, and what schemas say
  cornerman enforce set telemetry.step@1.2.0 warn  judge all runs by it
  cornerman enforce set telemetry.step enforce --job 'baseline*'
  cornerman enforce cohort canary --share 10%
  cornerman enforce set telemetry.step enforce --cohort canary
  cornerman enforce promote canary
  cornerman enforce rollback                       undo the newest change
  cornerman enforce adoption telemetry.step        shares by version, checkpoint
  cornerman enforce adoption telemetry.step --over-time --of steps"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "enforce", DESCRIPTION, EXAMPLES)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb")
    made = {}
    for name, (purpose, _) in VERBS.items():
        made[name] = verbs.add_parser(name, help=purpose, description=purpose, formatter_class=Help)
    for name in ("set", "clear"):
        made[name].add_argument("schema", metavar="SCHEMA", help="id@1.2.0, id (its highest version), or '*' for any")
    made["set"].add_argument("mode", metavar="MODE", choices=("off", "observe", "warn", "enforce"), help="what happens")
    for name in ("set", "clear", "cohort"):
        made[name].add_argument("--job", default="*", metavar="PATTERN", help="jobs, or run ids (default: all)")
    for name in ("set", "clear"):
        made[name].add_argument("--cohort", default="", metavar="NAME", help="for this share of the runs alone")
    made["cohort"].add_argument("name", metavar="NAME", help="its name")
    made["cohort"].add_argument("--share", required=True, metavar="SHARE", help="of the runs, such as 0.1")
    made["promote"].add_argument("name", metavar="COHORT", help="whose rules become everybody's")
    made["rollback"].add_argument("--change", type=int, metavar="N", help="as before this change (default: the newest)")
    made["adoption"].add_argument("schema", metavar="SCHEMA", nargs="?", help="its id (default: all)")
    made["adoption"].add_argument("--of", choices=("runs", "steps", "producers"), default="runs", help="share of what")
    made["adoption"].add_argument("--over-time", action="store_true", help="its shares span by span, the oldest first")
    made["adoption"].add_argument("--share", default="0.95", metavar="SHARE", help="the checkpoint (default: 0.95)")
    made["show"].add_argument("run", metavar="RUN", nargs="?", help="which run (default: all)")
    for name in ("set", "clear", "cohort", "promote", "rollback"):
        made[name].add_argument("--note", default="", help="why, for the history")
        made[name].add_argument("--force", action="store_true", help="even if active producers fail")
    for verb in made.values():
        add_common(verb, default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    from cornerman.store.api import make_store, open_store

    if args.verb is None:
        raise InvalidOption("`cornerman enforce` needs a verb.", f"One of {', '.join(VERBS)}; see --help.")
    path = chosen_store(args)
    with make_store(path) if args.verb in ("set", "cohort") else open_store(path) as store:
        return VERBS[args.verb][1](store, args)


def share_of(text: str) -> float:
    """A share as people write it: 10%, 0.1."""
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise InvalidOption(f"{text!r} is no share.", "Write 10% or 0.1.") from error


# --- looking ---------------------------------------------------------------------------------------------------------


def _show(store: Any, args: argparse.Namespace) -> int:
    enforcement: Enforcement = store.enforcement
    run_id = store.run(args.run).run_id if args.run else None
    rules, judged = enforcement.rules(), enforcement.judged(run_id)
    mismatches = enforcement.mismatches(run_id)
    canaries = [enforcement.canary(cohort.name) for cohort in rules.cohorts]
    if args.json:
        output.print_json({
            "rules": list(rules.rules), "cohorts": list(rules.cohorts),
            "canaries": [each._asdict() for each in canaries],
            "judged": [each._asdict() for each in judged], "mismatches": [each._asdict() for each in mismatches],
        })  # fmt: skip
        return exits.OK
    if rules.rules:
        rows = [(rule.schema, rule.job, rule.cohort or "everybody", rule.mode) for rule in rules.rules]
        output.print_table(("schema", "job", "cohort", "mode"), rows)
    else:
        print("no rules: steps are judged by what their runs say, `warn` unless producer.schema_mode says otherwise")
    for each in canaries:
        print(f"cohort {each.cohort}: {each.runs:,} runs, {each.rate:.3%} of their steps bad; {each.other_runs:,} other"
              f" runs, {each.other_rate:.3%}: {each.proposal}")  # fmt: skip
    if judged:
        print()
        output.print_table(
            ("run", "schema", "mode", "steps", "judged", "bad", "refused"),
            [(each.run_id, each.schema, each.mode, *(f"{number:,}" for number in each[4:8])) for each in judged[:30]],
            right=(3, 4, 5, 6), spare=("judged",),
        )  # fmt: skip
    if mismatches:
        print()
        output.print_table(
            ("steps", "job", "schema", "path", "rule", "expected", "got", "row"),
            [
                (f"{each.steps:,}", each.job, each.schema, each.path or "/", each.rule, each.expected, each.got,
                 f"{each.row:,}")
                for each in mismatches[:30]
            ],
            right=(0, 7), spare=("schema", "expected"),
        )  # fmt: skip
    return exits.OK


def _history(store: Any, args: argparse.Namespace) -> int:
    events = store.enforcement.history()
    if args.json:
        output.print_json([event._asdict() for event in events])
        return exits.OK
    output.print_table(
        ("change", "when", "who", "what", "forced", "note"),
        [
            (str(event.id), output.moment(event.at_us), event.who, f"{event.action} {event.what}",
             "yes" if event.forced else "", event.note)
            for event in events
        ],
        right=(0,),
    )  # fmt: skip
    return exits.OK


def _adoption(store: Any, args: argparse.Namespace) -> int:
    enforcement: Enforcement = store.enforcement
    share = share_of(args.share)
    if args.schema:
        schema = args.schema.partition("@")[0]
        found = {schema: enforcement.adoption(schema, args.of, share)}
    else:
        found = enforcement.adoptions(args.of, share)
    if args.json:
        output.print_json({
            schema: {
                "versions": [each._asdict() for each in versions],
                "checkpoint": None if point is None else {**point._asdict(), "met": point.met},
            }
            for schema, (versions, point) in found.items()
        })  # fmt: skip
        return exits.OK
    if args.over_time:
        for versions, _ in found.values():
            _print_over_time(versions, args.of)
        return exits.OK
    output.print_table(
        ("schema", "steps", "runs", "producers", "bad", "newest"),
        [
            (each.pin, *share_cells(each), f"{each.bad:,}", output.moment(each.last_us))
            for versions, _ in found.values() for each in versions
        ],
        right=(1, 2, 3, 4), spare=("newest",),
    )  # fmt: skip
    for _, point in found.values():
        if point is not None:
            print(checkpoint_words(point, output.moment(point.met_us)))
    return exits.OK


def _print_over_time(versions: Sequence[VersionShare], measure: Measure) -> None:
    """A line for each span, a column for each version: its share of what was judged then."""
    shares = [[each.of(measure) for each in version.over_time] for version in versions]
    output.print_table(
        (f"{measure} from", *(version.pin for version in versions)),
        [
            (output.moment(span.since_us), *("-" if one[at] is None else f"{one[at]:.0%}" for one in shares))
            for at, span in enumerate(versions[0].over_time)
        ],
        right=range(1, len(versions) + 1),
    )


# --- changing --------------------------------------------------------------------------------------------------------


def _set(store: Any, args: argparse.Namespace) -> int:
    if args.schema != "*" and not args.schema.startswith("derived."):
        store.schemas.get(args.schema)  # NotFound, with near names, before anything is changed
    rule = store.enforcement.set(
        args.schema, args.mode, job=args.job, cohort=args.cohort, note=args.note, force=args.force
    )
    return _done(args, f"{rule}; it holds from the next segment of each recording on")


def _clear(store: Any, args: argparse.Namespace) -> int:
    store.enforcement.clear(args.schema, job=args.job, cohort=args.cohort, note=args.note, force=args.force)
    return _done(args, f"no rule for {args.schema} any more")


def _cohort(store: Any, args: argparse.Namespace) -> int:
    cohort = store.enforcement.cohort(args.name, share_of(args.share), job=args.job, note=args.note, force=args.force)
    return _done(args, f"{cohort.name}: {cohort.share:.0%} of the runs")


def _promote(store: Any, args: argparse.Namespace) -> int:
    store.enforcement.promote(args.name, note=args.note, force=args.force)
    return _done(args, f"what held for {args.name} holds for everybody")


def _rollback(store: Any, args: argparse.Namespace) -> int:
    rules = store.enforcement.rollback(args.change, note=args.note, force=args.force)
    return _done(args, f"rolled back: {len(rules.rules)} rules, {len(rules.cohorts)} cohorts")


def _done(args: argparse.Namespace, said: str) -> int:
    if args.json:
        output.print_json({"done": said})
    else:
        print(output.harmless(said))
    return exits.OK


VERBS: dict[str, tuple[str, Callable[[Any, argparse.Namespace], int]]] = {
    "show": ("the rules, and what schemas say of the runs", _show),
    "set": ("what happens to steps that a schema does not allow", _set),
    "clear": ("take a rule back", _clear),
    "cohort": ("make a cohort: a share of the runs", _cohort),
    "promote": ("what holds for a cohort holds for everybody", _promote),
    "rollback": ("the rules as they were before a change", _rollback),
    "history": ("who changed the rules, and when", _history),
    "adoption": ("shares of runs, steps and producers by version", _adoption),
}
