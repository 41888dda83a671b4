"""`cornerman codes VERB`: the words of log lines, ours and those of workers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import InvalidOption, NotFound
from cornerman.core.near import did_you_mean
from cornerman.log_catalog import (
    CatalogError,
    LogConstant,
    catalog,
    forget_code,
    forget_log_domain,
    get_component_snapshot,
    get_constant_by_code,
    problems,
    register_code,
    register_log_domain,
)

from .. import exits, output
from . import Subparsers, describe
from .verbs import Verb, add_verbs, no_arguments

if TYPE_CHECKING:
    from cornerman.core.logs.code_search import SeenCode

DESCRIPTION = """
A log line is a constant and fields: the constant says what happened, under a code that never changes its meaning. Our
own programs emit some; others are known from workers, so that their lines get a component and tags; you may register
more, and say to which component a logger belongs. Both are kept beside your settings."""

EXAMPLES = """
  cornerman codes list --component Worker --level ERROR
  cornerman codes show LOG1208             what it means, where it is said
  cornerman codes components               who says how much
  cornerman codes check train.log src/     codes that nobody knows
  cornerman codes unknown latest           what it logged that nobody knows
  cornerman codes register LOG2001 --component Rollout \\
      --message "a rollout was collected"
  cornerman codes logger torchrl.collectors Worker"""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def add(subparsers: Subparsers) -> None:
    """The arguments of `cornerman codes`."""
    parser = describe(subparsers, "codes", DESCRIPTION, EXAMPLES)
    add_verbs(parser, VERBS)


def run(args: argparse.Namespace) -> int:
    """Do what the verb says; the catalogue's refusals are told as what was typed wrongly."""
    if args.verb is None:
        raise InvalidOption("`cornerman codes` needs a verb.", f"One of {', '.join(VERBS)}; see --help.")
    try:
        return VERBS[args.verb].run(args)
    except CatalogError as error:
        raise InvalidOption(f"{str(error)[:1].upper()}{str(error)[1:]}.", "`cornerman codes list` shows all.") from None


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--component", metavar="NAME[/PART]", help="of this component, or of a part of it")
    parser.add_argument("--level", choices=LEVELS, help="with this level")
    parser.add_argument("--tag", action="append", default=[], help="with this tag; repeatable, all must be there")
    parser.add_argument("--source", choices=("emitted", "known", "registered"), help="said by us, by workers, by you")
    parser.add_argument("--text", default="", help="with this in its message")


def _list(args: argparse.Namespace) -> int:
    found = [one for one in catalog().values() if _wanted(one, args)]
    if not found:
        _refuse_unknown(args)
    if args.json:
        output.print_json([_facts(one) for one in found])
        return exits.OK
    if found:
        _print_codes(found)
    output.say(f"{len(found)} codes." if found else "No code is like that.")
    return exits.OK


def _print_codes(found: list[LogConstant]) -> None:
    output.print_table(
        ("code", "level", "component", "source", "message", "tags"),
        [
            (one.code, one.level, _part(one), one.source, one.message, ", ".join(one.tags))
            for one in found
        ],
        spare=("tags", "source"),
    )  # fmt: skip


def _refuse_unknown(args: argparse.Namespace) -> None:
    """NotFound where one of the words that were given is one that no constant has."""
    every = list(catalog().values())
    component, _, part = (args.component or "").partition("/")
    parts = {one.subcomponent for one in every if one.component == component and one.subcomponent}
    given = [
        ("component", component, {one.component for one in every}),
        (f"part of {component}", part, parts),
        *(("tag", tag, {tag for one in every for tag in one.tags}) for tag in args.tag),
    ]
    for kind, word, known in given:
        if word and word not in known:
            names = sorted(known)
            raise NotFound(
                f"There is no {kind} {word!r}.", did_you_mean(word, names, f"There are: {', '.join(names)}.")
            )


def _wanted(one: LogConstant, args: argparse.Namespace) -> bool:
    component, _, part = (args.component or "").partition("/")
    return (
        (not component or one.component == component)
        and (not part or one.subcomponent == part)
        and (not args.level or one.level == args.level)
        and (not args.source or one.source == args.source)
        and set(args.tag) <= set(one.tags)
        and args.text.lower() in one.message.lower()
    )


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="such as LOG512")


def _show(args: argparse.Namespace) -> int:
    from cornerman.core.logs.code_search import places_of

    code = args.code.upper()
    one = get_constant_by_code(code if code.startswith("LOG") else f"LOG{code}")
    if one is None:
        output.say(f"cornerman: {args.code} is in no catalogue.\n  `cornerman codes register` makes it known.")
        return exits.PROBLEM
    places = places_of(one)
    fields = sorted({name for place in places for name in place.fields})
    if args.json:
        said = [{"file": place.file, "line": place.line, "fields": place.fields} for place in places]
        output.print_json({**_facts(one), "said_at": said, "example": _example(one, fields)})
        return exits.OK
    output.print_facts(
        {
            "code": one.code,
            "level": one.level,
            "component": _part(one),
            "message": one.message,
            "tags": ", ".join(one.tags) or "none",
            "source": SOURCES[one.source],
            "said at": ", ".join(f"{place.file}:{place.line}" for place in places) or "nowhere in our own source",
            "example": _example(one, fields),
        }
    )
    return exits.OK


SOURCES = {
    "emitted": "emitted: our own programs say it",
    "known": "known: workers say it",
    "registered": "registered by you",
}


def _example(one: LogConstant, fields: list[str]) -> str:
    """A line as it would be written, with the fields that our source gives."""
    extra = ", ".join(f'"{name}": …' for name in fields)
    return f"{one.code} | {one.message}" + (f" | extra={{{extra}}}" if fields else "")


def _components(args: argparse.Namespace) -> int:
    snapshot = get_component_snapshot()
    if args.json:
        output.print_json(list(snapshot.values()))
        return exits.OK
    output.print_table(
        ("component", "codes", "constants", "source", "levels", "parts", "loggers"),
        [
            (name, one.codes, str(one.constants), one.source, _counts(one.levels), _counts(one.subcomponents),
             ", ".join(one.loggers))
            for name, one in snapshot.items()
        ],
        right=(2,), spare=("codes", "parts", "levels"),
    )  # fmt: skip
    return exits.OK


def _counts(counts: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="FILE", nargs="*", type=Path, help="a worker's logs or source, or a folder of them"
    )


def _check(args: argparse.Namespace) -> int:
    from cornerman.core.logs.code_search import codes_in

    wrong = problems()
    seen = codes_in(args.paths)
    unknown = [one for one in seen if one.constant is None]
    if args.json:
        output.print_json({"problems": wrong, "codes": len(seen), "unknown": unknown})
        return exits.PROBLEM if wrong or unknown else exits.OK
    for problem in wrong:
        output.say(f"cornerman: {problem}")
    _say_unknown(seen, unknown, bool(args.paths))
    if not wrong:
        output.say(f"The catalogue is sound: {len(catalog())} codes of {len(get_component_snapshot())} components.")
    return exits.PROBLEM if wrong or unknown else exits.OK


def _say_unknown(seen: list[SeenCode], unknown: list[SeenCode], asked: bool) -> None:
    if unknown:
        output.print_table(
            ("code", "times", "first at"), [(one.code, f"{one.times:,}", f"{one.file}:{one.line}") for one in unknown],
            right=(1,),
        )  # fmt: skip
        output.say(
            f"{len(unknown)} of {len(seen)} codes are unknown. `cornerman codes register {unknown[0].code}"
            " --component … --message …` makes one known."
        )
    elif asked:
        output.say(f"All {len(seen)} codes that were found are known.")


def _unknown_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", help="of this run only (default: of the whole store)")


def _unknown(args: argparse.Namespace) -> int:
    from cornerman.core.logs import LogFilter
    from cornerman.core.logs.unregistered import unregistered

    from ..chosen import opened_store

    with opened_store(args, read_only=True) as store:
        chosen = LogFilter().only("run", store.run(args.run).run_id) if args.run else LogFilter()
        found = unregistered(store.logs.facets(chosen))
    if args.json:
        output.print_json([one._asdict() for one in found])
    elif found:
        rows = [
            (one.kind, output.harmless(one.value), f"{one.records:,}", output.harmless(one.remedy)) for one in found
        ]
        output.print_table(("kind", "name", "records", "to register it"), rows, right=(2,))
    else:
        output.say("Every code and every logger that was written is registered.")
    return exits.OK


def _register_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="such as LOG2001")
    parser.add_argument("--component", metavar="NAME[/PART]", required=True, help="who says it")
    parser.add_argument("--level", choices=LEVELS, default="INFO", help="how serious it is (default: INFO)")
    parser.add_argument("--message", required=True, help="what happened, without values")
    parser.add_argument("--tag", action="append", default=[], help="a word to find it by; repeatable")
    parser.add_argument("--replace", action="store_true", help="change what you registered before")


def _register(args: argparse.Namespace) -> int:
    component, _, part = args.component.partition("/")
    one = register_code(
        args.code, args.level, component, args.message, subcomponent=part, tags=tuple(args.tag), replace=args.replace
    )
    if args.json:
        output.print_json(_facts(one))
    else:
        output.say(f"{one.code} is registered: {one.message} ({_part(one)}, {one.level}).")
    return exits.OK


def _forget(args: argparse.Namespace) -> int:
    if not forget_code(args.code):
        raise NotFound(
            f"{args.code} was not registered by you.", "`cornerman codes list --source registered` shows what was."
        )
    output.say(f"{args.code} is no longer registered.")
    return exits.OK


def _logger_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="LOGGER", help="its name; loggers below it are meant too")
    parser.add_argument("component", metavar="COMPONENT", nargs="?", help="the component it belongs to")
    parser.add_argument("--forget", action="store_true", help="undo it")


def _logger(args: argparse.Namespace) -> int:
    if args.forget != (args.component is None):
        raise InvalidOption("A logger needs its component, or --forget.", "`cornerman codes logger torchrl Worker`")
    if args.forget:
        if not forget_log_domain(args.name):
            raise NotFound(f"{args.name} was not registered.", "`cornerman codes components` shows which loggers are.")
        output.say(f"{args.name} is no longer registered.")
    else:
        register_log_domain(args.name, args.component)
        output.say(f"Loggers from {args.name} on belong to {args.component}.")
    return exits.OK


def _part(one: LogConstant) -> str:
    return f"{one.component}/{one.subcomponent}" if one.subcomponent else one.component


def _facts(one: LogConstant) -> dict[str, Any]:
    """The constant as its registered schema has it."""
    from json import loads

    from cornerman.core.payloads.log_constant_v1 import document, to_json

    facts: dict[str, Any] = loads(to_json(document(one)))
    return facts


VERBS = {
    "list": Verb("every code, or those with a component, level, tag or source", _list_arguments, _list),
    "show": Verb("one code: what it means, where it is said, an example", _show_arguments, _show),
    "components": Verb("every component, with its ranges and counts", no_arguments, _components),
    "check": Verb("is the catalogue sound, and which codes of a worker are unknown", _check_arguments, _check),
    "unknown": Verb("what was logged and nobody registered: codes, loggers, counts", _unknown_arguments, _unknown),
    "register": Verb("make a worker's code known to every program of this account", _register_arguments, _register),
    "forget": Verb("undo that", _show_arguments, _forget),
    "logger": Verb("say to which component a logger belongs", _logger_arguments, _logger),
}
