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
    pairs = [_pair(text) for text in args.set]
    found = {**({"producer.profile": args.profile} if args.profile else {}), **dict(pairs)}
    for name, value in found.items():
        key(name).parse(value, "--profile" if value is args.profile else f"--set {name}")
    return found


def variables(args: argparse.Namespace) -> dict[str, str]:
    """The variables that say the same to a program that is started."""
    return {key(name).environment: value for name, value in given(args).items()}


def obey(args: argparse.Namespace) -> None:
    """Have this program, and the workers it starts, record by them: `--frames` and `--sample` are such, too."""
    os.environ.update(variables(args))
    said = {name: getattr(args, name.partition(".")[2], None) for name in ("producer.frames", "producer.sample")}
    for name, value in said.items():
        if value is not None:
            key(name).parse(value, f"--{name.partition('.')[2]}")
    os.environ.update({key(name).environment: value for name, value in said.items() if value is not None})


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidOption(f"--set {text} is not KEY=VALUE.", "For example --set storage.rows_per_chunk=512.")
    return name.strip(), value.strip()
