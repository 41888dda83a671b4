"""Bare aggregates over `step`, answered from the statistics of the chunks: no step is decoded.

Recognised on purpose narrowly: a list of count(*) and count, sum, avg, min, max, total of reward from `step`, of all
runs or of one. Everything else, and what the statistics do not say (infinite rewards; how many are numbers in chunks of
an older version), is left to the table, which gives the same answer more slowly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cornerman.core.episodes import rewards_of

from .chunk_sums import Statistics, sealed_statistics

if TYPE_CHECKING:
    from .api import Store, Stream

_ITEM = r"(?:count\s*\(\s*\*\s*\)|(?:avg|count|sum|min|max|total)\s*\(\s*reward\s*\))(?:\s+as\s+[a-z_]\w*)?"
_STATEMENT = re.compile(
    rf"\s*select\s+(?P<items>{_ITEM}(?:\s*,\s*{_ITEM})*)\s+from\s+step"
    r"(?:\s+where\s+run\s*=\s*(?P<run>'[^']*'|\?))?\s*;?\s*",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?P<text>(?P<name>avg|count|sum|min|max|total)\s*\((?P<what>[^)]*)\))(?:\s+as\s+(?P<alias>\w+))?",
    re.IGNORECASE,
)


def bare_aggregate(store: Store, statement: str, bindings: Any) -> tuple[tuple[str, ...], tuple[Any, ...]] | None:
    """Names and values of the one row that answers `statement`; None where it has to be run."""
    found = _STATEMENT.fullmatch(statement)
    if found is None:
        return None
    run = found["run"]
    if run == "?":
        if not isinstance(bindings, Sequence) or len(bindings) != 1 or not isinstance(bindings[0], str):
            return None
        run = bindings[0]
    elif bindings:
        return None
    elif run is not None:
        run = run[1:-1]
    streams = [stream for item in store.runs() if run is None or item.run_id == run for stream in item.streams()]
    known = Statistics()
    for stream in streams:
        known |= stream.rows.consistent(partial(statistics, stream))
    if known.least is not None and (math.isinf(known.least) or math.isinf(known.greatest or 0.0)):
        return None
    items = list(_PARTS.finditer(found["items"]))
    asked = ["count(*)" if "*" in item["what"] else item["name"].lower() for item in items]
    if known.numbers is None and {"avg", "count"} & set(asked):
        return None
    names = tuple(item["alias"] or item["text"] for item in items)
    return names, tuple(_value(known, name) for name in asked)


def statistics(stream: Stream) -> Statistics:
    """Of a stream: the sealed part from its chunks' rows, the open part from its records."""
    view = stream.rows.view()
    known = sealed_statistics(stream.rows, view.totals.rows)
    for block in view.blocks:
        rewards = block.reward[block.transition].astype(np.float64)
        known |= Statistics(len(rewards), *rewards_of(rewards))
    return known


def _value(known: Statistics, name: str) -> Any:
    if name == "count(*)":
        return known.number
    if name == "count":
        return known.numbers
    if name == "avg":
        return known.total / known.numbers if known.numbers else None
    if name == "total":
        return known.total
    if name == "sum":
        return None if known.least is None else known.total
    return known.least if name == "min" else known.greatest
