"""By which schema the steps of a stream are judged when they are sealed, and what the schema said of a segment.

Rules are read anew for each segment, in the transaction that reads how far the stream is sealed. Documents and plans
are kept: a registered version never changes, and a plan holds for as long as the layout does.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import msgspec
import numpy as np

from cornerman.core import values
from cornerman.core.errors import CornermanError, PayloadError
from cornerman.core.layout import Layout
from cornerman.core.schema import SchemaDocument
from cornerman.core.schema import parse as parse_schema
from cornerman.core.schema.column_plan import ColumnPlan, Mismatch, Steps, Verdict, compile_plan
from cornerman.core.schema.enforcement import Decision, Mode, decide
from cornerman.core.schema.references import bundled
from cornerman.core.schema.refused import STEP, Refused, step_bytes
from cornerman.core.schema.step_schema import derived_schema
from cornerman.core.schema.step_verdict import check_steps
from cornerman.core.schema.versions import latest, parse_pin
from cornerman.core.spaces import Descriptor
from cornerman.core.spaces import parse as parse_space
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_STEPS_NOT_JUDGED

from .enforcement import read_rules, subject_of

if TYPE_CHECKING:
    from .pack import Judged

Array = np.ndarray[Any, Any]
SINGLY = 256
"""Steps of a field that are judged one at a time in a segment, at most, unless the schema is enforced."""
WIDE = 16 << 20
"""Bytes of a segment beyond which not every row is judged, unless the schema is enforced: some of them are, evenly."""
PLANS = 64


class Judgement(NamedTuple):
    """What a schema said of the steps of a segment."""

    document: SchemaDocument
    mode: Mode
    verdict: Verdict
    withheld: Array | None
    """bool (rows, envs): the steps that are refused; None where none is."""
    refused: tuple[Refused, ...]
    mismatches: tuple[Mismatch, ...]
    times: tuple[int, int]

    def bad_in(self, part: slice) -> int:
        """Bad steps among some rows."""
        return 0 if self.verdict.bad is None else int(np.count_nonzero(self.verdict.bad[part]))


class StepJudge(NamedTuple):
    """The schema and mode of a stream at this moment."""

    document: SchemaDocument
    mode: Mode
    spaces: tuple[Descriptor | None, Descriptor | None]
    note: str = ""
    """Why another schema than the one that was named is used, or ''."""

    def judge(self, judged: Judged) -> Judgement | None:
        """The verdict over a segment's steps and, where the schema is enforced, what is refused.

        None where they could not be judged, which is logged: they are stored then, whatever the mode is.
        """
        try:
            return self._judge(judged)
        except Exception as error:
            log(LOG_STEPS_NOT_JUDGED, schema=self.document.pin, reason=f"{type(error).__name__}: {error}")
            return None

    def bad_steps(
        self, layout: Layout, columns: dict[str, Array], flags: Array, transition: Array, extras: dict[int, bytes]
    ) -> int:
        """How many of some steps are bad, for who watches: nothing is logged, and 0 where they cannot be judged."""
        try:
            plan = _plan(self.document, layout, self.spaces)
            return check_steps(plan, Steps(columns, flags, transition, extras), SINGLY).bad_steps
        except Exception:  # as when they are sealed, where it is said
            return 0

    def _judge(self, judged: Judged) -> Judgement:
        plan = _plan(self.document, judged.layout, self.spaces)
        enforced = self.mode == "enforce"
        every = 1 if enforced else _every(plan, len(judged.flags))
        verdict = check_steps(plan, _steps(judged, every), None if enforced else SINGLY)
        if every > 1:
            verdict = _spread(verdict, judged, every)
        withheld = verdict.bad if enforced and verdict.bad is not None else None
        first = judged.rows.first_row
        mismatches = tuple(found._replace(row=first + found.row) for found in verdict.mismatches)
        refused = () if withheld is None else tuple(_refused(verdict, judged, withheld))
        time_us = judged.rows.time_us
        return Judgement(
            self.document, self.mode, verdict, withheld, refused, mismatches, (int(time_us[0]), int(time_us[-1]))
        )


def judge_of(connection: apsw.Connection, run: dict[str, Any], stream: dict[str, Any]) -> StepJudge | None:
    """By what the steps of a stream are judged now; None where they are not. Inside the caller's transaction.

    Raises apsw's errors alone: what is wrong with a schema must not keep steps from being stored.
    """
    try:
        return _judge_of(connection, run, stream)
    except apsw.Error:
        raise
    except Exception as error:
        log(LOG_STEPS_NOT_JUDGED, run=run["run_id"], reason=f"{type(error).__name__}: {error}")
        return None


def _judge_of(connection: apsw.Connection, run: dict[str, Any], stream: dict[str, Any]) -> StepJudge | None:
    manifest = _manifest(stream["manifest"])
    spaces = _spaces(stream)
    derived = _derived(str(manifest.get("env_id", "")), *_space_texts(stream))
    subject = subject_of(run["run_id"], run["job"], manifest, derived.pin)
    decision = decide(subject, read_rules(lambda *asked: connection.execute(*asked).fetchall()))
    if decision.mode == "off":
        return None
    if decision.schema == derived.pin:
        return StepJudge(derived, decision.mode, spaces)
    try:
        return StepJudge(_registered(connection, decision), decision.mode, spaces)
    except CornermanError as error:  # recording goes on: what was named cannot be used, so nothing is refused by it
        mode: Mode = "warn" if decision.mode == "enforce" else decision.mode
        return StepJudge(
            derived, mode, spaces, f"steps are judged by their spaces, not by {decision.schema}: {error.what}"
        )


def _registered(connection: apsw.Connection, decision: Decision) -> SchemaDocument:
    from . import schema_rows  # with the whole registry: most streams are judged by their spaces

    query = schema_rows.reader(connection)
    pin = parse_pin(decision.schema)
    version = pin.version or latest(entry.version for entry in schema_rows.versions(query, pin.id) if not entry.retired)

    if version is None:
        raise PayloadError(f"The schema {pin.id} is not registered.")

    def load(wanted: str) -> SchemaDocument:
        schema_id, _, number = wanted.rpartition("@")
        content = schema_rows.content(query, schema_id, number)
        if content is None:
            raise PayloadError(f"The schema {wanted} is not registered.")
        return _parsed(json.dumps(content), schema_id, number)

    return bundled(load(f"{pin.id}@{version}"), load)


@lru_cache(maxsize=64)
def _parsed(content: str, schema_id: str, version: str) -> SchemaDocument:
    return parse_schema(content, id=schema_id, version=version)


@lru_cache(maxsize=64)
def _manifest(data: bytes) -> dict[str, Any]:
    found = values.decode(data)
    return found if isinstance(found, dict) else {}


def _space_texts(stream: dict[str, Any]) -> tuple[bytes, bytes]:
    texts = stream.get("spaces") or {}
    prefix = "single_" if stream["num_envs"] else ""
    return texts.get(f"{prefix}observation_space", b""), texts.get(f"{prefix}action_space", b"")


def _spaces(stream: dict[str, Any]) -> tuple[Descriptor | None, Descriptor | None]:
    observation, action = map(_space, _space_texts(stream))
    return observation, action


@lru_cache(maxsize=64)
def _space(text: bytes) -> Descriptor | None:
    try:
        return parse_space(text) if text else None
    except CornermanError:
        return None


@lru_cache(maxsize=64)
def _derived(env_id: str, observation: bytes, action: bytes) -> SchemaDocument:
    return derived_schema(env_id, _space(observation), _space(action))


_plans: OrderedDict[tuple[str, bytes], ColumnPlan] = OrderedDict()


def _plan(document: SchemaDocument, layout: Layout, spaces: tuple[Descriptor | None, Descriptor | None]) -> ColumnPlan:
    """The plan of a schema for a layout, made once."""
    key = (document.digest, msgspec.msgpack.encode(layout))
    found = _plans.get(key)
    if found is None:
        found = _plans[key] = compile_plan(document.schema, layout, spaces=spaces)
        while len(_plans) > PLANS:
            _plans.popitem(last=False)
    return found


def _every(plan: ColumnPlan, rows: int) -> int:
    """Of how many rows one is judged."""
    looked_at = {judge.field for judge in plan.judges if judge.full or judge.bare}
    wide = {"observation", "action", ""} & looked_at
    return max(1, -(-rows * plan.layout.row_bytes // WIDE)) if wide else 1


def _steps(judged: Judged, every: int) -> Steps:
    transition = judged.advanced.transition
    if every == 1:
        return Steps(judged.columns, judged.flags, transition, judged.extras)
    columns = {name: column[::every] for name, column in judged.columns.items()}
    extras = {row // every: data for row, data in judged.extras.items() if row % every == 0}
    return Steps(columns, judged.flags[::every], transition[::every], extras)


def _spread(verdict: Verdict, judged: Judged, every: int) -> Verdict:
    """The verdict over some rows as one over all of them."""
    bad = None
    if verdict.bad is not None:
        bad = np.zeros(judged.advanced.transition.shape, np.bool_)
        bad[::every] = verdict.bad
    return verdict._replace(
        steps=int(np.count_nonzero(judged.advanced.transition)),
        bad=bad,
        mismatches=tuple(found._replace(row=found.row * every) for found in verdict.mismatches),
    )


def _refused(verdict: Verdict, judged: Judged, withheld: Array) -> list[Refused]:
    """The refused steps as quarantine keeps them."""
    rows, t = judged.rows, judged.rows.t
    found = []
    for row, env in np.argwhere(withheld).tolist():
        step = {**verdict.step(row, env), "time_us": int(rows.time_us[row])}
        place = f"step {int(t[row]):,}" + (f" of sub-environment {env}" if judged.layout.num_envs else "")
        found.append(
            Refused(
                step_bytes(step), tuple(verdict.errors(row, env)), place, STEP, rows.first_row + row, int(t[row]), env
            )
        )
    return found
