"""One run, live or replayed: one view on one cursor (stream, row, sub-environment).

The screen only says where the cursor should be; the reader answers with the row. Following means that the wish is
`newest`; playing means that a clock moves the wish. Everything drawn comes from the last answer, whichever way the
cursor got there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from .. import flow_view, keys, run_view
from ..feed import ORDER, Delivery, Feed, Live, Problem
from ..live import LivePath
from ..log_beside import BesideAnswer
from ..moves import Kind, Move
from ..options import Options
from ..playback import Player, ViewLedger
from ..queries import ORDERS, EpisodesAnswer, EpisodesQuery, RewardsAnswer, RewardsQuery, ViewAnswer, ViewQuery
from ..runs_view import safe
from ..widgets.frame_view import FrameView
from ..widgets.lines import Line, Lines, rule
from ..widgets.log_line import LogLine
from ..widgets.table import Table
from .base import BaseScreen

if TYPE_CHECKING:
    from textual.timer import Timer

    from cornerman.core.records import EpisodeOrder

ZOOMS = ("", "-zoom-frame", "-zoom-fields", "-zoom-episodes")
TICK_S = 0.5
"""How often the header and the counters say what has become of the recording, whether or not anything is drawn."""
WINDOW = 200
"""Episodes asked for at a time: several screens of them, so that scrolling seldom waits."""

OPENING = Move("open")


class RunScreen(BaseScreen):
    """Watches one run."""

    WHERE: ClassVar[keys.Where] = "run"
    BINDINGS = keys.bindings_of("run")

    def __init__(self, run_id: str, options: Options, at: Move = OPENING, stream: str = "", env: int = 0) -> None:
        super().__init__()
        self.run_id = run_id
        self.stream, self.env = 0, env
        self._opened_at = at
        """Where somebody came from a log record to, unless it is where a run opens."""
        self._named = stream
        self.player, self.ledger = Player(), ViewLedger()
        self.live: Live = LivePath(self.ledger, options.frames_per_second, options.every)
        self.rendering = options.rendering
        self._normalized = False
        self.view: ViewAnswer | None = None
        self._episodes: EpisodesAnswer | None = None
        self._rewards: RewardsAnswer | None = None
        self._order: EpisodeOrder = "newest"
        self._said = ""
        self._going: ViewQuery | None = None
        self._scroll = 0
        self._zoom = 0
        self._accounts = False
        self._clock: Timer | None = None

    def parts(self) -> ComposeResult:
        options = self.cornerman.options
        yield Lines(id="header")
        yield Lines(id="flow")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Lines(id="place")
                yield FrameView(
                    id="frame",
                    bytes_per_second=options.bytes_per_second,
                    frames_per_second=options.frames_per_second,
                )
                yield Lines(id="rewards")
                yield Lines(id="returns")
            with Vertical(id="right"):
                yield Lines(id="fields")
                yield Table(id="episodes")
        yield LogLine()
        yield Lines(id="status")

    def on_mount(self) -> None:
        frame = self.query_one(FrameView)
        frame.dropped, frame.drawn = self.ledger.undrawn, self._drawn
        self.query_one("#fields", Lines).on_size = self._draw_fields
        self._clock = self.set_interval(1 / self.cornerman.options.frames_per_second, self._tick, pause=True)
        self.set_interval(TICK_S, self._draw_status)
        self.set_class(not self.rendering, "-no-frame")
        self._ask_episodes(0)
        if self.cornerman.images.wanted != self.cornerman.images.protocol:
            self.run_worker(self._choose_images(), group="images", exclusive=True)
        self.call_after_refresh(self._view_begins)

    def _view_begins(self) -> None:
        """Laid out, or in front again: what waited for it is drawn, and more is wanted."""
        self.live.begin()
        self.cornerman.pump()

    def on_screen_suspend(self) -> None:
        """Behind a screen that hides it nobody looks, and no frame is decoded."""
        if not self.app.screen.is_modal:
            self.live.end()
            self.cornerman.images.remove()

    def on_screen_resume(self) -> None:
        if self.cornerman.images.protocol != "half-cells":
            self.query_one(FrameView).again()
        if self.live.hidden:
            self._view_begins()
            self._ask("newest" if self.player.following else "row")

    def show_at(self, move: Move, stream: str = "", env: int = 0) -> None:
        """Go to where a log record was written."""
        self.env, self.player.following = env, False
        self.cornerman.feed.ask(replace(self._query(move), named=stream))

    def on_unmount(self) -> None:
        self.cornerman.feed.forget("view", "episodes", "rewards")
        self.cornerman.logs.forget("beside")

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self.redraw)

    # ---- what is asked -------------------------------------------------------------------------------------------

    @property
    def row(self) -> int:
        return self.view.record.row if self.view and self.view.record else 0

    def _query(self, move: Move) -> ViewQuery:
        return ViewQuery(self.run_id, self.stream, self.env, move, self.rendering, self.live, self._normalized)

    def ask_first(self, feed: Feed) -> None:
        """Ask before there is anything to draw on: the first answers wait in the early buffer of the live path."""
        feed.ask(replace(self._query(self._opened_at), named=self._named))

    def _ask(self, kind: Kind, amount: int = 0) -> None:
        self.cornerman.feed.ask(self._query(Move(kind, self.row, amount)))

    def _go(self, kind: Kind, amount: int = 0) -> None:
        """A key moved the cursor: that ends following; playback goes on from where it lands."""
        self._said = ""
        self.player.following = False
        self.player.hold(self.row, self.cornerman.monotonic())
        self._ask(kind, amount)

    def _ask_episodes(self, offset: int) -> None:
        self.cornerman.feed.ask(EpisodesQuery(self.run_id, self.stream, self._order, max(0, offset), WINDOW))

    def _ask_rewards(self, view: ViewAnswer) -> None:
        record = view.record
        if record is None or view.episode is None:
            return
        known = self._rewards
        if known is not None and (known.episode, known.env) == (view.episode.episode, view.env):
            inside = known.first_row <= record.row < known.first_row + len(known.rewards)
            if inside or view.episode.ended == "open":
                return
        query = RewardsQuery(self.run_id, self.stream, view.env, view.episode.episode, record.row)
        self.cornerman.feed.ask(query)

    # ---- what is heard -------------------------------------------------------------------------------------------

    def hear(self, delivery: Delivery) -> None:
        answer: Any = delivery.answer
        if isinstance(answer, Problem) and getattr(delivery.query, "channel", "") not in ORDER:
            return  # of the logs, whose screen says so
        if isinstance(answer, Problem):
            if answer.name == "NotFound" and getattr(delivery.query, "channel", "") == "view":
                self.cornerman.say(safe(f"{answer.what} {answer.remedy}"))
                self.action_back()
            self._said = answer.what
        elif isinstance(answer, ViewAnswer):
            self.run_id = answer.run.run_id  # it may have been asked for by another name, such as `latest`
            self._heard_view(answer, delivery.query)
        elif isinstance(answer, EpisodesAnswer):
            self._episodes = answer
            self._draw_episodes()
        elif isinstance(answer, RewardsAnswer):
            self._rewards = answer
            self._draw_rewards()
        elif isinstance(answer, BesideAnswer):
            self.query_one(LogLine).heard(answer)
        if isinstance(answer, Problem):
            self._draw_status()

    def _heard_view(self, answer: ViewAnswer, query: object) -> None:
        first, before = self.view is None, self.row
        self.view, self.stream, self.env = answer, answer.stream, answer.env
        if answer.said:
            self._said = answer.said
        self._count(before, first, query)
        if first:
            self._begin(answer)
        if self.player.playing and answer.said:
            self.player.hold(self.row, self.cornerman.monotonic())
        if self.player.following and not answer.live:
            self.player.pause()
            self._said = f"the recording ended: {answer.run.state}"
        self._ask_rewards(answer)
        self._tell_logs(answer, first or self.row == before)
        self.redraw()
        self._settle()

    def _settle(self) -> None:
        """Give the credit back of what is on the screen now; a picture that has to wait keeps it."""
        if waits := self.query_one(FrameView).waiting:
            self.live.hold(waits)
        else:
            self._drawn()

    def _drawn(self) -> None:
        """What the live path brought is on the screen: that gives its credit back."""
        if self.live.drawn():
            self.cornerman.pump()

    def _tell_logs(self, answer: ViewAnswer, stayed: bool) -> None:
        """One cursor in time: what is logged at the step is shown, and the logs beneath go where this goes."""
        if answer.record is None:
            return
        self.query_one(LogLine).at(answer.run.run_id, answer.record.time_us)
        if not stayed:
            self.cornerman.moved_to_us = answer.record.time_us

    def _begin(self, answer: ViewAnswer) -> None:
        """A live run is followed; one that ended waits at the start of its newest episode."""
        if answer.streams:
            self.player.steps_per_second = self.cornerman.options.steps_per_second or _pace(answer)
        if answer.live and self._opened_at.kind == "open":
            self.action_follow()

    def _count(self, before: int, first: bool, query: object) -> None:
        """Only rows passed in playing or following were skipped; a jump passes none."""
        going = query is self._going and not first
        if isinstance(query, ViewQuery) and query.move.kind == "newest":
            self._going = query  # its next answers go on from this one
        passed = self.row - before - 1 if going else 0
        if self.row != before or first:
            self.ledger.drew(max(0, passed), "" if self.player.following else "speed")

    # ---- playback ------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Move the wish to where the clock says; a reader that is still busy makes the view skip, not queue."""
        if self.view is None or self.cornerman.feed.waiting("view"):
            return
        now = self.cornerman.monotonic()
        due = self.player.due(now)
        newest = self.view.rows - 1
        if due <= self.row:
            return
        if self.row >= newest:
            self.player.hold(self.row, now)
            if not self.view.live:
                self._said = "the end of the recording"
                self._set_playing(False)
            return
        self._going = self._query(Move("row", min(due, newest)))
        self.cornerman.feed.ask(self._going)

    def _set_playing(self, playing: bool) -> None:
        if playing:
            self.player.play(self.row, self.cornerman.monotonic())
        else:
            self.player.pause()
        if self._clock is not None:
            self._clock.resume() if playing else self._clock.pause()
        self._draw_status()

    def action_play(self) -> None:
        was_following, self._said = self.player.following, ""
        if was_following:
            self._ask("row")  # stay on this row
        at_end = self.view is not None and self.row >= self.view.rows - 1 and not self.view.live
        if at_end and not self.player.playing and not was_following:
            self._ask("begin")
        self._set_playing(not self.player.playing and not was_following)

    def action_follow(self) -> None:
        if self.view is not None and not self.view.live:
            self._go("newest")  # nothing more comes: the newest row is all there is to follow
            return
        self._said = ""
        self._set_playing(False)
        self.player.follow()
        self._ask("newest")
        self._draw_status()

    def action_speed(self, by: int) -> None:
        self.player.change_speed(by, self.row, self.cornerman.monotonic())
        self._draw_status()

    # ---- moving --------------------------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        if self.player.playing:
            self._set_playing(False)
        self._go("row", by)

    def action_episode(self, by: int) -> None:
        self._go("episode", by)

    def action_begin(self) -> None:
        self._go("begin")

    def action_end(self) -> None:
        self._go("end")

    def action_reward(self, direction: int) -> None:
        self._go("reward", direction)

    def action_goto(self) -> None:
        from .ask import Prompt

        self.app.push_screen(Prompt("go to t", "", "a vector step, from 0", "integer"), self._typed_t)

    def _typed_t(self, typed: str | None) -> None:
        if typed and typed.strip().lstrip("-").isdigit():
            self._go("t", int(typed))

    def action_env(self, by: int) -> None:
        if count := self._several_envs():
            self._go_env((self.env + by) % count)

    def action_goto_env(self) -> None:
        from .ask import Prompt

        if count := self._several_envs():
            prompt = Prompt("go to sub-environment", "", f"a number, 0 to {count - 1}", "integer")
            self.app.push_screen(prompt, self._typed_env)

    def _typed_env(self, typed: str | None) -> None:
        if typed and typed.strip().isdigit():
            self._go_env(int(typed))

    def _several_envs(self) -> int:
        """How many sub-environments there are to choose from; 0, and a word about it, where there is one."""
        count = self.view.streams[self.stream].num_envs if self.view and self.view.streams else 0
        if count < 2:
            self._tell("this stream has one environment")
        return count if count > 1 else 0

    def _go_env(self, env: int) -> None:
        self.env, self._rewards = env, None
        self._ask("newest" if self.player.following else "row")

    def action_stream(self, by: int) -> None:
        count = len(self.view.streams) if self.view else 0
        if count < 2:
            self._tell("this run has one stream")
            return
        self.stream, self.env = (self.stream + by) % count, 0
        self._rewards = self._episodes = None
        self._ask("newest" if self.player.following else "replay")
        self._ask_episodes(0)

    def action_list(self, by: int) -> None:
        """The episode above or below the current one, in the order of the list."""
        answer, at = self._episodes, self._place_in_list()
        if answer is None or not answer.episodes:
            return
        if at is not None and not 0 <= at + by < answer.total:
            self._tell("the end of the list")
            return
        target = answer.offset if at is None else at + by
        inside = target - answer.offset
        if 0 <= inside < len(answer.episodes):
            self._open_episode(target)
        else:
            self._ask_episodes(target - WINDOW // 2)

    def _open_episode(self, index: int) -> None:
        assert self._episodes is not None
        episode = self._episodes.episodes[index - self._episodes.offset]
        self.query_one(Table).move_to(index)
        self.env = episode.env_index
        self._go("number", episode.episode)

    def on_table_moved(self, message: Table.Moved) -> None:
        answer = self._episodes
        if answer and 0 <= message.index - answer.offset < len(answer.episodes):
            self._open_episode(message.index)

    def action_order(self) -> None:
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self.query_one(Table).cursor = 0
        self._ask_episodes(0)

    def action_scroll(self, direction: int) -> None:
        panel = self.query_one("#fields", Lines)
        self._scroll += direction * max(1, panel.size.height - 2)
        self._draw_fields()

    def action_zoom(self) -> None:
        self._zoom = (self._zoom + 1) % len(ZOOMS)
        for name in ZOOMS[1:]:
            self.set_class(ZOOMS[self._zoom] == name, name)
        self.call_after_refresh(self.redraw)

    def action_logs(self) -> None:
        record = self.view.record if self.view else None
        self.cornerman.open_logs(self.run_id, record.time_us if record is not None else None)

    @property
    def viewing(self) -> flow_view.Viewing:
        """What this screen knows of itself, for those who draw it."""
        return flow_view.Viewing(self.player, self.ledger, self.live, self.rendering, self.cornerman.clock())

    def action_accounts(self) -> None:
        """The writer and both ledgers in the place of the fields, and back."""
        self._accounts, self._scroll = not self._accounts, 0
        self.set_class(self._accounts, "-accounts")
        self.call_after_refresh(self.redraw)

    def action_rendering(self) -> None:
        """Without pictures their panel is gone, and no frame is read nor decoded. What is recorded is the same."""
        self.rendering = not self.rendering
        self.set_class(not self.rendering, "-no-frame")
        self._ask("newest" if self.player.following else "row")
        self._tell(f"rendering {'on' if self.rendering else 'off'}: recording is the same")
        self.call_after_refresh(self.redraw)

    def action_images(self) -> None:
        """The next way to draw frames of pixels that this terminal can."""
        self.run_worker(self._next_images(), group="images", exclusive=True)

    async def _next_images(self) -> None:
        said = await self.cornerman.images.next()
        self._images_chosen(said)

    async def _choose_images(self) -> None:
        images = self.cornerman.images
        if why := await images.choose(images.wanted):
            self.cornerman.say(f"{why}. Half-cells meanwhile.")
        self._images_chosen(why)

    def _images_chosen(self, said: str) -> None:
        if self.is_mounted:
            self.query_one(FrameView).again()
            self._tell(said or self._said)

    def action_normalized(self) -> None:
        """The observation on the other side of a wrapper that normalizes, and as it was recorded."""
        self._normalized = not self._normalized
        self._ask("newest" if self.player.following else "row")
        self._tell(f"observations {'beyond normalization' if self._normalized else 'as recorded'}")

    def action_back(self) -> None:
        if self.app.screen is self:
            self.app.pop_screen()

    def _tell(self, said: str) -> None:
        self._said = said
        self._draw_status()

    # ---- drawing -------------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        if not self.is_mounted or self.view is None or self.too_small:
            return
        look, view = self.cornerman.look, self.view
        header, place = self.query_one("#header", Lines), self.query_one("#place", Lines)
        header.show([run_view.header(view, header.size.width, look)])
        place.show(
            [
                rule(
                    run_view.place(view, place.size.width, look),
                    place.size.width,
                    look,
                    style="badge" if _is_reset(view) else "title",
                )
            ]
        )
        self._draw_frame()
        self._settle()
        self._draw_fields()
        self._draw_rewards()
        self._draw_episodes()
        self._draw_status()

    def _draw_frame(self) -> None:
        assert self.view is not None
        if self.rendering:
            self.query_one(FrameView).present(*run_view.shown_frame(self.view))
        returns = self.query_one("#returns", Lines)
        if returns.size.height:
            returns.show(run_view.returns_panel(self.view, *returns.size, self.cornerman.look))

    def _draw_fields(self) -> None:
        if self.view is None:
            return
        panel = self.query_one("#fields", Lines)
        width, height = panel.size
        look = self.cornerman.look
        if self._accounts:
            rows = flow_view.panel(self.view, self.viewing, width, look)
        else:
            rows = run_view.fields(self.view, width, look)
        room = max(1, height - 1)
        self._scroll = max(0, min(self._scroll, len(rows) - room))
        more = f"{self._scroll + 1}-{min(len(rows), self._scroll + room)} of {len(rows)}" if len(rows) > room else ""
        title = "writer" if self._accounts else "fields"
        panel.show([rule(title, width, look, more), *rows[self._scroll : self._scroll + room]])

    def _draw_rewards(self) -> None:
        panel = self.query_one("#rewards", Lines)
        panel.show(run_view.reward_strip(self._rewards, self.row, *panel.size, self.cornerman.look))

    def _place_in_list(self) -> int | None:
        """Where the current episode stands in the list, if it is in the part that was read."""
        answer, view = self._episodes, self.view
        if answer is None or view is None or view.episode is None:
            return None
        wanted = (view.episode.env_index, view.episode.episode)
        for at, episode in enumerate(answer.episodes):
            if (episode.env_index, episode.episode) == wanted:
                return answer.offset + at
        return None

    def _draw_episodes(self) -> None:
        table, answer, look = self.query_one(Table), self._episodes, self.cornerman.look
        if self.view is None or not self.view.streams or not table.size:
            return
        many = self.view.streams[self.view.stream].num_envs > 1
        width = table.size.width
        head = run_view.episode_head(answer, many, width, look)
        if answer is None:
            table.fill(head, 0, lambda i, on: ())
            return
        here = self._place_in_list()
        if here is not None:
            table.cursor = here
        at = answer.offset

        def row(index: int, under_cursor: bool) -> Line:
            known = 0 <= index - at < len(answer.episodes)
            episode = answer.episodes[index - at] if known else None
            return run_view.episode_row(episode, index == here, many, width, look)

        table.fill(head, answer.total, row)
        if answer.episodes and not at <= table.top < at + len(answer.episodes):
            self._ask_episodes(table.top - WINDOW // 2)

    def _draw_status(self) -> None:
        if self.view is None or not self.is_mounted:
            return
        panel, look, viewing = self.query_one("#status", Lines), self.cornerman.look, self.viewing
        flow = self.query_one("#flow", Lines)
        flow.show([flow_view.flow_line(self.view, viewing, flow.size.width, look)])
        rows = run_view.status(self.view, viewing, panel.size.width, look, self._said)
        panel.set_class(len(rows) > 2, "-three")
        panel.show(rows)
        if self._accounts:
            self._draw_fields()


def _is_reset(view: ViewAnswer) -> bool:
    return view.record is not None and view.record.reset


def _pace(answer: ViewAnswer) -> float:
    """What speed 1x means: the environment's own `render_fps`, if its metadata has one."""
    manifest = answer.streams[answer.stream].manifest
    fps = manifest.get("render_fps") or (manifest.get("metadata") or {}).get("render_fps")
    return float(fps) if isinstance(fps, (int, float)) and 0 < fps <= 1000 else 30.0
