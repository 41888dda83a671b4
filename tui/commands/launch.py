"""`cornerman launch`: start programs that outlive the terminal, see them, stop them, start them again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption, StoreError

from .. import exits, given_settings, output, words
from ..chosen import chosen_store
from . import Help, Subparsers, add_common, describe

if TYPE_CHECKING:
    from cornerman.adapters.launches import Launch

DESCRIPTION = """
Start a training command, or a policy on an environment, so that it goes on
when the terminal or the SSH connection ends; see it, stop it (SIGTERM), kill
it, start it again, from any terminal of this host. What can be known to be
wrong is said before anything starts: a command that is not there, an
environment nobody registered, a setting out of bounds, a disk without room."""

EXAMPLES = """
  cornerman launch start --job night -- python train.py --lr 0.001
  cornerman launch start -- cornerman record CartPole-v1 --policy lean:act
  cornerman launch start --set resources.cpus=2 --set resources.gpus=0 \\
                         --profile atari -- python train.py
  cornerman launch start --restart on-failure:3 -- python train.py
  cornerman launch list                   what runs, and how the others ended
  cornerman launch show latest            settings, limits, last lines
  cornerman launch stop night             by its job, or by its id
  cornerman launch restart latest --set resources.cpus=4
  cornerman launch forget --ended         of those that ended"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "launch", DESCRIPTION, EXAMPLES)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    made = {
        verb: verbs.add_parser(
            verb, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", formatter_class=Help
        )
        for verb, purpose in VERBS.items()
    }
    for verb in ("show", "stop", "kill", "restart"):
        made[verb].add_argument("launch", metavar="LAUNCH", help="its id, a part of that, its job, or `latest`")
    _add_start(made["start"])
    given_settings.add(made["restart"])
    made["show"].add_argument("--lines", type=int, default=10, metavar="N", help="of its output (default: 10)")
    made["forget"].add_argument("launch", nargs="?", metavar="LAUNCH", help="one that ended")
    made["forget"].add_argument("--ended", action="store_true", help="all that ended")
    for one in made.values():
        add_common(one, default=argparse.SUPPRESS)


VERBS = {
    "start": "check a command, and start it",
    "list": "what was launched, the newest first",
    "show": "one of them, with the last lines of its output",
    "stop": "ask it to end (SIGTERM)",
    "kill": "end it and all that it started, at once",
    "restart": "stop it if it runs, and start the same again",
    "forget": "remove what is remembered of those that ended",
}


def _add_start(start: argparse.ArgumentParser) -> None:
    start.add_argument("--job", default="", help="the name to find it and its runs by")
    start.add_argument("--cwd", default="", metavar="DIR", help="the folder it starts in (default: this one)")
    start.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="a variable of its environment; repeatable"
    )
    start.add_argument(
        "--restart", default="", metavar="WHEN",
        help="N: start it again up to N times; on-failure or on-failure:N: when it fails",
    )  # fmt: skip
    start.add_argument("--check", action="store_true", help="only say whether it could be started, and what is dear")
    given_settings.add(start)
    start.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND …", help="what to start")


def run(args: argparse.Namespace) -> int:
    verbs: dict[str, Callable[[argparse.Namespace, Path], int]] = {
        "start": _start, "list": _list, "show": _show, "stop": _stop, "kill": _kill, "restart": _restart,
        "forget": _forget,
    }  # fmt: skip
    return verbs[args.verb](args, chosen_store(args))


def _start(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launching

    command = args.words[1:] if args.words[:1] == ["--"] else args.words
    environment = dict(map(_variable, args.env))
    wanted = launching.Wanted(command, args.job, args.cwd, given_settings.given(args), environment, args.restart)
    checked = launching.check(store, wanted)
    for cost in checked.warnings:
        output.say(f"warning: {cost.key}: {cost.words}")
    if args.check:
        output.say("It can be started.")
        return exits.OK
    return _say_begun(launching.begin(store, checked), args)


def _restart(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launches, launching

    launch = launches.named(store, args.launch)
    return _say_begun(launching.restart(store, launch, given_settings.given(args)), args)


def _say_begun(launch: Launch, args: argparse.Namespace) -> int:
    if args.json:
        output.print_json(as_json(launch))
        return exits.OK
    print(launch.id)
    output.say(f"It runs as pid {launch.pid}, and goes on without this terminal. `cornerman launch show latest`")
    return exits.OK


def _list(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launches

    from ..launch_words import shown_command, state_words

    found = launches.launches(store)
    if args.json:
        output.print_json([as_json(launch) for launch in found])
        return exits.OK
    if not found:
        output.say(f"Nothing was launched in {store}. `cornerman launch start -- COMMAND …`")
        return exits.OK
    names = words.short_ids([one.id for one in found])
    runs = _short_runs(store, {launch: run.run_id for launch, run in launches.LaunchedRuns(store).by_launch().items()})
    rows = [
        [names[one.id], one.job or "-", state_words(one), str(one.pid or "-"), runs.get(one.id, "-"), _when(one),
         shown_command(one)]
        for one in found
    ]  # fmt: skip
    output.print_table(
        ["LAUNCH", "JOB", "STATE", "PID", "RUN", "STARTED", "COMMAND"], rows, spare=("STARTED", "PID", "RUN")
    )
    return exits.OK


def _short_runs(store: Path, runs: dict[str, str]) -> dict[str, str]:
    """The runs of launches, called as `cornerman runs` calls them."""
    from cornerman.store.api import open_store

    try:
        with open_store(store, read_only=True) as opened:
            known = [run.run_id for run in opened.runs()]
    except StoreError:
        known = []
    short = words.short_ids(list(dict.fromkeys([*known, *runs.values()])))
    return {launch: short[run] for launch, run in runs.items()}


def _show(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launches

    from ..launch_words import shown_command, state_words

    if args.lines < 0:
        raise InvalidOption(f"--lines cannot be {args.lines}.", "0 shows none.")
    launch = launches.named(store, args.launch)
    command = launches.LaunchedRuns(store).by_launch().get(launch.id)
    run = command.run_id if command else ""
    lines = launches.last_lines(store, run, args.lines) if run else []
    if args.json:
        output.print_json({**as_json(launch), "run": run or None, "lines": lines})
        return exits.OK
    limits = launch.limits
    facts = {
        "launch": launch.id,
        "state": state_words(launch),
        "command": shown_command(launch),
        "folder": launch.cwd,
        "job": launch.job or "-",
        "pid": str(launch.pid or "-"),
        "started": _when(launch),
        "settings": " ".join(f"{name}={value}" for name, value in launch.settings.items()) or "as everywhere",
        "again": launch.restart or "never by itself",
        "processors": ",".join(map(str, limits.processors)) or "all",
        "memory": output.size(limits.memory_bytes) if limits.memory_bytes else "no limit",
        "gpus": limits.gpus,
        "run": run or "none yet",
    }
    output.print_facts(facts)
    for line in lines:
        print(f"  {output.harmless(line)}")
    return exits.OK


def _stop(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launches, launching

    launch = launching.stop(store, launches.named(store, args.launch))
    output.say(f"{launch.id} was asked to end (SIGTERM to pid {launch.pid}).")
    return exits.OK


def _kill(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launches, launching

    launch = launching.kill(store, launches.named(store, args.launch))
    output.say(f"{launch.id} was killed (SIGKILL to pid {launch.pid} and what it started).")
    return exits.OK


def _forget(args: argparse.Namespace, store: Path) -> int:
    from cornerman.adapters import launches, launching

    if bool(args.launch) == args.ended:
        raise InvalidOption("Forget which?", "Name one, or say --ended.")
    found = [launches.named(store, args.launch)] if args.launch else launches.launches(store)
    gone = [launch for launch in found if args.launch or not launch.alive]
    for launch in gone:
        launching.forget(store, launch)
    output.say(f"{len(gone)} forgotten; their runs stay.")
    return exits.OK


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InvalidOption(f"--env {text} is not NAME=VALUE.", "For example --env WANDB_MODE=offline.")
    return name, value


def as_json(launch: Launch) -> dict[str, Any]:
    """A launch as `--json` shows it everywhere."""
    from ..launch_words import shown_command

    plain = output.plain(launch)
    for hidden in ("started", "birth", "keeper", "environment"):
        plain.pop(hidden)
    return {**plain, "command": shown_command(launch), "state": launch.state}


def _when(launch: Launch) -> str:
    return output.moment(int(launch.created * 1e6))
