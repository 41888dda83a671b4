"""`cornerman prune`: remove what rules of retention do not keep; without --yes it only shows what would go."""

from __future__ import annotations

import argparse
import time
from typing import Any

from cornerman.core.errors import InvalidOption
from cornerman.core.retention import Chosen, Limits, beyond
from cornerman.core.time_span import seconds_of

from .. import exits, output
from ..chosen import opened_store
from . import Subparsers, describe
from .runs import readable

DESCRIPTION = """
Remove old runs by rule: by age, by how many of a job are enough, by the size of
all runs together. A run goes when any of the rules says so. Runs that still
record stay, and so do those named with --keep.

Without --yes nothing is changed: it prints what would go, and why. With --yes
it does not ask, so it can be a line of a crontab."""

EXAMPLES = """
  cornerman prune --older-than 30d            untouched for a month
  cornerman prune --keep-last 5               the newest five of each job stay
  cornerman prune --max-bytes 50GB --yes      the oldest go until it fits
  cornerman prune --keep-last 1 --job sweep --keep 01KAB"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "prune", DESCRIPTION, EXAMPLES)
    parser.add_argument("--older-than", metavar="AGE", help="runs whose last step is older: 12h, 30d, 8w")
    parser.add_argument("--keep-last", type=int, metavar="N", help="keep only the newest N runs of each job")
    parser.add_argument("--max-bytes", metavar="SIZE", help="remove the oldest until all runs together fit: 50GB")
    parser.add_argument("--job", help="look at the runs of this job only")
    parser.add_argument("--keep", metavar="RUN", action="append", default=[], help="never this one (repeatable)")
    parser.add_argument("--yes", "-y", action="store_true", help="remove them; without it they are only shown")


def run(args: argparse.Namespace) -> int:
    limits = _limits(args)
    with opened_store(args, read_only=not args.yes) as store:
        summaries, damaged = readable(store.runs())
        keep = frozenset(store.run(name).run_id for name in args.keep)
        of_job = [summary for summary in summaries if not args.job or summary.job == args.job]
        chosen = beyond(of_job, limits, time.time_ns() // 1000, keep)
        freed = {one.summary.run_id: store.delete(one.summary.run_id) for one in chosen if args.yes}
    _print(args, chosen, freed, len(of_job))
    for run_id, reason in damaged.items():
        output.say(f"{run_id} is damaged and was left alone: {reason}")
    return exits.OK


def _limits(args: argparse.Namespace) -> Limits:
    limits = Limits(_age(args.older_than), _at_least_0(args.keep_last), _bytes(args.max_bytes))
    if limits == Limits():
        raise InvalidOption("No rule was given.", "Say --older-than 30d, --keep-last 5 or --max-bytes 50GB.")
    return limits


def _age(text: str | None) -> float | None:
    if text is None:
        return None
    age = seconds_of(text)
    if age is None:
        raise InvalidOption(f"{text!r} is no age.", "Write 90m, 12h, 30d or 8w.")
    return age


def _at_least_0(count: int | None) -> int | None:
    if count is not None and count < 0:
        raise InvalidOption(f"--keep-last cannot be {count}.", "0 keeps none, 5 keeps the newest five of each job.")
    return count


def _bytes(text: str | None) -> int | None:
    from cornerman.core.setting_keys import key

    try:
        return None if text is None else int(key("storage.max_store_bytes").parse(text, "--max-bytes"))
    except InvalidOption:
        raise InvalidOption(f"{text!r} is no size.", "Write 500MB, 50GB or 20GiB.") from None


def _print(args: argparse.Namespace, chosen: list[Chosen], freed: dict[str, int], looked_at: int) -> None:
    total = sum(freed.values()) if args.yes else sum(one.summary.bytes for one in chosen)
    if args.json:
        runs: list[dict[str, Any]] = [
            {"run_id": run.run_id, "job": run.job, "bytes": freed.get(run.run_id, run.bytes), "reason": reason}
            for run, reason in chosen
        ]
        output.print_json({"dry_run": not args.yes, "pruned": runs, "kept": looked_at - len(runs), "bytes": total})
        return
    rows = [(run.run_id, run.job, run.state, output.size(run.bytes), reason) for run, reason in chosen]
    if not rows:
        output.say(f"No rule says that a run should go; all {looked_at} stay.")
        return
    output.print_table(("RUN", "JOB", "STATE", "SIZE", "WHY"), rows, right=(3,), spare=("STATE",))
    kept = f"{looked_at - len(rows)} of {looked_at} runs stay"
    if args.yes:
        output.say(f"Removed {len(rows)}, {output.size(total)}; {kept}.")
    else:
        output.say(f"Would remove {len(rows)}, {output.size(total)}; {kept}. Nothing was changed: add --yes.")
