"""The terminal: `run()` opens it on a store and comes back when the person leaves.

Before the first paint only Textual is loaded; the reader's thread then opens the store. Whatever ends the program (a
key, a signal, a fault of ours) gives the terminal back as it was.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import textual.constants
from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme

from . import escape, keys, words
from .feed import Feed
from .host import Host, HostFeed
from .image_choice import ImageChoice
from .log_feed import LogFeeds
from .look import Look, detect
from .mono import Attributes
from .options import Options
from .screens.base import BaseScreen
from .screens.runs import RunsScreen

if TYPE_CHECKING:
    from cornerman.core.ports import TelemetryRepository

    from .moves import Move

THEME = Theme(
    name="cornerman",
    primary="#6aa9e0",
    secondary="#7fa3b5",
    accent="#f2b84b",
    success="#6fc48c",
    warning="#e8a05c",
    error="#f0736a",
    foreground="#d9dee6",
    background="#12151b",
    surface="#1a1f28",
    panel="#1c222c",
    dark=True,
    variables={"boost-strong": "#2b3547", "quiet": "#a0a7b3"},
)
PATIENCE_S = 3.0
"""How long the terminal may take to be given back once a signal has come. One that went away takes for ever: Textual's
writer dies of it, and then who writes to it waits."""
PUMP_S = 1 / 30
"""The screen takes answers at most this often."""


class CornermanApp(App[int], inherit_bindings=False):
    """The runs of one store, live and replayed."""

    CSS_PATH = "theme.tcss"
    TITLE = "Cornerman"
    BINDINGS = keys.bindings_of("app")
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        open_repository: Callable[[bool], TelemetryRepository],
        store_path: str = "",
        *,
        options: Options | None = None,
        run: str | None = None,
        look: Look | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        host: Host | None = None,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.options = options or Options()
        self.look = look or detect(os.environ, self.options.colour, self.options.ascii)
        self.images = ImageChoice(self.options.images, self.look, self._terminal)
        self.store_path = store_path
        self.clock, self.monotonic = clock, monotonic
        _tell_textual(self.look)
        super().__init__()
        self.animation_level = "none"
        self.register_theme(THEME)
        self.set_reactive(App.theme, "cornerman")  # set, not changed: a change would parse the style sheet twice
        self.stylesheet.set_variables(self.get_css_variables())
        self.feed = Feed(open_repository, self._wake)
        self.host_feed = HostFeed(host or Host(Path(store_path).expanduser()), self._wake)
        self.logs = LogFeeds(open_repository, self._wake)
        self.moved_to_us: int | None = None
        """When the step was written that the run screen has gone to, for the logs beneath it to go to as well."""
        self._settle = settle
        self._unheard = {self.feed, self.logs}
        """Readers of which nothing was heard yet."""
        self.known_runs: tuple[str, ...] = ()
        """The ids of the runs as they were last listed: a short id is one that names only its run."""
        self._run = run
        self._attributes = Attributes()
        self._pumped_at, self._pump_due, self._begun = 0.0, False, False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handlers: dict[int, Any] = {}
        self._last_resort: threading.Timer | None = None

    # ---- life ----------------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        """Before the terminal is taken over: from here on a signal ends the app instead of the process."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            try:
                self._handlers[number] = signal.signal(number, self._signalled)
            except ValueError:
                return  # not the main thread: a test, or a browser's server

    def _signalled(self, number: int, _: object) -> None:
        """Not by the loop's own handlers: it may wait for a terminal that went away, and would wait for ever."""
        code = 128 + number
        self._last_resort = threading.Timer(PATIENCE_S, os._exit, (code,))
        self._last_resort.daemon = True
        self._last_resort.start()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self.exit(code, return_code=code))

    def run(self, *args: Any, **keywords: Any) -> int | None:
        try:
            return super().run(*args, **keywords)
        finally:
            if self._last_resort is not None:
                self._last_resort.cancel()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def get_default_screen(self) -> Screen[Any]:
        screen: Screen[Any] = self._dressed(RunsScreen())
        return screen

    def _dressed(self, screen: Any) -> Any:
        """The style sheet has rules for screens without colours."""
        if not self.look.colour and isinstance(screen, Screen):
            screen.add_class("-mono")
        return screen

    def begin(self) -> None:
        """After the first paint, which the reader's imports would otherwise hold up; later calls do nothing."""
        if self._begun:
            return
        self._begun = True
        self.feed.start()
        if self._run is not None:
            self.open_run(self._run)

    def get_driver_class(self) -> type[Driver]:
        """Ours for a terminal, which pictures need; a Textual that it does not fit has its own, and half-cells."""
        found = super().get_driver_class()
        if found is LinuxDriver:
            with suppress(ImportError):
                from .terminal_driver import TerminalDriver

                return TerminalDriver
        return found

    def _terminal(self) -> Callable[[str], object] | None:
        """What writes to the terminal; None where there is none, as in a browser, or where nobody reads its answers."""
        found: Callable[[str], object] | None = getattr(self._driver, "asking", None)
        return found

    def on_app_focus(self) -> None:
        """tmux keeps nothing of a picture that came while another of its windows was in front."""
        if self.images.protocol != "half-cells":
            self._draw_frames_again()

    def _draw_frames_again(self) -> None:
        from .widgets.frame_view import FrameView

        for view in self.screen.query(FrameView):
            view.again()

    def on_unmount(self) -> None:
        self.feed.stop()
        self.host_feed.stop()
        self.logs.stop()

    # ---- the feed ------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """From the reader's thread: there is something to take."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._plan_pump)
            except RuntimeError:
                return  # the loop closed meanwhile: nobody looks any more

    def pump(self) -> None:
        """There may be something to take now that the last was drawn."""
        self._plan_pump()

    def _plan_pump(self) -> None:
        if self._pump_due or self._loop is None:
            return
        self._pump_due = True
        self._loop.call_later(max(0.0, self._pumped_at + PUMP_S - time.monotonic()), self._pump)

    @property
    def settled(self) -> bool:
        """Whether the feed has begun and no answer waits to be drawn."""
        return self._begun and not self._pump_due

    def _pump(self) -> None:
        self._pump_due, self._pumped_at = False, time.monotonic()
        if not self.is_running:
            return
        for feed in (self.feed, self.logs, self.host_feed):
            for delivery in feed.take():
                self.call_later(self._hand_over, delivery)
                if feed in self._unheard:
                    self._unheard.discard(feed)
                    self._settle()

    def _hand_over(self, delivery: Any) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen) and screen.is_mounted:
                screen.hear(delivery)

    # ---- actions -------------------------------------------------------------------------------------------------

    def open_run(self, run_id: str, at: Move | None = None, stream: str = "", env: int = 0) -> None:
        """A run, where it opens by itself, or where a log record was written; the run beneath the logs, if it is it."""
        from .screens.run import OPENING, RunScreen

        beneath = self.screen_stack[-2] if len(self.screen_stack) > 1 else None
        if at is not None and isinstance(beneath, RunScreen) and beneath.run_id == run_id:
            self.pop_screen()
            beneath.show_at(at, stream, env)
            return
        screen = RunScreen(run_id, self.options, at or OPENING, stream, env)
        screen.ask_first(self.feed)  # the reader works while the screen is laid out
        self.push_screen(screen)

    def open_logs(self, run_id: str = "", time_us: int | None = None) -> None:
        """The logs of all runs, or of one at a time; where they are open beneath a run, those."""
        from .screens.logs import LogsScreen

        beneath = len(self.screen_stack) > 1 and isinstance(self.screen_stack[-2], LogsScreen)
        self.moved_to_us = time_us if beneath else None
        if beneath:
            self.pop_screen()
        else:
            screen = LogsScreen.of(run_id, time_us)
            screen.ask_first(self.store_path, self.logs)
            self.push_screen(screen)

    def open_schemas(self) -> None:
        from .screens.schemas import SchemasScreen

        self.push_screen(SchemasScreen())

    def action_settings(self) -> None:
        from .screens.settings import SettingsScreen

        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen())

    def action_launches(self) -> None:
        from .screens.launches import LaunchesScreen

        if not isinstance(self.screen, LaunchesScreen):
            self.push_screen(LaunchesScreen())

    def say(self, words: str) -> None:
        self.notify(words, timeout=4, markup=False)

    def action_leave(self) -> None:
        """Leave what is open; the list of runs is left for the shell."""
        if len(self.screen_stack) > 1 and self._run is None:
            self.pop_screen()
        else:
            self.exit(0)

    def action_help(self) -> None:
        from .screens.help import Help

        screen = self.screen
        if isinstance(screen, BaseScreen):
            self.push_screen(Help(screen.WHERE))

    def action_redraw(self) -> None:
        if isinstance(self.screen, BaseScreen):
            self.screen.redraw()
            self._draw_frames_again()
        self.refresh(repaint=True, layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, BaseScreen):
            return screen.check_action(action, parameters)
        return True

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette's commands: the table of keys, for the screen beneath."""
        if not isinstance(screen, BaseScreen):
            return
        for key in keys.keys_of(screen.WHERE, "app"):
            if key.id == "app.palette":
                continue
            target = screen if key.where != "app" else self
            yield SystemCommand(f"{key.sentence}  ({key.label})", key.id, self._command(target, key.action))

    def _command(self, target: Any, action: str) -> Callable[[], Any]:
        async def run() -> None:
            await self.run_action(action, target)

        return lambda: self.call_later(run)

    # ---- colour --------------------------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colours not one colour code is sent; attributes remain."""
        return [self._attributes] if not self.look.colour else super().get_line_filters()

    def push_screen(self, screen: Any, *args: Any, **keywords: Any) -> Any:
        return super().push_screen(self._dressed(screen), *args, **keywords)


def run(store_path: str | os.PathLike[str], *, options: Options | None = None, run: str | None = None) -> int:
    """Open the terminal on a store, on the list of runs or on one of them; the exit code when the person leaves."""
    path = Path(store_path)
    options = options or Options()
    look = detect(os.environ, options.colour, options.ascii)

    def open_repository(read_only: bool) -> TelemetryRepository:
        from cornerman.store.api import open_store

        return open_store(path, read_only=read_only)

    # Python's collector passed over all that was ever loaded, for 60 ms each time. What is there once a reader has
    # answered stays to the end, so it is left out of account from then on.
    app = CornermanApp(
        open_repository, words.short_path(path), options=options, run=run, look=look, host=Host(path), settle=gc.freeze
    )
    result = app.run()
    return app.return_code or result or 0


def _tell_textual(look: Look) -> None:
    """Textual sends the colours that were found or chosen, not those it would find by itself; Escape is not slow.

    A terminal that calls itself dumb is taken to be 80 x 25 whatever its size, and redrawn for ever: it gets a name.
    """
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        os.environ["TERM"] = "vt100"
    escape.hasten()
    systems = {"truecolor": "truecolor", "256": "256", "16": "standard", "none": "truecolor"}
    textual.constants.COLOR_SYSTEM = systems[look.depth]  # type: ignore[misc]
