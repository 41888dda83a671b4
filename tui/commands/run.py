"""`cornerman run -- COMMAND`: a command as a run, its output kept and understood, the terminal none the wiser."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from cornerman.core.errors import InvalidOption

from .. import given_settings, output
from ..chosen import chosen_job, chosen_store
from . import Subparsers, describe

DESCRIPTION = """
Run a command, of any language, as a run of the store. The terminal sees what it always saw, byte for byte; beside that
every line the command writes is kept, understood where its format is known, and belongs to the run, as do the steps
that it records. What the command and the host use is measured meanwhile, and how it ended is noted. Exit codes and
signals are passed on both ways: with or without `cornerman run`, the outcome is the same. Nothing that is wrong with
the store stops the command.

A command that is started again is another run of the same job; `cornerman show` says which it follows.

The command finds the run in its environment (CORNERMAN_RUN, CORNERMAN_JOB, CORNERMAN_STORE), and PYTHONUNBUFFERED=1
where that is not set. Values whose names say that they are secret (API_KEY, --token) are never stored."""

EXAMPLES = """
  cornerman run -- python train.py --lr 3e-4
  cornerman run --job sweep --env SEED=7 -- python train.py
  cornerman run --restart on-failure:3 -- python train.py
                                          up to three times more, if it fails
  cornerman run --frames none -- ./train.sh
                                          no pictures, whatever the script says
  cornerman run --gpus 1 --memory 16G --note "new reward" -- python train.py
  cornerman logs latest --min-level WARNING
                                          what it had to complain about"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "run", DESCRIPTION, EXAMPLES)
    parser.add_argument("--job", help="the name to find it by (default: the script's)")
    parser.add_argument(
        "--env", action="append", default=[], metavar="K=V", help="a variable for the command; repeatable"
    )
    parser.add_argument(
        "--frames",
        metavar="WHICH",
        help="none, auto, every=N or envs=0,3: which pictures are wanted, whatever its script says",
    )
    parser.add_argument(
        "--restart", metavar="WHEN", help="N: start it again up to N times; on-failure or on-failure:N: when it fails"
    )
    parser.add_argument("--kill-after", type=float, metavar="S", help="SIGKILL, if it lives S seconds after SIGTERM")
    parser.add_argument("--no-pty", action="store_true", help="pipes, also where the output is a terminal")
    given_settings.add(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document about the run, after its last line")
    noted = parser.add_argument_group("noted with the run; nothing enforces them")
    noted.add_argument("--cpus", metavar="N", help="processors that it was given")
    noted.add_argument("--memory", metavar="SIZE", help="memory that it was given, such as 16G")
    noted.add_argument("--gpus", metavar="N", help="graphics cards that it was given")
    noted.add_argument("--note", default="", metavar="TEXT", help="what you want to remember of it")
    parser.add_argument("command_line", metavar="COMMAND", nargs=argparse.REMAINDER, help="after --: what to run")


def run(args: argparse.Namespace) -> int:
    command = tuple(args.command_line[1:] if args.command_line[:1] == ["--"] else args.command_line)
    if not command or not command[0]:
        raise InvalidOption("There is no command to run.", "Write it after --: cornerman run -- python train.py.")
    from cornerman.adapters.bridge.signals import AwaitedSignals

    with AwaitedSignals() as signals:
        from cornerman.adapters.bridge import running

        ended, kept = running.run_command(_request(args, command), signals)
    if args.json:  # the last line of stdout, after the command's own
        facts = ("run_id", "job", "exit_code", "signal", "failure", "attempt", "lines", "lost")
        output.print_json({name: getattr(kept, name) for name in facts})
        sys.stdout.flush()  # to die of a signal would leave it behind
    if ended.failure:
        output.say(f"cornerman: {output.harmless(command[0])} cannot be run: {ended.failure}.")
        output.say(
            "  Is its environment activated?" if ended.code == 127 else "  `chmod +x` it, or put `python` before it."
        )
        return ended.code
    from cornerman.log_catalog import conclude

    conclude()  # to die of a signal skips what is done at exit
    return running.end_like(ended)


def _request(args: argparse.Namespace, command: tuple[str, ...]) -> Any:
    from cornerman.adapters.bridge import running
    from cornerman.adapters.bridge.restarts import Restarts
    from cornerman.core.frames_option import parse_frames

    if args.frames:
        parse_frames(args.frames)
    if args.kill_after is not None and not 0 <= args.kill_after < float("inf"):
        raise InvalidOption(f"--kill-after cannot be {args.kill_after}.", "Seconds, such as --kill-after 10.")
    return running.Request(
        command,
        chosen_store(args),
        chosen_job(args) or running.default_job(command),
        environment={**given_settings.variables(args), **dict(map(_variable, args.env))},
        resources=_noted(args),
        note=args.note,
        frames=args.frames or "",
        pty=not args.no_pty,
        restarts=Restarts.parse(args.restart or ""),
        kill_after=args.kill_after,
    )


def _noted(args: argparse.Namespace) -> dict[str, str]:
    """What the command was given, as its user wrote it; refused where `launch` could not give it."""
    from cornerman.core.setting_keys import key

    noted = {name: value for name in _GIVEN if (value := getattr(args, name)) is not None}
    for name, value in noted.items():
        setting, example = _GIVEN[name]
        try:
            key(setting).parse(value, f"--{name}")
        except InvalidOption as error:
            bounds = f"{key(setting).bounds} {key(setting).unit}".strip()
            raise InvalidOption(f"--{name} cannot be {value!r}.", f"Allowed: {bounds}; such as {example}.") from error
    return noted


_GIVEN = {
    "cpus": ("resources.cpus", "--cpus 2"),
    "memory": ("resources.memory_bytes", "--memory 16G"),
    "gpus": ("resources.gpus", "--gpus 0,1"),
}
"""Options that are noted with a run: the setting that says what can be given, and an example."""


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or "\0" in text:
        raise InvalidOption(f"--env {text} is not NAME=VALUE.", "For example --env SEED=7.")
    return name, value
