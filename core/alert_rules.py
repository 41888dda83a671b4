"""Alert rules of the user: one file beside the settings, in the form of the registered schema `cornerman.alert_rules`.

A rule is a condition on a run's figures or a filter of its log records, and names the log constant that has its words.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from cornerman.log_catalog import get_constant_by_code
from cornerman.log_catalog.health import LOG_RULE_HOLDS

from .alerts import RULES, Alert
from .errors import CornermanError, InvalidOption
from .logs import LogFilter, Term
from .near import did_you_mean
from .payloads.alert_rules_v1 import AlertRule, AlertRulesV1, decode
from .run_condition import Condition, is_quantity
from .user_document import UserDocument

if TYPE_CHECKING:
    from .logs.port import LogReader
    from .records import RunSummary
    from .run_condition import Figures


_FILTER: Final = re.compile(r"-?[a-z]+(?::|>=)[^=]")


class Meant(NamedTuple):
    """What the text of a rule means: one of the two."""

    condition: Condition | None
    chosen: LogFilter | None


def own_alerts(run: RunSummary, figures: Figures, logs: LogReader, rules: tuple[AlertRule, ...]) -> list[Alert]:
    """Those of a run by the user's rules. What cannot be asked now is none."""
    found = []
    for rule in rules:
        if fnmatchcase(run.job, rule.job):
            try:
                detail = _detail(rule, run, figures, logs)
            except CornermanError:
                continue
            if detail:
                found.append(_alert(rule, detail))
    return found


def _detail(rule: AlertRule, run: RunSummary, figures: Figures, logs: LogReader) -> str:
    condition, chosen = meant(rule.when)
    if condition is not None:
        said = condition.said(figures)
        return f"{rule.when}: {said}" if said else ""
    assert chosen is not None
    not_alerts = Term("tag", "alert", exclude=True)  # else an alert would be what it looks for
    newest = logs.page(LogFilter((Term("run", run.run_id), not_alerts, *chosen.terms)), limit=1)
    return f"{rule.when}: {' '.join(newest[0].record.message.split())[:200]}" if newest else ""


def _alert(rule: AlertRule, detail: str) -> Alert:
    constant = get_constant_by_code(rule.code) or LOG_RULE_HOLDS
    return Alert(rule.name, constant.code, constant.level, f"{constant.message} ({rule.name})", detail)


@lru_cache(maxsize=256)
def meant(text: str) -> Meant:
    """What a rule's text means; InvalidOption says what is wrong with it."""
    if is_quantity(text) or not _FILTER.match(text):  # so that a mistyped quantity is refused, and not looked for
        return Meant(Condition.parse(text), None)
    chosen = LogFilter.parse(text)
    if not chosen or chosen.of_field("run"):
        raise InvalidOption(f"{text!r} is no condition.", "Such as 'mean_return(100)<50', or a filter: 'code:LOG406'.")
    return Meant(None, chosen)


def check(rules: AlertRulesV1) -> None:
    """InvalidOption where a rule, a word or a code means nothing."""
    words = [rule.word for rule in RULES]
    for word in (*rules.limits, *rules.off):
        if word not in words:
            known = f"There are: {', '.join(words)}."
            raise InvalidOption(f"There is no alert {word!r}.", did_you_mean(word, words, known))
    for rule in rules.rules:
        meant(rule.when)
        if get_constant_by_code(rule.code) is None:
            raise InvalidOption(f"{rule.code} is in no catalogue.", "`cornerman codes register` makes it known.")


ALERT_RULES: Final = UserDocument("alerts.json", decode, AlertRulesV1(), check)
"""The file."""
