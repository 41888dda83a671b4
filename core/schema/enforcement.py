"""What happens to steps that their schema does not allow: who decides it, for whom, and when that may change.

    off       they are not looked at
    observe   they are counted
    warn      they are counted and said, once for each kind: the default
    enforce   they are refused: they go to quarantine instead of into the chunk

A rule sets a mode for a schema, for the jobs (or the run ids) that match a pattern and, perhaps, for a cohort alone.
Of the rules that apply to a run, the closest wins:

    1. of its cohort, before everybody's
    2. of its job, or of its run alone: the pattern with more letters given
    3. of its schema: a version, before an id, before any
    4. of those that are as close: the one that was set, or promoted, last
    5. otherwise what the run itself was started with (`producer.schema_mode`)

A rule that names a schema also says that the steps of its jobs are judged by it; a run that names its schema itself
keeps that one. Steps of all other runs are judged by the schema that their spaces declare.

Pure functions: nothing here reads a store. Times are microseconds since 1970, UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, get_args

from ..errors import CornermanError, InvalidOption
from .step_schema import DERIVED
from .versions import parse_pin

Mode = Literal["off", "observe", "warn", "enforce"]
MODES: tuple[Mode, ...] = get_args(Mode)
ANY = "*"
ACTIVE_US = 24 * 3600 * 1_000_000
"""A producer that recorded so recently is active."""


class ProducersFail(CornermanError):
    """`enforce` would refuse steps of producers that are at work."""

    def __init__(self, schema: str, lagging: Sequence[Producer]) -> None:
        names = "; ".join(f"{each.job}, {each.stream}: {each.state}" for each in lagging[:5])
        more = f" and {len(lagging) - 5} more" if len(lagging) > 5 else ""
        super().__init__(
            f"{schema} cannot be enforced: {len(lagging)} active producers are not known to fit it ({names}{more}).",
            "Set `warn` first and look at `cornerman enforce show`; --force enforces it all the same.",
        )
        self.lagging = tuple(lagging)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the rules. `schema` is `id@1.2.0`, `id` (its highest version) or `*`; no `cohort` is everybody."""

    schema: str
    mode: Mode
    job: str = ANY
    cohort: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about: there is one rule for each place."""
        return (self.schema, self.job, self.cohort)

    def __str__(self) -> str:
        where = [f"job {self.job}"] * (self.job != ANY) + [f"cohort {self.cohort}"] * bool(self.cohort)
        return f"{self.schema}: {self.mode}" + (f" ({', '.join(where)})" if where else "")


@dataclass(frozen=True, slots=True)
class Cohort:
    """A share of the runs of some jobs, the same ones at every look. A larger share keeps who was in a smaller one."""

    name: str
    share: float
    job: str = ANY

    def has(self, run_id: str, job: str) -> bool:
        digest = hashlib.sha256(f"{self.name}\0{run_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.share * 2.0**64 and fnmatchcase(job, self.job)


class Rules(NamedTuple):
    """All rules and cohorts of a store."""

    rules: tuple[Rule, ...] = ()
    """The one that was set last is the last."""
    cohorts: tuple[Cohort, ...] = ()

    def with_rule(self, rule: Rule) -> Rules:
        """With this rule in the place of the one that stood there."""
        return self._replace(rules=(*(each for each in self.rules if each.place != rule.place), rule))

    def without(self, place: tuple[str, str, str]) -> Rules:
        return self._replace(rules=tuple(each for each in self.rules if each.place != place))

    def with_cohort(self, cohort: Cohort) -> Rules:
        return self._replace(cohorts=(*(each for each in self.cohorts if each.name != cohort.name), cohort))

    def promoted(self, cohort: str) -> Rules:
        """The rules of a cohort become everybody's, set now in the order in which they were. InvalidOption for none.

        Rules for everybody that name another schema stay. Where they are as close, what is promoted decides; where they
        name closer jobs, they do, since somebody meant just those.
        """
        found = [rule for rule in self.rules if rule.cohort == cohort]
        if not found:
            raise InvalidOption(
                f"The cohort {cohort} has no rules.", "`cornerman enforce show` lists cohorts and rules."
            )
        changed = self
        for rule in found:
            for other in [each for each in changed.rules if _shadowed(each, rule)]:
                changed = changed.without(other.place)
            changed = changed.without(rule.place).with_rule(Rule(rule.schema, rule.mode, rule.job))
        return changed._replace(cohorts=tuple(each for each in changed.cohorts if each.name != cohort))


def _shadowed(rule: Rule, promoted: Rule) -> bool:
    """Whether a rule for everybody said something closer of the same schema and jobs, which the cohort did not hear."""
    same = _id(rule.schema) == _id(promoted.schema)
    return not rule.cohort and same and fnmatchcase(rule.job, promoted.job)


class Subject(NamedTuple):
    """Whose steps are to be judged: `pin` is the schema that the run names itself, `derived` that of its spaces."""

    run_id: str
    job: str
    pin: str = ""
    derived: str = ""
    mode: Mode = "warn"


class Decision(NamedTuple):
    """By which schema, in which mode, because of which rule (None: nothing was set for it)."""

    schema: str
    mode: Mode
    rule: Rule | None = None


def check_rule(rule: Rule, cohorts: Iterable[Cohort]) -> None:
    """Raises InvalidOption or InvalidVersion for a rule that cannot be meant."""
    if rule.mode not in MODES:
        raise InvalidOption(f"{rule.mode!r} is no mode.", f"There are {', '.join(MODES)}.")
    if rule.schema != ANY:
        parse_pin(rule.schema)
    if rule.cohort and rule.cohort not in {cohort.name for cohort in cohorts}:
        raise InvalidOption(
            f"There is no cohort {rule.cohort!r}.", "`cornerman enforce cohort NAME --share 10%` makes it."
        )


def decide(subject: Subject, rules: Rules) -> Decision:
    """By which schema a run's steps are judged, and what happens to those it does not allow."""
    newest_first = [rule for rule in reversed(rules.rules) if _applies(rule, subject, rules)]
    schema = subject.pin or _named(newest_first) or subject.derived
    for rule in sorted(newest_first, key=lambda rule: (_closeness(rule), _precision(rule)), reverse=True):
        if rule.schema in (ANY, schema, _id(schema)):
            return Decision(schema, rule.mode, rule)
    return Decision(schema, subject.mode)


def _named(newest_first: Sequence[Rule]) -> str:
    """The schema that the closest rule names. How precisely it does so counts among those of one id alone."""
    naming = [rule for rule in newest_first if rule.schema != ANY and not rule.schema.startswith(DERIVED)]
    if not naming:
        return ""
    closest = max(naming, key=_closeness)  # the first of those that are as close
    same = [each for each in naming if _id(each.schema) == _id(closest.schema)]
    return max((each for each in same if _closeness(each) == _closeness(closest)), key=_precision).schema


def _applies(rule: Rule, subject: Subject, rules: Rules) -> bool:
    if not fnmatchcase(subject.job, rule.job) and not fnmatchcase(subject.run_id, rule.job):
        return False
    members = [cohort for cohort in rules.cohorts if cohort.name == rule.cohort]
    return not rule.cohort or any(cohort.has(subject.run_id, subject.job) for cohort in members)


def _closeness(rule: Rule) -> tuple[bool, int]:
    return bool(rule.cohort), sum(char not in "*?[]" for char in rule.job)


def _precision(rule: Rule) -> int:
    return (rule.schema != ANY) + ("@" in rule.schema)


def _id(pin: str) -> str:
    return pin.partition("@")[0]


# --- producers -------------------------------------------------------------------------------------------------------


class Producer(NamedTuple):
    """One stream of one run, and what its schema said of its steps. `pin` is '' where it was never judged."""

    run_id: str
    job: str
    stream_id: int
    stream: str
    pin: str
    steps: int
    judged: int
    bad: int
    last_us: int
    subject: Subject
    recording: bool = False

    @property
    def compliant(self) -> bool:
        return bool(self.judged) and not self.bad

    @property
    def state(self) -> str:
        if not self.pin:
            return "never judged"
        return f"{self.bad:,} of {self.judged:,} steps are not allowed by {self.pin}"


def lagging(before: Rules, after: Rules, producers: Iterable[Producer], now_us: int) -> list[Producer]:
    """Active producers that a change would newly enforce a schema on and that are not known to fit it.

    Of each job's stream the newest run counts: an older one that failed may have been put right.
    """
    newest: dict[tuple[str, str], list[Producer]] = {}
    for each in sorted(producers, key=lambda each: each.last_us):
        known = newest.setdefault((each.job, each.stream), [])
        if known and known[0].run_id != each.run_id:
            known.clear()
        known.append(each)
    found: list[Producer] = []
    for judged in newest.values():
        last = judged[-1]
        wanted = decide(last.subject, after)
        active = last.recording or now_us - last.last_us < ACTIVE_US
        if not active or wanted.mode != "enforce" or decide(last.subject, before)[:2] == wanted[:2]:
            continue
        by_it = [each for each in judged if wanted.schema in (each.pin, _id(each.pin))]
        if not by_it:
            found.append(last._replace(pin=""))
        elif not by_it[-1].compliant:
            found.append(by_it[-1])
    return found


# --- canaries --------------------------------------------------------------------------------------------------------


class Canary(NamedTuple):
    """How a cohort fares beside everybody else, and what that suggests."""

    cohort: str
    runs: int
    rate: float
    other_runs: int
    other_rate: float
    proposal: Literal["wait", "promote", "roll back"]


ENOUGH = 1000
"""Steps of a cohort that have to be judged before anything is proposed."""


def canary(cohort: Cohort, producers: Iterable[Producer]) -> Canary:
    """Compare the share of bad steps inside a cohort with that of the other runs of the same jobs."""
    inside: list[Producer] = []
    outside: list[Producer] = []
    for each in producers:
        if fnmatchcase(each.job, cohort.job):
            (inside if cohort.has(each.run_id, each.job) else outside).append(each)
    judged, rate = sum(each.judged for each in inside), _rate(inside)
    worse = rate > max(2 * _rate(outside), 1e-4)
    proposal: Literal["wait", "promote", "roll back"] = "roll back" if worse else "promote"
    return Canary(
        cohort.name, _runs(inside), rate, _runs(outside), _rate(outside), proposal if judged >= ENOUGH else "wait"
    )


def _rate(producers: Sequence[Producer]) -> float:
    judged = sum(each.judged for each in producers)
    return sum(each.bad for each in producers) / judged if judged else 0.0


def _runs(producers: Sequence[Producer]) -> int:
    return len({each.run_id for each in producers})
