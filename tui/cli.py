"""`cornerman`: the command line. The top layer, because it composes everything.

Each command is a file in `commands/` with `add(subparsers)` and `run(args) -> int`. It is imported only when it is the
one that was typed, so `cornerman runs` starts fast and what records never loads the terminal.
"""

from __future__ import annotations

import argparse
import codecs
import errno
import io
import os
import signal
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from cornerman.core.errors import CornermanError, InvalidOption, InvalidQuery, StoreError
from cornerman.log_catalog import conclude
from cornerman.log_catalog.user_folders import STATE_DIR_VARIABLE

from . import exits
from .chosen import chosen_store, configure_logging
from .commands import COMMANDS, Help, add_common, module_name
from .parser import Parser

DESCRIPTION = """\
The flight recorder and the ringside seat for reinforcement learning.

Without a command, `cornerman` opens the terminal on every run of this host:
live while it trains, and any step of any episode replayed. In a training
script one line records everything:

    env = cornerman.record(gym.make("CartPole-v1"))"""

REMEDIES = {
    errno.ENOENT: "Check the name: it is meant from the folder that you are in.",
    errno.EACCES: "Check its permissions, or name another.",
    errno.EISDIR: "Name a file in it.",
    errno.ENOTDIR: "A part of that path is a file.",
    errno.ENOSPC: "Free some room on that disk, or name another place.",
}
"""For what the system refuses, whatever it was needed for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says how it went (see `exits`). Never prints a traceback unless asked to."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    _write_any_text()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _discard_output()
        return exits.BROKEN_PIPE
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except CornermanError as error:
        return _refuse(error, arguments)
    except OSError as error:  # a full disk, a file that may not be written: the system's word is the message
        what = f"{error.filename or 'The system'}: {error.strerror or error}."
        return _refuse(CornermanError(what, REMEDIES.get(error.errno or 0, "")), arguments)
    except Exception as error:  # the last line of defence: a person reads one line, not a traceback
        return exits.INTERRUPTED if _by_ctrl_c(error) else _confess(error, arguments)
    finally:
        conclude()


def parser_for(command: str | None) -> Parser:
    """The parser with the options of `command`; the other commands are there by name and purpose only."""
    parser = Parser(
        prog="cornerman",
        description=DESCRIPTION,
        epilog=_epilog(),
        formatter_class=Help,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    parser.add_argument("--run", metavar="RUN", dest="open_run", help="open the screens on this run")
    add_common(parser, default=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, purpose in COMMANDS.items():
        if name == command:
            _module(name).add(subparsers)
            add_common(subparsers.choices[name], default=argparse.SUPPRESS)
        else:
            subparsers.add_parser(name, help=purpose, add_help=False)
    return parser


def _run(arguments: list[str]) -> int:
    command = _chosen(arguments)
    parser = parser_for(command)
    args, unknown = parser.parse_known_args(arguments)
    if unknown and not _taken(_used(parser, args), args, unknown):
        _used(parser, args).refuse_unknown(unknown)
    if args.version:
        from cornerman import __version__

        print(f"cornerman {__version__}")
        return exits.OK
    if args.state_dir:
        os.environ[STATE_DIR_VARIABLE] = str(Path(args.state_dir).absolute())  # programs that we start obey it too
    configure_logging(args)
    if command is None:
        return _open(args)
    return int(_module(command).run(args) or exits.OK)


def _used(parser: Parser, args: argparse.Namespace) -> Parser:
    """The parser of the command, or verb, that was typed."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and (named := getattr(args, action.dest, None)):
            return _used(action.choices[named], args)
    return parser


def _taken(parser: Parser, args: argparse.Namespace, words: list[str]) -> bool:
    """Whether the words behind an option belong to an argument that takes any number: argparse fills it before that."""
    taker = next((one for one in parser._actions if not one.option_strings and one.nargs == "*"), None)
    if taker is None or any(word.startswith("-") for word in words):
        return False
    made = taker.type if callable(taker.type) else str
    setattr(args, taker.dest, [*(getattr(args, taker.dest) or ()), *map(made, words)])
    return True


def _chosen(arguments: list[str]) -> str | None:
    """The command that was typed: the first word that is neither an option nor the value of one."""
    words = iter(arguments)
    for word in words:
        if word in ("--store", "--run", "--state-dir"):
            next(words, None)
        elif not word.startswith("-"):
            return word if word in COMMANDS else None
    return None


def _module(command: str) -> Any:
    return import_module(module_name(command))


def _open(args: argparse.Namespace) -> int:
    """No command: the terminal, where there is one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidOption(
            "The screens need a terminal, and this output is not one.",
            "`cornerman runs` prints the same list; over SSH ask for a terminal with `ssh -t`.",
        )
    from .opening import open_screens

    return open_screens(chosen_store(args), args.open_run)


def _refuse(error: CornermanError, arguments: list[str]) -> int:
    if "--debug" in arguments:
        _print_traceback()
    print(f"cornerman: {error.what}", file=sys.stderr)
    if error.remedy:
        print(textwrap.indent(textwrap.fill(error.remedy, 100, break_long_words=False), "  "), file=sys.stderr)
    if isinstance(error, StoreError):
        return exits.STORE
    return exits.USAGE if isinstance(error, (InvalidOption, InvalidQuery)) else exits.PROBLEM


def _by_ctrl_c(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what began it: a library that was called back may have put its own error on top."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _confess(error: Exception, arguments: list[str]) -> int:
    if "--debug" in arguments:
        _print_traceback()
    detail = " ".join(str(error).split()) or "no message"
    print(f"cornerman: a fault of its own: {type(error).__name__}: {detail}", file=sys.stderr)
    if "--debug" not in arguments:
        print("  What was recorded is safe. The same command with --debug shows where it happened.", file=sys.stderr)
    return exits.FAULT


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _write_any_text() -> None:
    """Where the locale has not every sign: a file or a pipe gets UTF-8, because it is data; a terminal shows `?`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors=stream.errors)


def _discard_output() -> None:
    """Nobody reads any more: leave without Python's complaint about it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _epilog() -> str:
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in exits.MEANING.items())
    return f"""\
first steps:
  cornerman demo                      watch three environments learn
  cornerman record CartPole-v1        record ten thousand steps of one yourself
  cornerman                           look at them
  cornerman run -- python train.py    your own training, with what it prints

`cornerman COMMAND --help` explains a command by examples. Data goes to
stdout, talk to stderr.

exit codes:
{codes}

`cornerman run` ends as its command does; with 126 or 127 where that could not
be started."""
