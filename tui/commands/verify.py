"""`cornerman verify [RUN]`: read everything back and compare it with what was recorded about it."""

from __future__ import annotations

import argparse
import time
from typing import Any

from .. import exits, output
from ..chosen import opened_store
from . import Subparsers, describe
from .runs import readable

DESCRIPTION = """
Read every chunk and frame of a run, or of the whole store, and prove that it is whole: checksums, decoding, rows
without gaps, episodes and totals that agree with the steps, a ledger that adds up, and inputs as they were. Nothing is
changed.

The exit code is 1 where something is wrong. RUN is a run id, an unambiguous beginning of one, a job's name (its newest
run), or `latest`; without it everything is checked."""

EXAMPLES = """
  cornerman verify                        the whole store
  cornerman verify latest                 the newest run
  cornerman verify --json | jq .findings
  cornerman verify baseline && rsync …    only what is sound leaves the host"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "verify", DESCRIPTION, EXAMPLES)
    parser.add_argument("run", metavar="RUN", nargs="?", help="which run (default: all)")


def run(args: argparse.Namespace) -> int:
    began = time.monotonic()
    with opened_store(args) as store:
        chosen = [store.run(args.run)] if args.run else list(store.runs())
        findings = list(store.verify(chosen[0].run_id if args.run else None))
        summaries, damaged = readable(chosen)
    if args.json:
        runs = [{"run_id": summary.run_id, "transitions": summary.transition_count} for summary in summaries]
        runs += [{"run_id": run_id, "transitions": None} for run_id in damaged]
        output.print_json({"sound": not findings, "runs": runs, "findings": list(map(_facts, findings))})
    else:
        _print(summaries, findings, time.monotonic() - began)
    return exits.PROBLEM if findings else exits.OK


def _print(summaries: list[Any], findings: list[Any], seconds: float) -> None:
    for finding in findings:
        print(output.harmless(str(finding)))
    transitions = sum(summary.transition_count for summary in summaries)
    size = output.size(sum(summary.bytes for summary in summaries))
    if findings:
        print(f"{len(findings)} problems. `cornerman runs` lists the runs that can still be read.")
    else:
        print(f"sound: {len(summaries)} runs, {transitions:,} transitions, {size} in {output.duration(seconds)}")


def _facts(finding: Any) -> dict[str, Any]:
    return dict(finding._asdict()) if hasattr(finding, "_asdict") else dict(output.plain(finding))
