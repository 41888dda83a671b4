"""`cornerman schema VERB`: the registry of schemas, from the first document to the check of a pull request."""

from __future__ import annotations

import argparse

from cornerman.core.errors import InvalidOption

from . import Help, Subparsers, add_common, describe
from .schema_audit import AUDIT
from .schema_changes import CHANGES
from .schema_data import DATA
from .schema_explain import EXPLAIN
from .schema_export import EXPORT
from .schema_matrix import MATRIX
from .schema_verb import Verb
from .schema_versions import VERSIONS

VERBS: dict[str, Verb] = {**VERSIONS, **CHANGES, **MATRIX, **EXPLAIN, **DATA, **AUDIT, **EXPORT}
"""In the order of the help."""

DESCRIPTION = """
The registry says what data must look like: JSON Schema documents (draft-07) with an id and a version, kept in the
store. A registered version never changes. A new one is compared with the one before it, and what would break readers or
writers is refused unless its MAJOR version says so.

  id            any name, such as ticks
  id@1.2.0      a pin: exactly this version
  id@latest     the highest version; `id` alone means the same

A document has an "id", a "version" and what JSON Schema knows: {"id": "ticks", "version": "1.0.0", "type": "object",
"properties": {…}}. `cornerman schema VERB --help` explains a verb by examples."""

EXAMPLES = """
  cornerman schema add ticks.json             the first version, then the next
  cornerman schema list                       what is there
  cornerman schema diff ticks@1.0.0 ticks     what changed, and what it breaks
  cornerman schema compat ticks.json          may this be added? nothing changes
  cornerman schema validate data.jsonl --schema ticks@1.0.0
  cornerman schema check origin/main HEAD --path schemas    for pull requests"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "schema", DESCRIPTION, EXAMPLES)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb")
    for name, verb in VERBS.items():
        one = verbs.add_parser(
            name,
            help=verb.purpose,
            description=verb.description.strip(),
            epilog="examples:\n" + verb.examples.strip("\n"),
            formatter_class=Help,
        )
        verb.arguments(one)
        add_common(one, default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    if args.verb is None:
        raise InvalidOption("`cornerman schema` needs a verb.", f"One of {', '.join(VERBS)}; see --help.")
    return VERBS[args.verb].run(args)
