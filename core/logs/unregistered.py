"""What log records name and nobody has registered: codes that no catalogue knows, loggers that no component owns.

Whoever logs names them, by its first line; they are stored and shown as unregistered until somebody says what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from cornerman.log_catalog import component_of_logger, get_constant_by_code

from .records import Facets

_OURS_OR_NOBODYS = ("", "root", "cornerman", "py.warnings", "__main__")
"""Loggers that have no component of their own: the root, ours, what Python itself names."""


class Unregistered(NamedTuple):
    """A code or a logger, and how many records have it."""

    kind: Literal["code", "logger"]
    value: str
    records: int

    @property
    def remedy(self) -> str:
        """The command that registers it."""
        if self.kind == "code":
            return f"cornerman codes register {self.value} --component … --message …"
        return f"cornerman codes logger {self.value} …"


def unregistered(facets: Facets) -> tuple[Unregistered, ...]:
    """Codes first, then loggers, each with those of the most records first."""
    return tuple(sorted(_found(facets), key=lambda one: (one.kind, -one.records, one.value)))


def _found(facets: Facets) -> Iterator[Unregistered]:
    for facet in facets.values.get("code", ()):
        if get_constant_by_code(facet.value) is None:
            yield Unregistered("code", facet.value, facet.count)
    for facet in facets.values.get("logger", ()):
        if facet.value not in _OURS_OR_NOBODYS and component_of_logger(facet.value) is None:
            yield Unregistered("logger", facet.value, facet.count)
