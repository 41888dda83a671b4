"""`cornerman show RUN`: everything about one run that is not a step."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any, get_args

from cornerman.core.errors import InvalidOption
from cornerman.core.ledger_words import cause_of
from cornerman.core.records import EpisodeOrder
from cornerman.core.rerun import rerun_line

from .. import exits, output
from ..chosen import opened_store
from ..command_words import command_facts, usage_facts, usage_in
from ..space_words import space_words
from . import Subparsers, describe
from .runs import as_json, trend

DESCRIPTION = """
Show one run: its streams with their environments and spaces, seeds, how it was
started and with what, what became of every transition (the loss ledger, by
cause), and its newest episodes. What a screen does not draw is no loss: each
screen counts that for itself (its view ledger, key w). The run's folder has the
manifest and what it was started with.

RUN is a run id, an unambiguous beginning of one, a job's name (its newest
run), or `latest`."""

EXAMPLES = """
  cornerman show latest                   the newest run
  cornerman show demo-frozenlake          the newest run of a job
  cornerman show 01KAB --episodes 50      more of its episodes
  cornerman show latest --order best      its episodes with the highest return
  cornerman show latest --json | jq .provenance"""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "show", DESCRIPTION, EXAMPLES)
    parser.add_argument("run", metavar="RUN", nargs="?", default="latest", help="which run (default: latest)")
    parser.add_argument("--episodes", type=int, default=5, metavar="N", help="how many episodes (default: 5)")
    parser.add_argument(
        "--order", choices=get_args(EpisodeOrder), default="newest",
        help="which episodes: newest, oldest, or of all that ended the best, worst or longest (default: newest)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    if args.episodes < 0:
        raise InvalidOption(f"--episodes cannot be {args.episodes}.", "0 shows none.")
    with opened_store(args) as store:
        reader = store.run(args.run)
        summary = reader.summary()
        notices = store.notices
        streams = [(stream.summary(), _episodes(stream, args)) for stream in reader.streams()]
        entries = [list(stream.ledger_entries()) for stream in reader.streams()]
        spaces = [_spaces(stream) for stream in reader.streams()] if args.json else []
        normalized = [stream.normalization() for stream in reader.streams()]
        kept = _kept(reader)
        usage = usage_in(store, summary.run_id) if summary.command else {}
    if args.json:
        output.print_json(
            {**_json(summary, streams, spaces, entries, normalized), **kept, "usage": usage, "notices": notices}
        )
    else:
        _print(summary, streams, entries, kept, normalized)
        _print_command(summary.command, usage)
    return exits.OK


def _episodes(stream: Any, args: argparse.Namespace) -> list[Any]:
    return list(stream.episodes(order=args.order, limit=args.episodes))


def _spaces(stream: Any) -> dict[str, Any]:
    """Every space with its descriptor, which the text only says in words; none where one is lost."""
    from cornerman.core.errors import CornermanError
    from cornerman.core.spaces import digest, document

    try:
        spaces = stream.spaces()
    except CornermanError as error:
        output.say(f"note: {error.what}")
        return {}
    return {name: {"digest": digest(space), "descriptor": document(space)} for name, space in spaces.items()}


def _kept(reader: Any) -> dict[str, Any]:
    """Where the run's manifest and inputs are, and what they are."""
    manifest, folder = reader.manifest(), reader.folder
    if manifest is None:
        return {"folder": None, "inputs": {}, "inputs_hash": ""}
    inputs = {
        name: {"path": str(folder / item.path), "sha256": item.sha256, "bytes": item.bytes}
        for name, item in manifest.inputs.items()
    }
    return {"folder": str(folder), "inputs": inputs, "inputs_hash": manifest.inputs_hash}


def _json(
    summary: Any,
    streams: list[tuple[Any, list[Any]]],
    spaces: list[dict[str, Any]],
    entries: list[list[Any]],
    normalized: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        **as_json(summary),
        "provenance": summary.provenance,
        "again": rerun_line(summary.provenance, summary.command),
        "streams": [
            {
                **output.plain(stream),
                "ledger": output.ledger_json(stream.ledger),
                "ledger_entries": [{**output.plain(one), "lost": cause_of(one.cause).lost} for one in known],
                "spaces": declared,
                "normalization": {kind: _normalization_json(one) for kind, one in statistics.items()},
                "episodes": list(map(episode_json, head)),
            }
            for (stream, head), declared, known, statistics in zip(streams, spaces, entries, normalized, strict=True)
        ],
    }


def episode_json(episode: Any) -> dict[str, Any]:
    """An episode's record without what it may hold beyond it."""
    from cornerman.core.records import EpisodeRollup

    return {name: output.plain(getattr(episode, name)) for name in EpisodeRollup.__dataclass_fields__}


def _normalization_json(one: Any) -> dict[str, Any]:
    arrays = {"mean": one.mean.tolist(), "var": one.var.tolist()}
    return {"t": one.t, "place": one.place, "count": one.count, **arrays}


def _print(
    summary: Any,
    streams: list[tuple[Any, list[Any]]],
    entries: list[list[Any]],
    kept: dict[str, Any],
    normalized: list[dict[str, Any]],
) -> None:
    output.print_facts(_run_facts(summary) | ({"folder": kept["folder"]} if kept["folder"] else {}))
    for note in summary.notes:
        print(f"note      {output.harmless(note)}")
    for (stream, episodes), causes, statistics in zip(streams, entries, normalized, strict=True):
        print()
        _print_stream(stream)
        if statistics:
            output.print_facts({"normalized": _normalization(statistics)}, indent=2)
        _print_ledger(causes)
        _print_episodes(stream, episodes)
    if kept["inputs"]:
        print("\ninputs, as they were when it began")
        output.print_facts({output.harmless(name): _input(item) for name, item in kept["inputs"].items()}, indent=2)
    if again := rerun_line(summary.provenance, summary.command):
        print(f"\nto run it again\n  {output.harmless(again)}")
    print("\nprovenance")
    known = {str(key): _brief(value) for key, value in summary.provenance.items() if value not in (None, "", {}, [])}
    output.print_facts(known, indent=2)


def _print_command(command: Any, usage: dict[str, Any]) -> None:
    """What was run, and what it used."""
    if command:
        print("\ncommand")
        output.print_facts(command_facts(command), indent=2)
    if usage:
        print("\nused")
        output.print_facts(usage_facts(usage), indent=2)


def _run_facts(summary: Any) -> dict[str, str]:
    span = (summary.last_us - summary.started_us) / 1e6
    return {
        "run": summary.run_id,
        "job": summary.job,
        "state": summary.state,
        "recorded": f"{output.moment(summary.started_us)}, for {output.duration(max(0.0, span))}",
        "steps": f"{summary.step_count:,}"
        + (f" ({summary.transition_count:,} transitions)" if summary.transition_count != summary.step_count else "")
        + f", {output.rate(summary.steps_per_second)} per second",
        "episodes": f"{summary.episode_count:,} · last return {output.number(summary.last_return)}"
        f" {trend(summary.returns)} · mean length {output.number(summary.mean_length)}",
        "size": f"{output.size(summary.bytes)}"
        + (f", {output.size(summary.bytes_per_hour)} per hour" if summary.bytes_per_hour else ""),
        "ledger": output.ledger_line(summary.ledger),
    }


def _print_stream(stream: Any) -> None:
    kind = (
        f"{stream.num_envs} environments, autoreset {stream.autoreset_mode}" if stream.num_envs else "one environment"
    )
    print(output.harmless(f"stream {stream.name or stream.stream_id}: {stream.env_id} · {kind} · {stream.state}"))
    facts = {
        "rows": f"{stream.rows:,} · rewards sum to {output.number(stream.reward_sum)} · {output.size(stream.bytes)}",
        "frames": _frames(stream),
    }
    if stream.manifest.get("sample"):
        left_out = f"{stream.ledger.sampled:,} transitions left out; episodes count them"
        facts["sampled"] = f"{stream.manifest['sample']} · {left_out}"
    if stream.flow.rows_per_second:
        facts["writer"] = _writer(stream.flow)
    facts |= {words: _brief(text) for words, text in _manifest(stream.manifest) if text}
    output.print_facts(facts, indent=2)
    for note in stream.notes:
        print(f"  note: {output.harmless(note)}")


def _normalization(statistics: dict[str, Any]) -> str:
    """What the wrappers that normalize knew last; the arrays are in --json."""
    said = []
    for kind, one in statistics.items():
        where = "as recorded" if one.place == "below" else "after the recorder"
        shape = f" {one.mean.shape}" if one.mean.shape else ""
        numbers = f"mean {output.number(float(one.mean.mean()))}, variance {output.number(float(one.var.mean()))}"
        said.append(f"{output.harmless(kind)}{shape} {where}: {numbers} of {one.count:,.0f} by step {one.t:,}")
    return " · ".join(said)


def _writer(flow: Any) -> str:
    """How fast the newest chunks were written, what waits, and what their schema has against the steps."""
    parts = [
        f"{output.rate(flow.rows_per_second)} rows/s, {output.rate(flow.chunks_per_second)} chunks/s,"
        f" {output.size(flow.bytes_per_second)}/s packed"
    ]
    if flow.backlog:
        lag = output.duration(max(0.0, time.time() - flow.oldest_us / 1e6))
        parts.append(f"{flow.backlog:,} rows in the journal, the oldest {lag} old")
    if flow.waiting:
        parts.append(f"{flow.waiting} full segments wait for the sealer")
    if flow.mismatches:
        parts.append(f"{flow.mismatches:,} invalid steps")
    return " · ".join(parts)


def _print_ledger(entries: list[Any]) -> None:
    """What is not stored, by cause. What screens did not draw is no part of it: they count that themselves."""
    if not entries:
        return
    rows = []
    for entry in entries:
        cause = cause_of(entry.cause)
        lost = "LOST" if cause.lost else "not lost"
        times = [output.moment(entry.first_us), output.moment(entry.last_us)]
        rows.append([cause.label, f"{entry.transitions:,}", lost, *times, cause.means])
    print("  loss ledger: what is not stored, and why")
    output.print_table(
        ["CAUSE", "STEPS", "DATA", "FIRST", "LAST", "BECAUSE"], rows, right=(1,), spare=("FIRST", "LAST")
    )


def _frames(stream: Any) -> str:
    """Which pictures there are: of which kind, how often, of which environments."""
    option = stream.manifest.get("frames") or {}
    if option.get("source", "none") == "none":
        return "none"
    every = int(option.get("every", 1))
    of = f", of environments {', '.join(map(str, stream.frame_envs))}" if stream.num_envs else ""
    source = {
        "observation": "the observations",
        "adapter": "drawn by the family",
        "render": "render()",
        "import": "imported",
    }
    kind = "" if stream.frame_kind == "none" else f"{stream.frame_kind}, "
    how_often = f"every {every} steps" if every > 1 else "every step"
    return f"{kind}{source.get(option['source'], option['source'])}, {how_often}{of}"


def _manifest(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is worth a line of how the environment was made; `--json` has all of it."""
    single = "single_" if manifest.get("num_envs") else ""
    yield "observation", space_words(manifest.get(f"{single}observation_space"))
    yield "action", space_words(manifest.get(f"{single}action_space"))
    yield "imported", str(manifest.get("imported_from") or "")
    yield "made with", " ".join(f"{key}={value}" for key, value in (manifest.get("kwargs") or {}).items())
    wrappers = [str(name).rpartition(":")[2] for name in manifest.get("wrappers") or ()]
    yield "wrappers", " < ".join(wrappers)


def _print_episodes(stream: Any, episodes: list[Any]) -> None:
    if not episodes:
        print("  no episodes yet")
        return
    vector = bool(stream.num_envs)
    sampled = bool(stream.manifest.get("sample")) and not vector
    headings = ["EPISODE", "RETURN", "LENGTH", *(["SKIPPED"] if sampled else []), "ENDED", "SEED", "STARTED"]
    rows = []
    for episode in episodes:
        seed = str(episode.seed) if episode.seed is not None else "-"
        row = [
            str(episode.episode),
            output.number(episode.total_reward),
            output.count(episode.length),
            *([output.count(episode.skipped_count)] if sampled else []),
            episode.ended,
            f"{seed} (continued)" if episode.seed_source == "continued" else seed,
            output.moment(episode.started_us),
        ]
        rows.append([str(episode.env_index), *row] if vector else row)
    output.print_table(["ENV", *headings] if vector else headings, rows, right=range(3 + (vector or sampled)))


def _input(item: dict[str, Any]) -> str:
    return f"{item['path']} · {output.size(item['bytes'])} · sha256 {item['sha256'][:16]}…"


def _brief(value: Any, limit: int = 200) -> str:
    """A stored value on one line; `--json` has it whole."""
    if isinstance(value, dict):
        text = ", ".join(f"{key}={item}" for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = " ".join(map(str, value))
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
