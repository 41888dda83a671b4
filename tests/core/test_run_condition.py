"""The conditions of `cornerman watch`: what they mean, what they refuse, and when they hold."""

from __future__ import annotations

import pytest

from cornerman.core.errors import InvalidOption
from cornerman.core.fail_on import AlertTrouble, FigureTrouble, LogTrouble, troubles
from cornerman.core.run_condition import Condition


class Known:
    """Figures that were said."""

    def __init__(self, **known: float) -> None:
        self.known = known

    def value(self, name: str, newest: int) -> float | None:
        return self.known.get(f"{name}_{newest}" if newest else name)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("return>200", True),
        ("return>=201", True),
        ("return>201", False),
        ("return < 2e2", False),
        ("mean_return(100) >= 195 and episodes > 50", True),
        ("mean_return( 100 )>195&&episodes<=50", False),
        ("max_return(10)>0", False),
        ("length>0", False),
        ("length<=0", False),
    ],
)
def test_a_condition_holds_when_all_of_it_does_and_never_of_what_is_not_known(text: str, holds: bool) -> None:
    figures = Known(**{"return": 201, "episodes": 51, "mean_return_100": 196.5, "length": float("nan")})
    assert Condition.parse(text).holds(figures) is holds


def test_a_condition_is_read_back_from_what_it_is_written_as() -> None:
    condition = Condition.parse("mean_return(100) >= 195  and steps > 1_000_000")
    assert str(condition) == "mean_return(100)>=195 and steps>1000000"
    assert Condition.parse(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("retrun>200", "Did you mean return"),
        ("return=200", "compare by > >= < or <="),
        ("return>high", "'high' in 'return>high' is no number"),
        ("return>nan", "--fail-on nan"),
        ("mean_return>200", "mean_return(100)"),
        ("mean_return(0)>200", "from 1 to 100,000"),
        ("return(5)>200", "without (5)"),
        ("200", "cannot be read"),
        ("return>1 and", "is no number"),
        ("", "cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(text: str, said: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Condition.parse(text)
    assert said in str(refused.value)


def test_fail_on_takes_alerts_conditions_and_log_filters() -> None:
    assert troubles("nan, stalled") == [AlertTrouble(frozenset({"nan", "stalled"}))]
    assert troubles("low, nan", own=["low"]) == [AlertTrouble(frozenset({"low", "nan"}))]
    assert troubles("return<0") == [FigureTrouble(Condition.parse("return<0"))]
    assert isinstance(troubles("level>=ERROR")[0], LogTrouble)
    assert isinstance(troubles('text:"out of memory, really"')[0], LogTrouble)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nann", "Did you mean nan"),
        ("", "Alerts: "),
        ("run:abc level:ERROR", "not needed"),
        ("-tag:step", "is not meant"),
    ],
)
def test_a_mistyped_trouble_is_not_looked_for_in_the_log(text: str, said: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        troubles(text)
    assert said in str(refused.value)
