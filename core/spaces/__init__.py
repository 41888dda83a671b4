"""Spaces as data: what a space allows, without the environment and without Gymnasium.

    describe (adapters/spaces.py)    a Gymnasium space ─► a descriptor, and `rebuild` the way back
    document, parse, digest          a descriptor ─► strict JSON and its SHA-256, and back
    encode, decode                   a value of the space ─► bytes, and back to the bit

A descriptor is stored once by its digest; streams refer to it.
"""

from __future__ import annotations

from cornerman.core.graph_value import GraphInstance
from cornerman.core.space_plugins import GROUP, SpaceCodec, register, registered

from .codec import decode, decode_batch, encode, encode_batch
from .columns import Column, columns, part
from .descriptor import (
    Box,
    Custom,
    Descriptor,
    Dict,
    Discrete,
    Graph,
    MultiBinary,
    MultiDiscrete,
    OneOf,
    Sequence,
    Text,
    Tuple,
)
from .document import InvalidSpace, canonical, digest, document, parse
from .words import words

__all__ = [
    "GROUP",
    "Box",
    "Column",
    "Custom",
    "Descriptor",
    "Dict",
    "Discrete",
    "Graph",
    "GraphInstance",
    "InvalidSpace",
    "MultiBinary",
    "MultiDiscrete",
    "OneOf",
    "Sequence",
    "SpaceCodec",
    "Text",
    "Tuple",
    "canonical",
    "columns",
    "decode",
    "decode_batch",
    "digest",
    "document",
    "encode",
    "encode_batch",
    "parse",
    "part",
    "register",
    "registered",
    "words",
]
