"""Version 1 of a user's alert rules: conditions of their own, and other limits for those that are built in."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .boundary import Form

VERSION = 1
SCHEMA = "cornerman.alert_rules@1.0.0"
Code = Annotated[str, msgspec.Meta(pattern="^LOG[0-9]{2,5}[A-Z]?$")]


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """One condition that is an alert wherever it holds."""

    name: str
    """What it is called."""
    when: str
    """A condition on a run's figures, as of `cornerman watch`: mean_return(100)<50 and episodes>500; or a filter of its
    log records, as of `cornerman logs`: code:LOG406."""
    job: str = "*"
    """For runs of these jobs; * stands for any characters."""
    code: Code = "LOG1807"
    """The log constant that has its words and its level."""


class AlertRulesV1(msgspec.Struct, frozen=True, kw_only=True, tag_field="payload_version", tag=VERSION):
    """What a user wants to be told of a run, beside what is built in."""

    schema: str = SCHEMA
    """Id and version of this schema."""
    rules: tuple[AlertRule, ...] = ()
    """Rules of the user's."""
    limits: dict[str, float] = {}
    """Other limits for built-in rules, by their word: disk: 24."""
    off: tuple[str, ...] = ()
    """Words of built-in rules that are not looked at."""

    @property
    def payload_version(self) -> int:
        return VERSION


FORM = Form("alert_rules", VERSION, AlertRulesV1, ())
encode, decode, to_json = FORM.encode, FORM.decode, FORM.to_json
