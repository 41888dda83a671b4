"""A host with fixed figures and three launched programs: what the settings and launch screens are looked at on."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from fake_telemetry import NOW

from cornerman.adapters.launches import Launch, Limits, born
from cornerman.core.setting_costs import Measured
from cornerman.tui.host import Host

MEASURED = Measured(
    run_id="01RUN", steps_per_second=50_000, bytes_per_step=20, store_bytes=5_000_000, free_bytes=9_000_000_000,
    sync_seconds=0.004, memory_bytes=16_000_000_000, processors=4, gpus=1,
)  # fmt: skip
RECORD = ("cornerman", "record", "CartPole-v1", "--steps", "1000000", "--seed", "7")


class FakeHost(Host):
    """Its files are those of the test's own home; what is launched from it really runs."""

    def __init__(self, store: Path = Path("/data/store"), launched: list[Launch] | None = None) -> None:
        super().__init__(store)
        self._launched = launched

    @property
    def environ(self) -> Mapping[str, str]:
        return {"CORNERMAN_PRODUCER_SCHEMA_MODE": "enforce"}

    def flags(self) -> dict[str, str]:
        return {}

    def measure(self) -> Measured:
        return MEASURED

    def launches(self) -> list[Launch]:
        return super().launches() if self._launched is None else self._launched

    def runs(self) -> dict[str, str]:
        return super().runs() if self._launched is None else {one.id: one.id for one in self._launched}

    def last_lines(self, run_id: str, count: int) -> list[str]:
        if self._launched is None:
            return super().last_lines(run_id, count)
        return [f"epoch {number} of 90: return {number * 2.5}" for number in range(1, 13)][-count:]


def three_launches() -> list[Launch]:
    """One that runs, one that failed, one that was stopped."""
    here = socket.gethostname()
    train = ("python", "train.py", "--lr", "0.001", "--api-key", "hunter2")
    return [
        Launch(
            "01M8B0000000000000000RUNS1", RECORD, RECORD, "/home/ann/lander", "night", {"resources.cpus": "2"}, {},
            Limits((0, 1)), NOW - 125, here, 1, born(1),
        ),
        Launch("01M8A0000000000000000FA1LS", train, train, "/home/ann/lander", "tune", {}, {}, Limits(), NOW - 7200,
            here, 4242, "", "", 3, NOW - 7100),
        Launch("01M890000000000000000STOPS", train, train, "/home/ann/lander", "", {}, {}, Limits(), NOW - 90_000,
            here, 4141, "", "", 143, NOW - 80_000, "", "SIGTERM"),
    ]  # fmt: skip
