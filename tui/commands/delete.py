"""`cornerman delete RUN`: remove runs and give their space back."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.errors import NotFound
from cornerman.core.logs import LogFilter, Term

from .. import exits, output
from ..chosen import opened_store
from ..log_runs import of_lines
from . import Subparsers, describe

if TYPE_CHECKING:
    from cornerman.store.api import Store

DESCRIPTION = """
Remove runs: their steps, episodes, frames, provenance and inputs, each in one
transaction. It cannot be undone; `export` a run first if you may want it
again. A run that is still recording stops recording, and its training goes on.
The space is used again by what is recorded next; the file does not shrink.

RUN is a run id, an unambiguous beginning of one, a job's name (its newest
run), or `latest`; or a job or an id that `import-logs` gave to lines: they go,
and the same file can be imported again."""

EXAMPLES = """
  cornerman delete latest --dry-run       say what would go, change nothing
  cornerman delete 01KAB                  asks before it deletes
  cornerman delete 01KAB 01KAC --yes      does not ask: for scripts"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "delete", DESCRIPTION, EXAMPLES)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="which run")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", "-n", action="store_true", help="change nothing, say what would be done")


def run(args: argparse.Namespace) -> int:
    with opened_store(args) as store:
        chosen = dict(_chosen(store, name) for name in args.runs)
        if not args.dry_run and not args.yes and not _agreed(list(chosen.values())):
            output.say("Nothing was deleted.")
            return exits.PROBLEM
        freed = {run_id: _freed(store, one, args.dry_run) for run_id, one in chosen.items()}
    _print(args, chosen, freed)
    return exits.OK


class Lines(NamedTuple):
    """A run of which only log lines are there: they were imported."""

    run_id: str
    job: str
    lines: int


def _chosen(store: Store, name: str) -> tuple[str, Any]:
    """The run that a name means, by its id: its summary, or Lines. NotFound where there is neither."""
    try:
        reader = store.run(name)
        return reader.run_id, reader.summary()
    except NotFound:
        run_id = of_lines(store, name)
        if not run_id:
            raise
        count = store.logs.facets(LogFilter((Term("run", run_id),))).total
        return run_id, Lines(run_id, store.logs.jobs().get(run_id, ""), count)


def _freed(store: Store, one: Any, dry_run: bool) -> int:
    if isinstance(one, Lines):
        from cornerman.store.logs.removal import delete_run_logs

        return 0 if dry_run else delete_run_logs(store.path, one.run_id)
    return int(one.bytes) if dry_run else store.delete(one.run_id)


def _agreed(chosen: list[Any]) -> bool:
    for one in chosen:
        output.say(_line(one))
    return output.agreed("Delete for good?", "Add --yes, or --dry-run to see what would go.")


def _line(summary: Any) -> str:
    if isinstance(summary, Lines):
        return output.harmless(f"{summary.run_id}  {summary.job} · {summary.lines:,} log lines")
    live = " · STILL RECORDING" if summary.state in ("live", "stale") else ""
    return output.harmless(
        f"{summary.run_id}  {summary.job} · {summary.step_count:,} steps · {summary.episode_count:,} episodes"
        f" · {output.size(summary.bytes)}{live}"
    )


def _print(args: argparse.Namespace, chosen: dict[str, Any], freed: dict[str, int]) -> None:
    if args.json:
        deleted = [{"run_id": run_id, "job": chosen[run_id].job, "bytes": amount} for run_id, amount in freed.items()]
        output.print_json({"dry_run": args.dry_run, "deleted": deleted, "bytes": sum(freed.values())})
        return
    for summary in chosen.values():
        print(_line(summary))
    total = output.size(sum(freed.values()))
    output.say(
        f"Would free {total}; nothing was changed."
        if args.dry_run
        else f"Deleted; what is recorded next uses the {total} again."
    )
