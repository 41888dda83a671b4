"""Running a producer and judging all that it sends: its lines of JSON, and the steps that it records.

    report = try_producer(["python", "train.py"], schemas=store.schemas)
    report.kept, report.tallies

A line of JSON says by which schema it wants to be judged: `{"schema": "ticks_v1@1.1.0", …}`. What the producer records
goes into a store of its own, which is read back and thrown away; the steps in it were judged as in any store, by the
schema that their environment's spaces declare or by the one that was named for them. Nothing here runs in the
producer's process, and neither its input nor its errors pass through it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cornerman.core.errors import CornermanError, InvalidOption, NotFound
from cornerman.core.schema import SchemaDocument, validator
from cornerman.core.schema.judge import judged
from cornerman.store.api import Store, make_store, open_store

if TYPE_CHECKING:
    from cornerman.store.schemas import SchemaRegistry

FIRST: Final = 5
ENVELOPE: Final = ("payload", "record", "data")
"""Under these a line may carry its record, beside the schema's name and nothing else."""
LONGEST: Final = 16 << 20
UNNAMED: Final = "(no schema)"


@dataclass
class Tally:
    """What came of one schema."""

    schema: str
    kind: str
    """`lines` or `steps`."""
    sent: int = 0
    refused: int = 0
    first: list[tuple[str, str]] = field(default_factory=list)
    """The first problems: where, and what."""

    def refuse(self, where: str, problems: Sequence[str]) -> None:
        self.refused += 1
        self.first += [(where, problem) for problem in problems][: max(0, FIRST - len(self.first))]


@dataclass
class ContractReport:
    """What a producer sent, and how it ended."""

    exit_code: int = 0
    """Of the producer; negative is the signal that ended it."""
    tallies: list[Tally] = field(default_factory=list)
    other_lines: int = 0
    """Lines that are no JSON objects: talk, which no schema judges."""
    runs: int = 0
    transitions: int = 0
    findings: list[str] = field(default_factory=list)
    """What is wrong with the store that it recorded into."""

    @property
    def refused(self) -> int:
        return sum(tally.refused for tally in self.tallies)

    @property
    def kept(self) -> bool:
        """Whether the producer kept its contract: it sent something, and nothing of it was refused."""
        return not self.refused and not self.findings and any(tally.sent for tally in self.tallies)


def try_producer(
    command: Sequence[str],
    *,
    schemas: SchemaRegistry | None = None,
    document: SchemaDocument | None = None,
    on_other: Callable[[bytes], None] = lambda line: None,
) -> ContractReport:
    """Run a command to its end and judge what it sent.

    `schemas` is where pins are looked up, `document` judges lines that name none, `on_other` gets lines that are no
    JSON objects. SIGTERM and SIGHUP, and SIGINT where no terminal sends it to both, are passed on. Raises InvalidOption
    where there is no such program.
    """
    with tempfile.TemporaryDirectory(prefix="cornerman-contract-") as folder:
        path = Path(folder) / "store"
        with make_store(path) as store:
            _lend(schemas, store)
            lines = _Lines(store.schemas, document)
            report = ContractReport()
            with _started(command, {**os.environ, "CORNERMAN_STORE": str(path)}) as child:
                assert child.stdout is not None
                number = 0
                while line := child.stdout.readline(LONGEST):
                    number += 1
                    if not lines.take(number, line):
                        report.other_lines += 1
                        on_other(line)
                report.exit_code = child.wait()
            report.tallies += lines.tallies.values()
        _judge_recording(path, report)
    return report


def _lend(schemas: SchemaRegistry | None, store: Store) -> None:
    """The schemas of the user's registry, in the store of the test: the producer may name one for its steps."""
    if schemas is None:
        return
    there = {version.pin for entry in store.schemas.list() for version in store.schemas.versions(entry.id)}
    waiting = [version.pin for entry in schemas.list() for version in schemas.versions(entry.id)]
    waiting = [pin for pin in waiting if pin not in there]
    while waiting:
        left = [pin for pin in waiting if not _lent(schemas.get(pin), store)]
        if len(left) == len(waiting):
            break
        waiting = left


def _lent(document: SchemaDocument, store: Store) -> bool:
    """False where the document refers to one that is not there yet."""
    try:
        store.schemas.add(document, mode="NONE", note="for a contract test")
    except NotFound:
        return False
    return True


@contextmanager
def _started(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The program under way, and gone afterwards; what we are sent meanwhile it is sent too."""
    try:
        child = subprocess.Popen(list(command), stdout=subprocess.PIPE, env=environment)
    except FileNotFoundError as error:
        raise InvalidOption(f"There is no program {command[0]}.", "Check its name after `--`.") from error
    except OSError as error:
        raise InvalidOption(f"{command[0]} cannot be run: {error.strerror}.", "Check its permissions.") from error

    def pass_on(number: int, _frame: Any) -> None:
        if child.poll() is None and not (number == signal.SIGINT and _in_foreground()):
            child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield child
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if child.poll() is None:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _in_foreground() -> bool:
    """Whether a terminal's Ctrl-C reaches the producer without us."""
    for descriptor in (0, 1, 2):
        try:
            return os.tcgetpgrp(descriptor) == os.getpgrp()
        except OSError:
            continue
    return False


class _Lines:
    """Judges lines of JSON, and counts by schema."""

    def __init__(self, schemas: SchemaRegistry, document: SchemaDocument | None) -> None:
        self._schemas, self._document = schemas, document
        self._documents: dict[str, SchemaDocument | str] = {}
        self.tallies: dict[str, Tally] = {}

    def take(self, number: int, line: bytes) -> bool:
        """Whether the line is one of JSON; anything else is not for us."""
        if not line.lstrip().startswith(b"{"):
            return False
        value = _decoded(line)
        if not isinstance(value, dict):
            return False
        named = value.get("schema")
        pin = named if isinstance(named, str) else None
        found = self._of(pin)
        tally = self._tally(found, pin)
        tally.sent += 1
        if isinstance(found, str):
            tally.refuse(f"line {number}", [found])
            return True
        record = record_of(value, found) if pin is not None else value
        problems = judged(validator(found), record)
        if problems:
            tally.refuse(f"line {number}", [f"{each.path or '/'}: {each.message}" for each in problems])
        return True

    def _of(self, pin: str | None) -> SchemaDocument | str:
        """The document that judges, or why there is none."""
        if pin is None:
            return self._document or "the line names no schema; --schema PIN judges such lines"
        if self._document is not None and pin == self._document.pin:
            return self._document
        if pin not in self._documents:
            try:
                self._documents[pin] = self._schemas.bundle(pin)
            except CornermanError as error:
                self._documents[pin] = error.what
        return self._documents[pin]

    def _tally(self, found: SchemaDocument | str, pin: str | None) -> Tally:
        name = found.pin if isinstance(found, SchemaDocument) else pin or UNNAMED
        return self.tallies.setdefault(name, Tally(name, "lines"))


def record_of(value: dict[str, Any], document: SchemaDocument) -> Any:
    """What a line that names its schema wants judged: itself where `schema` is one of the schema's own properties, the
    record in its envelope where it has one, else the line without the name."""
    if "schema" in document.schema.get("properties", {}):
        return value
    rest = {key: item for key, item in value.items() if key != "schema"}
    if len(rest) == 1:
        (key,) = rest
        if key in ENVELOPE and key not in document.schema.get("properties", {}):
            return rest[key]
    return rest


def _decoded(line: bytes) -> Any:
    """The JSON value of a line, NaN and infinities as Python writes them; None where it is none."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    import json

    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _judge_recording(path: Path, report: ContractReport) -> None:
    """What the producer recorded: as the store judged it, schema by schema, and whether it is whole."""
    with open_store(path) as store:
        tallies: dict[str, Tally] = {}
        for run in store.runs():
            summary = run.summary()
            report.runs += 1
            report.transitions += summary.transition_count
            if not summary.ledger.balanced or any(summary.ledger.dropped.values()):
                report.findings.append(f"{run.run_id}: steps were lost: {dict(summary.ledger.dropped)}")
        for one in store.enforcement.judged():
            tally = tallies.setdefault(one.schema, Tally(one.schema, "steps"))
            tally.sent += one.steps
            tally.refused += one.bad
        for mismatch in store.enforcement.mismatches():
            tally = tallies.setdefault(mismatch.schema, Tally(mismatch.schema, "steps"))
            if len(tally.first) < FIRST:
                where = f"{mismatch.stream} row {mismatch.row}"
                what = f"{mismatch.path or '/'}: {mismatch.rule}: {mismatch.expected} expected, got {mismatch.got}"
                tally.first.append((where, f"{what} ({mismatch.steps:,} times)"))
        report.findings += [str(finding) for finding in store.verify()]
    unjudged = report.transitions - sum(tally.sent for tally in tallies.values())
    if unjudged > 0:
        tallies[UNNAMED] = Tally(UNNAMED, "steps", sent=unjudged)
    report.tallies += tallies.values()
