"""What makes a run that is watched a failure: `nan`, `any`, `level>=ERROR`, `steps_per_second<100`.

A trouble is alerts by the words of their rules (`alerts.py`), a condition on the run's figures (`run_condition.py`), or
log records that a filter chooses (`logs/filter.py`). Which of them a text means is seen by how it begins, so that a
mistyped word is refused and not looked for in the log.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from .alerts import RULES
from .errors import InvalidOption
from .logs import LogFilter, Term
from .logs.filter import FIELDS
from .near import did_you_mean
from .run_condition import Condition, is_quantity

if TYPE_CHECKING:
    from .logs.port import LogReader
    from .records import RunSummary
    from .run_figures import RunFigures

ANY = "any"
WORDS = {**{rule.word: rule.constant.message for rule in RULES}, ANY: "each alert, also by rules of your own"}
"""The words for alerts that everybody has, and what each is about."""


class Moment(NamedTuple):
    """What a run is when it is looked at."""

    summary: RunSummary
    figures: RunFigures
    logs: LogReader


class Trouble(Protocol):
    """Something that must not happen."""

    reads_logs: ClassVar[bool]

    def found(self, moment: Moment) -> str:
        """What has happened, in words; '' where it has not."""
        ...


@dataclass(frozen=True, slots=True)
class AlertTrouble:
    """Alerts of these rules: by their words, those of the user by their names."""

    words: frozenset[str]
    reads_logs: ClassVar[bool] = False

    def found(self, moment: Moment) -> str:
        rules = self.words | {rule.name for rule in RULES if rule.word in self.words}
        broken = [alert for alert in moment.summary.alerts if ANY in self.words or alert.rule in rules]
        return f"{broken[0].code} {broken[0].message}: {broken[0].detail}" if broken else ""


@dataclass(frozen=True, slots=True)
class FigureTrouble:
    """A condition that holds."""

    condition: Condition
    reads_logs: ClassVar[bool] = False

    def found(self, moment: Moment) -> str:
        said = self.condition.said(moment.figures)
        return f"{self.condition} holds: {said}" if said else ""


@dataclass(slots=True)
class LogTrouble:
    """A log record of the run that a filter chooses. What was looked at once is not looked at again."""

    chosen: LogFilter
    reads_logs: ClassVar[bool] = True
    _seen: int = field(default=0, init=False)

    def found(self, moment: Moment) -> str:
        run = Term("run", moment.summary.run_id)
        newest = moment.logs.page(LogFilter((run,)), limit=1)
        if not newest or newest[0].id == self._seen:
            return ""
        first = moment.logs.page(LogFilter((run, *self.chosen.terms)), after=self._seen, limit=1)
        self._seen = newest[0].id
        if not first:
            return ""
        record = first[0].record
        return f"{self.chosen}: {' '.join(filter(None, (record.level, record.code, record.message)))}"


def troubles(text: str, own: Collection[str] = ()) -> list[Trouble]:
    """What one --fail-on means: words may be joined by commas. InvalidOption where it means nothing.

    `own` are the names of the user's alert rules.
    """
    words = [word.strip() for word in text.split(",")]
    known = (*WORDS, *own)
    if all(word in known for word in words):
        return [AlertTrouble(frozenset(words))]
    if is_quantity(text):
        return [FigureTrouble(Condition.parse(text))]
    if re.match(r"-?[a-z]+(:|>=)", text):
        return [LogTrouble(_of_logs(text))]
    wrong = next(word for word in words if word not in known)
    raise InvalidOption(
        f"There is no alert {wrong!r}.",
        f"{did_you_mean(wrong, known)} Alerts: {', '.join(known)}. Or a condition such as 'return<0', or a filter of"
        " log lines such as 'level>=ERROR', 'text:\"out of memory\"'.",
    )


def _of_logs(text: str) -> LogFilter:
    chosen = LogFilter.parse(text)
    elsewhere = chosen.of_field("run") + chosen.of_field("job")
    if elsewhere:
        raise InvalidOption(f"{elsewhere[0]} is not needed.", "Lines of the run that is watched are looked at.")
    if not any(term.field in FIELDS and not term.exclude for term in chosen.terms):
        raise InvalidOption(f"{text!r} only says what is not meant.", "Say what is, as in 'level>=ERROR -tag:step'.")
    return chosen
