"""Judging what waits in quarantine again: by the newest version of the schema that refused it, or by another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cornerman.core import values
from cornerman.core.schema import Problem, Validator, parse, validator
from cornerman.core.schema.judge import judged
from cornerman.core.schema.one_step import step_problems
from cornerman.core.schema.refused import STEP, document_of
from cornerman.core.schema.step_schema import DERIVED

if TYPE_CHECKING:
    from .schemas import SchemaRegistry

Rows = Callable[[str, tuple[Any, ...]], Sequence[Any]]


class RefusedJudge:
    """Judges records one after the other; each schema is looked up and compiled once. `schema` is '' for the newest."""

    def __init__(self, schemas: SchemaRegistry, rows: Rows, schema: str) -> None:
        self._schemas, self._rows, self._schema = schemas, rows, schema
        self._found: dict[str, dict[str, Any]] = {}
        self._validators: dict[str, Validator] = {}
        self._pins: dict[str, str] = {}

    def problems(self, refused_by: str, raw: bytes, media: str) -> tuple[Problem, ...]:
        """What is against these bytes now; nothing where they are allowed."""
        asked = self._schema or refused_by
        if media == STEP:
            return tuple(step_problems(self._document(asked), values.decode(raw)))
        document = document_of(raw, media)
        if document is None:
            return (Problem("", "json", "a JSON document", media, "The bytes are no JSON document."),)
        if asked not in self._validators:
            self._validators[asked] = validator(self._document(asked))
        return tuple(judged(self._validators[asked], document))

    def pin(self, refused_by: str) -> str:
        """The exact version that judges what this one refused."""
        asked = self._schema or refused_by
        if asked not in self._pins:
            self._pins[asked] = asked if self._derived(asked) else self._schemas.get(self._name(asked)).pin
        return self._pins[asked]

    def _document(self, asked: str) -> dict[str, Any]:
        """The newest version of what refused it; a schema of spaces as it was, for there is no other."""
        if asked not in self._found:
            derived = self._derived(asked)
            self._found[asked] = parse(derived).schema if derived else self._schemas.bundle(self._name(asked)).schema
        return self._found[asked]

    def _derived(self, asked: str) -> str:
        if not asked.startswith(DERIVED):
            return ""
        rows = self._rows("select document from step_schema where pin = ? order by id desc limit 1", (asked,))
        return str(rows[0][0]) if rows else ""

    def _name(self, asked: str) -> str:
        return asked if self._schema else asked.partition("@")[0]
