"""`cornerman config`: which settings hold, where each comes from, what it costs, what is wrong; and changing them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits
from ..output import print_facts, print_json, print_table, say
from . import Subparsers, describe

if TYPE_CHECKING:  # the model needs pydantic: only this command pays for it
    from cornerman.core.setting_costs import Cost, Measured
    from cornerman.core.setting_sources import Explanation
    from cornerman.core.settings import EffectiveSettings

DESCRIPTION = """
Settings come from these places, the later one wins: built-in defaults, a
profile, the configuration files, environment variables, flags of a command.
Every setting says whether it touches the view only or the stored data, which
code obeys it, and what its value costs on this host."""
EXAMPLES = """\
  cornerman config                        every setting, its value and origin
  cornerman config explain view.fps       bounds, effect, cost, every source
  cornerman config check                  what is wrong; exit code 1 if anything
  cornerman config set storage.max_store_bytes "100 GiB"
  cornerman config unset view.fps         the next weaker source holds again
  cornerman config paths                  every file that is read or written
  cornerman config profiles               named defaults for kinds of producers
  cornerman config show --profile atari   what one of them changes

in a file:
  [storage]
  max_store_bytes = "100 GiB"

in the environment:
  CORNERMAN_STORAGE_MAX_STORE_BYTES="100 GiB\""""
ACTIONS = ("show", "explain", "paths", "check", "set", "unset", "profiles")
_ARGUMENTS = {"explain": (0, 1), "set": (2, 2), "unset": (1, 1)}
"""How many words may follow an action."""


def add(subparsers: Subparsers) -> None:
    """The arguments of `cornerman config`."""
    parser = describe(subparsers, "config", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "action", nargs="?", choices=ACTIONS, metavar="ACTION", default="show", help=" | ".join(ACTIONS)
    )
    parser.add_argument("words", nargs="*", metavar="KEY [VALUE]", help="a setting such as view.fps; its value for set")
    parser.add_argument("--profile", metavar="NAME", help="look at the settings with this profile")


def run(args: argparse.Namespace) -> int:
    """Load the settings as every command does, and do the chosen thing with them."""
    from cornerman.core.setting_keys import key
    from cornerman.core.settings import load_settings

    _check_words(args)
    if args.action in ("set", "unset"):
        return _change(args)
    if args.profile is not None:
        key("producer.profile").parse(args.profile, "--profile")
    problems: list[InvalidOption] = []
    flags = {"identity.store": args.store, "producer.profile": args.profile}
    settings = load_settings(flags, on_problem=problems.append)
    if args.action == "check":
        return _check(settings, problems, args.json)
    for problem in problems:
        say(f"cornerman: {problem.what} It is ignored.")
    {"show": _show, "explain": _explain, "paths": _paths, "profiles": _profiles}[args.action](settings, args)
    return exits.OK


def _check_words(args: argparse.Namespace) -> None:
    fewest, most = _ARGUMENTS.get(args.action, (0, 0))
    given = len(args.words)
    if given > most and most < 1:
        raise InvalidOption(
            f"`config {args.action}` takes no setting.", f"Try `cornerman config explain {args.words[0]}`."
        )
    if not fewest <= given <= most:
        wanted = "a setting and a value" if args.action == "set" else "one setting"
        raise InvalidOption(
            f"`config {args.action}` takes {wanted}.", "A value of several words needs quotes: view.fps, '100 GiB'."
        )


def _show(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    found = settings.explain()
    if args.json:
        print_json({one.key.name: {"value": plain(one.value), "origin": one.origin} for one in found})
        return
    rows = [[one.key.name, one.key.said(one.value), one.key.effect, one.origin] for one in found]
    print_table(
        ["setting", "value", "effect", "from"], rows, spare=("effect",)
    )  # a path that wraps is better than none


def _explain(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    from cornerman.core.dot_env import dot_env
    from cornerman.core.setting_costs import costs
    from cornerman.core.setting_sources import effective

    named = args.words[0] if args.words else None
    found = settings.explain(named)
    file = dot_env(Path.cwd())
    said = costs(effective(settings.layers), _measured(settings), named)
    if args.json:
        print_json([_explanation(one, [cost for cost in said if cost.key == one.key.name]) for one in found])
        return
    for number, one in enumerate(found):
        print("\n" * bool(number) + one.key.name)
        _print_explanation(one, [cost for cost in said if cost.key == one.key.name])
        if file is not None and one.key.environment in file.said:
            said_there = f"{one.key.environment}={file.said[one.key.environment]}"
            holds = (
                "not read; export it" if one.key.environment in file.missing(os.environ) else "exported, so it counts"
            )
            print(f"  {file.path} has {said_there}: {holds}")


def _print_explanation(one: Explanation, said: Sequence[Cost]) -> None:
    print_facts(
        {
            "what": one.key.description,
            "value": one.key.said(one.value),
            "allowed": one.key.bounds,
            "effect": one.key.effect,
            "enforced": f"{one.key.enforced} ({one.key.obeyed_by})",
            "variable": one.key.environment,
            **{f"{'warning' if cost.warning else 'cost'}{' ' * at}": cost.words for at, cost in enumerate(said)},
        },
        indent=2,
    )
    print("  sources, the last one wins:")
    print_facts(dict(_sources(one)), indent=4)


def _sources(one: Explanation) -> Iterator[tuple[str, str]]:
    """Every layer's word, weakest first, and between them the place of a script's own."""
    script = one.key.argument
    for place, (origin, value) in enumerate(one.layers):
        if script and place >= one.outer_from:
            yield f"the script's record({script}=…)", "where it says one"
            script = ""
        yield origin, one.key.said(value)
    if script:
        yield f"the script's record({script}=…)", "where it says one"


def _explanation(one: Explanation, said: Sequence[Cost]) -> dict[str, Any]:
    return {
        "name": one.key.name,
        "value": plain(one.value),
        "origin": one.origin,
        "layers": [{"origin": origin, "value": plain(value)} for origin, value in one.layers],
        "default": plain(one.key.default),
        "allowed": one.key.bounds,
        "unit": one.key.unit,
        "effect": one.key.effect,
        "enforced": one.key.enforced,
        "obeyed_by": one.key.obeyed_by,
        "environment": one.key.environment,
        "argument": one.key.argument,
        "description": one.key.description,
        "costs": [{"words": cost.words, "warning": cost.warning} for cost in said],
    }


def _paths(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    from .config_paths import show

    show(_store_path(settings), args.json)


def _check(settings: EffectiveSettings, problems: list[InvalidOption], as_json: bool) -> int:
    """Everything that is wrong, at once; then what is dear, which is no mistake."""
    from cornerman.core.dot_env import dot_env
    from cornerman.core.setting_costs import costs
    from cornerman.core.setting_sources import effective
    from cornerman.core.variables import misspelt

    found = [*problems, *(InvalidOption(one.what, one.remedy) for one in misspelt(os.environ))]
    file = dot_env(Path.cwd())
    found += file.problems(os.environ) if file else []
    measured = _measured(settings)
    dear = [cost for cost in costs(effective(settings.layers), measured) if cost.warning]
    if as_json:
        print_json(
            {
                "problems": [{"problem": one.what, "remedy": one.remedy} for one in found],
                "warnings": [{"setting": cost.key, "warning": cost.words} for cost in dear],
                "measured": {name: getattr(measured, name) for name in measured.__slots__},
            }
        )
    for one in found:
        say(f"cornerman: {one.what}\n  {one.remedy}")
    for cost in dear:
        say(f"warning: {cost.key} = {settings.values.get(cost.key)}: {cost.words}")
    if not found:
        say("Every setting can be used.")
    return exits.PROBLEM if found else exits.OK


def _change(args: argparse.Namespace) -> int:
    """Write the user's file, and say what that costs and whether something stronger hides it."""
    from cornerman.core.setting_file import set_value, unset_value
    from cornerman.core.setting_keys import key
    from cornerman.core.setting_sources import user_config_file

    setting, path = key(args.words[0]), user_config_file()
    if args.action == "set":
        set_value(path, setting, args.words[1])
        say(f"{setting.name} is set in {path}.")
    elif unset_value(path, setting):
        say(f"{setting.name} is not in {path} any more.")
    else:
        say(f"{setting.name} was not in {path}.")
    _say_what_holds(setting.name, args)
    return exits.OK


def _say_what_holds(name: str, args: argparse.Namespace) -> None:
    from cornerman.core.setting_costs import costs
    from cornerman.core.setting_sources import effective, user_config_file
    from cornerman.core.settings import load_settings

    settings = load_settings({"identity.store": args.store}, on_problem=lambda problem: None)
    (one,) = settings.explain(name)
    said = costs(effective(settings.layers), _measured(settings), name)
    if args.json:
        print_json(_explanation(one, said))
    if args.action == "set" and not one.origin.endswith(f" in {user_config_file()}"):
        say(f"It does not hold here: {one.origin} is stronger and says {one.key.said(one.value)}.")
    for cost in said:
        say(f"{'warning' if cost.warning else 'cost'}: {cost.words}")


def _profiles(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    from cornerman.core.setting_profiles import PROFILES

    if args.json:
        print_json({name: {"purpose": one.purpose, "values": dict(one.values)} for name, one in PROFILES.items()})
        return
    chosen = settings.values.producer.profile
    for name, profile in PROFILES.items():
        print(f"{name}{' (chosen)' if name == chosen else ''}")
        print_facts({"for": profile.purpose, **{key: str(value) for key, value in profile.values.items()}}, indent=2)


def _store_path(settings: EffectiveSettings) -> Path:
    from cornerman.store.location import store_path

    return store_path(settings.values.identity.store)


def _measured(settings: EffectiveSettings) -> Measured:
    from cornerman.store.measured import measure

    return measure(_store_path(settings))


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)
