"""One file a command, each with `add(subparsers)` and `run(args) -> int`, found by the table below."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

COMMANDS = {
    "demo": "three real environments learn while you watch",
    "record": "drive an environment, no screen, and record every step",
    "runs": "list the runs of a store: alive? learning? how large?",
    "show": "one run in full: streams, seeds, provenance, ledger",
    "sql": "ask the recorded steps a question in SQL",
    "export": "write the steps of a run as CSV, JSON lines or Parquet",
    "space": "print what a space allows, and its digest",
    "verify": "check that what was recorded is whole, byte for byte",
    "delete": "remove a run; its space is used again",
    "selftest": "prove the promises on this host, with figures",
    "doctor": "look at the store and this host, and say what to do",
    "config": "show settings, and where each value comes from",
}
"""In the order of the help: first what a newcomer needs. The module is `commands/<name>.py`."""

Subparsers = Any  # argparse has no public name for it


def describe(subparsers: Subparsers, name: str, description: str, examples: str) -> argparse.ArgumentParser:
    """The parser of one command: what it is for, its options, and examples that teach."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=COMMANDS[name],
        description=description.strip(),
        epilog="examples:\n" + examples.strip("\n"),
        formatter_class=Help,
    )
    return parser


class Help(argparse.HelpFormatter):
    """Fills paragraphs to the terminal's width; what is indented, as examples and tables are, stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = text.strip("\n").split("\n\n")
        return "\n\n".join(part if "\n  " in f"\n{part}" else textwrap.fill(part, width) for part in parts)
