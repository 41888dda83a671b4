"""`cornerman space dump`: the descriptors of spaces, and their digests."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cornerman.core.errors import InvalidOption, NotFound, StoreNotFound
from cornerman.core.near import meant, near

from .. import exits, output
from ..chosen import chosen_store
from . import Subparsers, describe

DESCRIPTION = """
Print what a space allows, as plain data, and the SHA-256 of it, which is the same in every process and on every
host. TARGET is an environment's id, a file, or a recorded run.

A file is JSON with one descriptor (or what this command prints with --json), or Python: train.py:make_env names a
space, an environment, or a function or class that makes one. A run is named as everywhere: an id, the beginning of
one, a job, or `latest`. Each space is made again from its descriptor, and it is said where that gives another."""

EXAMPLES = """
  cornerman space dump CartPole-v1               of an environment
  cornerman space dump CartPole-v1 --num-envs 8  of eight, as one vector
  cornerman space dump ale_py:ALE/Pong-v5        of a package's environment
  cornerman space dump train.py:make_env         of your own
  cornerman space dump latest                    as they were recorded
  cornerman space dump space.json                is it a descriptor, and which?
  cornerman space dump latest --json | jq -r '.spaces[].digest'"""

SOURCES = ("environment", "file", "run")


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "space", DESCRIPTION, EXAMPLES)
    parser.add_argument("action", choices=("dump",), help="what to do")
    parser.add_argument("target", metavar="TARGET", help="an environment's id, a file, or a run")
    parser.add_argument("--num-envs", type=int, default=0, metavar="K", help="make it as a vector environment")
    parser.add_argument("--from", choices=SOURCES, dest="source", help="what TARGET is, where it could be several")


def run(args: argparse.Namespace) -> int:
    if args.num_envs < 0:
        raise InvalidOption(f"--num-envs cannot be {args.num_envs}.", "8 makes a vector of eight; 0 makes one alone.")
    source = args.source or _source(args.target)
    if args.num_envs and source != "environment":
        raise InvalidOption("--num-envs is for an environment that is made.", f"{args.target} is a {source}.")
    if source == "run":
        found = _recorded(args)
    else:
        found = [(None, name, space) for name, space in _declared(source, args).items()]
    facts = [_facts(stream, name, space) for stream, name, space in found]
    if args.json:
        output.print_json({"target": args.target, "source": source, "spaces": facts})
    else:
        _print(facts)
    return exits.OK


def _source(target: str) -> str:
    """A file that is there, an environment that is registered, else a run."""
    name, colon, _ = target.rpartition(":")
    if Path(target).is_file() or (colon and name.endswith(".py")):
        return "file"
    from cornerman.adapters.space_source import names_an_environment

    if names_an_environment(target):
        return "environment"
    return "file" if colon else "run"


def _declared(source: str, args: argparse.Namespace) -> dict[str, Any]:
    from cornerman.adapters import space_source

    if source == "environment":
        return space_source.of_environment(args.target, args.num_envs)
    if Path(args.target).is_file():
        return space_source.of_file(Path(args.target))
    return space_source.of_object(args.target)


def _recorded(args: argparse.Namespace) -> list[tuple[str | None, str, Any]]:
    from cornerman.store.api import open_store

    known: list[str] = []
    try:
        with open_store(chosen_store(args)) as store:
            known = [run.job for run in store.runs()]
            streams = store.run(args.target).streams()
            return [(stream.name, name, space) for stream in streams for name, space in stream.spaces().items()]
    except (NotFound, StoreNotFound):
        if args.source == "run" or args.target == "latest":
            raise
        raise _no_such(args.target, known) from None


def _no_such(target: str, jobs: list[str]) -> NotFound:
    """Nothing is called so, whatever was meant."""
    from cornerman.adapters.environments import close_matches

    like = list(dict.fromkeys([*near(target, jobs), *close_matches(target)]))[:3]
    otherwise = "`cornerman runs` lists the runs; `cornerman space --help` shows what may be named."
    return NotFound(f"No environment, file, run or job is called {target!r}.", meant(like) or otherwise)


def _facts(stream: str | None, name: str, space: Any) -> dict[str, Any]:
    from cornerman.adapters.space_source import why_not_rebuilt
    from cornerman.core.spaces import canonical, digest, document, words

    return {
        "stream": stream,
        "name": name,
        "words": words(space),
        "digest": digest(space),
        "bytes": len(canonical(space)),
        "not_rebuilt": why_not_rebuilt(space),
        "descriptor": document(space),
    }


def _print(facts: list[dict[str, Any]]) -> None:
    import json

    for number, fact in enumerate(facts):
        stream = f" of {fact['stream']}" if fact["stream"] else ""
        print("\n" * bool(number) + output.harmless(f"{fact['name']}{stream}: {fact['words']}"))
        print(f"sha256 {fact['digest']}")
        print(json.dumps(fact["descriptor"], sort_keys=True, allow_nan=False))
        if fact["not_rebuilt"]:
            output.say(f"note: {fact['name']}: {fact['not_rebuilt']}")
