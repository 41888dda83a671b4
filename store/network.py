"""Where a store is when the folder its user names lies on a network file system.

    named folder, on the network               this node's disk
    copies/<host>-<process>/<n>.rows  ◄─copier─  store.db, journal/     (what is recorded here)
                                      ─replica─► store.db               (what other nodes recorded)

A write-ahead log needs shared memory between its users, and a mapped file needs one kernel: neither is ever opened over
a network. The local folder is found again by a digest of the named one, so each program of this user on this node meets
the same database. Which folders of a node are local is asked of the mount table, before anything is opened.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from cornerman.core.errors import StoreError

from . import schema_relay
from .filesystem import FileSystem, filesystem_of
from .location import COPIES, DATABASE

Query = Callable[..., list[Any]]
CLOSE_SECONDS = 10.0
"""How long a process that ends waits for its last rows to be copied. What is left, the next opener copies."""


class NoLocalDisk(StoreError):
    """The store's folder is on a network, and so is every folder where its database could be."""

    def __init__(self, named: Path, tried: Iterable[Path]) -> None:
        super().__init__(
            f"{named} is on a network file system, and none of {', '.join(map(str, tried))} is a local folder of yours"
            " for its database.",
            "Set CORNERMAN_LOCAL to a folder on this node's own disk.",
        )


class Place(NamedTuple):
    """A store's folder as its user names it, and the folder of its database: the same, except on a network."""

    named: Path
    local: Path
    filesystem: FileSystem | None = None
    """The network file system of the named folder, or None."""

    @property
    def on_network(self) -> bool:
        return self.filesystem is not None

    @property
    def copies(self) -> Path:
        return self.named / COPIES

    @property
    def older(self) -> bool:
        """Whether a database lies in the network folder: made elsewhere, or before this was looked at."""
        return self.on_network and (self.named / DATABASE).exists()


def place_of(named: Path) -> Place:
    """Where the store of this folder is on this node; NoLocalDisk where it has no place."""
    found = filesystem_of(named)
    if not found.network:
        return Place(named, named)
    tried = _roots()
    root = next((root for root in tried if _usable(root)), None)
    if root is None:
        raise NoLocalDisk(named, tried)
    real = os.path.realpath(named)
    return Place(named, root / f"{Path(real).name}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}", found)


def prepare(place: Place) -> None:
    """Make the local folder, for its owner alone, and write into it which folder it belongs to."""
    try:
        place.local.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.local.mkdir(mode=0o700, exist_ok=True)
        label = place.local / "network-folder"
        if not label.exists():
            label.write_text(f"{place.named}\n")
    except OSError as error:
        raise NoLocalDisk(place.named, [place.local]) from error


def _roots() -> list[Path]:
    named = os.environ.get("CORNERMAN_LOCAL")
    if named:
        return [Path(named).expanduser().absolute()]
    state = os.environ.get("XDG_STATE_HOME")
    own = f"cornerman-{os.getuid()}"
    temporary = [Path("/var/tmp") / own, Path(tempfile.gettempdir()) / own]
    return [*([Path(state) / "cornerman"] if state else []), *dict.fromkeys(temporary)]


def _usable(root: Path) -> bool:
    """Local, and ours: in a folder that everyone may write, somebody else may have been here first."""
    if filesystem_of(root).network:
        return False
    try:
        stats = os.lstat(root)
    except FileNotFoundError:
        parent = root.parent
        while not parent.exists() and parent != parent.parent:
            parent = parent.parent
        return os.access(parent, os.W_OK | os.X_OK)
    except OSError:
        return False
    return stats.st_uid == os.getuid() and os.access(root, os.W_OK | os.X_OK)


def no_place(error: StoreError) -> OSError:
    """What the journal raises where there is no local disk: steps are then counted as not stored."""
    return OSError(errno.EROFS, str(error))


# --- what is said of it ----------------------------------------------------------------------------------------------


def notices(place: Place, query: Query) -> tuple[str, ...]:
    """What the user of a store on a network should know: where its database is, and how old the copies are."""
    if place.filesystem is None:
        return ()
    said = []
    for host, t, copied in query(
        "select host, max(r.t), max(copied_us) from replica r join stream on id = stream group by host order by host"
    ):
        said.append(f"From {host}: copied up to t={t}, {_ago(copied)} ago.")
    for t, copied in query("select max(t), max(copied_us) from relay where sink = ? having count(*)", (sink(place),)):
        said.append(f"From this node: copied up to t={t}, {_ago(copied)} ago.")
    for reason, since in query("select reason, since_us from relay_trouble where sink = ?", (sink(place),)):
        said.insert(0, f"Nothing could be copied to the network for {_ago(since)}: {reason}")
    said.append(
        f"{place.named} is on a network ({place.filesystem.type}): its database is on this node, in {place.local}."
        " Other nodes read the copies."
    )
    said += schema_relay.notices(query)
    if place.older:
        said.append(f"An older {DATABASE} lies in {place.named}. It is left as it is, and nothing is recorded into it.")
    return tuple(said)


def run_notes(place: Place, query: Query, streams: Iterable[int]) -> tuple[str, ...]:
    """How far the streams of a run were copied: a line each for those recorded here and those recorded elsewhere."""
    if not place.on_network:
        return ()
    said = []
    for stream in streams:
        here = query("select t, copied_us from relay where sink = ? and stream = ?", (sink(place), stream))
        elsewhere = query("select t, copied_us, host from replica where stream = ?", (stream,))
        said += [f"Copied to the network folder up to t={t}, {_ago(us)} ago." for t, us in here]
        said += [f"Recorded on {host}, copied up to t={t}, {_ago(us)} ago." for t, us, host in elsewhere]
        if not here and not elsewhere:
            said.append("Not copied to the network folder yet.")
    return tuple(said)


def sink(place: Place) -> str:
    """The name of the network folder in the outbox."""
    return f"folder:{place.named}"


def _ago(us: int) -> str:
    return f"{max(time.time() - us / 1e6, 0):.0f} s"
