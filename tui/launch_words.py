"""A command that was run, and what it used, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import output

if TYPE_CHECKING:
    from cornerman.core.launch import Launch
    from cornerman.core.logs.port import Sample


def launch_facts(launch: Launch) -> dict[str, str]:
    """What was run, how, and how it ended."""
    resources = " ".join(f"{name} {value}" for name, value in launch.resources.items())
    environment = " ".join(f"{name}={value}" for name, value in launch.environment.items())
    facts = {
        "command": " ".join(launch.command),
        "with": environment,
        "attempt": f"{launch.attempt}, after {launch.after}" if launch.after else "",
        "ended": _ended(launch),
        "given": resources,
        "frames": launch.frames,
        "note": launch.note,
        "lines": ", ".join(f"{count:,} {name}" for name, count in launch.lines.items()),
        "lost": ", ".join(f"{count:,} lines ({cause})" for cause, count in launch.lost.items()),
    }
    return {name: output.harmless(text) for name, text in facts.items() if text}


def _ended(launch: Launch) -> str:
    if not launch.ended:
        return f"not yet seen; pid {launch.pid}" if launch.pid else "not yet seen"
    took = output.duration(((launch.ended_us or 0) - launch.started_us) / 1e6)
    return launch.ended if launch.failure else f"{launch.ended} after {took}"


def usage_of(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Mean and peak of everything that was measured."""
    names = dict.fromkeys(name for sample in samples for name in sample.values)
    found = {}
    for name in names:
        values = [sample.values[name] for sample in samples if name in sample.values]
        found[name] = {"mean": sum(values) / len(values), "peak": max(values), "samples": len(values)}
    return found


def usage_facts(usage: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """The same in words: `cpu  97 % mean, 143 % peak`."""
    facts = {}
    for name, figures in usage.items():
        said = output.size if name.endswith("_bytes") else _percent if name.endswith("_percent") else output.number
        words = name.removesuffix("_bytes").removesuffix("_percent").replace("_", " ")
        facts[words] = f"{said(figures['mean'])} mean, {said(figures['peak'])} peak"
    return facts


def _percent(value: float) -> str:
    return f"{value:.0f} %"


def usage_in(store: Any, run_id: str) -> dict[str, dict[str, float]]:
    """What was measured of a run; nothing where the store has no logs."""
    from cornerman.core.errors import CornermanError

    try:
        return usage_of(store.logs.samples(run_id))
    except (CornermanError, AttributeError):
        return {}
