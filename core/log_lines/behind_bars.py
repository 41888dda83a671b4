"""A line that was written behind a progress bar: the bar leaves the cursor at its end, and the next one goes on there.

     30%|███       | 30/100 [00:00<00:01, 49.53it/s]train.py:7: UserWarning: careful
     50%|█████     | 50/100 [00:01<00:01, 49.43it/s]ERROR:agent:bad thing
     80%|████████  | 80/100 [00:01<00:00, 48.79it/s]Traceback (most recent call last):

On the terminal that is one line. Without this it would be a state of the bar, at DEBUG, and no filter for warnings
would find it. The same goes for a line in the place of a bar that was cleared, as `tqdm.write` and rich's consoles do.

What is looked for is what begins a line for certain; the rest of a redrawn line stays a state of what is drawn.
"""

from __future__ import annotations

import re
from typing import Final

_TQDM = re.compile(rb"\[\d{1,4}:\d\d(?::\d\d)?[<,][^\[\]\r\n]{0,400}\]")
"""The end of tqdm's own bar: `[00:00<00:01, 49.53it/s, loss=0.3]`. Whatever stands behind it was written by another."""
_BEGINS = re.compile(
    rb"[\[(]?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d"
    rb"|\[?(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)[\]:]"
    rb"|LOG\d{3,4}[A-Z]? \| "
    rb"|Traceback \(most recent call last\)"
    rb'|\{"'
)
_WARNING: Final = b"Warning: "
_WARNED = re.compile(rb"[^\s:\]|]{1,400}:\d{1,9}: (?:[A-Z]\w{0,60})?Warning: ")
_WINDOW: Final = 512
"""Bytes before `Warning: ` in which its file may begin: a bound, so that a line of a mebibyte is looked at once."""


def begins_at(data: bytes) -> int | None:
    """Where in a redrawn line another one may begin: 0 where it is nothing else; None where nothing looks like it."""
    bar = _TQDM.search(data)
    if bar is not None:
        return bar.end()
    found = [each for each in (_warning_at(data), _other_at(data)) if each is not None]
    return min(found) if found else None


def _other_at(data: bytes) -> int | None:
    found = _BEGINS.search(data)
    return None if found is None else found.start()


def _warning_at(data: bytes) -> int | None:
    at = data.find(_WARNING)
    if at < 0:
        return None
    first = max(0, at - _WINDOW)
    found = _WARNED.search(data, first, at + len(_WARNING))
    return None if found is None else found.start()
