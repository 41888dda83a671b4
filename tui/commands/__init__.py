"""One file a command, each with `add(subparsers)` and `run(args) -> int`, found by the table below."""

from __future__ import annotations

import argparse
import textwrap
from keyword import iskeyword
from typing import Any

COMMANDS = {
    "demo": "three real environments learn while you watch",
    "record": "drive an environment, no screen, and record every step",
    "run": "run a command: its lines, its end and what it used are kept with its steps",
    "launch": "start, stop and restart programs that outlive the terminal",
    "runs": "list the runs of a store: alive? learning? how large?",
    "watch": "follow a run without a screen; the exit code says what came of it",
    "logs": "log lines of runs and of our programs: filter, search, count, follow",
    "alerts": "what is wrong with runs, since when; rules of yours; the alert file",
    "show": "one run in full: streams, seeds, provenance, ledger",
    "sql": "ask the recorded steps a question in SQL",
    "export": "write the steps of a run as CSV, JSON lines or Parquet",
    "space": "print what a space allows, and its digest",
    "verify": "check that what was recorded is whole, byte for byte",
    "schema": "the schema registry: versions, what a change breaks, checks of data",
    "enforce": "what happens to steps that their schema does not allow",
    "quarantine": "what schemas refused: look, judge again, export",
    "import": "records of other programs: judged by a schema, stored, the refused set aside",
    "import-logs": "log lines of other programs: merged by time, nothing twice",
    "documents": "what was imported: list it, write it out, remove it",
    "fixtures": "samples of a schema: valid ones, and such as break one rule each",
    "init": "begin a program that sends records of a schema, and its test",
    "contract": "run a program and judge what it sends and records",
    "delete": "remove a run; its space is used again",
    "prune": "remove old runs by rule: age, number of a job, size; shows first",
    "selftest": "prove the promises on this host, with figures",
    "doctor": "look at the store and this host, and say what to do",
    "codes": "the words of log lines: what a code means, which are unknown",
    "redact": "what is hidden of log lines and commands before it is stored, and your rules",
    "config": "show settings, and where each value comes from",
}
"""In the order of the help: first what a newcomer needs. The module is `commands/<name>.py`."""


def module_name(command: str) -> str:
    """The module of a command; `import` is a word of Python's own, so its module is `import_`."""
    return f"cornerman.tui.commands.{command.replace('-', '_')}{'_' * iskeyword(command)}"


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


def add_common(parser: argparse.ArgumentParser, *, default: Any) -> None:
    """What every command understands; a command that has its own option of that name keeps it."""
    wanted: dict[str, dict[str, Any]] = {
        "--store": {"metavar": "DIR", "help": "the store's folder (default: $CORNERMAN_STORE, else your data folder)"},
        "--state-dir": {"metavar": "DIR", "help": "settings, bookmarks and store are here, and nothing in your home"},
        "--json": {"action": "store_true", "help": "print one JSON document instead of text"},
        "--debug": {"action": "store_true", "help": "show the traceback when something fails"},
    }
    for option, settings in wanted.items():
        if option not in parser._option_string_actions:
            parser.add_argument(option, default=default, **settings)


class Help(argparse.HelpFormatter):
    """Fills paragraphs to the terminal's width; what is indented, as examples and tables are, stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = text.strip("\n").split("\n\n")
        return "\n\n".join(part if "\n  " in f"\n{part}" else textwrap.fill(part, width) for part in parts)
