"""`cornerman schema validate|infer|expect`: schemas and the data of others."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.errors import InvalidOption

from .. import exits, output
from .schema_verb import Verb, document_of, write_json

if TYPE_CHECKING:
    from cornerman.core.schema import SchemaDocument


class Found(NamedTuple):
    """One problem of a file, and the line it is on."""

    line: int
    path: str
    rule: str
    expected: str
    got: str
    message: str


def _validate(args: argparse.Namespace) -> int:
    document = document_of(args, args.schema)
    count = wrong = shown = 0
    problems: list[Found] = []
    for found in _judged(args, document):
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


def _judged(args: argparse.Namespace, document: SchemaDocument) -> Iterator[list[Found]]:
    """The problems of each record, none for one that fits. The cells of CSV are read as the schema wants them."""
    from cornerman.core.schema import validator
    from cornerman.core.schema.cells import CellTypes
    from cornerman.core.schema.data_files import DataFile
    from cornerman.core.schema.judge import judged

    judge = validator(document)
    if (whole := _one_document(args.file)) is not None:
        yield _judged_document(whole, judge)
        return
    with DataFile(args.file, args.format) as file:
        typed = CellTypes(document.schema) if file.format == "csv" else None
        for record in file.records():
            if record.error:
                yield [Found(record.line, "", "json", "a record", "", record.error)]
            else:
                value = typed(record.value) if typed else record.value
                yield [Found(record.line, *_facts(problem)) for problem in judged(judge, value, limit=1000)]


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
    parser.add_argument("file", metavar="FILE", help="JSON lines, CSV or a JSON document; - for standard input")
    parser.add_argument("--schema", metavar="PIN", required=True, help="id, id@version, or a schema's file")
    parser.add_argument("--format", choices=("jsonl", "csv"), help="whatever the name says")
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
    from cornerman.core.schema.expectation_report import report_file
    from cornerman.core.schema.expectations import suite

    document = document_of(args, args.pin)
    made = suite(document) if args.report is None else report_file(document, args.report)
    write_json(args, made)
    return exits.OK if made.get("success", True) else exits.PROBLEM


def _expect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pin", metavar="ID[@VERSION]", help="which schema, or its file")
    parser.add_argument("--report", metavar="DATA", help="what a run over this file reports, instead of the suite")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="where to (default: standard output)")


DATA = {
    "validate": Verb(
        "check data against a schema, every problem with its line",
        """
Check JSON lines, CSV or one JSON document against a registered schema or a schema's file. Every problem is printed with
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
        """
Write the expectations that follow from a schema, as a suite for Great Expectations 1.x. With --report they are judged
here: the result that a run over the file would give, field by field, and exit code 1 where something fails.""",
        """
  cornerman schema expect ticks -o ticks-suite.json
  cornerman schema expect ticks@1.0.0 --report data.csv | jq .statistics""",
        _expect_arguments,
        _expect,
    ),
}
