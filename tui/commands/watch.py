"""`cornerman watch`: follow a run without a screen, for CI and job scripts; the exit code says what came of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cornerman.core.errors import InvalidOption, NotFound, StoreNotFound
from cornerman.core.run_condition import QUANTITIES, Condition
from cornerman.core.time_span import seconds_of

from .. import exits, output
from ..chosen import opened_store
from ..watch_lines import Verdict, WatchLines
from . import Subparsers, describe

if TYPE_CHECKING:
    from cornerman.core.fail_on import Moment, Trouble
    from cornerman.core.records import RunSummary
    from cornerman.store.api import Run, Store

DESCRIPTION = f"""
Follow a run without a screen until a condition holds, something goes wrong or
it ends: for CI and job scripts. Prints a line now and then, at once when its
state changes, and at the end why it ended.

RUN is a run id, an unambiguous beginning of one, a job's name (its newest
run), or `latest`. With --wait a run that has ended already is passed over,
unless its id is given: the next one to begin is waited for, and the store too.

A condition compares quantities by > >= < <= with numbers, joined by `and`.
What is not known yet (no episode has ended) holds for nothing.

{chr(10).join(f"  {name:<17} {meaning}" for name, meaning in QUANTITIES.items())}

--fail-on takes alerts (nan, collapse, stuck, stalled, entropy, lost, disk; a rule of
yours by its name, see `cornerman alerts`; any is each of them), a condition such as
'return<0', or a filter of the run's log lines as `cornerman logs` has it:
'level>=ERROR', 'code:LOG512', 'text:"out of memory"'.

exit codes:
    0  a condition of --until held, or the run ended well
    1  it ended badly (its process died, its command failed), is not there, or
       ended before a condition of --until held and --require was given
    4  something that --fail-on names happened; this is looked at first
    5  --timeout passed"""

EXAMPLES = """
  cornerman watch --until 'mean_return(100)>=195' --fail-on nan
  cornerman watch night --wait --fail-on any --timeout 6h
  cornerman watch latest --fail-on 'level>=ERROR' --fail-on stalled
  cornerman watch --until 'return>200 and episodes>50' --require
  cornerman watch --until 'episodes>=10' --stream eval --every 0
  cornerman watch latest --json | jq -r 'select(.event == "verdict").because'

  cornerman launch start --job night -- python train.py
  cornerman watch night --wait --fail-on nan || cornerman launch stop night"""

EVERY = "30s"
_PAUSE = 0.2
_SHARE = 20
"""Looking takes at most one part in so many of a processor."""
ENDED = ("done", "failed", "interrupted")


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "watch", DESCRIPTION, EXAMPLES)
    parser.add_argument("run", metavar="RUN", nargs="?", default="latest", help="which run (default: latest)")
    parser.add_argument(
        "--until", metavar="CONDITION", action="append", default=[], help="end well when this holds; repeatable: any"
    )
    parser.add_argument(
        "--fail-on", metavar="WHAT", action="append", default=[],
        help="end badly when this happens: an alert, a condition, a log filter; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--require", action="store_true", help="a run that ends before --until held has failed (exit code 1)"
    )
    parser.add_argument("--stream", metavar="NAME", default="", help="conditions are about this stream, such as eval")
    parser.add_argument("--wait", action="store_true", help="wait for the run to begin, and for the store")
    parser.add_argument("--timeout", metavar="TIME", help="give up after 90s, 15m, 2h (exit code 5)")
    parser.add_argument(
        "--every", metavar="TIME", default=EVERY, help=f"print a line so often (default: {EVERY}; 0: never)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line; the last is the verdict")


class Asked(NamedTuple):
    """What the command line says, read and checked before anything is waited for."""

    until: tuple[Condition, ...]
    fail_on: tuple[Trouble, ...]
    require: bool
    stream: str
    every: float
    deadline: float
    timeout: float | None

    @property
    def quantities(self) -> dict[str, tuple[str, int]]:
        """What its conditions compare, by how it is written."""
        from cornerman.core.fail_on import FigureTrouble

        conditions = [*self.until, *(one.condition for one in self.fail_on if isinstance(one, FigureTrouble))]
        named = [one for condition in conditions for one in condition.comparisons]
        return {one.quantity: (one.name, one.newest) for one in named}


class Outcome(NamedTuple):
    """Why watching ends."""

    verdict: Verdict
    because: str
    code: int


class Look(NamedTuple):
    """What a run was at a moment, and whether that is the end."""

    summary: RunSummary
    figures: Mapping[str, float | None]
    outcome: Outcome | None


def run(args: argparse.Namespace) -> int:
    asked = _asked(args)
    lines = WatchLines(args.json)
    store, run_id = _begun(args, asked, lines)
    if store is None:
        return _said(lines, _too_late(asked, f"{args.run} has not begun"), None)
    with store:
        return _follow(store, run_id, asked, lines)


def _asked(args: argparse.Namespace) -> Asked:
    from cornerman.core.alert_rules import ALERT_RULES
    from cornerman.core.fail_on import troubles

    until = tuple(map(Condition.parse, args.until))
    if args.require and not until:
        raise InvalidOption("--require needs a condition that must hold.", "For example --until 'return>200'.")
    own = [rule.name for rule in ALERT_RULES.current().rules] if args.fail_on else []
    fail_on = tuple(trouble for text in args.fail_on for trouble in troubles(text, own))
    timeout = None if args.timeout is None else _seconds("--timeout", args.timeout)
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    return Asked(until, fail_on, args.require, args.stream, _seconds("--every", args.every), deadline, timeout)


def _seconds(option: str, text: str) -> float:
    found = float(text) if text.isdecimal() else seconds_of(text)
    if found is None:
        raise InvalidOption(f"{option} {text} is no time.", "Write seconds, or 90s, 15m, 2h.")
    return found


# --- the run ---------------------------------------------------------------------------------------------------------


def _begun(args: argparse.Namespace, asked: Asked, lines: WatchLines) -> tuple[Store | None, str]:
    """The store and the run's id, when it is there; None where the time was over first."""
    since, store, said = time.time(), None, False
    while True:
        try:
            store = store or opened_store(args)
            found = store.run(args.run)
            if not args.wait or _counts(found, args.run, since):
                return store, found.run_id
        except StoreNotFound:
            if not args.wait:
                raise
        except NotFound:
            if not args.wait or (store is not None and _is_ambiguous(store, args.run)):
                raise
        if time.monotonic() >= asked.deadline:
            if store is not None:
                store.close()
            return None, ""
        if not said:
            said = True
            lines.waiting(args.run)
        time.sleep(_PAUSE)


def _counts(found: Run, name: str, since: float) -> bool:
    """Whether it is what --wait waits for: named by its id, begun since, or under way."""
    by_id = found.run_id.startswith(name) or found.run_id.endswith(name)
    return by_id or found.created_us >= since * 1e6 or found.summary().state not in ENDED


def _is_ambiguous(store: Store, name: str) -> bool:
    """More waiting would not help."""
    return any(run.run_id.startswith(name) or run.run_id.endswith(name) for run in store.runs())


# --- looking ---------------------------------------------------------------------------------------------------------


def _follow(store: Store, run_id: str, asked: Asked, lines: WatchLines) -> int:
    printed_at, state = -float("inf"), ""
    for look in _looks(store, run_id, asked):
        if look.outcome is not None:
            return _said(lines, look.outcome, look)
        due = asked.every and time.monotonic() - printed_at >= asked.every
        if due or look.summary.state != state:
            lines.look(look.summary, look.figures)
            printed_at, state = time.monotonic(), look.summary.state
    raise AssertionError("looking ends with an outcome")


def _looks(store: Store, run_id: str, asked: Asked) -> Iterator[Look]:
    """Again and again, the last one with the outcome."""
    while True:
        began = time.monotonic()
        look = _look(store, run_id, asked)
        if look.outcome is None and time.monotonic() >= asked.deadline:
            look = look._replace(outcome=_too_late(asked, f"{run_id} is {look.summary.state}{_lacking(look, asked)}"))
        yield look
        took = time.monotonic() - began
        time.sleep(max(0.0, min(max(_PAUSE, took * _SHARE), asked.deadline - time.monotonic())))


def _look(store: Store, run_id: str, asked: Asked) -> Look:
    from cornerman.core.fail_on import Moment
    from cornerman.core.run_figures import RunFigures

    if any(trouble.reads_logs for trouble in asked.fail_on):
        store.ingest_logs()
    run = store.run(run_id)
    summary = run.summary()
    figures = RunFigures(run, summary, asked.stream)
    shown = {name: figures.value(*quantity) for name, quantity in asked.quantities.items()}
    moment = Moment(summary, figures, store.logs)
    return Look(summary, shown, _outcome(moment, asked, shown))


# --- what comes of it ------------------------------------------------------------------------------------------------


def _outcome(moment: Moment, asked: Asked, shown: Mapping[str, float | None]) -> Outcome | None:
    """Trouble counts before success, and success before the end."""
    for trouble in asked.fail_on:
        if words := trouble.found(moment):
            return Outcome("trouble", words, exits.TROUBLE)
    for condition in asked.until:
        if condition.holds(moment.figures):
            return Outcome("held", f"{condition} holds{_values(condition, shown)}.", exits.OK)
    summary = moment.summary
    if summary.state in ("failed", "interrupted"):
        how = summary.command.ended if summary.command and summary.command.ended else "its process died"
        return Outcome("ended badly", f"{summary.run_id} ended badly: {how}.", exits.PROBLEM)
    if summary.state != "done":
        return None
    never = " and ".join(f"{condition} did not hold{_values(condition, shown)}" for condition in asked.until)
    because = f"{summary.run_id} has ended{': ' + never if never else ''}."
    return Outcome("ended", because, exits.PROBLEM if asked.require else exits.OK)


def _values(condition: Condition, shown: Mapping[str, float | None]) -> str:
    """` (return is 187)`."""
    known = [(one.quantity, shown[one.quantity]) for one in condition.comparisons]
    said = [f"{name} is {'not known yet' if value is None else output.number(value)}" for name, value in known]
    return f" ({', '.join(said)})"


def _lacking(look: Look, asked: Asked) -> str:
    return "".join(f", {condition} does not hold{_values(condition, look.figures)}" for condition in asked.until)


def _too_late(asked: Asked, so_far: str) -> Outcome:
    return Outcome("timeout", f"{output.duration(asked.timeout)} passed: {so_far}.", exits.TIMED_OUT)


def _said(lines: WatchLines, outcome: Outcome, look: Look | None) -> int:
    lines.verdict(*outcome, None if look is None else (look.summary, look.figures))
    return outcome.code
