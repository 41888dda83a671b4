"""`cornerman selftest [ENV_ID]`: the promises, proved here and now, with the figures."""

from __future__ import annotations

import argparse
import signal
import textwrap
import time
import warnings
from types import FrameType
from typing import Any

from .. import exits, output
from ..chosen import chosen_store
from . import Subparsers, describe

DESCRIPTION = """
Prove what Cornerman promises, on this host, on your store's file system, with
an environment of yours: what recording adds to a step; that nothing is lost
when the process is killed; that what is read back is what was returned, to the
last bit; that the ledger adds up; that no network is opened and no logging
touched; that a reader does not stop the writer.

It works in a temporary folder beside the store, which it removes; your runs are
not touched. It takes less than a minute, with --quick about ten seconds. The
exit code is 1 where a promise does not hold, and the remedy is said."""

EXAMPLES = """
  cornerman selftest                      with CartPole-v1
  cornerman selftest ale_py:ALE/Pong-v5   with the environment you train in
  cornerman selftest --quick              before a long training, or in CI
  cornerman selftest --store /scratch/me  on another disk
  cornerman selftest --json > proof.json  all figures"""

WIDTH = 100


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "selftest", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "env_id", metavar="ENV_ID", nargs="?", default="CartPole-v1", help="an environment (default: CartPole-v1)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: about ten seconds")


def run(args: argparse.Namespace) -> int:
    from cornerman.adapters.selftest import suite

    began, path = time.monotonic(), chosen_store(args)
    results = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an environment's own complaints are none of ours
        checks = suite.run(path, args.env_id, args.quick)
        try:
            for result in checks:
                results.append(result)
                if not args.json:
                    _print(result)
        finally:
            checks.close()  # the folder is removed, also when somebody interrupts
    seconds = time.monotonic() - began
    if args.json:
        output.print_json(_json(results, path, args, seconds))
    else:
        _print_verdict(results, path, seconds)
    return exits.OK if all(result.holds for result in results) else exits.PROBLEM


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _json(results: list[Any], path: Any, args: argparse.Namespace, seconds: float) -> dict[str, Any]:
    return {
        "holds": all(result.holds for result in results),
        "store": str(path),
        "env_id": args.env_id,
        "quick": args.quick,
        "seconds": round(seconds, 1),
        "checks": [output.plain(result) for result in results],
    }


def _print(result: Any) -> None:
    mark = "ok  " if result.holds else "FAIL"
    print(f"{mark}  {result.check:<8}{result.promise}", flush=True)
    for sentence in result.said:
        print(textwrap.indent(textwrap.fill(output.harmless(sentence), WIDTH - 6), " " * 6))
    if result.remedy:
        print(textwrap.indent(textwrap.fill(f"→ {output.harmless(result.remedy)}", WIDTH - 6), " " * 6))


def _print_verdict(results: list[Any], path: Any, seconds: float) -> None:
    failed = [result.check for result in results if not result.holds]
    took = output.duration(seconds)
    if failed:
        print(f"{len(failed)} of {len(results)} promises do not hold here ({', '.join(failed)}); it took {took}.")
    else:
        print(f"All {len(results)} promises hold for a store at {output.harmless(str(path))}; it took {took}.")
