"""Rules, cohorts and their history in a store, what schemas said of its steps, and how far versions are adopted.

    with cornerman.open_store() as store:
        store.enforcement.set("telemetry.step@1.2.0", "enforce", job="baseline*")
        store.enforcement.mismatches(run_id)

The rules are read anew at each sealing: a change holds from the next segment of every recording on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from cornerman.core import values
from cornerman.core.errors import InvalidOption, NotFound
from cornerman.core.schema.adoption import SHARE, Checkpoint, Measure, VersionShare, adoption, checkpoint
from cornerman.core.schema.enforcement import (
    Canary,
    Cohort,
    Mode,
    Producer,
    ProducersFail,
    Rule,
    Rules,
    Subject,
    canary,
    check_rule,
    lagging,
)

from .connection import connect, transaction, translated
from .liveness import alive
from .quarantine import FIRST_FORMAT, Query
from .who import who

FIRST_WITH_ORDER = 8
"""The format that keeps the order of the rules."""


class RuleEvent(NamedTuple):
    """One change of the rules."""

    id: int
    at_us: int
    who: str
    action: str
    what: str
    note: str
    forced: bool
    before: Rules
    after: Rules


class MismatchCount(NamedTuple):
    """One broken rule of one stream, counted, with its first example."""

    run_id: str
    job: str
    stream_id: int
    stream: str
    schema: str
    path: str
    rule: str
    expected: str
    got: str
    place: str
    row: int
    env: int
    steps: int
    first_us: int
    last_us: int


class Judged(NamedTuple):
    """What a schema version said of a stream's steps."""

    run_id: str
    stream_id: int
    schema: str
    mode: Mode
    steps: int
    judged: int
    bad: int
    refused: int
    first_us: int
    last_us: int


class Enforcement:
    """The rules of one store. Usable from any thread."""

    def __init__(self, path: Path, query: Query) -> None:
        self._path, self._query = path, query

    # --- looking -----------------------------------------------------------------------------------------------------

    def rules(self) -> Rules:
        """All rules and cohorts as they are now."""
        return read_rules(self._query) if self._there else Rules()

    def history(self, limit: int = -1) -> Sequence[RuleEvent]:
        """Who changed the rules, and when, the newest first; all of it, or so many."""
        rows = self._rows(
            "select id, at_us, who, action, what, note, forced, before, after from enforcement_event"
            " order by id desc limit ?",
            (limit,),
        )
        return [RuleEvent._make([*row[:6], bool(row[6]), _rules_from(row[7]), _rules_from(row[8])]) for row in rows]

    def judged(self, run_id: str | None = None) -> Sequence[Judged]:
        """What schemas said, by stream and version; of one run or of all."""
        return [Judged._make(row) for row in self._rows(_JUDGED.format(where=_of_run(run_id)), _bound(run_id))]

    def mismatches(self, run_id: str | None = None) -> Sequence[MismatchCount]:
        """Each broken rule with its count, the most frequent first; of one run or of all."""
        return [
            MismatchCount._make(row) for row in self._rows(_MISMATCHES.format(where=_of_run(run_id)), _bound(run_id))
        ]

    def producers(self) -> Sequence[Producer]:
        """Every stream with what was said of it, by each schema; those that were never judged too."""
        if not self._there:
            return []
        found = []
        for row in self._query(_PRODUCERS):
            run_id, job, stream, name, pin, steps, judged, bad, last, ended, process, manifest = row
            subject = subject_of(
                run_id, job, values.decode(manifest), pin if pin and pin.startswith("derived.") else ""
            )
            recording = ended is None and alive(self._path, process)
            found.append(Producer(run_id, job, stream, name, pin or "", steps, judged, bad, last, subject, recording))
        return found

    def adoption(
        self, schema: str, measure: Measure = "runs", share: float = SHARE
    ) -> tuple[list[VersionShare], Checkpoint | None]:
        """The versions of a schema id with their shares, and whether the checkpoint of the newest is met.

        When it was first seen to be met is kept, where the store can be written.
        """
        return self._checked({schema: adoption(schema, self.producers())}, measure, share)[schema]

    def adoptions(
        self, measure: Measure = "runs", share: float = SHARE, *, tick: bool = True
    ) -> dict[str, tuple[list[VersionShare], Checkpoint | None]]:
        """The same for every schema in use, at one reading; without `tick` nothing is written."""
        by_schema: dict[str, list[Producer]] = {}
        for each in self.producers():
            if each.pin:
                by_schema.setdefault(each.pin.partition("@")[0], []).append(each)
        found = {schema: adoption(schema, by_schema[schema]) for schema in sorted(by_schema)}
        return self._checked(found, measure, share, tick)

    def _checked(
        self, found: dict[str, list[VersionShare]], measure: Measure, share: float, tick: bool = True
    ) -> dict[str, tuple[list[VersionShare], Checkpoint | None]]:
        """With the checkpoint of each, and since when it is met."""
        asked = "select pin, met_us from enforcement_checkpoint where measure = ? and share = ?"
        known = dict(self._rows(asked, (measure, share)))
        checked = {}
        for schema, versions in found.items():
            point = checkpoint(versions, measure, share)
            if point is not None and point.pin in known:
                point = point._replace(met_us=known[point.pin])
            elif point is not None and point.met and self._there:
                point = point._replace(met_us=time.time_ns() // 1000)
                if tick:
                    self._tick(point)
            checked[schema] = versions, point
        return checked

    def canary(self, cohort: str) -> Canary:
        """How a cohort fares beside everybody else; NotFound where there is none."""
        for each in self.rules().cohorts:
            if each.name == cohort:
                return canary(each, self.producers())
        raise _no_cohort(cohort)

    # --- changing ----------------------------------------------------------------------------------------------------

    def set(
        self, schema: str, mode: Mode, *, job: str = "*", cohort: str = "", note: str = "", force: bool = False
    ) -> Rule:  # fmt: skip
        """What happens to steps that a schema does not allow. ProducersFail for an `enforce` that active ones fail."""
        rule = Rule(schema, mode, job, cohort)
        check_rule(rule, self.rules().cohorts)
        self._change("set", str(rule), lambda rules: rules.with_rule(rule), note, force)
        return rule

    def clear(self, schema: str, *, job: str = "*", cohort: str = "", note: str = "", force: bool = False) -> None:
        """Take a rule back; NotFound where there is none."""
        place = (schema, job, cohort)
        if place not in {rule.place for rule in self.rules().rules}:
            raise NotFound(f"There is no rule for {schema}, job {job}.", "`cornerman enforce show` lists the rules.")
        self._change("clear", f"{schema}, job {job}", lambda rules: rules.without(place), note, force)

    def cohort(self, name: str, share: float, *, job: str = "*", note: str = "", force: bool = False) -> Cohort:
        """Make a cohort, or change its share of the runs, between 0 and 1."""
        if not 0 <= share <= 1 or not name:
            raise InvalidOption(f"{share} is no share.", "A cohort has a name and a share between 0 and 1 (or 10%).")
        cohort = Cohort(name, share, job)
        what = f"{name}: {share:.0%} of the runs" + (f" of {job}" if job != "*" else "")
        self._change("cohort", what, lambda rules: rules.with_cohort(cohort), note, force)
        return cohort

    def promote(self, cohort: str, *, note: str = "", force: bool = False) -> Rules:
        """What holds for a cohort holds for everybody from now on. ProducersFail as for `set`."""
        return self._change("promote", cohort, lambda rules: rules.promoted(cohort), note, force)

    def rollback(self, event: int | None = None, *, note: str = "", force: bool = False) -> Rules:
        """The rules as they were before the newest change, or before the one with this number."""
        history = self.history()
        chosen = [each for each in history if event in (None, each.id)]
        if not chosen:
            raise NotFound("There is no such change of the rules.", "`cornerman enforce history` lists them.")
        before = chosen[0].before
        return self._change("rollback", f"before change {chosen[0].id}", lambda rules: before, note, force)

    def _change(self, action: str, what: str, change: Callable[[Rules], Rules], note: str, force: bool) -> Rules:
        """Change the rules and write the history in one transaction, unless active producers would fail."""
        with translated(self._path):
            connection = connect(self._path, write=True)
            try:
                while True:
                    before = self.rules()
                    after = change(before)
                    failing = lagging(before, after, self.producers(), time.time_ns() // 1000)
                    if failing and not force:
                        raise ProducersFail(what.partition(":")[0], failing)
                    with transaction(connection):
                        if read_rules(lambda *asked: connection.execute(*asked).fetchall()) == before:
                            _write_rules(connection, after)
                            _write_event(connection, action, what, note, bool(failing), before, after)
                            return after
            finally:
                connection.close()

    def _tick(self, met: Checkpoint) -> None:
        try:
            connection = connect(self._path, write=True, busy_ms=200)
        except Exception:  # read-only, locked, gone: it ticks at the next look
            return
        try:
            connection.execute(
                "insert into enforcement_checkpoint values (?, ?, ?, ?) on conflict do nothing",
                (met.pin, met.measure, met.wanted, met.met_us),
            )
        except apsw.Error:
            pass
        finally:
            connection.close()

    @property
    def _there(self) -> bool:
        return int(self._query("pragma user_version")[0][0]) >= FIRST_FORMAT

    def _rows(self, statement: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
        return self._query(statement, bindings) if self._there else []


def subject_of(run_id: str, job: str, manifest: dict[str, Any], derived: str) -> Subject:
    """Whose steps a stream's are, as its recorder introduced it."""
    said = manifest.get("schema")
    said = said if isinstance(said, dict) else {}
    return Subject(run_id, job, said.get("pin", ""), derived, said.get("mode", "warn"))


def read_rules(query: Query) -> Rules:
    """All rules, in the order in which they were set, and all cohorts. Older stores did not keep that order."""
    kept = int(query("pragma user_version")[0][0]) >= FIRST_WITH_ORDER
    order = "rank, schema, job, cohort" if kept else "schema, job, cohort"
    rules = query(f"select schema, mode, job, cohort from enforcement_rule order by {order}")
    cohorts = query("select name, share, job from enforcement_cohort order by name")
    return Rules(tuple(Rule(*row) for row in rules), tuple(Cohort(*row) for row in cohorts))


def _write_rules(connection: apsw.Connection, rules: Rules) -> None:
    connection.execute("delete from enforcement_rule")
    connection.execute("delete from enforcement_cohort")
    connection.executemany(
        "insert into enforcement_rule (schema, job, cohort, mode, rank) values (?, ?, ?, ?, ?)",
        ((*rule.place, rule.mode, rank) for rank, rule in enumerate(rules.rules)),
    )
    for cohort in rules.cohorts:
        connection.execute("insert into enforcement_cohort values (?, ?, ?)", (cohort.name, cohort.share, cohort.job))


def _write_event(
    connection: apsw.Connection, action: str, what: str, note: str, forced: bool, before: Rules, after: Rules
) -> None:
    connection.execute(
        "insert into enforcement_event (at_us, who, action, what, note, forced, before, after)"
        " values (?,?,?,?,?,?,?,?)",
        (time.time_ns() // 1000, who(), action, what, note, forced, _rules_text(before), _rules_text(after)),
    )


def _rules_text(rules: Rules) -> str:
    return json.dumps(
        {
            "rules": [[rule.schema, rule.mode, rule.job, rule.cohort] for rule in rules.rules],
            "cohorts": [[cohort.name, cohort.share, cohort.job] for cohort in rules.cohorts],
        }
    )


def _rules_from(text: str) -> Rules:
    found = json.loads(text)
    return Rules(tuple(Rule(*row) for row in found["rules"]), tuple(Cohort(*row) for row in found["cohorts"]))


def _no_cohort(name: str) -> NotFound:
    return NotFound(f"There is no cohort {name!r}.", "`cornerman enforce show` lists cohorts and rules.")


def _of_run(run_id: str | None) -> str:
    return "true" if run_id is None else "r.run_id = ?"


def _bound(run_id: str | None) -> tuple[Any, ...]:
    return () if run_id is None else (run_id,)


_JUDGED = """
select r.run_id, j.stream, k.pin, j.mode, j.steps, j.judged, j.bad, j.refused, j.first_us, j.last_us
from judged j join step_schema k on k.id = j.step_schema join stream s on s.id = j.stream join run r on r.id = s.run
where {where} order by j.last_us desc"""
_MISMATCHES = """
select r.run_id, r.job, m.stream, s.name, k.pin, m.path, m.rule, m.expected, m.got, m.place, m.row, m.env, m.count,
    m.first_us, m.last_us
from mismatch m join step_schema k on k.id = m.step_schema join stream s on s.id = m.stream join run r on r.id = s.run
where {where} order by m.count desc, m.path, m.rule"""
_PRODUCERS = """
select r.run_id, r.job, s.id, s.name, k.pin, coalesce(j.steps, s.transitions), coalesce(j.judged, 0),
    coalesce(j.bad, 0), coalesce(j.last_us, s.last_us), s.ended_us, s.process, s.manifest
from stream s join run r on r.id = s.run left join judged j on j.stream = s.id
left join step_schema k on k.id = j.step_schema where r.deleted_us is null order by j.last_us"""
