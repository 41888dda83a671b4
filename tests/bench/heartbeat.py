"""The terminal with a heartbeat in its event loop, which says when it was kept from beating:

    python -m bench.heartbeat STORE FILE

A line of the file is one late beat: when it was due (CLOCK_MONOTONIC, which all processes share), how late it came, and
how long of that the thread waited for a processor that others had; in seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import NamedTuple

from cornerman.tui import app

BEAT_S = 0.005
LATE_S = 0.005


class Late(NamedTuple):
    """A beat that came late."""

    due: float
    late_ms: float
    waited_ms: float

    @property
    def stalled_ms(self) -> float:
        """What we ourselves held it up for."""
        return max(0.0, self.late_ms - self.waited_ms)


def late_beats(file: Path, begins: float, ends: float) -> list[Late]:
    """Those that were due within a time."""
    rows = [tuple(map(float, line.split())) for line in file.read_text().splitlines()]
    return [Late(due, 1000 * late, 1000 * waited) for due, late, waited in rows if begins <= due <= ends]


async def _beat(file: Path) -> None:
    with file.open("w", buffering=1) as lines:
        while True:
            due, waited = time.monotonic() + BEAT_S, _waited()
            await asyncio.sleep(BEAT_S)
            late = time.monotonic() - due
            if late > LATE_S:
                lines.write(f"{due:.4f} {late:.4f} {_waited() - waited:.4f}\n")


def _waited() -> float:
    """Seconds for which this thread could run and others did."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def main(store: str, file: str) -> int:
    class Beating(app.CornermanApp):
        CSS_PATH = str(Path(app.__file__).with_name("theme.tcss"))

        def on_load(self) -> None:
            self._heart = asyncio.get_running_loop().create_task(_beat(Path(file)))

    app.CornermanApp = Beating  # type: ignore[misc]
    return app.run(store)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
