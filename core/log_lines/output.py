"""One output of a program, or one file, as log records: lines recognised, tracebacks whole, floods folded, order kept.

    lines = OutputLines(Context(run_id="01K…", output="stderr", pid=4242))
    for record in lines.feed(data, now_us): …
    for record in lines.tick(now_us): …        # from time to time: what waits for a next line that does not come
    for record in lines.close(now_us): …

At most one record is held back: the last line, which the next may repeat, redraw or continue.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from cornerman.log_catalog import component_of_logger, get_constant_by_code

from ..payloads.log_record_v1 import LogRecordV1
from . import tracebacks
from .attribution import attributed
from .behind_bars import begins_at
from .lines import Line, LineSplitter
from .parsed import Moment, Parsed
from .recognise import recognise, without_escapes

FOLD_SECONDS: Final = 5.0
"""So long equal lines, or states of a progress bar, are counted before a record says how many there were."""
TRACEBACK_SECONDS: Final = 1.0
"""So long without another line, a traceback is taken to be complete."""
LONGEST_MESSAGE: Final = 16_384
"""Characters; the raw line has the others."""
_REDRAW = re.compile(rb"\x1b\[(?:\d{0,4}[AF]|2K|[0-3]?J)")
_INFERRED = ("inferred",)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of every line of an output before it is read."""

    run_id: str = ""
    output: Literal["", "stdout", "stderr"] = ""
    pid: int | None = None
    year: int | None = None
    """Of times without one."""
    format: str = ""
    """The only format that is looked for; empty for all."""
    live: bool = True
    """Lines without a time were written when they are read; else at the time of the line before."""


@dataclass(slots=True)
class _Held:
    """What the next line may still change."""

    line: Line
    parsed: Parsed | None
    now_us: int
    kind: Literal["line", "again", "progress"]
    repeats: int = 1


def original(record: LogRecordV1) -> bytes:
    """The line that a record was made of, byte for byte, up to the cap and without its end."""
    return record.raw_bytes or record.raw.encode("utf-8", "surrogatepass")


class OutputLines:
    """Makes records of what an output sends, in its order."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._splitter = LineSplitter()
        self._held: _Held | None = None
        self._before: bytes | None = None
        """The line that was made a record last."""
        self._traceback: tracebacks.Traceback | None = None
        self._traceback_bytes: list[bytes] = []
        self.time_us: int | None = None
        """The newest time that a line said."""
        self.formats: Counter[str] = Counter()
        """Lines by format; `raw` for those of none."""
        self._out: list[LogRecordV1] = []

    def feed(self, data: bytes, now_us: int) -> list[LogRecordV1]:
        """The records that are complete with these bytes."""
        for line in self._splitter.feed(data):
            self._take(line, now_us)
        return self._taken()

    def whole(self, line: Line, now_us: int) -> list[LogRecordV1]:
        """The records that are complete with this line: for who has lines already."""
        self._take(line, now_us)
        return self._taken()

    def parsed(self, line: Line, parsed: Parsed, format: str, now_us: int) -> list[LogRecordV1]:
        """The same for a line that is understood already."""
        self._end_traceback(now_us)
        self._let_go()
        parsed.format = format
        self._held = _Held(line, parsed, now_us, "again")
        return self._taken()

    def go_on_from(self, time_us: int | None) -> None:
        """Lines were read before, the last of them written at this time."""
        self.time_us = time_us

    @property
    def waits(self) -> bool:
        """Whether lines that were taken are no record yet."""
        return self._held is not None or self._traceback is not None

    def tick(self, now_us: int) -> list[LogRecordV1]:
        """The records whose time of waiting is over."""
        if self._traceback is not None and _over(self._traceback.fed_us, now_us, TRACEBACK_SECONDS):
            self._end_traceback(now_us)
        held = self._held
        if held is not None and (held.kind == "line" or _over(held.now_us, now_us, FOLD_SECONDS)):
            self._let_go()
        return self._taken()

    def settle(self, now_us: int) -> list[LogRecordV1]:
        """Everything but a line whose end has not come: what comes next is as if it came first."""
        self._end_traceback(now_us)
        self._let_go()
        self._before = None
        return self._taken()

    def close(self, now_us: int) -> list[LogRecordV1]:
        """Everything that is left."""
        for line in self._splitter.close():
            self._take(line, now_us)
        return self.settle(now_us)

    # --- one line ----------------------------------------------------------------------------------------------------

    def _take(self, line: Line, now_us: int) -> None:
        data = line.data
        if self._traceback is not None:
            if not line.redrawn and self._traceback.take(_text(data), now_us):
                self._traceback_bytes.append(data)
                return
            self._end_traceback(now_us)
        if line.overwritten or line.redrawn or (b"\x1b[" in data and _REDRAW.search(data)):
            self._redrawn(line, now_us)
        else:
            self._plain(line, now_us)

    def _redrawn(self, line: Line, now_us: int) -> None:
        """A state of a bar; or a line that stands behind one, or in the place of one that was cleared."""
        at = None if line.overwritten else self._own_line_at(line.data, now_us)
        if at is None:
            self._progress(line, now_us)
            return
        if at:
            self._progress(Line(line.data[:at], True, line.redrawn), now_us)
        self._plain(Line(line.data[at:], cut=line.cut), now_us)

    def _own_line_at(self, data: bytes, now_us: int) -> int | None:
        """Where a line begins that says how serious it is, or that follows a bar whose end is known."""
        at = begins_at(data) or 0
        text = _text(data[at:])
        if not without_escapes(text).strip():
            return None
        parsed = recognise(text, Moment(now_us, self.context.year), self.context.format)
        certain = data[max(0, at - 1) : at] == b"]" or tracebacks.begins(text)
        return at if certain or (parsed is not None and (parsed.level or parsed.code)) else None

    def _plain(self, line: Line, now_us: int) -> None:
        """A line that nothing is written over."""
        data, held = line.data, self._held
        if held is not None:
            if held.line.data == data and held.kind != "progress" and not line.cut:
                held.repeats += 1
                return
            self._let_go()
        again = data == self._before and not line.cut
        text = _text(data)
        if tracebacks.begins(text):
            self._traceback = tracebacks.Traceback(text, now_us)
            self._traceback_bytes = [data]
            return
        parsed = recognise(text, Moment(now_us, self.context.year), self.context.format)
        self._held = _Held(line, parsed, now_us, "again" if again else "line")

    def _progress(self, line: Line, now_us: int) -> None:
        """A state of something that is drawn over and over: only the newest is kept, the others are counted."""
        held = self._held
        if held is None or held.kind != "progress" or _over(held.now_us, now_us, FOLD_SECONDS):
            self._let_go()
            self._held = _Held(line, None, now_us, "progress")
        else:
            held.repeats += 1
            if without_escapes(_text(line.data)).strip():
                held.line = line
        if line.redrawn and not line.overwritten:
            self._let_go()

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        self._before = None if held.kind == "progress" else held.line.data
        known = "progress" if held.kind == "progress" else held.parsed.format if held.parsed is not None else "raw"
        self.formats[known] += held.repeats
        self._out.append(self._record(held))

    def _end_traceback(self, now_us: int) -> None:
        found, self._traceback = self._traceback, None
        if found is None:
            return
        blank = found.trimmed()
        whole = b"\n".join(self._traceback_bytes[: len(found.lines)])
        parsed = Parsed(without_escapes(found.message), "ERROR", flags=("traceback",), format="traceback")
        if found.exception:
            parsed.fields = {"exception": found.exception}
        self._held = _Held(Line(whole), parsed, found.began_us, "line")
        self._let_go()
        self._before = None
        for _ in range(blank):
            self._take(Line(b""), now_us)

    def _taken(self) -> list[LogRecordV1]:
        out, self._out = self._out, []
        return out

    # --- its record --------------------------------------------------------------------------------------------------

    def _record(self, held: _Held) -> LogRecordV1:
        line, parsed = held.line, held.parsed
        text = _text(line.data)
        raw_bytes = b"" if text.isascii() or text.encode("utf-8", "surrogatepass") == line.data else line.data
        plain = parsed is None
        if parsed is None:
            parsed = Parsed(without_escapes(text).rstrip() if held.kind == "progress" else without_escapes(text))
        flags, extra = parsed.flags, parsed.extra
        constant = get_constant_by_code(parsed.code) if parsed.code else None
        level = parsed.level or (constant.level if constant else "DEBUG")
        if held.kind == "progress":
            flags = (*flags, "progress")
        if line.cut:
            flags, extra = (*flags, "cut"), {**extra, "cut_bytes": line.cut}
        if parsed.word:
            extra = {**extra, "level": parsed.word}
        if parsed.level is None or parsed.time_us is None:
            flags = flags + _INFERRED
        known = {} if plain or not parsed.fields else attributed(parsed.fields)
        if constant is not None:
            known["component"], known["subcomponent"] = constant.component, constant.subcomponent
            said = known.get("tags")
            known["tags"] = constant.tags if said is None else tuple(dict.fromkeys((*constant.tags, *said)))
        elif parsed.logger and "component" not in known and (owner := component_of_logger(parsed.logger)):
            known["component"] = owner
        run_id, fields = self.context.run_id, parsed.fields
        own_id = known.pop("run_id", "")  # a worker has names of its own for runs: ours is the one that is in the store
        if own_id and run_id and own_id != run_id:
            fields = {**fields, "run_id": own_id}
        if run_id and fields.get("run") == run_id:  # our own recorder's word for it
            fields = {name: value for name, value in fields.items() if name != "run"}
        message = parsed.message
        return LogRecordV1(
            time_us=self._time_of(parsed.time_us, held.now_us),
            code=parsed.code,
            level=level,
            message=message if len(message) <= LONGEST_MESSAGE else message[:LONGEST_MESSAGE] + "…",
            fields=fields,
            run_id=run_id or own_id,
            source="known" if constant else "other",
            raw=text,
            raw_bytes=raw_bytes,
            extra=extra,
            output=self.context.output,
            pid=parsed.pid if parsed.pid is not None else self.context.pid,
            logger=parsed.logger,
            flags=flags,
            repeats=held.repeats,
            **known,
        )

    def _time_of(self, said_us: int | None, now_us: int) -> int:
        if said_us is not None:
            self.time_us = said_us
            return said_us
        if self.context.live or self.time_us is None:
            return now_us
        return self.time_us


def _over(began_us: int, now_us: int, seconds: float) -> bool:
    """Whether so long has passed, or the clock was set back: then nobody knows how long."""
    return not 0 <= now_us - began_us < seconds * 1e6


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
