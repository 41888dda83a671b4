"""What one node of a store on a network registers, the others can resolve."""

from __future__ import annotations

from typing import Any

from cluster import Nodes

import cornerman
from cornerman.core.schema import SchemaDocument, parse
from cornerman.store.api import make_store


def ticks(version: str, **more: Any) -> SchemaDocument:
    return parse({"id": "ticks", "version": version, "properties": {"price": {"type": "number"}, **more}})


def test_schemas_travel_between_the_nodes(nodes: Nodes) -> None:
    """What one node registers, retires or sets, another resolves, with who and when; it carries nothing back."""
    with make_store(nodes.store) as store:
        store.schemas.add(ticks("1.0.0"), mode="NONE", note="the first")
        store.schemas.add(ticks("1.1.0", size={}))
        store.schemas.retire("ticks@1.0.0")
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert store.schemas.get("ticks@1.0.0") == ticks("1.0.0")
        assert store.schemas.get("ticks").version == "1.1.0"
        assert store.schemas.mode("ticks") == "NONE"
        assert [event.action for event in store.schemas.history("ticks")] == ["add", "add", "retire"]
        assert store.schemas.history("ticks")[0].note == "the first"
        store.schemas.add(ticks("1.2.0", side={}))
    nodes.on("writer")
    with cornerman.open_store(nodes.store) as store:
        assert store.schemas.get("ticks").version == "1.2.0"
        assert len(store.schemas.history("ticks")) == 4


def test_two_nodes_that_register_the_same_version_are_told(nodes: Nodes) -> None:
    """Each keeps its own: a registered version never changes."""
    with make_store(nodes.store) as store:
        store.schemas.add(ticks("1.0.0"))
        nodes.on("reader")
        with make_store(nodes.store) as other:
            other.schemas.add(ticks("1.0.0", size={}))
    with cornerman.open_store(nodes.store) as store:
        assert store.schemas.get("ticks") == ticks("1.0.0", size={})
        assert any("ticks@1.0.0 was registered on" in notice for notice in store.notices)
