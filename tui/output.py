"""How commands speak: data to stdout as a table or as JSON, talk to stderr, numbers as people read them.

Nothing here knows a store or a screen. Texts that come from recorded programs are made harmless before a terminal sees
them: a job name may hold an escape sequence.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cornerman.core.errors import InvalidOption

from . import words


def say(text: str) -> None:
    """Talk: a line to stderr, so that stdout stays data."""
    print(text, file=sys.stderr, flush=True)


def agreed(question: str, remedy: str) -> bool:
    """A yes typed at the terminal; InvalidOption with the remedy where nobody sits there."""
    if not sys.stdin.isatty():
        raise InvalidOption(f"There is nobody to ask: {question}", remedy)
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def print_json(value: Any) -> None:
    """One JSON document to stdout, as strict JSON: see `plain`."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    if text.isascii() or _encodes(text):
        print(text)
    else:  # half a surrogate pair, of somebody's data: JSON can escape it, UTF-8 has no word for it
        print(json.dumps(plain(value), allow_nan=False))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: Any) -> Any:
    """`value` out of what JSON has. NaN and infinities become the strings "NaN", "Infinity", "-Infinity"."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _named(value)
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers, which not every command has to load
        return plain(value.tolist())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def _named(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Iterable[int] = (),
    spare: Sequence[str] = (),
) -> None:
    """Columns as wide as their content, two spaces apart, no frame: easy to read, to cut and to grep.

    On a terminal that is too narrow the columns of `spare` are left out, first the first; a pipe always gets all.
    """
    safe = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *safe, strict=True)]
    shown, numeric = _columns_that_fit(headings, widths, spare), set(right)
    for line in (headings, *safe):
        cells = [line[at].rjust(widths[at]) if at in numeric else line[at].ljust(widths[at]) for at in shown]
        print("  ".join(cells).rstrip())


def _columns_that_fit(headings: Sequence[str], widths: Sequence[int], spare: Sequence[str]) -> list[int]:
    shown = list(range(len(headings)))
    if not sys.stdout.isatty():
        return shown
    room = shutil.get_terminal_size().columns
    for heading in spare:
        if sum(widths[at] + 2 for at in shown) - 2 <= room:
            break
        shown.remove(headings.index(heading))
    return shown


def print_facts(facts: Mapping[str, str], *, indent: int = 0, fold: bool = False) -> None:
    """Names and values below each other. With `fold`, a terminal gets long values in several lines, between words."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        first, *rest = _folded(harmless(value), width + indent + 2) if fold else [harmless(value)]
        print(f"{' ' * indent}{name.ljust(width)}  {first}".rstrip())
        for line in rest:
            print(f"{' ' * (width + indent + 2)}{line}")


def _folded(text: str, left: int) -> list[str]:
    """As many lines as the terminal needs; a pipe gets one."""
    if not sys.stdout.isatty():
        return [text]
    return textwrap.wrap(text, max(20, shutil.get_terminal_size().columns - left)) or [""]


def harmless(text: str) -> str:
    """`text` on one line and without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else "�" for char in text.replace("\n", " ").replace("\t", " "))


count = words.exact


def number(value: float | None) -> str:
    """A measured number: enough digits to compare."""
    return words.number(value, 9)


def rate(value: float | None) -> str:
    """A number per second."""
    return "-" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def size(value: float | None) -> str:
    """Bytes, in powers of ten as disks are sold."""
    return words.size(value, " ", 3)


def duration(seconds: float | None) -> str:
    """A time span in its two largest units."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, step, smaller in (("min", 60, 1), ("h", 3600, 60), ("d", 86400, 3600)):
        if seconds < step * 60 or unit == "d" or (unit == "h" and seconds < 172800):
            names = {1: "s", 60: "min", 3600: "h"}
            return f"{seconds // step:,.0f} {unit} {seconds % step // smaller:.0f} {names[smaller]}"
    return f"{seconds:.0f} s"


def moment(time_us: int | None) -> str:
    """A stored time in the local zone."""
    if not time_us:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_us / 1e6))


_ASIDE = {"sampled": "sampled at source", "quarantined": "quarantined", "duplicate": "duplicate"}
"""What is neither stored nor lost."""


def ledger_line(ledger: Any) -> str:
    """The loss ledger in words: every transition received, and what became of it."""
    parts = [f"{ledger.stored:,} stored"]
    parts += [f"{ledger.open:,} open"] * bool(ledger.open)
    for cause, label in _ASIDE.items():
        if amount := getattr(ledger, cause):
            parts.append(f"{amount:,} {label}")
    parts += [f"{amount:,} dropped ({cause})" for cause, amount in ledger.dropped.items() if amount]
    verdict = "adds up" if ledger.balanced else "DOES NOT ADD UP"
    return f"{ledger.received:,} received = {' + '.join(parts)} · {verdict}"


def ledger_json(ledger: Any) -> dict[str, Any]:
    return {**plain(ledger), "balanced": ledger.balanced}
