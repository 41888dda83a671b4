"""`during:12`: what was written while an episode was under way, whoever wrote it: by time, since most lines name none.

    during:12            episode 12 of the run's first stream
    during:12..20        from the beginning of 12 to the end of 20; `during:12..` goes on to the newest
    during:eval/12       of the stream of that name
    during:12@3          of sub-environment 3 of a vector environment; 0 without it

An episode is under way until the next one begins, so that what a loop prints after its last step belongs to it. The
term needs to know the run, so the filter has to name one: `run:01K… during:12`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import InvalidOption
from .filter import DURING, LogFilter
from .matching import Period

_FORM = re.compile(r"(?:(?P<stream>.+)/)?(?P<first>\d{1,18})(?P<dots>\.\.(?P<last>\d{1,18})?)?(?:@(?P<env>\d{1,9}))?")


class During(NamedTuple):
    """Which episodes of a run are meant. `last` None: to the newest; `stream` empty: the first."""

    stream: str
    first: int
    last: int | None
    env_index: int


PeriodOf = Callable[[str, During], Period]
"""When the episodes of a run were under way. NotFound where there are none such."""


def during_of(value: str) -> During:
    """What the value of a term means; ValueError where it means nothing."""
    found = _FORM.fullmatch(value)
    if found is None:
        raise ValueError(value)
    first = int(found["first"])
    last = first if not found["dots"] else int(found["last"]) if found["last"] else None
    if last is not None and last < first:
        raise ValueError(value)
    return During(found["stream"] or "", first, last, int(found["env"] or 0))


def narrowed(chosen: LogFilter, period: Period, period_of: PeriodOf) -> Period:
    """The time that a filter's `during` leaves of what its `since` and `until` do.

    InvalidOption where the filter does not name one run. Several terms mean all from the first to the last of them.
    """
    terms = chosen.of(DURING)
    if not terms:
        return period
    runs = chosen.of("run")
    if len(runs) != 1:
        raise InvalidOption(
            f"{terms[0]} does not say of which run.", f"Name one: `cornerman logs RUN {terms[0]}`, or run:ID beside it."
        )
    spans = [period_of(runs[0].value, during_of(term.value)) for term in terms]
    begins = min(span.since_us or 0 for span in spans)
    ends = [span.until_us for span in spans if span.until_us is not None]
    until = max(ends) if len(ends) == len(spans) else None
    since = begins if period.since_us is None else max(begins, period.since_us)
    both = [end for end in (until, period.until_us) if end is not None]
    return Period(since, min(both, default=None))
