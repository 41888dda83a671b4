"""This host, as the settings and launch screens ask about it: files, variables and processes instead of the store.

The screens put questions (`setting_queries`, `launch_queries`), which are answered on a thread of their own: checking
an environment takes a second, and a run that is watched does not wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .feed import Feed, Problem

if TYPE_CHECKING:
    from cornerman.adapters.launches import Launch, LaunchedRuns
    from cornerman.core.setting_costs import Measured

    from .queries import Answer, Query

CHANNELS = ("change", "begin", "act", "settings", "launches")
"""In the order in which they are answered."""


class Host:
    """What there is on this host. A test has one with other figures."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._runs: LaunchedRuns | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        return os.environ

    def flags(self) -> dict[str, str]:
        """The store, where this terminal was opened on another than the settings name."""
        from cornerman.store.location import default_path, store_path

        return {} if store_path(default_path()) == self.store else {"identity.store": str(self.store)}

    def measure(self) -> Measured:
        from cornerman.store.measured import measure

        return measure(self.store)

    def runs(self) -> dict[str, str]:
        """The newest run of each launch."""
        from cornerman.adapters.launches import LaunchedRuns

        self._runs = self._runs or LaunchedRuns(self.store)
        return {launch: command.run_id for launch, command in self._runs.by_launch().items()}

    def launches(self) -> list[Launch]:
        from cornerman.adapters.launches import launches

        return launches(self.store)

    def last_lines(self, run_id: str, count: int) -> list[str]:
        from cornerman.adapters.launches import last_lines

        return last_lines(self.store, run_id, count)


class HostFeed(Feed):
    """Answers questions about the host; started by the first."""

    order = CHANNELS

    def __init__(self, host: Host, wake: Callable[[], None]) -> None:
        super().__init__(_no_repository, wake)
        self._thread.name = "cornerman-host"
        self._host = host
        self._started = False

    def ask(self, query: Any) -> None:
        if not self._started:
            self._started = True
            self.start()
        super().ask(query)

    def _answer(self, generation: int, query: Query) -> Answer | Problem:
        return query.answer(self._host)  # type: ignore[arg-type]


def _no_repository(read_only: bool) -> Any:
    raise AssertionError("questions about the host ask no store")
