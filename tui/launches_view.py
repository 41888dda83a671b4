"""How launched programs look: the list, and one of them with its last lines. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import words
from .look import Look
from .renderers._cells import visible, wrap
from .schemas_view import Cell, Column, Listing
from .widgets.lines import Line

if TYPE_CHECKING:
    from .launch_queries import Shown

_STYLES = {"running": "good", "starting": "info", "ended": "dim", "failed": "bad", "lost": "warn", "elsewhere": "dim"}
EMPTY = (
    "Nothing was launched from this store yet.",
    "n: a training command, or a policy on an environment",
    "cornerman launch start -- python train.py",
)


def columns(names: Sequence[str], runs: Sequence[str]) -> tuple[Column, ...]:
    """As wide as the shortest ids that can be typed for these launches and runs."""
    return (
        Column("launch", max(map(len, names), default=8)), Column("job", 12, 1, 3), Column("state", 18, 1),
        Column("pid", 7, 0, 4, True), Column("age", 6, 0, 2, True), Column("run", max(map(len, runs), default=8), 0, 5),
        Column("command", 20, 5, 1),
    )  # fmt: skip


def listing(shown: Sequence[Shown], now: float, known_runs: Sequence[str] = ()) -> Listing:
    """`known_runs`: the ids of all runs of the store; runs are called as the list of runs calls them."""
    names = words.short_ids([one.launch.id for one in shown])
    mine = [one.run for one in shown if one.run]
    runs = words.short_ids(list(dict.fromkeys([*known_runs, *mine])))

    def cells(index: int) -> list[Cell]:
        one = shown[index]
        launch = one.launch
        return [
            (names[launch.id], "title"), (launch.job or "-", "normal"), (one.words, _STYLES.get(one.state, "normal")),
            (str(launch.pid or "-"), "dim"), (words.span(max(0.0, now - launch.created)), "dim"),
            (runs.get(one.run, "-"), "normal"), (one.command, "normal"),
        ]  # fmt: skip

    keys = [one.launch.id for one in shown]
    return Listing(columns(list(names.values()), [runs[run] for run in mine]), keys, cells, EMPTY)


def detail(one: Shown, lines: Sequence[str], width: int, look: Look) -> list[Line]:
    """What it was given, and the end of what it wrote."""
    launch, limits = one.launch, one.launch.limits
    memory = words.size(limits.memory_bytes) if limits.memory_bytes else "no limit"
    processors = ",".join(map(str, limits.processors)) or "all"
    facts = {
        "command": one.command,
        "folder": launch.cwd,
        "given": " ".join(f"{name}={value}" for name, value in launch.settings.items()) or "settings as everywhere",
        "limits": f"processors {processors}, memory {memory}, GPUs {limits.gpus}",
        **({"again": launch.restart} if launch.restart else {}),
        "run": f"{one.run}  enter opens it" if one.run else "none yet",
    }
    found: list[Line] = []
    for name, text in facts.items():
        first, *rest = wrap(visible(text), max(20, width - 11)) or [""]
        found.append(((f" {name:<9}", "dim"), (first, "normal")))
        found += [((" " * 10, "normal"), (part, "normal")) for part in rest]
    found.append(((f" {look.glyph('rule')} last lines", "dim"),))
    return [*found, *(((" " + visible(line), "normal"),) for line in lines)] if lines else found
