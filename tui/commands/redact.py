"""`cornerman redact VERB`: what is hidden before anything is stored, the user's own rules, and trying them."""

from __future__ import annotations

import argparse
import sys
from functools import partial

import msgspec

from cornerman.core.errors import InvalidOption
from cornerman.core.payloads.redaction_v1 import RedactionV1
from cornerman.core.redacted_lines import hidden
from cornerman.core.redaction_rules import REDACTION

from .. import exits, output
from . import Subparsers, describe
from .verbs import Verb, add_verbs, no_arguments

DESCRIPTION = """
Secrets are hidden before anything is stored: in log lines, in command lines and in variables. A value goes where its
name says so (api_key, HF_TOKEN, password), a text where only secrets look like it (sk-…, hf_…, ghp_…, AKIA…, Bearer …,
JWTs, passwords in addresses). A record of which something was hidden has the flag `redacted`.

Rules of yours are kept beside your settings, in the form of the registered schema `cornerman.redaction`. They hold for
what is stored from then on. The terminal of `cornerman run` sees its output unchanged."""

EXAMPLES = """
  cornerman redact show                       what is hidden now
  cornerman redact name 'wandb_*'             values under such names
  cornerman redact pattern 'lab-[0-9]{6}'     what looks like this, anywhere
  cornerman redact keep best_key              no secret, whatever it is called
  cornerman redact forget 'wandb_*'           take a rule back
  cornerman redact try 'token=abc12345xyz'    what would be kept of a line
  cornerman redact try < train.log
  cornerman logs flag:redacted                records with something hidden"""

BUILT_IN = {
    "names": "key, api_key, token, secret, password, passwd, pwd, credentials, auth, cookie, and names that end so;"
    " key, token, pass and auth in log lines only before a value of eight characters or more with a digit",
    "texts": "sk-…, ghp_… and its kin, hf_…, AKIA…, xox?-…, JWTs, Bearer …, passwords in addresses",
    "never": "counts, such as max_tokens",
}
FIELDS = {"name": "names", "pattern": "patterns", "keep": "keep"}


def add(subparsers: Subparsers) -> None:
    """The arguments of `cornerman redact`."""
    parser = describe(subparsers, "redact", DESCRIPTION, EXAMPLES)
    add_verbs(parser, VERBS)


def _words(metavar: str, parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar=metavar, nargs="+")


def _lines(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="LINE", nargs="*", help="without one: standard input")


def run(args: argparse.Namespace) -> int:
    if args.verb is None:
        raise InvalidOption("`cornerman redact` needs a verb.", f"One of {', '.join(VERBS)}; see --help.")
    return VERBS[args.verb].run(args)


def _show(args: argparse.Namespace) -> int:
    rules = REDACTION.stored()
    if args.json:
        output.print_json({"file": str(REDACTION.path), "rules": msgspec.to_builtins(rules), "built_in": BUILT_IN})
        return exits.OK
    output.print_facts(BUILT_IN, fold=True)
    output.print_facts({f"your {name}": ", ".join(getattr(rules, name)) or "none" for name in FIELDS.values()})
    output.print_facts({"kept in": str(REDACTION.path)})
    return exits.OK


def _add(field: str, args: argparse.Namespace) -> int:
    def added(rules: RedactionV1) -> RedactionV1:
        before: tuple[str, ...] = getattr(rules, field)
        return msgspec.structs.replace(rules, **{field: tuple(dict.fromkeys([*before, *args.words]))})

    REDACTION.change(added)
    output.say(f"{', '.join(args.words)}: kept in {REDACTION.path}, and holds for what is stored from now on.")
    return exits.OK


def _forget(args: argparse.Namespace) -> int:
    before = REDACTION.stored()
    left = {name: tuple(one for one in getattr(before, name) if one not in args.words) for name in FIELDS.values()}
    known = {one for name in FIELDS.values() for one in getattr(before, name)}
    if missing := [word for word in args.words if word not in known]:
        output.say(f"cornerman: no rule of yours says {', '.join(missing)}.\n  `cornerman redact show` lists them.")
        return exits.PROBLEM
    REDACTION.change(lambda rules: msgspec.structs.replace(rules, **left))
    output.say(f"{', '.join(args.words)}: no rule any more.")
    return exits.OK


def _try(args: argparse.Namespace) -> int:
    REDACTION.stored()  # a file that cannot be read is said, not passed over
    for line in [" ".join(args.words)] if args.words else sys.stdin:
        print(output.harmless(hidden(line.rstrip("\n"))))
    return exits.OK


VERBS = {
    "show": Verb("what is hidden now, and your rules", no_arguments, _show),
    "name": Verb("hide the values under these names", partial(_words, "NAME"), partial(_add, "names")),
    "pattern": Verb("hide what these regular expressions match", partial(_words, "REGEX"), partial(_add, "patterns")),
    "keep": Verb("names that look like secrets and are none", partial(_words, "NAME"), partial(_add, "keep")),
    "forget": Verb("take rules back", partial(_words, "RULE"), _forget),
    "try": Verb("what would be kept of a line, or of each line of standard input", _lines, _try),
}
