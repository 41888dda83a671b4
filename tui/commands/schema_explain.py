"""`cornerman schema explain`: what a rule, a mode, a policy or a field means."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import re
from typing import TYPE_CHECKING

from cornerman.core.errors import InvalidOption

from .. import exits, output
from .schema_verb import Verb, registry_of

if TYPE_CHECKING:
    from cornerman.core.schema.glossary import Field


def _explain(args: argparse.Namespace) -> int:
    from cornerman.core.schema.policies import MEANINGS, MODES, POLICIES
    from cornerman.core.schema.rules import RULES

    words: dict[str, str] = {name: MEANINGS[name] for name in (*MODES, *POLICIES)}
    wanted = args.rule
    if wanted in RULES:
        return _explain_rule(args, wanted)
    meant = next((name for name in words if wanted and name.lower() == wanted.lower()), None)
    if meant is None and wanted not in (None, "modes", "policies", "rules"):
        if fields := _fields(args, None if wanted == "fields" else wanted):
            return _print_fields(args, fields)
        names = {name.lower(): name for name in (*RULES, *words)}
        close = difflib.get_close_matches(wanted.lower(), names, n=3)
        likely = " or ".join(names[name] for name in close)
        hint = f"Is it {likely}?" if close else "`cornerman schema explain` lists them all."
        raise InvalidOption(f"There is no rule, mode, policy or field {wanted!r}.", hint)
    groups: dict[str, dict[str, str]] = {
        "modes": {name: words[name] for name in MODES},
        "policies": {name: words[name] for name in POLICIES},
        "rules": {name: _spoken(rule.says) for name, rule in RULES.items()},
    }
    chosen = {meant: words[meant]} if meant else groups[wanted] if wanted else None
    if args.json:
        output.print_json(chosen or groups)
    elif chosen:
        output.print_facts(chosen)
    else:
        for group, facts in groups.items():
            print(f"{group}:")
            output.print_facts(facts, indent=2)
    return exits.OK


def _fields(args: argparse.Namespace, name: str | None) -> list[Field]:
    """Fields of that name, or all, in the newest version of every schema of the store; without one, in our own."""
    from cornerman.core.errors import NotFound, StoreNotFound
    from cornerman.core.published import published
    from cornerman.core.schema.glossary import glossary

    documents = list(published())
    try:
        with registry_of(args) as registry:
            documents = [registry.get(entry.id) for entry in registry.list() if entry.latest]
    except (StoreNotFound, NotFound):
        pass
    return [field for field in glossary(documents) if name is None or name in (field.name, field.path)]


def _print_fields(args: argparse.Namespace, fields: list[Field]) -> int:
    if args.json:
        output.print_json([field._asdict() for field in fields])
        return exits.OK
    headings = ("field", "schema", "path", "type", "unit", "means", "read by")
    rows = [(field.name, field.pin, field.path, field.type, field.unit, field.means, ", ".join(field.uses))
            for field in fields]  # fmt: skip
    output.print_table(headings, rows, spare=("path", "type", "unit"))
    return exits.OK


def _explain_rule(args: argparse.Namespace, name: str) -> int:
    """What a rule is about, in which direction it breaks, and the way out."""
    from cornerman.core.schema.rules import RULES

    rule = RULES[name]
    facts = {"rule": name, "means": rule.says}
    if rule.old:
        facts |= {"breaks BACKWARD": f"old documents with {rule.old}", "way out": rule.fix}
    if rule.new:
        facts |= {"breaks FORWARD": f"new documents with {rule.new}", "way out ": rule.fix_forward}
    if args.json:
        output.print_json(dataclasses.asdict(rule))
    else:
        output.print_facts({key: _spoken(value) for key, value in facts.items() if value})
    return exits.OK


def _spoken(text: str) -> str:
    """A rule's sentence with capitals where a change has its names and values."""
    return re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), text.replace("{sure}", ""))


def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "rule", metavar="RULE", nargs="?", help="a rule, mode, policy or field; or all modes, policies, rules, fields"
    )


EXPLAIN = {
    "explain": Verb(
        "what a rule, a mode, a policy or a field means",
        """
Explain a rule that `diff`, `compat` or `check` named: what happened, in which direction it breaks, and the way out; or
a compatibility mode or a policy; or a field, in every schema that has one of that name: what it means, its unit, and
who reads it, as its schema says ("description", "unit", "uses"). Without a name all but the fields is listed.""",
        """
  cornerman schema explain required-property-added
  cornerman schema explain FULL
  cornerman schema explain modes
  cornerman schema explain reward
  cornerman schema explain fields --json""",
        _explain_arguments,
        _explain,
    ),
}
