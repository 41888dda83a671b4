"""`cornerman schema explain`: what a rule, a mode or a policy means."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import re

from cornerman.core.errors import InvalidOption

from .. import exits, output
from .schema_verb import Verb


def _explain(args: argparse.Namespace) -> int:
    from cornerman.core.schema.policies import MEANINGS, MODES, POLICIES
    from cornerman.core.schema.rules import RULES

    words: dict[str, str] = {name: MEANINGS[name] for name in (*MODES, *POLICIES)}
    wanted = args.rule
    if wanted in RULES:
        return _explain_rule(args, wanted)
    meant = next((name for name in words if wanted and name.lower() == wanted.lower()), None)
    if meant is None and wanted not in (None, "modes", "policies", "rules"):
        names = {name.lower(): name for name in (*RULES, *words)}
        close = difflib.get_close_matches(wanted.lower(), names, n=3)
        likely = " or ".join(names[name] for name in close)
        hint = f"Is it {likely}?" if close else "`cornerman schema explain` lists them all."
        raise InvalidOption(f"There is no rule, mode or policy {wanted!r}.", hint)
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
    parser.add_argument("rule", metavar="RULE", nargs="?", help="a rule, a mode, a policy; or modes, policies, rules")


EXPLAIN = {
    "explain": Verb(
        "what a rule, a mode or a policy means",
        """
Explain a rule that `diff`, `compat` or `check` named: what happened, in which direction it breaks, and the way out; or
a compatibility mode or a policy. Without a name everything is listed.""",
        """
  cornerman schema explain required-property-added
  cornerman schema explain FULL
  cornerman schema explain modes""",
        _explain_arguments,
        _explain,
    ),
}
