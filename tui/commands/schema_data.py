"""`cornerman schema validate|infer|expect|export|explain`: schemas and the data of others."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cornerman.core.errors import InvalidOption

from .. import exits, output
from .schema_verb import Verb, document_of, registry_to_read


class Found(NamedTuple):
    """One problem of a file, and the line it is on."""

    line: int
    path: str
    rule: str
    expected: str
    got: str
    message: str


def _validate(args: argparse.Namespace) -> int:
    from cornerman.core.schema import validator

    document = document_of(args, args.schema)
    count = wrong = shown = 0
    problems: list[Found] = []
    for found in _judged(args, validator(document)):
        count += 1
        wrong += bool(found)
        if args.json:
            problems += found[: max(0, args.limit - len(problems))] if args.limit else found
            continue
        for problem in found:
            shown += 1
            if not args.limit or shown <= args.limit:
                print(output.harmless(f"{args.file}:{problem.line}: {problem.path or '/'}: {problem.message}"))
    if args.json:
        facts = {"schema": document.pin, "records": count, "refused": wrong, "valid": not wrong}
        output.print_json({**facts, "problems": [problem._asdict() for problem in problems]})
    else:
        if args.limit and shown > args.limit:
            output.say(f"and {shown - args.limit} more problems; --limit 0 prints all of them")
        verdict = f"{wrong} of {count} records are refused" if wrong else f"all {count} records fit"
        output.say(f"{verdict} by {document.pin}" if wrong else f"{verdict} {document.pin}")
    return exits.PROBLEM if wrong else exits.OK


def _judged(args: argparse.Namespace, judge: Any) -> Iterator[list[Found]]:
    """The problems of each record, none for one that fits."""
    from cornerman.core.schema.data_files import DataFile
    from cornerman.core.schema.judge import judged

    if (whole := _one_document(args.file)) is not None:
        yield _judged_document(whole, judge)
        return
    with DataFile(args.file, args.format) as file:
        if file.format == "csv":
            raise InvalidOption(
                f"{args.file} is CSV, whose cells are texts.",
                f"`cornerman import {args.file} --schema {args.schema}` reads cells as the schema wants them.",
            )
        for record in file.records():
            if record.error:
                yield [Found(record.line, "", "json", "a JSON value", "", record.error)]
            else:
                yield [Found(record.line, *_facts(problem)) for problem in judged(judge, record.value, limit=1000)]


def _one_document(name: str) -> str | None:
    """The text of a `.json` file that is one document over several lines; None for records, one a line."""
    if not name.endswith(".json"):
        return None
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidOption(f"There is no file {name}.", "Check the name; - reads standard input.") from error
    except UnicodeDecodeError as error:
        raise InvalidOption(f"{name} is not UTF-8.", "Turn it into UTF-8.") from error
    lines = text.strip().splitlines()
    if len(lines) > 1:
        try:
            json.loads(lines[0])
        except ValueError:
            return text
    return None


def _judged_document(text: str, judge: Any) -> list[Found]:
    from cornerman.core.schema.json_place import line_of
    from cornerman.core.schema.judge import judged

    try:
        value = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        return [Found(line, "", "json", "a JSON value", "", f"it is not JSON: {error}")]
    return [Found(line_of(text, problem.path), *_facts(problem)) for problem in judged(judge, value, limit=1000)]


def _facts(problem: Any) -> tuple[str, str, str, str, str]:
    return problem.path, problem.rule, problem.expected, problem.got, problem.message


def _validate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="JSON lines or a JSON document, gzip or not; - for standard input")
    parser.add_argument("--schema", metavar="PIN", required=True, help="id, id@version, or a schema's file")
    parser.add_argument("--format", choices=("jsonl",), help="read as JSON lines whatever the name says")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="problems to print (default: 100; 0: all)")


def _infer(args: argparse.Namespace) -> int:
    from cornerman.core.schema.infer import infer_file

    proposal = infer_file(
        args.file, id=args.id or _id_of(args.file), tight=args.tight, format=args.format, limit=args.limit
    )
    if args.json:
        output.print_json(proposal)
        return exits.OK
    print(json.dumps(proposal.content, indent=2, ensure_ascii=False))
    for field in proposal.fields:
        doubts = f" · {'; '.join(field.doubts)}" if field.doubts else ""
        output.say(output.harmless(f"{field.confidence:6.1%}  {field.path or '/'}{doubts}"))
    for note in proposal.notes:
        output.say(output.harmless(f"note: {note}"))
    output.say(f"drawn from {proposal.records:,} records; read it over, then `cornerman schema add FILE`")
    return exits.OK


def _id_of(name: str) -> str:
    """A schema id out of a file's name."""
    stem = Path(name).name.removesuffix(".gz").rpartition(".")[0] if name != "-" else ""
    return "".join(char if char.isalnum() or char in "._-" else "_" for char in stem) or "inferred"


def _infer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="JSON lines or CSV, gzip or not; - for standard input")
    parser.add_argument("--id", metavar="ID", help="the id of the schema (default: the file's name)")
    parser.add_argument("--tight", action="store_true", help="write ranges, lists of values and no further fields, too")
    parser.add_argument("--format", choices=("jsonl", "csv"), help="whatever the name says")
    parser.add_argument("--limit", type=int, metavar="N", help="look at the first N records only")


def _expect(args: argparse.Namespace) -> int:
    from cornerman.core.schema import expectations

    document = document_of(args, args.pin)
    suite = expectations.suite(document)
    _write(args, json.dumps(suite, indent=None if args.json else 2, ensure_ascii=False))
    return exits.OK


def _expect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID[@VERSION]", help="which schema")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="where to (default: standard output)")


def _export(args: argparse.Namespace) -> int:
    if args.folder is not None:
        return _export_folder(args)
    if args.pin is None:
        raise InvalidOption("Nothing to export was named.", "Name a schema, or --folder DIR for all of them.")
    with registry_to_read(args) as registry:
        document = registry.bundle(args.pin) if args.bundle else registry.get(args.pin)
    if args.arrow:
        from cornerman.core.schema.arrow_schema import arrow_json

        content: Any = arrow_json(document)
    else:
        content = {**document.content, **document.schema} if args.bundle else document.content
    _write(args, json.dumps(content, indent=None if args.json else 2, ensure_ascii=False))
    return exits.OK


def _write(args: argparse.Namespace, text: str) -> None:
    if args.output is None:
        print(text)
    else:
        args.output.write_text(text + "\n", encoding="utf-8")
        output.say(f"written: {args.output}")


def _export_folder(args: argparse.Namespace) -> int:
    """Every version in force as a file, so that `schema sync` of the folder changes nothing."""
    from cornerman.core.schema.admission import OWN
    from cornerman.core.schema.folder import RULES_FILE

    written: list[str] = []
    rules: dict[str, dict[str, str]] = {}
    with registry_to_read(args) as registry:
        for entry in registry.list():
            if entry.id.startswith(OWN) or (args.pin and entry.id != args.pin):
                continue
            rules[entry.id] = entry.rules._asdict()
            for version in registry.versions(entry.id):
                if not version.retired:
                    path = args.folder / entry.id / f"{version.version}.json"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    text = json.dumps(registry.get(version.pin).content, indent=2, ensure_ascii=False)
                    path.write_text(text + "\n", encoding="utf-8")
                    written.append(str(path))
    args.folder.mkdir(parents=True, exist_ok=True)
    (args.folder / RULES_FILE).write_text(json.dumps(rules, indent=2) + "\n", encoding="utf-8")
    if args.json:
        output.print_json({"written": written})
    else:
        print("\n".join(written))
        output.say(f"{len(written)} versions; `cornerman schema sync {args.folder}` makes this folder the truth")
    return exits.OK


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID[@VERSION]", nargs="?", help="which schema")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--bundle", action="store_true", help="with all that it refers to inside: one file for anyone")
    kind.add_argument("--arrow", action="store_true", help="as an Arrow schema")
    kind.add_argument("--folder", type=Path, metavar="DIR", help="every version in force as a file: what sync reads")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="where to (default: standard output)")


DATA = {
    "validate": Verb(
        "check data against a schema, every problem with its line",
        """
Check JSON lines, or one JSON document, against a registered schema or a schema's file. Every problem is printed with
the line it is on. NaN and infinities, which some programs write into JSON, are numbers here. The exit code is 1 where
anything is refused. Nothing is stored; `cornerman import` stores.""",
        """
  cornerman schema validate data.jsonl --schema ticks@1.0.0
  cornerman schema validate one.json --schema draft.json
  zcat data.jsonl.gz | cornerman schema validate - --schema ticks --limit 0""",
        _validate_arguments,
        _validate,
    ),
    "infer": Verb(
        "propose a schema for data that nobody described",
        """
Read JSON lines or CSV and propose a schema that accepts every record: the document goes to stdout, how sure each
field is, and why not surer, to stderr.""",
        """
  cornerman schema infer data.csv > ticks.json
  cornerman schema infer data.jsonl --id ticks --tight > ticks.json
  cornerman schema add ticks.json""",
        _infer_arguments,
        _infer,
    ),
    "expect": Verb(
        "a Great Expectations suite out of a schema",
        "Write the expectations that follow from a schema, as a suite for Great Expectations 1.x.",
        """
  cornerman schema expect ticks -o ticks-suite.json
  cornerman schema expect ticks@1.0.0""",
        _expect_arguments,
        _expect,
    ),
    "export": Verb(
        "a schema for others: self-contained, as Arrow, or as a folder",
        """
Write a schema for somebody who has no registry. With --bundle every schema it refers to ("$ref":
"schema:ID@VERSION") is put into its definitions. With --folder every version in force becomes a file: put the folder
into git, and let `schema sync` follow it.""",
        """
  cornerman schema export ticks@1.0.0 --bundle -o ticks.json
  cornerman schema export ticks --arrow
  cornerman schema export --folder schemas""",
        _export_arguments,
        _export,
    ),
}
