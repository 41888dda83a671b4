"""Samples of a schema: documents that it allows, documents that break one rule of it, and steps older than schemas.

    valid(document, 100, seed=1)        the same hundred each time, every one checked by the validator
    mutated(document, 100, seed=1)      each breaks the rule that it names, at the place that it names
    legacy(100, seed=1)                 steps of payload version 0, as programs wrote them before there was one

Consumers are tested with them before the first producer exists, and validators before the first mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any, Final, NamedTuple

from cornerman.core.errors import InvalidSchema

from .broken_value import Break, breaks
from .document import SchemaDocument
from .made_value import Maker, Unmakeable
from .validate import Problem, Validator, validator

TRIES: Final = 200
"""For one sample."""


class Mutation(NamedTuple):
    """A document that its schema refuses, and why."""

    value: Any
    rule: str
    """The keyword that it breaks, such as `required`."""
    path: str
    """Where, as a JSON pointer into the document."""
    message: str
    """What the validator says."""


def valid(document: SchemaDocument | dict[str, Any], n: int, seed: int = 0) -> list[Any]:
    """`n` documents that the schema allows. Raises InvalidSchema where none is found."""
    schema, name = _schema(document)
    judge = validator(schema)
    return [_valid(schema, judge, Random(f"{seed}/{at}"), name) for at in range(n)]


def mutated(document: SchemaDocument | dict[str, Any], n: int, seed: int = 0) -> list[Mutation]:
    """`n` documents that the schema refuses: first every rule of it once, then again from the first.

    Fewer where the schema has nothing to break, as `{}` has not. Raises InvalidSchema where no valid one is found.
    """
    schema, name = _schema(document)
    judge = validator(schema)
    used: Counter[str] = Counter()
    found: list[Mutation] = []
    for at in range(n):
        random = Random(f"{seed}/mutated/{at}")
        mutation = _mutated(schema, judge, _valid(schema, judge, random, name, full=at % 2 == 0), random, used)
        if mutation is not None:
            found.append(mutation)
    return found


def legacy(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """`n` steps without a payload version, in two shapes in turn: nested JSON, and fields that hold JSON as text."""
    random = Random(f"{seed}/legacy")
    steps = [_legacy_step(at, random) for at in range(n)]
    return [_as_texts(step) if step["episode_id"].endswith("1") else step for step in steps]


def _schema(document: SchemaDocument | dict[str, Any]) -> tuple[dict[str, Any], str]:
    if isinstance(document, SchemaDocument):
        return document.schema, document.pin
    return document, "the schema"


def _valid(schema: dict[str, Any], judge: Validator, random: Random, name: str, *, full: bool = False) -> Any:
    for attempt in range(TRIES):
        try:
            value = Maker(schema, random, full=full and attempt < TRIES // 2).value(schema)
        except (Unmakeable, RecursionError):
            continue
        if judge.is_valid(value):
            return value
    for value in schema.get("examples", ()):
        if judge.is_valid(value):
            return value
    raise InvalidSchema(
        f"No document that {name} allows was found in {TRIES} tries.",
        'Add "examples" to the schema; if none can be written, it allows nothing.',
    )


def _mutated(
    schema: dict[str, Any], judge: Validator, value: Any, random: Random, used: Counter[str]
) -> Mutation | None:
    """The value with a rule broken that was broken least so far."""
    ways = list(breaks(schema, value, schema))
    random.shuffle(ways)
    ways.sort(key=lambda way: used[way.place])
    for way in ways:
        broken = way.applied(value)
        problem = _confirmed(way, judge.problems(broken))
        if problem is not None:
            used[way.place] += 1
            return Mutation(broken, problem.rule, problem.path, problem.message)
        used[way.place] += 1
    return None


def _confirmed(way: Break, problems: list[Problem]) -> Problem | None:
    """The validator's own word for it: the rule that was meant, else the only one that it names."""
    named = [problem for problem in problems if problem.rule == way.rule]
    return named[0] if named else problems[0] if len(problems) == 1 else None


def _legacy_step(at: int, random: Random) -> dict[str, Any]:
    episode, step = divmod(at, 10)
    return {
        "run_id": "legacy-run",
        "episode_id": f"legacy-run-ep{episode}",
        "step_index": step,
        "action": random.randrange(4),
        "observation": [round(random.uniform(-1, 1), 4) for _ in range(4)],
        "reward": float(random.randrange(-1, 2)),
        "terminated": step == 9 and episode % 2 == 0,
        "truncated": step == 9 and episode % 2 == 1,
        "info": {"prob": 1.0} if random.random() < 0.5 else {},
        "timestamp": f"2025-07-28T19:{episode % 60:02}:{step:02}+00:00",
        "agent_id": "agent_0",
        "worker_id": "worker-0",
        "time_step": step,
    }


def _as_texts(step: Mapping[str, Any]) -> dict[str, Any]:
    """The same step with its nested values as JSON in texts, and the version written out."""
    import json

    changed = dict(step)
    for name in ("action", "observation"):
        changed[f"{name}_json"] = json.dumps(changed.pop(name))
    changed["episode_index"] = int(changed.pop("episode_id").rpartition("ep")[2])
    return {**changed, "payload_version": 0}
