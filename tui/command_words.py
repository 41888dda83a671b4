"""A command that was run, and what it used, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import output

if TYPE_CHECKING:
    from cornerman.core.logs.port import Sample
    from cornerman.core.run_command import RunCommand


def command_facts(command: RunCommand) -> dict[str, str]:
    """What was run, how, and how it ended."""
    resources = " ".join(f"{name} {value}" for name, value in command.resources.items())
    environment = " ".join(f"{name}={value}" for name, value in command.environment.items())
    facts = {
        "command": " ".join(command.command),
        "with": environment,
        "attempt": f"{command.attempt}, after {command.after}" if command.after else "",
        "ended": _ended(command),
        "given": resources,
        "frames": command.frames,
        "note": command.note,
        "lines": ", ".join(f"{count:,} {name}" for name, count in command.lines.items()),
        "lost": ", ".join(f"{count:,} lines ({cause})" for cause, count in command.lost.items()),
    }
    return {name: output.harmless(text) for name, text in facts.items() if text}


def _ended(command: RunCommand) -> str:
    if not command.ended:
        return f"not yet seen; pid {command.pid}" if command.pid else "not yet seen"
    if command.failure or command.ended_us is None:
        return command.ended
    took = output.duration((command.ended_us - command.started_us) / 1e6)
    return f"{command.ended}{',' if command.exception else ''} after {took}"


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
