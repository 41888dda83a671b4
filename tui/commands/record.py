"""`cornerman record`: drive an environment without a screen and record every step of it."""

from __future__ import annotations

import argparse
import ast
import json
import re
import signal
import warnings
from pathlib import Path
from typing import Any

from cornerman.core.errors import CornermanError, InvalidOption
from cornerman.core.frames_option import parse_frames

from .. import exits, given_settings, output
from ..chosen import chosen_frames, chosen_job, chosen_store, configure_logging
from ..progress import Reporter
from . import Subparsers, describe

DEFAULT_STEPS = 10_000

DESCRIPTION = """
Drive a Gymnasium environment, without a screen, and record every step of it.
Actions are random, or those of a function of yours. Ctrl-C or SIGTERM ends it
cleanly: the step under way is finished, everything is stored, and the summary
is printed."""

EXAMPLES = """
  cornerman record CartPole-v1                    10,000 steps, random actions
  cornerman record CartPole-v1 --episodes 20 --seed 7
                                                  the same 20 episodes each time
  cornerman record CartPole-v1 --num-envs 8 --steps 5000
                                                  5,000 steps of 8 environments
  cornerman record FrozenLake-v1 --env-arg is_slippery=false
  cornerman record CartPole-v1 --frames every=4   with pictures
  cornerman record ale_py:ALE/Pong-v5             registered by another package
  cornerman record CartPole-v1 --json | jq .run_id
                                                  one JSON object at the end
  cornerman record CartPole-v1 --policy lean:act  your actions, from ./lean.py:

    def act(observation, action_space):           # or act(observation)
        return int(observation[2] > 0)            # towards the side it leans to

    def make(env):                                # --policy lean:make: called
        model = load_my_model(env)                # once, returns an act"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "record", DESCRIPTION, EXAMPLES)
    parser.add_argument("env_id", metavar="ENV_ID", help="a registered environment, such as CartPole-v1")
    enough = parser.add_argument_group("how much")
    enough.add_argument("--steps", type=_positive, metavar="N", help=f"calls of step (default: {DEFAULT_STEPS:,})")
    enough.add_argument(
        "--episodes", type=_positive, metavar="N", help="stop after N episodes; with --steps, the earlier"
    )
    making = parser.add_argument_group("which environment")
    making.add_argument("--num-envs", type=_positive, metavar="K", help="make a vector environment of K")
    making.add_argument(
        "--vectorization",
        choices=("sync", "async", "vector_entry_point"),
        help="how it is made (default: Gymnasium's choice)",
    )
    making.add_argument(
        "--env-arg", action="append", default=[], metavar="KEY=VALUE", help="an argument of the environment; repeatable"
    )
    making.add_argument(
        "--render-mode", metavar="MODE", help="render mode to make it with (default: as --frames needs)"
    )
    acting = parser.add_argument_group("how it acts")
    acting.add_argument("--policy", metavar="MODULE:FUNCTION", help="a function of yours (default: random actions)")
    acting.add_argument("--seed", type=int, metavar="S", help="of the environment's first reset and of random actions")
    keeping = parser.add_argument_group("what is kept, and where")
    keeping.add_argument("--job", help="the name to find it by (default: the environment's)")
    keeping.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="FILE",
        help="a small file to keep with the run, such as a configuration; repeatable (the policy's is kept anyway)",
    )
    keeping.add_argument(
        "--schema", metavar="ID[@VERSION]", help="judge the steps by this schema (default: by what the spaces declare)"
    )
    keeping.add_argument(
        "--sample",
        metavar="WHICH",
        help="every=N: record every N-th step of an episode only, with its first step and its end; what is left out is"
        " counted (default: none, every step)",
    )
    keeping.add_argument(
        "--frames",
        metavar="WHICH",
        help="none, auto, every=N or envs=0,3: pictures to keep beside the steps (default: pixel observations and"
        " boards, which cost no rendering; name it to have other environments rendered too)",
    )
    given_settings.add(keeping)
    keeping.add_argument("--check", action="store_true", help="make the environment, load the policy, record nothing")


def run(args: argparse.Namespace) -> int:
    _check(args)
    given_settings.obey(args)
    configure_logging(args)  # again: settings of logging may be among those that were given
    from cornerman.adapters import stopping

    with stopping.StopSignals() as stop, warnings.catch_warnings():
        warnings.showwarning = _note
        if args.check:
            return _rehearse(args)
        summary = _record(args, stop)
    if stop.received != signal.SIGHUP:
        _print_summary(args, summary)
    if stop.received:
        return 128 + int(stop.received)
    return exits.OK if _lossless(summary) else exits.PROBLEM


def _insist_on_schema(path: Path, pin: str) -> None:
    """NotFound where the store has no such schema: a person who types one means it."""
    from cornerman.store.api import make_store

    with make_store(path) as store:
        store.schemas.get(pin)


def _rehearse(args: argparse.Namespace) -> int:
    """Do all that comes before the first step, and leave no trace: what is wrong is said as it always is."""
    from cornerman.adapters import environments, inputs, policies

    if args.schema:
        _insist_on_schema(chosen_store(args), args.schema)
    environments.draw_in_memory()
    env = environments.make(
        args.env_id, num_envs=args.num_envs or 0, vectorization=args.vectorization, arguments=_env_arguments(args)
    )
    try:
        if args.policy:
            policies.load(args.policy, env)
        inputs.named_files(args.input)
    finally:
        env.close()
    output.say(f"{args.env_id} can be recorded.")
    return exits.OK


def _record(args: argparse.Namespace, stop: Any) -> dict[str, Any]:
    """Make, record, drive, close; then what the store itself says about it."""
    from cornerman.adapters import drive, environments, policies
    from cornerman.adapters.record import record

    path = _usable_store(args)
    if args.schema:
        _insist_on_schema(path, args.schema)
    environments.draw_in_memory()
    env = environments.make(
        args.env_id, num_envs=args.num_envs or 0, vectorization=args.vectorization, arguments=_env_arguments(args)
    )
    try:
        policy = policies.load(args.policy, env) if args.policy else policies.random_policy(env, args.seed)
        inputs = [*args.input, *policies.sources(args.policy)]
        job = chosen_job(args) or args.env_id.rpartition(":")[2]
        env = record(
            env, job=job, store=path, frames=args.frames, inputs=inputs or None, schema=args.schema, sample=args.sample
        )
        _insist(env)
        wanted = args.steps if args.steps or args.episodes else DEFAULT_STEPS
        progress = drive.Progress(wanted, args.episodes)
        reporter = Reporter(args.env_id)
        try:
            drive.drive(env, policy, progress, stop, reporter, seed=args.seed)
        finally:
            reporter.close()
    finally:
        env.close()
    return _summary(args, env, progress, progress.seconds, stop, path)


def _summary(args: argparse.Namespace, env: Any, progress: Any, seconds: float, stop: Any, path: Any) -> dict[str, Any]:
    """Read back from the store: what is printed is what is there."""
    from cornerman.store.api import open_store

    with open_store(path) as store:
        run = store.run(env.cornerman.run_id).summary()
    return {
        "run_id": run.run_id,
        "job": run.job,
        "env_id": args.env_id,
        "store": str(path),
        "steps": progress.steps,
        "transitions": run.transition_count,
        "episodes": run.episode_count,
        "last_return": progress.last_return,
        "mean_length": run.mean_length,
        "seconds": round(seconds, 3),
        "steps_per_second": round(progress.steps / max(seconds, 1e-9), 1),
        "bytes": run.bytes,
        "ledger": output.ledger_json(run.ledger),
        "stopped_by": stop.received.name if stop.received else None,
    }


def _print_summary(args: argparse.Namespace, summary: dict[str, Any]) -> None:
    if args.json:
        output.print_json(summary)
        return
    from cornerman.core.records import LedgerRow

    ledger = LedgerRow(**{key: value for key, value in summary["ledger"].items() if key != "balanced"})
    stopped = f" · stopped by {summary['stopped_by']}" if summary["stopped_by"] else ""
    facts = {
        "run": f"{summary['run_id']} (job {summary['job']})",
        "steps": f"{summary['steps']:,} in {output.duration(summary['seconds'])},"
        f" {output.rate(summary['steps_per_second'])} per second{stopped}",
        "episodes": f"{summary['episodes']:,} · last return {output.number(summary['last_return'])}"
        f" · mean length {output.number(summary['mean_length'])}",
        "ledger": output.ledger_line(ledger),
        "size": output.size(summary["bytes"]),
        "store": summary["store"],
    }
    output.print_facts(facts)
    output.say(f"Look at it with `cornerman`, or `cornerman show {summary['run_id']}`.")


def _lossless(summary: dict[str, Any]) -> bool:
    ledger = summary["ledger"]
    return bool(ledger["balanced"]) and not any(ledger["dropped"].values())


def _usable_store(args: argparse.Namespace) -> Any:
    """The store's folder, made if need be; raises what is wrong with it before anything is run."""
    from cornerman.store import connection, filesystem

    path = chosen_store(args)
    if not filesystem.filesystem_of(path).network:
        connection.create(path).close()
    return path


def _insist(env: Any) -> None:
    """The recorder never stops a training; a command that does nothing but record must not go on without it."""
    if env.cornerman.run_id is None:
        raise CornermanError(
            "Nothing can be recorded: recording is switched off, or the store does not take it.",
            "`cornerman config explain producer.enabled` and `cornerman doctor` say which.",
        )


def _check(args: argparse.Namespace) -> None:
    if args.vectorization and not args.num_envs:
        raise InvalidOption("--vectorization is for vector environments.", "Add --num-envs K.")


def _env_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """The environment's keyword arguments, with the render mode that the frames asked for need."""
    arguments = dict(map(_env_argument, args.env_arg))
    if args.render_mode:
        arguments["render_mode"] = args.render_mode
    elif (frames := chosen_frames(args)) and parse_frames(frames).mode != "none":
        from cornerman.adapters.environments import renders_pictures

        if renders_pictures(args.env_id):
            arguments.setdefault("render_mode", "rgb_array")
    return arguments


def _env_argument(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise InvalidOption(f"--env-arg {text} is not KEY=VALUE.", "For example --env-arg is_slippery=false.")
    for parse in (json.loads, ast.literal_eval):
        try:
            return key, parse(value)
        except (ValueError, SyntaxError):
            continue
    return key, value


def _positive(text: str) -> int:
    try:
        value = int(text.replace("_", "").replace(",", ""))
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return value


def _note(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning of the recorder or of Gymnasium, as one line of talk."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(message))  # Gymnasium colours its own, wherever they go
    output.say(f"note: {output.harmless(' '.join(plain.split()))}")
