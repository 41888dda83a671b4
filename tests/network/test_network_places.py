"""A store on a network is found out before anything is opened, and what lay there before is left as it is."""

from __future__ import annotations

import json
import os

import pytest
from cluster import Nodes, end_sessions, mount, recorded

import cornerman
from cornerman.core.errors import StoreError, StoreNotFound
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.log_catalog.emitting import captured
from cornerman.store import connection, session
from cornerman.store.filesystem import filesystem_of
from cornerman.store.network import NoLocalDisk, Place, place_of


@pytest.mark.parametrize(
    ("kind", "network"),
    [("nfs", True), ("nfs4", True), ("lustre", True), ("gpfs", True), ("beegfs", True), ("cifs", True), ("ceph", True),
     ("fuse.sshfs", True), ("fuse.bindfs", True), ("9p", True), ("virtiofs", True), ("afs", True),
     ("ext4", False), ("xfs", False), ("btrfs", False), ("zfs", False), ("overlay", False), ("tmpfs", False),
     ("fuseblk", False), ("fuse.fuse-overlayfs", False)],
)  # fmt: skip
def test_the_mount_table_says_what_is_a_network(nodes: Nodes, kind: str, network: bool) -> None:
    """By the type's name, for a folder that is not there yet too."""
    mount(nodes.table, ("/", "ext4"), (nodes.shared, kind))
    found = filesystem_of(nodes.shared / "not" / "there")
    assert (found.type, found.network) == (kind, network)


def test_the_longest_mount_point_wins_and_the_last_of_equals(nodes: Nodes) -> None:
    """A local scratch disk below a network home is local; what was mounted over something hides it."""
    scratch = nodes.shared / "scratch"
    mount(nodes.table, ("/", "ext4"), (scratch, "xfs"), (nodes.shared, "autofs"), (nodes.shared, "nfs4"))
    assert filesystem_of(nodes.shared).type == "nfs4"
    assert filesystem_of(scratch / "runs").type == "xfs"
    assert filesystem_of(nodes.root / "shared-not").type == "ext4"


def test_spaces_in_mount_points_and_links_are_followed(nodes: Nodes) -> None:
    """The kernel writes a space as \\040; a link into a network folder is in it."""
    folder = nodes.root / "a b"
    folder.mkdir()
    link = nodes.root / "link"
    link.symlink_to(folder)
    mount(nodes.table, ("/", "ext4"), (str(folder).replace(" ", "\\040"), "nfs4"))
    assert filesystem_of(folder / "x").network
    assert filesystem_of(link / "x").network


def test_a_local_folder_is_its_own_place(nodes: Nodes) -> None:
    assert place_of(nodes.root / "local") == Place(nodes.root / "local", nodes.root / "local")


def test_without_a_local_disk_nothing_is_opened_and_every_step_is_counted(nodes: Nodes) -> None:
    """Training goes on; the message names what to set."""
    mount(nodes.table, ("/", "nfs4"))
    with captured() as events:
        env = recorded(nodes, 30)
    assert env.cornerman.status()["lost"] == {"store read-only": 30}
    assert "CORNERMAN_LOCAL" in env.cornerman.status()["trouble"]
    assert any(event.constant.code == "LOG1209" for event in events)
    assert not nodes.store.exists()
    with pytest.raises(NoLocalDisk, match="CORNERMAN_LOCAL"):
        cornerman.open_store(nodes.store)
    env.close()


def test_a_local_folder_of_somebody_else_is_not_used(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone may write /var/tmp: who was there first must have been us."""
    (nodes.root / "writer").mkdir()
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(NoLocalDisk):
        place_of(nodes.store)


def test_an_older_database_on_the_network_is_read_and_never_changed(nodes: Nodes) -> None:
    """It was made before, or by another program; recording goes beside it."""
    mount(nodes.table, ("/", "ext4"))
    recorded(nodes, 120).close()
    end_sessions()
    mount(nodes.table, ("/", "ext4"), (nodes.shared, "nfs4"))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in nodes.store.iterdir() if path.is_file()}
    with cornerman.open_store(nodes.store) as store:
        assert store.run().step_count == 120
        assert "read as it is" in store.notices[0]
    recorded(nodes, 30).close()
    end_sessions()
    with cornerman.open_store(nodes.store) as store:
        assert store.run().step_count == 30
        assert any("older store.db" in notice for notice in store.notices)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in before} == before


def test_a_database_is_never_opened_for_writing_on_a_network(nodes: Nodes) -> None:
    """Whoever forgets to ask where the store is gets a refusal, not a damaged file."""
    nodes.store.mkdir()
    with pytest.raises(StoreError, match="never opened for writing on a network"):
        connection.create(nodes.store)
    assert not list(nodes.store.iterdir())
    with pytest.raises(StoreNotFound):
        cornerman.open_store(nodes.store)


def test_a_session_says_once_where_it_records(nodes: Nodes) -> None:
    with captured() as events:
        first = session.session_for(nodes.store, RecorderSettings())
        assert session.session_for(nodes.store, RecorderSettings()) is first
    said = [event for event in events if event.constant.code == "LOG1205"]
    assert len(said) == 1
    assert json.loads(json.dumps(dict(said[0].fields)))["type"] == "nfs4"
