"""What the settings screen asks of the host: every setting with its layers and costs, and to change one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from cornerman.core.setting_costs import Cost
    from cornerman.core.setting_sources import Explanation

    from .host import Host
    from .options import Options


class SettingsAnswer(NamedTuple):
    """Every setting in force, what each costs, and what is wrong anywhere."""

    explained: tuple[Explanation, ...]
    costs: tuple[Cost, ...]
    file: str
    problems: tuple[tuple[str, str], ...]
    options: Options
    """How the screens look by them."""

    def same(self, other: object) -> bool:
        return self == other


@dataclass(frozen=True)
class SettingsQuery:
    """`given` are settings of one launch, by key: stronger than every other source."""

    channel: ClassVar[str] = "settings"
    watched: ClassVar[bool] = False
    given: Mapping[str, str] = field(default_factory=dict)

    def answer(self, host: Host) -> SettingsAnswer:
        from pathlib import Path

        from cornerman.core.dot_env import dot_env
        from cornerman.core.setting_costs import costs
        from cornerman.core.setting_sources import effective, explanations, read_layers, user_config_file
        from cornerman.core.variables import misspelt

        from .chosen import options_of

        problems: list[Any] = []
        layers = read_layers({**host.flags(), **self.given}, host.environ, on_problem=problems.append)
        values = effective(layers)
        problems += misspelt(host.environ)
        if (file := dot_env(Path.cwd())) is not None:
            problems += file.problems(host.environ)
        return SettingsAnswer(
            tuple(explanations(layers)),
            tuple(costs(values, host.measure())),
            str(user_config_file()),
            tuple((one.what, one.remedy) for one in problems),
            options_of(values),
        )


class ChangeAnswer(NamedTuple):
    """What became of a change. Where it would be dear, nothing yet: `warnings` says why, and it is asked again."""

    said: str
    warnings: tuple[str, ...] = ()

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True)
class ChangeQuery:
    """Write a value into the user's file, or take it out (`text` None); `sure` where its warnings were seen."""

    channel: ClassVar[str] = "change"
    watched: ClassVar[bool] = False
    name: str
    text: str | None
    sure: bool = False

    def answer(self, host: Host) -> ChangeAnswer:
        from cornerman.core.setting_file import set_value, unset_value
        from cornerman.core.setting_keys import key
        from cornerman.core.setting_sources import user_config_file

        setting, path = key(self.name), user_config_file()
        if self.text is None:
            gone = unset_value(path, setting)
            return ChangeAnswer(f"{self.name} {'taken out of' if gone else 'is not in'} your file")
        warnings = warnings_of({self.name: self.text}, host)
        if warnings and not self.sure:
            return ChangeAnswer("", warnings)
        set_value(path, setting, self.text)
        return ChangeAnswer(f"{self.name} saved")


def warnings_of(given: Mapping[str, str], host: Host) -> tuple[str, ...]:
    """What is dear about values that are to be; InvalidOption where one cannot be used."""
    from cornerman.core.setting_costs import costs
    from cornerman.core.setting_keys import key
    from cornerman.core.setting_sources import effective, read_layers

    for name, text in given.items():
        key(name).parse(text, "what you typed")
    values = effective(read_layers({**host.flags(), **given}, host.environ, on_problem=lambda _: None))
    dear = costs(values, host.measure())
    return tuple(cost.words for cost in dear if cost.warning and cost.key in given)
