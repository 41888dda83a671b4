"""`cornerman logs`: the log records of a store, filtered, counted, followed."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cornerman.core.errors import InvalidOption, NotFound
from cornerman.core.logs import LogFilter, Term
from cornerman.core.logs.filter import DURING, FIELDS, levels_of
from cornerman.core.near import did_you_mean

from .. import exits, output, words
from ..chosen import opened_store
from ..log_runs import run_named
from . import Subparsers, describe
from .logs_output import Printer, moment, print_facets, print_saved, print_timeline

if TYPE_CHECKING:
    from cornerman.core.logs import Timeline
    from cornerman.core.logs.matching import Period
    from cornerman.store.api import Store
    from cornerman.store.logs.reader import Logs

DESCRIPTION = """
Log lines: what training commands printed (`cornerman run`) and what our own
programs said, the oldest first, the newest at the end.

A filter is words, or options that mean the same; all must hold, values of one
field are alternatives. Bare words and "phrases" are looked for in message,
fields and raw line, in any case; a minus excludes.

  level>=WARNING  component:Worker/Runtime  code:LOG512  tag:step  run:01M8…
  job:mine  stream:eval  output:stderr  source:other  flag:traceback  logger:…
  episode:12  episode:12..20  step:..500  env:3  pid:77   where a line says so
  during:12  during:12..20    while that episode of RUN was under way, by time
  since:2h  until:2026-11-26T07:00  -tag:step  "reward is nan"

RUN is a run id, an unambiguous beginning of one, a job's name (its newest
run), or `latest`; a word that names no run is a text to look for. Control
characters of a line are shown, never obeyed."""

EXAMPLES = """
  cornerman logs                                  the newest lines of all
  cornerman logs latest --min-level WARNING       what went wrong in it
  cornerman logs "level>=WARNING -tag:step nan"   the same language as on screen
  cornerman logs --text "out of memory" --since 2h
  cornerman logs baseline --episode 12 --json | jq .message
  cornerman logs latest during:12                 what was printed in episode 12
  cornerman logs --follow --component Worker      as they come, until Ctrl-C
  cornerman logs latest --facets                  which components, codes, …
  cornerman logs latest --timeline                when, by level
  cornerman logs --min-level ERROR --save trouble
  cornerman logs --filter trouble"""

LIMIT = 200
FOLLOW_SECONDS = 0.2
SPANS = 24
MOST_LOOKS = 6
"""Each look at a timeline is up to so many times nearer; six of them reach from years to a second."""
MANY = 100
"""So many hidden lines are worth a word beside those that are shown."""

_OPTIONS = {
    "component": ("A/B", "of this component, or its part; may be given again"),
    "code": ("LOG512", "with this code; may be given again"),
    "tag": ("TAG", "with this tag; may be given again"),
    "level": ("LEVEL", "of exactly this level; may be given again"),
    "text": ("TEXT", "in message, fields or raw line, in any case; may be given again"),
    "episode": ("N", "of this episode, or 12..20"),
    "during": ("N", "while this episode of the run was under way, by time; or 12..20, STREAM/12, 12@ENV"),
    "step": ("N", "at this step, or 12..20"),
    "env": ("N", "of this sub-environment"),
    "job": ("JOB", "of all runs of this job"),
    "stream": ("STREAM", "of this stream of a run"),
    "output": ("OUTPUT", "read from stdout or stderr"),
    "source": ("SOURCE", "emitted (ours), known (a worker's, with a known code), other"),
    "logger": ("NAME", "of this logger"),
    "flag": ("FLAG", "marked so: traceback, malformed, inferred, progress, cut"),
    "pid": ("PID", "of this process"),
    "since": ("WHEN", "not before: 2h, 30s, or 2026-11-26T07:00"),
    "until": ("WHEN", "not after"),
}


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "logs", DESCRIPTION, EXAMPLES)
    parser.add_argument("words", metavar="RUN or FILTER", nargs="*", help="a run, and terms of a filter")
    for name, (metavar, meaning) in _OPTIONS.items():
        parser.add_argument(f"--{name}", action="append", metavar=metavar, help=meaning)
    parser.add_argument("--min-level", metavar="LEVEL", help="at least so serious: DEBUG, INFO, WARNING, ERROR")
    parser.add_argument("--exclude", action="append", metavar="TERM", help="nothing that this term means: tag:step")
    parser.add_argument("--filter", action="append", metavar="NAME", help="also the terms of a saved filter")
    parser.add_argument("--limit", type=int, metavar="N", help=f"at most N lines (default: {LIMIT}; 0: all)")
    parser.add_argument("--oldest", action="store_true", help="the oldest lines instead of the newest")
    parser.add_argument("--follow", "-f", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("--facets", action="store_true", help="count the values of each field instead")
    parser.add_argument("--timeline", action="store_true", help="count lines over time instead")
    parser.add_argument("--samples", action="store_true", help="what the run's process used: CPU, memory, GPU")
    parser.add_argument("--save", metavar="NAME", help="keep this filter under a name, for here and the screen")
    parser.add_argument("--forget", metavar="NAME", help="remove a saved filter")
    parser.add_argument("--filters", action="store_true", help="list the saved filters")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    if args.filters or args.forget:
        return _saved(args)
    if args.limit is not None and args.limit < 0:
        raise InvalidOption(f"--limit cannot be {args.limit}.", "0 is no limit.")
    with opened_store(args, read_only=False) as store:
        chosen, run_id = _filter(args, store)
        if args.save is not None:
            from cornerman.core.logs.saved import save_filter

            save_filter(args.save, chosen)
            output.say(f"Saved as {args.save}: {chosen}")
        if chosen.of(DURING):
            output.say(_by_time(chosen, store.logs.period(chosen)))
        if args.facets:
            print_facets(args, store.logs.facets(chosen))
        elif args.timeline:
            print_timeline(args, _timeline(store.logs, chosen))
        elif args.samples:
            _samples(store, run_id)
        else:
            _lines(args, store, chosen)
        if damage := words.damaged(store.logs.damaged()):
            output.say(f"Log records: {damage}. `cornerman verify` says which; all others are here.")
    return exits.OK


def _by_time(chosen: LogFilter, period: Period) -> str:
    """That an episode is meant by its time, and which that is."""
    begin, end = (moment(at) if at is not None else "now" for at in period)
    return f"{' '.join(map(str, chosen.of(DURING)))}: lines of {begin} to {end}, whatever wrote them."


# --- the filter ------------------------------------------------------------------------------------------------------


def _timeline(logs: Logs, chosen: LogFilter) -> Timeline:
    """Over the time that the filter names; else from its first record to its last, not over the life of the store."""
    found = logs.timeline(chosen, SPANS)
    if chosen.of("since") or chosen.of("until"):
        return found
    for _ in range(MOST_LOOKS):
        filled = [span for span in found.spans if any(span.counts.values())]
        if not filled or (filled[0] is found.spans[0] and filled[-1] is found.spans[-1]):
            break
        found = logs.timeline(chosen, SPANS, since_us=filled[0].begins_us, until_us=filled[-1].ends_us - 1)
    return found


def _filter(args: argparse.Namespace, store: Store) -> tuple[LogFilter, str]:
    """What is meant, from words and options alike; and the run that was named, if one was."""
    said, run_id = list(args.words), ""
    terms: list[Term] = []
    if said and (run_id := run_named(store, said[0])):
        said.pop(0)
        terms.append(Term("run", run_id))
    for word in said:
        terms += LogFilter.parse(word if _is_term(word) else str(Term("text", word))).terms
    for name in _OPTIONS:
        for value in getattr(args, name) or ():
            terms += LogFilter.parse(str(Term(name, value))).terms
    if args.min_level:
        terms += LogFilter.parse(f"level>={args.min_level}").terms
    for word in args.exclude or ():
        terms += LogFilter.parse(f"-{word}" if _is_term(word) else str(Term("text", word, True))).terms
    for name in args.filter or ():
        from cornerman.core.logs.saved import saved_filter

        terms += saved_filter(name).terms
    return LogFilter(tuple(dict.fromkeys(terms))), run_id


def _is_term(word: str) -> bool:
    """Whether a word of the command line is in the filter's language; the shell took the quotes of the others. One that
    is meant to be and is wrong is one too, so that it is refused and not looked for as a text."""
    try:
        LogFilter.parse(word)
    except InvalidOption:
        meant = re.match(r"-?([A-Za-z_]+)(?::|>=)", word)
        return meant is not None and (meant[1] in FIELDS or not any(sign in word for sign in ' "'))
    return True


# --- what is asked ---------------------------------------------------------------------------------------------------


def _lines(args: argparse.Namespace, store: Store, chosen: LogFilter) -> None:
    logs, printer = store.logs, Printer(args.json, lambda: [run.run_id for run in store.runs()])
    limit = LIMIT if args.limit is None else args.limit or None
    if args.oldest or limit is None:
        last = _all(logs, chosen, printer, limit)
    else:
        entries = logs.page(chosen, limit=limit)
        printer.print(entries)
        last = entries[-1].id if entries else 0
        if args.limit is None and len(entries) == limit and not args.follow:
            output.say(f"The newest {limit} lines. --limit N shows N, --limit 0 all.")
        if not entries and not args.follow:
            output.say(_nothing(logs, chosen, args.words[:1]))
        if hidden := _hidden(logs, chosen, len(entries)):
            output.say(hidden)
    if args.follow:
        _follow(store, chosen, printer, last)


def _all(logs: Logs, chosen: LogFilter, printer: Printer, limit: int | None) -> int:
    """From the oldest on, a few at a time."""
    last, left = 0, limit
    while left is None or left > 0:
        entries = logs.page(chosen, after=last, limit=1000 if left is None else min(left, 1000))
        if not entries:
            break
        printer.print(entries)
        last = entries[-1].id
        left = None if left is None else left - len(entries)
    return last


def _follow(store: Store, chosen: LogFilter, printer: Printer, last: int) -> None:
    """What comes, until somebody has seen enough: new runs and new files of them are just more records."""
    try:
        for _ in _changes(store):
            while entries := store.logs.page(chosen, after=last, limit=1000):
                printer.print(entries)
                last = entries[-1].id
    except KeyboardInterrupt:
        return


def _changes(store: Store) -> Iterator[None]:
    """Once now, and whenever there is something new. What other programs have in their spools is brought in."""
    before: object = ...
    while True:
        store.ingest_logs()
        now = store.logs.version()
        if now != before:
            yield
        before = now
        time.sleep(FOLLOW_SECONDS)


def _hidden(logs: Logs, chosen: LogFilter, shown: int) -> str:
    """How much a least level hides, where that is nearly everything: plain prints are at DEBUG, and somebody who looks
    for them should not think that they are lost."""
    levels = chosen.of("level")
    if not levels or any("DEBUG" in levels_of(term.value) for term in levels):
        return ""
    counts = {facet.value: facet.count for facet in logs.facets(chosen.without("level")).values["level"]}
    hidden = counts.get("DEBUG", 0)
    if not hidden or (shown and hidden < max(MANY, shown)):
        return ""
    lines = "1 DEBUG line is" if hidden == 1 else f"{hidden:,} DEBUG lines are"
    return f"{lines} hidden by {' '.join(map(str, levels))}; plain prints are DEBUG."


def _nothing(logs: Logs, chosen: LogFilter, first: list[str]) -> str:
    """Why nothing is shown: no records at all, a value that no record has, or a first word that names no run."""
    if not logs.count():
        return "No log lines. `cornerman run -- python train.py` keeps what a training command prints."
    values = logs.facets(LogFilter()).values
    for term in chosen.terms:
        known = [facet.value for facet in values.get(term.field, ())]
        near = [value for value in known if value != term.value and value.lower() == term.value.lower()]
        if near and not term.exclude:
            return f"No lines with {term}. There are such with {Term(term.field, near[0])}."
        if known and term.field in ("component", "code", "tag", "job") and term.value not in known:
            return f"No lines with {term}. There are: {', '.join(known[:8])}{' …' if len(known) > 8 else ''}"
    if first and re.fullmatch(r"[\w.-]+", first[0]) and Term("text", first[0]) in chosen.terms:
        meant = did_you_mean(first[0], [facet.value for facet in values.get("job", ())])
        return f"No run is called {first[0]}, and no line has it as a text. {meant}".rstrip()
    return "No lines obey this filter. `cornerman logs --facets` shows which values there are."


def _samples(store: Store, run_id: str) -> None:
    if not run_id:
        raise InvalidOption("--samples needs a run.", "Try `cornerman logs latest --samples`.")
    for sample in store.logs.samples(run_id):
        output.print_json({"time_us": sample.time_us, **sample.values})


def _saved(args: argparse.Namespace) -> int:
    from cornerman.core.logs.saved import forget_filter, saved_filters

    if args.forget and not forget_filter(args.forget):
        raise NotFound(f"No log filter is saved as {args.forget!r}.", "`cornerman logs --filters` lists them.")
    if args.filters:
        print_saved(args, saved_filters())
    return exits.OK
