"""Commands of verbs, such as `cornerman codes list`: what a verb is, and how it comes to be typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import Help, add_common


class Verb(NamedTuple):
    """One verb: what it is for, its arguments, and what it does."""

    purpose: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add_verbs(parser: argparse.ArgumentParser, verbs: Mapping[str, Verb]) -> None:
    """The verbs of a command; the one that was typed is `args.verb`, None where none was."""
    known = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb")
    for name, verb in verbs.items():
        its = known.add_parser(name, help=verb.purpose, description=verb.purpose, formatter_class=Help)
        verb.arguments(its)
        add_common(its, default=argparse.SUPPRESS)


def no_arguments(_: argparse.ArgumentParser) -> None:
    """Of a verb that takes none."""
