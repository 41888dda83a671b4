"""How one run looks: header, fields, episodes, rewards and status around the cursor. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cornerman.core.ledger_words import cause_of, counts, lost

from . import words
from .flow_view import Viewing, diagnosis
from .look import Look
from .observed import observed_frame
from .playback import ViewLedger
from .queries import EpisodesAnswer, RewardsAnswer, ViewAnswer
from .renderers._cells import wrap
from .runs_view import safe, state_cell
from .space_words import space_words
from .values import described
from .widgets.lines import Line, rule

if TYPE_CHECKING:
    from cornerman.core.records import EpisodeRollup, LedgerRow, StepRecord, StreamSummary


def header(view: ViewAnswer, width: int, look: Look) -> Line:
    """Which run, stream and sub-environment; the badge of its state at the right."""
    dot = f" {look.glyph('dot')} "
    parts = [view.run.job]
    if view.streams:
        stream = view.streams[view.stream]
        parts.append(stream.env_id)
        if stream.num_envs:
            parts.append(f"env {view.env} of {stream.num_envs}")
        if len(view.streams) > 1:
            parts.append(f"stream {stream.name or stream.stream_id} ({view.stream + 1} of {len(view.streams)})")
    parts.append(view.short_id)
    badge, style = state_cell(view.run.state, look, 0)
    left = " " + safe(dot.join(parts))
    return ((words.fit(left, max(0, width - len(badge) - 2)), "title"), (f" {badge} ", style))


def place(view: ViewAnswer, width: int, look: Look) -> str:
    """Where the cursor is, in the field's words; where all do not fit, the row goes first, never half a number."""
    record = view.record
    if record is None:
        return ""
    what = f"{look.glyph('reset')} reset" if record.reset else f"step {record.step:,}"
    parts = [f"episode {record.episode:,}", what, f"t {record.t:,}", f"row {record.row:,} of {view.rows - 1:,}"]
    dot = f" {look.glyph('dot')} "
    while len(parts) > 1 and len(dot.join(parts)) > width - 3:
        parts.pop()
    return dot.join(parts)


def fields(view: ViewAnswer, width: int, look: Look) -> list[Line]:
    """What the environment gave and was given at the cursor, and what is known of its episode."""
    record = view.record
    if record is None:
        return [((view.said or "nothing yet", "dim"),)]
    rows: list[Line] = []
    rows += _transition(record, look, width)
    observation = _observation(view, record.observation, width, look)
    first = (
        len(observation)
        if len(observation) <= _FIRST_LINES
        else 2
        if hasattr(record.observation, "ndim")
        else _FIRST_LINES
    )
    rows += observation[:first]
    rows += _episode_facts(view, record, width, look)
    rows += _info(record, width, look)
    if record.final_observation is not None:
        rows += _named("final observation", record.final_observation, width, look)
    if record.note:
        rows.append(((words.fit(f"{look.glyph('warn')} {safe(record.note)}", width), "warn"),))
    rows += _as_it_came(record, width)
    rows += _space_facts(view.streams[view.stream], width, look)
    if len(observation) > first:
        rows += [(), (("observation, the rest", "head"),), *observation[first:]]
    return rows


_FIRST_LINES = 6
"""Lines of an observation before the rest of it gives way to what else there is to know."""


def _pair(name: str, value: str, style: str, width: int) -> Line:
    label = words.fit(name, 11)
    return ((label + " ", "head"), (words.fit(value, max(0, width - 12)).rstrip(), style))


def _transition(record: StepRecord, look: Look, width: int) -> list[Line]:
    missing = look.glyph("missing")
    if record.reset:
        none = f"{missing} none: a reset row"
        return [_pair("action", none, "dim", width), _pair("reward", none, "dim", width)]
    action = described(record.action, max(8, width - 12))
    rows = [_pair("action", action[0], "accent", width)]
    rows += [_pair("", line, "accent", width) for line in action[1:9]]
    if record.reward is None:
        rows.append(_pair("reward", f"{missing} not recorded", "dim", width))
    else:
        style = "dim" if record.reward == 0 else "bad" if not record.reward > 0 else "good"
        rows.append(_pair("reward", f"{record.reward:+.6g}", style, width))
    if record.skipped_count:
        left_out = f"{record.skipped_count:,} before it, reward {record.skipped_reward:+.6g}"
        rows.append(_pair("skipped", left_out, "accent", width))
    ends = [("terminated", record.terminated, "accent"), ("truncated", record.truncated, "warn")]
    return rows + [
        _pair(name, "True" if value else "False", style if value else "dim", width) for name, value, style in ends
    ]


def _observation(view: ViewAnswer, value: Any, width: int, look: Look) -> list[Line]:
    """As recorded; where statistics were asked for and fit it, on the other side of what normalizes, and said so."""
    known = view.statistics
    if known is None or not hasattr(value, "ndim") or value.shape != known.mean.shape:
        return _named("observation", value, width, look)
    if known.place == "below":
        name, values = "observation, denormalized", known.denormalize(value)
    else:
        name, values = "observation, normalized", known.normalize(value)
    dot = look.glyph("dot")
    said = f"{name} {dot} by t {known.t:,}"
    return [((words.fit(said, width), "head"),), *_indented(described(values, max(8, width - 2)), width)]


def _named(name: str, value: object, width: int, look: Look) -> list[Line]:
    lines = described(value, max(8, width - 2))
    if len(lines) == 1 and len(lines[0]) <= width - 12 and len(name) < 12:
        return [_pair(name, lines[0], "normal", width)]
    return [((name, "head"),), *_indented(lines, width)]


def _info(record: StepRecord, width: int, look: Look) -> list[Line]:
    if not record.info:
        return [_pair("info", "{} empty", "dim", width)]
    return [(("info", "head"),), *_indented(described(record.info, max(8, width - 2)), width)]


def _as_it_came(record: StepRecord, width: int) -> list[Line]:
    """Of an imported row: the version it came as, what it had that a step has no field for, and its bytes."""
    rows: list[Line] = []
    if record.payload_version != 1:
        legacy = " (legacy)" if record.payload_version == 0 else ""
        rows.append(_pair("payload", f"version {record.payload_version}{legacy}", "dim", width))
    room = max(8, width - 2)
    if record.extra:
        rows += [(("came with", "head"),), *_indented(described(record.extra, room), width)]
    if record.raw:
        rows += [(("as it came", "head"),), *_indented([safe(_text(record.raw))], width)]
    if record.lines:
        rows += [(("lines beside it", "head"),), *_indented([safe(_text(raw)) for raw in record.lines], width)]
    return rows


def _text(raw: bytes) -> str:
    """Bytes of a file, as many as a line may show."""
    return raw[:4096].decode("utf-8", "replace")


def _indented(lines: Sequence[str], width: int) -> list[Line]:
    return [(("  " + words.fit(line, max(0, width - 2)).rstrip(), "normal"),) for line in lines]


def _episode_facts(view: ViewAnswer, record: StepRecord, width: int, look: Look) -> list[Line]:
    episode = view.episode
    if episode is None:
        return [_pair("episode", f"{record.episode:,}", "normal", width)]
    so_far = " so far" if episode.ended == "open" else ""
    rows = [
        _pair("episode", f"{episode.episode:,}, {episode.ended}", "normal", width),
        _pair("return", words.number(episode.total_reward, 12) + so_far, "normal", width),
        _pair("length", f"{episode.length:,}{so_far}{_left_out(view, episode)}", "normal", width),
        _pair("seed", _seed(episode, look), "normal" if episode.seed is not None else "dim", width),
    ]
    if record.options:
        rows += _named("options", record.options, width, look)
    return rows


def _left_out(view: ViewAnswer, episode: EpisodeRollup) -> str:
    """How many of an episode's steps its source did not record."""
    stream = view.streams[view.stream]
    sampled = stream.manifest.get("sample") and not stream.num_envs
    return f", {episode.skipped_count:,} of it skipped" if sampled else ""


def _seed(episode: EpisodeRollup, look: Look) -> str:
    if episode.seed is None:
        return f"{look.glyph('missing')} none was given"
    return f"{episode.seed}" + (", continued from it" if episode.seed_source == "continued" else "")


def _space_facts(stream: StreamSummary, width: int, look: Look) -> list[Line]:
    """The spaces, as the stream declared them, once for all its steps."""
    rows: list[Line] = []
    for key, name in (("observation_space", "obs space"), ("action_space", "act space")):
        space = stream.manifest.get(f"single_{key}") or stream.manifest.get(key)
        if space:
            lines = wrap(safe(space_words(space)), max(8, width - 12))
            rows += [_pair(name if at == 0 else "", line, "dim", width) for at, line in enumerate(lines[:4])]
    if stream.autoreset_mode:
        rows.append(_pair("autoreset", stream.autoreset_mode, "dim", width))
    rows += [((words.fit(f"{look.glyph('warn')} {safe(note)}", width), "warn"),) for note in stream.notes]
    return rows


def episode_head(answer: EpisodesAnswer | None, many_envs: bool, width: int, look: Look) -> list[Line]:
    """The heading says the order, and how many there are."""
    total = f"{answer.total:,}" if answer else ""
    order = answer.order if answer else "newest"
    names = words.fit("number", 8, True) + (words.fit("env", 5, True) if many_envs else "")
    names += words.fit("return", 8, True) + words.fit("length", 7, True) + "  end"
    return [
        rule(f"episodes {look.glyph('dot')} {order} first", width, look, total),
        ((words.fit(names, width), "head"),),
    ]


_SHORT_ENDS = {"terminated": "term.", "truncated": "trunc.", "interrupted": "intr.", "open": "open"}


def episode_row(episode: EpisodeRollup | None, here: bool, many_envs: bool, width: int, look: Look) -> Line:
    """One episode; the one at the cursor is marked by a sign and not by its colour alone."""
    if episode is None:
        return ((words.fit("   " + look.glyph("more"), width), "dim"),)
    over = "|cursor" if here else ""
    mark = look.glyph("mark") if here else " "
    so_far = "+" if episode.ended == "open" else ""
    text = mark + words.fit(f"{episode.episode:,}", 7, True)
    if many_envs:
        text += words.fit(str(episode.env_index), 5, True)
    text += words.fit(words.number(episode.total_reward, 6) + so_far, 8, True)
    text += words.fit(f"{episode.length:,}{so_far}", 7, True)
    style = {"open": "good", "interrupted": "bad", "truncated": "warn"}.get(episode.ended, "dim")
    room = max(0, width - len(text) - 2)
    end = episode.ended if room >= 11 else _SHORT_ENDS[episode.ended]
    if room >= 24 and episode.seed is not None and episode.seed_source == "given":
        end += f"  seed {episode.seed}"
    return ((text + "  ", "normal" + over), (words.fit(end, room), style + over))


def reward_strip(answer: RewardsAnswer | None, row: int, width: int, height: int, look: Look) -> list[Line]:
    """Rewards of the episode from left to right, the range they span, and where the cursor is in it."""
    if answer is None or height < 2:
        return [rule("reward", width, look)]
    count = len(answer.rewards)
    known = [value for value in answer.rewards if not math.isnan(value)]
    low, high = (words.number(min(known), 9), words.number(max(known), 9)) if known else ("-", "-")
    spread = f"always {low}" if low == high and known else f"{low} to {high}"
    title = f"reward by step {look.glyph('dot')} episode {answer.episode:,} {look.glyph('dot')} {spread}"
    note = answer.note or f"sum {words.number(sum(known), 10)} of {len(known):,}"
    rows = [rule(title, width, look, note)]
    columns = min(width, max(1, count))
    at = (row - answer.first_row) * columns // count if count and 0 <= row - answer.first_row < count else -1
    curve = (
        words.curve(answer.rewards, columns, look, height - 1, from_zero=True)
        if known
        else [" " * columns] * (height - 1)
    )
    return rows + [_marked(line, at, look, last=at_row == len(curve) - 1) for at_row, line in enumerate(curve)]


def _marked(line: str, at: int, look: Look, last: bool) -> Line:
    """The curve with the cursor's column lit; where it is blank the last row shows a sign."""
    if at < 0 or at >= len(line):
        return ((line, "curve"),)
    sign = line[at] if line[at] != " " or not last else look.glyph("here")
    return ((line[:at], "curve"), (sign, "accent|cursor"), (line[at + 1 :], "curve"))


def status(view: ViewAnswer, viewing: Viewing, width: int, look: Look, said: str) -> list[Line]:
    """What playback does; what the store holds and what was not drawn; and what that means, if anything."""
    lines = [_playing(view, viewing, width, look, said), _keeping(view, viewing.ledger, width, look)]
    text, style = diagnosis(view, viewing)
    return [*lines, ((words.fit(" " + text, width), style),)] if text else lines


def _playing(view: ViewAnswer, viewing: Viewing, width: int, look: Look, said: str) -> Line:
    player, dot = viewing.player, f" {look.glyph('dot')} "
    behind = view.rows - 1 - view.record.row if view.record else 0
    if player.following:
        mode, style = f"{look.glyph('follow')} FOLLOW", "good"
        parts = ["newest row" if behind <= 0 else f"{behind:,} behind"]
        if view.live:
            parts.append(f"last step {words.span(viewing.now - view.run.last_us / 1e6)} ago")
    else:
        mode, style = (
            (f"{look.glyph('play')} PLAY", "accent") if player.playing else (f"{look.glyph('pause')} PAUSED", "dim")
        )
        parts = [f"{player.factor:g}{look.glyph('times')} = {player.rate:g} steps/s"]
        if view.live:
            parts.append(f"{behind:,} rows behind live")
    left = f" {mode}  "
    text = dot.join(parts)
    tail = f"  {said}" if said else ""
    return ((left, style), (words.fit(text, min(len(text), max(0, width - len(left)))), "normal"),
            (words.fit(tail, max(0, width - len(left) - len(text))), "warn"))  # fmt: skip


def _keeping(view: ViewAnswer, ledger: ViewLedger, width: int, look: Look) -> Line:
    """The loss ledger of the stream, and the view ledger, which is another thing: rows not drawn are still stored."""
    if not view.streams:
        return ()
    kept = view.streams[view.stream].ledger
    if not kept.balanced:
        text, style = f" LEDGER UNEVEN: {kept.received:,} received", "bad"
    elif gone := lost(kept):
        causes = ", ".join(f"{cause_of(name).label} {number:,}" for name, number in kept.dropped.items() if number)
        text, style = f" ledger: {gone:,} LOST ({causes}) of {kept.received:,}", "bad"
    else:
        text, style = _balance(kept), "good"
    skipped = ledger.by_cause()
    drawn = f"drawn {words.count(ledger.drawn)}, skipped {words.count(sum(skipped.values()))}"
    if skipped and len(text) + len(drawn) + len(next(iter(skipped))) + 5 <= width:
        drawn += f" ({next(iter(skipped))})"
    drawn += " "
    room = max(0, width - len(drawn) - 1)
    if style == "good" and len(text) > room:
        text = _balance(kept, short=True)
    return ((words.fit(text, room), style), (" ", "normal"), (drawn[: max(0, width - room - 1)], "dim"))


def _balance(kept: LedgerRow, short: bool = False) -> str:
    """The equation of the loss ledger, where nothing is lost."""
    say = words.count if short else words.exact
    text = f" ledger ok: {say(kept.received)} = {say(kept.stored)} stored + {say(kept.open)} "
    text += "open" if short else "in journal"
    return text + "".join(f" + {say(n)} {name if short else cause_of(name).label}" for name, n in counts(kept).items())


def returns_panel(view: ViewAnswer, width: int, height: int, look: Look) -> list[Line]:
    """Returns over the whole run, as the list of runs has them: is it learning?"""
    if height < 2:
        return []
    returns = view.run.returns
    dot = look.glyph("dot")
    if not returns:
        return [rule("return by episode", width, look), (("no episode has ended yet", "dim"),)]
    spread = f"{words.number(min(returns))} to {words.number(max(returns))}"
    way = words.trend(returns)
    title = f"return by episode {dot} {spread}" + (f" {look.glyph(way)}" if way else "")
    note = f"whole run, {view.run.episode_count:,} episodes"
    rows = words.curve(returns, width, look, height - 1)
    return [rule(title, width, look, note), *(((row, "curve"),) for row in rows)]


def shown_frame(view: ViewAnswer) -> tuple[str, Any, str]:
    """Kind, frame and hint: the recorded frame; where a stream has none, its observation where it can be drawn."""
    record = view.record
    if record is not None and record.frame is not None:
        return str(record.frame.__struct_config__.tag), record.frame, ""
    bare = record is not None and view.streams[view.stream].frame_kind == "none"
    drawn = observed_frame(record.observation) if record is not None and bare else None
    return ("none", None, frame_hint(view)) if drawn is None else (str(drawn.__struct_config__.tag), drawn, "")


def frame_hint(view: ViewAnswer) -> str:
    """Why there is no frame at the cursor, and what to pass to have one."""
    record = view.record
    if record is None or not view.streams:
        if view.rows == 0 and not view.live:
            return "No step was recorded.\nIts script has to wrap its environment: cornerman.record(env).\nL: its log"
        return view.said or "Nothing is recorded yet."
    stream = view.streams[view.stream]
    frames = stream.manifest.get("frames")
    every = frames.get("every", 1) if isinstance(frames, dict) else 1
    if stream.frame_kind == "none" and "imported_from" in stream.manifest:
        return "This stream was imported, and came without frames."
    if stream.frame_kind == "none":
        return (
            "This stream records no frames.\n"
            'Pass frames="auto" to cornerman.record(), and render_mode="rgb_array" to gym.make().'
        )
    if stream.frame_envs and view.env not in stream.frame_envs:
        shown = ", ".join(map(str, stream.frame_envs[:8]))
        return f"Frames are recorded for sub-environment {shown}; this is {view.env}.\nPress e to change."
    if every > 1:
        return f"No frame at this row: one is kept every {every} steps."
    return "No frame at this row."
