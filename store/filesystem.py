"""What lies under a path: which file system, how much room, whether it is reached over a network.

SQLite's write-ahead log needs shared memory between processes, which network file systems do not give: a store opened
there fails or is damaged. So the question is asked before the first open, of the mount table, without touching the
file.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

NETWORK = {
    "nfs", "nfs4", "lustre", "gpfs", "cifs", "smb3", "smbfs", "9p", "afs", "beegfs", "ceph", "glusterfs", "ocfs2",
    "gfs2", "orangefs", "pvfs2", "panfs", "wekafs", "fuse", "prl_fs", "vboxsf", "virtiofs",
}  # fmt: skip
_LOCAL_FUSE = {"fuseblk", "fuse.fuse-overlayfs"}  # a local disk (ntfs-3g, exfat); the root of a rootless container


class FileSystem(NamedTuple):
    """The mount that holds a path."""

    type: str
    mount_point: str
    source: str

    @property
    def network(self) -> bool:
        """Whether a write-ahead log must not be opened here."""
        return self.type not in _LOCAL_FUSE and (self.type in NETWORK or self.type.startswith("fuse."))


def filesystem_of(path: Path | str) -> FileSystem:
    """The file system of a path, which need not be there yet. Links are followed; the longest mount point wins.

    `CORNERMAN_MOUNTINFO` names another mount table than the kernel's, for hosts whose /proc is not the truth.
    """
    real = os.path.realpath(path)
    table = os.environ.get("CORNERMAN_MOUNTINFO", "/proc/self/mountinfo")
    best = FileSystem("unknown", "/", "")
    for mount in _mounts(table):
        inside = real == mount.mount_point or real.startswith(mount.mount_point.rstrip("/") + "/")
        if inside and len(mount.mount_point) >= len(best.mount_point):
            best = mount
    return best


def free_bytes(path: Path | str) -> int:
    """Bytes an unprivileged process may still write below `path`; OSError where it is gone."""
    stats = os.statvfs(path)
    return stats.f_bavail * stats.f_frsize


def _mounts(table: str) -> tuple[FileSystem, ...]:
    """The mounts of a table: read each time, for a folder may be mounted at any moment; parsed where it changed."""
    try:
        return _parsed(Path(table).read_text(errors="replace"))
    except OSError:
        return ()


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[FileSystem, ...]:
    return tuple(filter(None, map(_parse, text.splitlines())))


def _parse(line: str) -> FileSystem | None:
    """One line of proc(5) mountinfo: `id parent dev root mount-point options … - type source options`."""
    left, separator, right = line.partition(" - ")
    fields, tail = left.split(" "), right.split(" ")
    if not separator or len(fields) < 5 or len(tail) < 2:
        return None
    return FileSystem(tail[0], _unescape(fields[4]), _unescape(tail[1]))


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
