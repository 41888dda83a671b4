"""Settings that are given to one command: `--profile NAME`, `--set KEY=VALUE`, checked as from any other source."""

from __future__ import annotations

import argparse
import os

from cornerman.core.errors import InvalidOption
from cornerman.core.setting_keys import key


def add(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--profile", metavar="NAME", help="named defaults: `cornerman config profiles` lists them")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting for this program alone; repeatable"
    )


def given(args: argparse.Namespace) -> dict[str, str]:
    """By key, as they were written; InvalidOption for what cannot be used."""
    said = [("--profile", "producer.profile", args.profile)] if args.profile else []
    said += [(f"--set {name}", name, value) for name, value in map(_pair, args.set)]
    for option, name, value in said:
        key(name).parse(value, option)
    return {name: value for _, name, value in said}


def variables(args: argparse.Namespace) -> dict[str, str]:
    """The variables that say the same to a program that is started."""
    return {key(name).environment: value for name, value in given(args).items()}


def obey(args: argparse.Namespace) -> None:
    """Have this program, and the workers it starts, record by them: `--frames` and `--sample` are such, too."""
    os.environ.update(variables(args))
    for option in ("frames", "sample"):
        value = getattr(args, option, None)
        if value is not None:
            setting = key(f"producer.{option}")
            setting.parse(value, f"--{option}")
            os.environ[setting.environment] = value


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidOption(f"--set {text} is not KEY=VALUE.", "For example --set storage.rows_per_chunk=512.")
    return name.strip(), value.strip()
