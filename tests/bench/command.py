"""The command line of the measurements: each program runs in a process of its own, one after another."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from .figures import markdown_table, rows, text_table

PROGRAMS = {
    "loop": "what recording adds to the loop of each environment",
    "parts": "a budget in nanoseconds for each part of a step, and of sealing",
    "judging": "what a schema costs: compiling it, judging a chunk, sealing and a recorded loop with each mode",
    "schemas": "validating, compiling and comparing schemas, and how good the answers are",
    "peers": "the same steps recorded by Minari, h5py and mcap",
    "disk": "bytes a step",
    "bridge": "lines of a worker as log records",
    "spaces": "describing spaces and packing their values",
    "reading": "sums, episodes and random steps of a long recording",
    "logs": "log records: bringing them in, pages, counts, texts, beside a plain table; `logs:lnav` beside lnav",
    "log_copies": "log records of a store on a network: carried to it, and brought to another node",
    "ingest": "rows as fast as they come, until all are sealed, by rows_per_chunk: for tuning a host",
    "writers": "eight processes recording into one store",
    "log_screen": "the Logs screen: opening it, another filter, keys while records come",
    "terminal": "the screens: first paint, keys, age of what is shown, idle, pictures",
}
PACKAGES = (
    "cornerman",
    "numpy",
    "gymnasium",
    "apsw",
    "jsonschema-rs",
    "msgspec",
    "zstandard",
    "textual",
    "minari",
    "h5py",
    "mcap",
    "mujoco",
    "ale-py",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench", description="What recording and reading cost. Nothing is asserted.",
        epilog="\n".join(f"  {name:10}{what}" for name, what in PROGRAMS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "programs", nargs="*", metavar="PROGRAM[:PART]", help="which, and of it the parts whose name has PART"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns: for a look, not for a record")
    parser.add_argument("--json", metavar="FILE", help="where the figures go; - is standard output")
    parser.add_argument(
        "--markdown", metavar="FILE", help="a dated table; in a page that has the two marks, between them"
    )
    parser.add_argument("--scratch", metavar="DIR", help="where the stores are made (a temporary folder on this disk)")
    options = parser.parse_args()
    chosen = options.programs or list(PROGRAMS)
    for name in chosen:
        if name.partition(":")[0] not in PROGRAMS:
            parser.error(f"no program {name!r}; there are {', '.join(PROGRAMS)}")
    report: dict[str, Any] = {"machine": machine(), "quick": options.quick, "programs": {}}
    for name in chosen:
        report["programs"][name] = _run(name, options.quick, options.scratch)
        report["machine"]["load at the end"] = os.getloadavg()[0]
        _write(report, options.json, options.markdown)  # after each: a run that is stopped leaves what it has
    if options.json == "-":
        print(json.dumps(report, indent=1, ensure_ascii=False))
    return 0


def _write(report: dict[str, Any], as_json: str | None, as_markdown: str | None) -> None:
    if as_json and as_json != "-":
        Path(as_json).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_markdown:
        _write_markdown(Path(as_markdown), report)


def _run(name: str, quick: bool, scratch: str | None) -> list[dict[str, Any]]:
    """One program in a process of its own, in a folder of its own that is then removed; its figures."""
    program, _, part = name.partition(":")
    folder = Path(tempfile.mkdtemp(prefix=f"cornerman-bench-{program}-", dir=scratch))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CORNERMAN_")}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-m", "bench.child", program, part, "quick" if quick else "full", str(folder)]
    print(f"\n{program}: {PROGRAMS[program]}", file=sys.stderr)
    began = time.monotonic()
    found = []
    try:
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if line.startswith('{"part"'):
                    found.append(json.loads(line))
                    print(".", end="", file=sys.stderr, flush=True)
        if child.returncode:
            found.append({"part": name, "skipped": f"ended with code {child.returncode}: see its traceback"})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f" {time.monotonic() - began:.0f} s\n{text_table(rows(found))}", file=sys.stderr)
    return found


def machine() -> dict[str, Any]:
    """Where and when: no figure means anything without it."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load at the start": os.getloadavg()[0],
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def _write_markdown(path: Path, report: dict[str, Any]) -> None:
    """Between the marks of an existing page, else a page of its own."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{_markdown(report)}\n{END}{after}", encoding="utf-8")


def _markdown(report: dict[str, Any]) -> str:
    found = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["packages"].items() if version)
    lines = [
        f"Taken {found['date']}{' with --quick' if report['quick'] else ''} on {found['processors']} processors"
        f" ({found['system']}, Python {found['python']}); load {found['load at the start']:.1f} at the start,"
        f" {found['load at the end']:.1f} at the end. {versions}."
    ]
    for name, figures in report["programs"].items():
        lines += ["", f"### {name}", "", markdown_table(rows(figures))]
    return "\n".join(lines)
