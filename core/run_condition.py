"""Conditions on a run, as a job script says them: `return>200`, `mean_return(100) >= 195 and episodes > 50`.

A condition is comparisons joined by `and`. Each names a quantity of the table below and compares it by > >= < <= with a
number; there is nothing else. What is not known yet, as a return before the first episode ended or a mean of a hundred
after fifty, holds for no comparison, and neither does NaN.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from .errors import InvalidOption
from .near import did_you_mean

QUANTITIES: Final = {
    "return": "of the newest episode that ended",
    "length": "its steps",
    "mean_return(N)": "of the newest N episodes, when there are N",
    "min_return(N)": "the worst of them",
    "max_return(N)": "the best of them",
    "mean_length(N)": "their steps",
    "episodes": "that ended",
    "steps": "calls of env.step",
    "transitions": "what the sub-environments did in them",
    "steps_per_second": "lately, while it records; over its whole life afterwards",
    "seconds": "from its beginning to its newest step",
    "lost": "transitions that are gone, by the loss ledger",
    "bytes": "on disk",
}
"""Every quantity, and what it is. (N): it is of so many episodes."""
_WINDOWED = frozenset(name.partition("(")[0] for name in QUANTITIES if "(" in name)
_NAMES = {name.partition("(")[0]: name for name in QUANTITIES}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON = re.compile(
    r"\s*(?P<name>[A-Za-z_]\w*)\s*(?:\(\s*(?P<newest>[^)]*?)\s*\))?\s*(?P<op>>=|<=|==|!=|>|<|=)\s*(?P<bound>\S.*?)\s*"
)
EXAMPLE = "Write it as 'return>200' or 'mean_return(100)>=195 and episodes>50'."


class Figures(Protocol):
    """What a run is now; see `run_figures.py`."""

    def value(self, name: str, newest: int) -> float | None:
        """A quantity, over the `newest` episodes where it is of some; None while it is not known."""
        ...


class Comparison(NamedTuple):
    """One quantity against one number."""

    name: str
    newest: int
    """Over how many episodes; 0 where it is of none."""
    op: str
    bound: float

    @property
    def quantity(self) -> str:
        return f"{self.name}({self.newest})" if self.newest else self.name

    def __str__(self) -> str:
        return f"{self.quantity}{self.op}{self.bound:.12g}"

    def holds(self, figures: Figures) -> bool:
        value = figures.value(self.name, self.newest)
        return value is not None and _COMPARE[self.op](value, self.bound)


class Condition(NamedTuple):
    """Comparisons that must hold at the same moment."""

    comparisons: tuple[Comparison, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """What a text means; InvalidOption says what is wrong with it, and what there is."""
        return cls(tuple(_comparison(part, text) for part in re.split(r"\sand\s|&&", text)))

    def __str__(self) -> str:
        return " and ".join(map(str, self.comparisons))

    def holds(self, figures: Figures) -> bool:
        return all(one.holds(figures) for one in self.comparisons)

    def said(self, figures: Figures) -> str:
        """What its quantities are where it holds; '' where it does not."""
        if not self.holds(figures):
            return ""
        values = ((one.quantity, figures.value(one.name, one.newest)) for one in self.comparisons)
        return ", ".join(f"{name} is {value:.6g}" for name, value in values if value is not None)


def is_quantity(text: str) -> bool:
    """Whether a text begins with the name of one, so that a condition is what was meant."""
    found = re.match(r"\s*([A-Za-z_]\w*)", text)
    return found is not None and found[1] in _NAMES


def _comparison(text: str, whole: str) -> Comparison:
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise InvalidOption(f"The condition {whole!r} cannot be read.", EXAMPLE)
    name, newest, op = found["name"], found["newest"], found["op"]
    if name not in _NAMES:
        known = ", ".join(QUANTITIES)
        raise InvalidOption(f"A run has no quantity {name!r}.", f"{did_you_mean(name, _NAMES)} There are: {known}.")
    if op not in _COMPARE:
        raise InvalidOption(f"{whole!r} compares by {op!r}.", "Conditions compare by > >= < or <=.")
    return Comparison(name, _newest(name, newest), op, _bound(found["bound"], whole))


def _newest(name: str, text: str | None) -> int:
    if name not in _WINDOWED:
        if text is not None:
            raise InvalidOption(f"{name} is not of several episodes.", f"Write {name} without ({text}).")
        return 0
    if text is None or not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise InvalidOption(
            f"{name} needs a number of episodes, from 1 to 100,000.", f"For example {name}(100): the newest hundred."
        )
    return int(text)


def _bound(text: str, whole: str) -> float:
    try:
        bound = float(text)
    except ValueError:
        raise InvalidOption(f"{text!r} in {whole!r} is no number.", EXAMPLE) from None
    if bound != bound:
        raise InvalidOption("Nothing compares with NaN.", "`--fail-on nan` looks for returns that are no number.")
    return bound
