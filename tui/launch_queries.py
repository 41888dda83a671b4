"""What the launch screens ask of the host: what was launched and its last lines, to start a program, to end one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

if TYPE_CHECKING:
    from cornerman.adapters.launches import Launch

    from .host import Host

MOST_LINES = 40
"""Of its output, the last so many are shown; `cornerman logs` has all."""
Act = Literal["stop", "kill", "restart", "forget"]


class Shown(NamedTuple):
    """A launch as the list shows it; its state is asked of the processes once, here."""

    launch: Launch
    state: str
    words: str
    command: str
    alive: bool
    run: str
    """Its newest run; empty where there is none yet."""


class LaunchesAnswer(NamedTuple):
    shown: tuple[Shown, ...]
    of: str
    """The id whose lines these are."""
    lines: tuple[str, ...]

    @property
    def live(self) -> bool:
        """Whether something may change soon."""
        return any(one.alive for one in self.shown)

    def same(self, other: object) -> bool:
        return self == other


@dataclass(frozen=True)
class LaunchesQuery:
    """Every launch, and the last lines of one of them, or of the newest."""

    channel: ClassVar[str] = "launches"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    of: str = ""

    def answer(self, host: Host) -> LaunchesAnswer:
        runs = host.runs()
        found = tuple(_shown(launch, runs.get(launch.id, "")) for launch in host.launches())
        known = [one.launch.id for one in found]
        of = self.of if self.of in known else next(iter(known), "")
        lines = host.last_lines(runs[of], MOST_LINES) if of in runs else ()
        return LaunchesAnswer(found, of, tuple(lines))


def _shown(launch: Launch, run: str) -> Shown:
    from .launch_words import shown_command, state_words

    state = launch.state
    return Shown(launch, state, state_words(launch), shown_command(launch), state in ("starting", "running"), run)


class BegunAnswer(NamedTuple):
    """A program that was started; or, where its settings are dear, what about them, and nothing was started."""

    id: str
    warnings: tuple[str, ...] = ()

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True)
class BeginQuery:
    """Check a program and start it; `sure` where its warnings were seen."""

    channel: ClassVar[str] = "begin"
    watched: ClassVar[bool] = False
    command: tuple[str, ...]
    job: str = ""
    cwd: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    restart: str = ""
    sure: bool = False

    def answer(self, host: Host) -> BegunAnswer:
        from cornerman.adapters import launching

        wanted = launching.Wanted(self.command, self.job, self.cwd, self.settings, restart=self.restart)
        checked = launching.check(host.store, wanted)
        dear = tuple(f"{cost.key}: {cost.words}" for cost in checked.warnings if cost.key in self.settings)
        if dear and not self.sure:
            return BegunAnswer("", dear)
        return BegunAnswer(launching.begin(host.store, checked).id)


class ActAnswer(NamedTuple):
    said: str

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True)
class ActQuery:
    """End a program, start it again, or forget it."""

    channel: ClassVar[str] = "act"
    watched: ClassVar[bool] = False
    act: Act
    id: str

    def answer(self, host: Host) -> ActAnswer:
        from cornerman.adapters import launches, launching

        launch = launches.named(host.store, self.id)
        if self.act == "restart":
            return ActAnswer(f"started again as {launching.restart(host.store, launch).id}")
        if self.act == "forget":
            launching.forget(host.store, launch)
            return ActAnswer("forgotten; its runs stay")
        number = launching.stop(host.store, launch) if self.act == "stop" else launching.kill(host.store, launch)
        return ActAnswer(f"{number.stopped_by} sent to pid {number.pid}")
