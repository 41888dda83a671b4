"""What a reader gets: plain records with typed fields, the same from the store and from the open journal.

`StepRecord` and `EpisodeRollup` keep the names the field uses. They hold no connection and can be kept, compared and
sent anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .alerts import Alert
from .payloads.frame_v1 import Frame
from .run_command import RunCommand

RunState = Literal["live", "stale", "done", "failed", "interrupted"]
"""live: its process records · stale: the process lives, no step for a while · done: closed · failed: it ended by an
exception, or with an exit code that is not 0 · interrupted: it died, or was ended by a signal."""

EpisodeOrder = Literal["oldest", "newest", "best", "worst", "longest"]
"""By the row of their end, either way; or by return or length, greatest (or least) first, the newer of equals first."""

Ended = Literal["terminated", "truncated", "interrupted", "open"]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One row of one sub-environment: what a call of `step` (or `reset`) returned, and the action that was given.

    `observation` is the one returned: the observation the action was chosen on is that of the row before.
    `reset` rows (a call of reset, or the resetting step of NEXT_STEP) are no transitions: action and reward are None.
    `step` counts the transitions of the episode from 0; it is -1 on a reset row.
    """

    stream_id: int
    row: int
    t: int
    env_index: int
    episode: int
    step: int
    time_us: int
    observation: Any
    action: Any
    reward: float | None
    terminated: bool
    truncated: bool
    reset: bool
    info: dict[str, Any]
    frame: Frame | None = None
    final_observation: Any = None
    seed: int | None = None
    options: Any = None
    note: str = ""
    """Says where the row was recorded as it came because it did not fit its space, or was refused."""
    skipped_count: int = 0
    """Steps that the source left out before this row: it was told to sample."""
    skipped_reward: float = 0.0
    """What they were rewarded with, together."""
    withheld: bool = False
    """A step that its schema refused: it is in quarantine, and here without its values. It is no stored transition."""
    payload_version: int = 1
    """What an imported row came as: 0 is legacy, from before there were versions."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What an imported row came with that a step has no field for."""
    raw: bytes = b""
    """The bytes an imported row came in, where it could not be read whole."""
    lines: tuple[bytes, ...] = ()
    """Lines of the imported file that stood beside this step and are none: episodes, events, broken ones."""


@dataclass(frozen=True, slots=True)
class EpisodeRollup:
    """One episode of one sub-environment. `first_row` is the row of its first observation, -1 where none was seen.

    `length` and `total_reward` are the environment's own: where the source samples they count what it left out too.
    """

    stream_id: int
    env_index: int
    episode: int
    first_row: int
    last_row: int
    first_t: int
    last_t: int
    length: int
    total_reward: float
    ended: Ended
    seed: int | None
    seed_source: Literal["none", "given", "continued"]
    started_us: int
    ended_us: int
    terminated: bool = False
    truncated: bool = False

    @property
    def skipped_count(self) -> int:
        """Steps that the source left out, in the episode of a single environment: its length beyond its rows."""
        return max(0, self.length - (self.last_row - self.first_row)) if self.first_row >= 0 else 0


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Transitions of a stream, or a run, by what became of them."""

    received: int
    stored: int
    open: int
    sampled: int = 0
    quarantined: int = 0
    duplicate: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """By cause: `disk full`, `budget`, `journal full`, `store read-only`, `store deleted`, `after delete`, `fault`."""

    @property
    def balanced(self) -> bool:
        """Whether the equation adds up: nothing is lost in silence."""
        return self.received == self.stored + self.open + self.sampled + self.quarantined + self.duplicate + sum(
            self.dropped.values()
        )

    def __add__(self, other: LedgerRow) -> LedgerRow:
        causes = self.dropped.keys() | other.dropped.keys()
        return LedgerRow(
            self.received + other.received,
            self.stored + other.stored,
            self.open + other.open,
            self.sampled + other.sampled,
            self.quarantined + other.quarantined,
            self.duplicate + other.duplicate,
            {cause: self.dropped.get(cause, 0) + other.dropped.get(cause, 0) for cause in sorted(causes)},
        )


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One cause of a stream's loss ledger, and when it was counted first and last: see `core/ledger_words.py`."""

    cause: str
    transitions: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class StreamFlow:
    """How the recording of a stream goes now. Nothing here is lost: what waits in the journal is durable, and read."""

    backlog: int = 0
    """Rows in the journal that no chunk holds yet."""
    oldest_us: int = 0
    """When the oldest of them came; 0 where none waits. Its age is the disk lag."""
    waiting: int = 0
    """Full journal segments that the sealer has not come to."""
    rows_per_second: float = 0.0
    """Over the newest chunks, as are the next two."""
    chunks_per_second: float = 0.0
    bytes_per_second: float = 0.0
    """Packed."""
    sealed_per_second: float | None = None
    """Rows that the sealer brought into chunks a second, over the last seconds that somebody looked; None at first."""
    mismatches: int = 0
    """Steps that their schema does not allow: sealed ones, and open ones as far as they could be judged."""


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """What one `record()` call records, as far as it has come. Sealed and open rows together."""

    stream_id: int
    run_id: str
    name: str
    env_id: str
    num_envs: int
    """0 for a single environment."""
    autoreset_mode: str
    rows: int
    step_count: int
    """Vector steps: calls of `step`."""
    transition_count: int
    episode_count: int
    """Episodes that ended."""
    reward_sum: float
    """Of the stored transitions."""
    state: RunState
    started_us: int
    last_us: int
    bytes: int
    """On disk: chunks, frames and journal."""
    frame_kind: str
    """Of its frames: grid, rgb, text, vector or none."""
    frame_envs: tuple[int, ...]
    ledger: LedgerRow
    notes: tuple[str, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)
    """Environment id, kwargs, versions, spaces as data, autoreset mode, frames option, vector metadata, wrappers."""
    flow: StreamFlow = StreamFlow()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One execution of a job, as the list of runs shows it."""

    run_id: str
    job: str
    state: RunState
    env_ids: tuple[str, ...]
    started_us: int
    last_us: int
    step_count: int
    transition_count: int
    episode_count: int
    steps_per_second: float
    """Over the last seconds of a live run, over its whole life otherwise."""
    last_return: float | None
    returns: tuple[float, ...]
    """The newest returns thinned to at most 60 points, oldest first, over the whole run: the curve."""
    mean_length: float | None
    """Of the newest 100 episodes."""
    bytes: int
    bytes_per_hour: float | None
    """The forecast, from the run's own pace; None when it has ended."""
    ledger: LedgerRow
    provenance: dict[str, Any]
    """Command line, working folder, git commit, Python and package versions, host, user, pid."""
    notes: tuple[str, ...] = ()
    same_length: int = 0
    """How many of the newest 100 episodes, the newest first, have the same length."""
    action_entropy: float | None = None
    """Of the newest actions of a run that records, in bits; None where they are too few, or not discrete."""
    alerts: tuple[Alert, ...] = ()
    """What is wrong with it: see `core/alerts.py`."""
    command: RunCommand | None = None
    """The command that it is, where `cornerman run` ran it, or its recorder saw it end by an exception."""
