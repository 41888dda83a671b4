"""Gymnasium's spaces as descriptors, and descriptors as Gymnasium's spaces.

A space of a class that Gymnasium does not have is described by its codec, where one is registered (see
`core/space_plugins.py`); else as what it derives from; else by its name and what it prints. Describing never raises:
a space that lies about itself is described by its name, and its values are recorded as they come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from gymnasium import spaces

from cornerman.core import space_plugins
from cornerman.core import spaces as data
from cornerman.core.errors import CornermanError
from cornerman.core.graph_value import is_graph
from cornerman.core.spaces.bounds import compact, endless
from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_SPACE_DESCRIPTOR_MISSING


class SpaceNotRebuilt(CornermanError):
    """A descriptor says less than is needed to make its space again, or more than this Gymnasium can make."""


# --- describing ------------------------------------------------------------------------------------------------------


def describe(space: spaces.Space[Any]) -> data.Descriptor:
    """The descriptor of a space; never raises."""
    known = _DESCRIBE.get(type(space))
    if known is None:
        return _custom(space)
    try:
        return known(space)
    except Exception as error:
        return _named(space, f"{type(error).__name__}: {error}")


def describe_env(env: Any) -> dict[str, data.Descriptor]:
    """What an environment, or a vector environment, declares, by the name of its attribute."""
    names = ("observation_space", "action_space", "single_observation_space", "single_action_space")
    found = {name: getattr(env, name, None) for name in (names if hasattr(env, "num_envs") else names[:2])}
    return {name: describe(space) for name, space in found.items() if space is not None}


def _box(space: spaces.Box) -> data.Box:
    low, high = (np.broadcast_to(np.asarray(array, space.dtype), space.shape) for array in (space.low, space.high))
    if space.dtype.kind != "i":
        return data.Box(dtype=space.dtype.str, shape=space.shape, low=compact(low), high=compact(high))
    limits = np.iinfo(
        cast("np.dtype[np.integer[Any]]", space.dtype)
    )  # an integer without a bound has its dtype's, and a flag beside it
    return data.Box(
        dtype=space.dtype.str, shape=space.shape,
        low=compact(low, ~space.bounded_below & (low == limits.min), "-inf"),
        high=compact(high, ~space.bounded_above & (high == limits.max)),
    )  # fmt: skip


def _discrete(space: spaces.Discrete) -> data.Discrete:
    return data.Discrete(n=int(space.n), start=int(space.start), dtype=np.dtype(space.dtype).str)


def _multi_binary(space: spaces.MultiBinary) -> data.MultiBinary:
    shape = tuple(map(int, space.shape))
    return data.MultiBinary(n=int(space.n) if isinstance(space.n, (int, np.integer)) else shape)


def _multi_discrete(space: spaces.MultiDiscrete) -> data.MultiDiscrete:
    shape, start = tuple(space.nvec.shape), np.broadcast_to(getattr(space, "start", 0), space.nvec.shape)
    dtype = np.dtype(space.dtype)
    return data.MultiDiscrete(
        nvec=compact(space.nvec.astype(dtype)), start=compact(start.astype(dtype)), shape=shape, dtype=dtype.str
    )


def _text(space: spaces.Text) -> data.Text:
    characters = "".join(sorted(space.character_set))
    return data.Text(min_length=int(space.min_length), max_length=int(space.max_length), characters=characters)


def _dict(space: spaces.Dict) -> data.Dict:
    return data.Dict(spaces=tuple((_key(key), describe(part)) for key, part in space.spaces.items()))


def _key(key: Any) -> Any:
    """A key as JSON can say it; TypeError for others."""
    if isinstance(key, tuple):
        return tuple(map(_key, key))
    key = key.item() if isinstance(key, np.generic) else key
    if key is None or isinstance(key, bool):
        return key
    for kind in (str, int, float):
        if isinstance(key, kind):
            return kind(getattr(key, "value", key))  # a member of an enumeration is its text or number
    raise TypeError(f"{key!r} is no text and no number")


def _graph(space: spaces.Graph) -> data.Graph:
    edges = None if space.edge_space is None else describe(space.edge_space)
    return data.Graph(node_space=describe(space.node_space), edge_space=edges)


_DESCRIBE: dict[type, Callable[[Any], data.Descriptor]] = {
    spaces.Box: _box,
    spaces.Discrete: _discrete,
    spaces.MultiBinary: _multi_binary,
    spaces.MultiDiscrete: _multi_discrete,
    spaces.Text: _text,
    spaces.Dict: _dict,
    spaces.Tuple: lambda space: data.Tuple(spaces=tuple(map(describe, space.spaces))),
    spaces.OneOf: lambda space: data.OneOf(spaces=tuple(map(describe, space.spaces))),
    spaces.Sequence: lambda space: data.Sequence(space=describe(space.feature_space), stacked=bool(space.stack)),
    spaces.Graph: _graph,
}


def _custom(space: Any) -> data.Custom:
    name = space_plugins.name_of(type(space))
    codec = space_plugins.registered(name)
    said = None if codec is None else space_plugins.attempt(name, lambda: _plain(codec.describe(space)))
    like = next((kind for kind in type(space).__mro__ if kind in _DESCRIBE), None)
    parent = None
    if like is not None:
        try:
            parent = _DESCRIBE[like](space)
        except Exception:  # it has changed what it inherited: its name is what is left
            parent = None
    if said is None and parent is None:
        return _named(space, "")
    return data.Custom(class_=name, text=_printed(space), like=parent, data=said)


def _named(space: Any, reason: str) -> data.Custom:
    """The typed fallback: nothing is refused."""
    name = space_plugins.name_of(type(space))
    log(LOG_SPACE_DESCRIPTOR_MISSING, space=name, **({"reason": reason[:200]} if reason else {}))
    return data.Custom(class_=name, text=_printed(space))


def _printed(space: Any) -> str:
    """Its `repr`, the same in every process: an address in memory would make each a space of its own."""
    try:
        text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(space))[:2000]
    except Exception as error:
        text = f"<repr failed: {type(error).__name__}>"
    return text.encode("ascii", "backslashreplace").decode()


def _plain(said: Any) -> Any:
    """What a codec says, as it will be read again; TypeError or ValueError where JSON cannot say it."""
    return json.loads(json.dumps({} if said is None else said, allow_nan=False))


# --- rebuilding ------------------------------------------------------------------------------------------------------


def rebuild(descriptor: data.Descriptor) -> spaces.Space[Any]:
    """An equal space, without the environment.

    SpaceNotRebuilt where its class has no codec here and derives from none of Gymnasium's; one that does comes back as
    the Gymnasium space it derives from. No class is imported because a descriptor names it.
    """
    try:
        return _rebuilt(descriptor)
    except CornermanError:
        raise
    except Exception as error:
        raise SpaceNotRebuilt(f"This Gymnasium cannot make {data.words(descriptor)}: {error}.") from error


def _rebuilt(descriptor: data.Descriptor) -> spaces.Space[Any]:
    match descriptor:
        case data.Box():
            return _rebuilt_box(descriptor)
        case data.Discrete(n=n, start=start, dtype=dtype):
            return spaces.Discrete(n, start=start, dtype=np.dtype(dtype).type)
        case data.MultiBinary(n=n):
            return spaces.MultiBinary(n)
        case data.MultiDiscrete():
            dtype_class: Any = np.dtype(descriptor.dtype).type
            return spaces.MultiDiscrete(descriptor.counts, dtype=dtype_class, start=descriptor.starts)
        case data.Text(min_length=least, max_length=most, characters=characters):
            return spaces.Text(most, min_length=least, charset=characters)
        case data.Dict(spaces=parts):
            return spaces.Dict([(key, rebuild(part)) for key, part in parts])
        case data.Tuple(spaces=parts):
            return spaces.Tuple([rebuild(part) for part in parts])
        case data.OneOf(spaces=parts):
            return spaces.OneOf([rebuild(part) for part in parts])
        case data.Sequence(space=space, stacked=stacked):
            return spaces.Sequence(rebuild(space), stack=stacked)
        case data.Graph(node_space=node, edge_space=edge):
            return spaces.Graph(rebuild(node), None if edge is None else rebuild(edge))
        case data.Custom():
            return _rebuilt_custom(descriptor)


def _rebuilt_box(descriptor: data.Box) -> spaces.Box:
    low, high = descriptor.bounds
    box = spaces.Box(low, high, descriptor.shape, np.dtype(descriptor.dtype).type)
    if low.dtype.kind == "i":
        box.bounded_below = box.bounded_below & ~endless(descriptor.low, descriptor.shape)
        box.bounded_above = box.bounded_above & ~endless(descriptor.high, descriptor.shape)
    return box


def _rebuilt_custom(descriptor: data.Custom) -> spaces.Space[Any]:
    codec = None if descriptor.data is None else space_plugins.registered(descriptor.class_)
    if codec is not None:
        made = space_plugins.attempt(descriptor.class_, lambda: codec.rebuild(descriptor.data))
        if isinstance(made, spaces.Space):
            return made
    if descriptor.like is not None:
        return rebuild(descriptor.like)
    raise SpaceNotRebuilt(
        f"Nothing here can make a {descriptor.class_}.",
        f"Install the package that has a codec for it, or register one: an entry point of the group"
        f" {space_plugins.GROUP} named {descriptor.class_}.",
    )


def as_gymnasium(value: Any) -> Any:
    """A value that was read, with graphs of Gymnasium's own type: what `space.contains` asks for."""
    if is_graph(value):
        return spaces.GraphInstance(*map(as_gymnasium, value))
    if type(value) is tuple:
        return tuple(map(as_gymnasium, value))
    return {key: as_gymnasium(item) for key, item in value.items()} if type(value) is dict else value


__all__ = ["SpaceNotRebuilt", "as_gymnasium", "describe", "describe_env", "rebuild"]
