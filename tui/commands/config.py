"""`cornerman config`: which settings hold, where each value comes from, and what is wrong with them."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption

from .. import exits
from ..output import print_facts, print_json, print_table, say
from . import Subparsers, describe

if TYPE_CHECKING:  # the model needs pydantic: only this command pays for it
    from cornerman.core.settings import EffectiveSettings, Explanation

DESCRIPTION = """
Settings come from four places, the later one wins: built-in defaults, the configuration files, environment
variables, and flags of a command. Every setting says whether it touches the view only or the stored data.
"""
EXAMPLES = """\
  cornerman config                        every setting, its value and origin
  cornerman config explain view.fps       bounds, unit, effect, every source
  cornerman config paths                  the files that are read, and the store
  cornerman config check                  what is wrong; exit code 1 if anything

in a file:
  [storage]
  max_store_bytes = "100 GiB"

in the environment:
  CORNERMAN_STORAGE_MAX_STORE_BYTES="100 GiB\""""


def add(subparsers: Subparsers) -> None:
    """The arguments of `cornerman config`."""
    parser = describe(subparsers, "config", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "action", nargs="?", choices=("show", "explain", "paths", "check"), default="show", help="default: show"
    )
    parser.add_argument("key", nargs="?", metavar="KEY", help="with explain: a setting such as view.fps")


def run(args: argparse.Namespace) -> int:
    """Load the settings as every command does, and print the chosen view of them."""
    from cornerman.core.settings import load_settings

    if args.key and args.action != "explain":
        raise InvalidOption(f"`config {args.action}` takes no setting.", f"Try `cornerman config explain {args.key}`.")
    problems: list[InvalidOption] = []
    settings = load_settings({"identity.store": args.store}, on_problem=problems.append)
    if args.action == "check":
        return _check(problems, args.json)
    for problem in problems:
        say(f"cornerman: {problem.what} It is ignored.")
    {"show": _show, "explain": _explain, "paths": _paths}[args.action](settings, args)
    return exits.OK


def _show(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    found = settings.explain()
    if args.json:
        print_json({one.key.name: {"value": _plain(one.value), "origin": one.origin} for one in found})
        return
    rows = [[one.key.name, _text(one.value), one.key.unit, one.key.effect, one.origin] for one in found]
    print_table(["setting", "value", "unit", "effect", "from"], rows)


def _explain(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    found = settings.explain(args.key)
    if args.json:
        print_json([_explanation(one) for one in found])
        return
    for number, one in enumerate(found):
        print("\n" * bool(number) + one.key.name)
        print_facts(
            {
                "what": one.key.description,
                "value": f"{_text(one.value)} {one.key.unit}".strip(),
                "allowed": one.key.bounds,
                "effect": one.key.effect,
                "enforced": one.key.enforced,
                "variable": one.key.environment,
            },
            indent=2,
        )
        print("  sources, the last one wins:")
        print_facts({origin: _text(value) for origin, value in one.layers}, indent=4)


def _explanation(one: Explanation) -> dict[str, Any]:
    return {
        "name": one.key.name,
        "value": _plain(one.value),
        "origin": one.origin,
        "layers": [{"origin": origin, "value": _plain(value)} for origin, value in one.layers],
        "default": _plain(one.key.default),
        "allowed": one.key.bounds,
        "unit": one.key.unit,
        "effect": one.key.effect,
        "enforced": one.key.enforced,
        "environment": one.key.environment,
        "description": one.key.description,
    }


def _paths(settings: EffectiveSettings, args: argparse.Namespace) -> None:
    from cornerman.core.setting_keys import user_data_folder
    from cornerman.core.setting_sources import config_files, user_config_file

    read = [str(path) for path in config_files(os.environ)]
    facts = {
        "user_config": str(user_config_file()),
        "read": read,
        "store": str(settings.values.identity.store or user_data_folder()),
    }
    if args.json:
        print_json(facts)
        return
    print_facts(
        {
            "user's configuration": f"{facts['user_config']}{'' if user_config_file().exists() else ' (not there)'}",
            "read, the last one wins": ", ".join(read) or "none",
            "store": str(facts["store"]),
        }
    )


def _check(problems: list[InvalidOption], as_json: bool) -> int:
    from cornerman.core.setting_sources import misspelt

    found = [{"problem": problem.what, "remedy": problem.remedy} for problem in problems]
    found += [
        {"problem": f"${name} is no setting.", "remedy": "`cornerman config explain` lists every variable."}
        for name in misspelt(os.environ)
    ]
    if as_json:
        print_json({"problems": found})
    for one in found:
        say(f"cornerman: {one['problem']}\n  {one['remedy']}")
    if not found:
        say("Every setting can be used.")
    return exits.PROBLEM if found else exits.OK


def _text(value: Any) -> str:
    if value is None:
        return "auto"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)
