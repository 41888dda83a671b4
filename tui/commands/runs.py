"""`cornerman runs`: every run of a store at a glance: alive? learning? how large? when is the disk full?"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cornerman.core.errors import InvalidOption, PayloadError

from .. import exits, output, words
from ..chosen import chosen_store, opened_store
from . import Subparsers, describe

DESCRIPTION = """
List the runs of a store, newest first: is each alive, is it learning, what
does it cost?

  STATE      live: recording now · stale: its process lives, but no step came
             for a while · done: closed · failed: an exception, or an exit code
             that is not 0, ended it (which is said below the table) ·
             interrupted: its process died, or a signal ended it. What it had
             recorded is kept
  STEPS      calls of env.step; a vector environment makes a transition in each
             of its environments with one
  RETURN     of the last episode that ended; the arrow compares the newest third
             of all episodes with the oldest
  PER HOUR   what a run that is recording adds to the disk"""

EXAMPLES = """
  cornerman runs                          all of them
  cornerman runs --limit 5                the newest five
  cornerman runs --live                   only those that record now
  cornerman runs --job baseline           only those of one job
  cornerman runs --json | jq '.runs[] | select(.state == "live") | .run_id'"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "runs", DESCRIPTION, EXAMPLES)
    parser.add_argument("--limit", type=int, metavar="N", help="the newest N only (0: all)")
    parser.add_argument("--live", action="store_true", help="only runs that record now")
    parser.add_argument("--job", help="only runs of this job")


def run(args: argparse.Namespace) -> int:
    if args.limit is not None and args.limit < 0:
        raise InvalidOption(f"--limit cannot be {args.limit}.", "0 is no limit.")
    with opened_store(args) as store:
        summaries, damaged = readable(store.runs())
        notices = store.notices
    path = chosen_store(args)
    ids = words.short_ids([summary.run_id for summary in summaries])
    if args.job:
        summaries = [summary for summary in summaries if summary.job == args.job]
    if args.live:
        summaries = [summary for summary in summaries if summary.state in ("live", "stale")]
    shown = summaries[: args.limit or None]
    disk = forecast(path, summaries)
    if args.json:
        runs = list(map(as_json, shown))
        output.print_json({"store": str(path), "runs": runs, "damaged": damaged, "disk": disk, "notices": notices})
    elif shown:
        _print(shown, ids, disk)
    elif not damaged:
        output.say(_nothing(path, bool(ids)))
    for run_id, reason in damaged.items():
        output.say(f"{run_id} is damaged: {reason} `cornerman verify {run_id}` says where.")
    return exits.PROBLEM if damaged else exits.OK


def _nothing(path: Path, others: bool) -> str:
    if others:
        return f"No runs of that kind in {path}. `cornerman runs` lists all."
    return f"No runs in {path}. Make one: `cornerman demo`, or `cornerman record CartPole-v1`."


def readable(readers: Iterable[Any]) -> tuple[list[Any], dict[str, str]]:
    """The summaries of the runs that can be read, and why the others cannot: one damaged run hides no other."""
    summaries, damaged = [], {}
    for reader in readers:
        try:
            summaries.append(reader.summary())
        except PayloadError as error:
            damaged[reader.run_id] = error.what
    return summaries, damaged


def forecast(path: Path, summaries: Sequence[Any]) -> dict[str, Any]:
    """What all of it takes, what the runs under way add, and when the disk would be full at that pace."""
    from cornerman.store.filesystem import free_bytes

    per_hour = sum(summary.bytes_per_hour or 0 for summary in summaries)
    free = free_bytes(path)
    return {
        "bytes": sum(summary.bytes for summary in summaries),
        "free_bytes": free,
        "bytes_per_hour": per_hour,
        "hours_until_full": free / per_hour if per_hour else None,
    }


def as_json(summary: Any) -> dict[str, Any]:
    """A run as `--json` shows it everywhere; the provenance is in `show`."""
    plain = output.plain(summary)
    plain.pop("provenance")
    if plain["command"]:
        plain["command"].pop("provenance")
    return {**plain, "ledger": output.ledger_json(summary.ledger)}


def trend(returns: Sequence[float]) -> str:
    """An arrow: the newest third of the curve against the oldest; blank where too little is known."""
    return {"up": "↗", "down": "↘", "flat": "→"}.get(words.trend(returns), " ")


def _print(summaries: Sequence[Any], ids: dict[str, str], disk: dict[str, Any]) -> None:
    headings = ("RUN", "JOB", "STATE", "STEPS", "PER S", "EPISODES", "RETURN", "SIZE", "PER HOUR", "STARTED")
    rows = [_row(summary, ids) for summary in summaries]
    output.print_table(headings, rows, right=range(3, 9), spare=("STARTED", "EPISODES", "PER HOUR", "PER S"))
    for summary in summaries:
        _complain(summary, ids)
    output.say(_footer(disk))


def _row(summary: Any, ids: dict[str, str]) -> tuple[str, ...]:
    return (
        ids[summary.run_id],
        summary.job,
        summary.state,
        output.count(summary.step_count),
        output.rate(summary.steps_per_second),
        output.count(summary.episode_count),
        f"{output.number(summary.last_return)} {trend(summary.returns)}",
        output.size(summary.bytes),
        output.size(summary.bytes_per_hour),
        _when(summary.started_us),
    )


def _when(started_us: int) -> str:
    ago = time.time() - started_us / 1e6
    if ago >= 86400:
        return output.moment(started_us)[:10]
    if ago < 120:
        return f"{max(0.0, ago):.0f} s ago"
    return f"{ago / 60:.0f} min ago" if ago < 7200 else f"{ago / 3600:.0f} h ago"


def _complain(summary: Any, ids: dict[str, str]) -> None:
    """What the table has no column for, because it should never happen."""
    if not summary.ledger.balanced or any(summary.ledger.dropped.values()):
        output.say(f"{ids[summary.run_id]}: {output.ledger_line(summary.ledger)}")
    for alert in summary.alerts:
        if alert.rule != "lost data":  # said already, cause by cause
            output.say(f"{ids[summary.run_id]}: {alert.level} {alert.code} {alert.message}: {alert.detail}")
    if summary.command and summary.command.exit_code:
        output.say(
            output.harmless(f"{ids[summary.run_id]}: {summary.command.ended}: {' '.join(summary.command.command)}")
        )
    for note in summary.notes:
        output.say(f"{ids[summary.run_id]}: {output.harmless(note)}")


def _footer(disk: dict[str, Any]) -> str:
    line = f"{output.size(disk['bytes'])} recorded, {output.size(disk['free_bytes'])} free"
    if disk["hours_until_full"] is None:
        return line
    pace = output.size(disk["bytes_per_hour"])
    return f"{line}; at {pace} per hour the disk is full in {output.duration(disk['hours_until_full'] * 3600)}"
