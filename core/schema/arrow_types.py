"""Arrow types as the block of a document writes them, and which of them holds which without loss.

    {"name": "int32"}, or "int32" alone; "timestamp" with "unit"; "decimal128" with "precision" and "scale";
    "list" with "item"; "struct" with "fields"; "map" with "key" and "item"; "dictionary" with "value"

Two promotions that Arrow would make are refused, because they lose data: uint64 → int64 and int64 → float64. So is a
time to nanoseconds: sixty-four bits of them end in 2262, and the date-times of JSON go on to 9999.
"""

from __future__ import annotations

from typing import Any, Literal

from ..errors import InvalidSchema

Widening = Literal["same", "safe", "wider", "lossy", "no"]
ORDER: tuple[Widening, ...] = ("same", "safe", "wider", "lossy", "no")

ALIASES = {
    "string": "utf8",
    "large_string": "large_utf8",
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
    "boolean": "bool",
    "decimal": "decimal128",
}
INTEGERS = {f"{sign}int{bits}": (sign == "", bits) for sign in ("", "u") for bits in (8, 16, 32, 64)}
FLOATS = {"float16": 11, "float32": 24, "float64": 53}  # bits of a whole number that are exact
TEXTS = ("utf8", "large_utf8", "utf8_view")
BYTES = ("binary", "large_binary", "binary_view", "fixed_size_binary")
TIMES = ("timestamp", "date32", "date64", "time32", "time64", "duration")
DECIMALS = ("decimal32", "decimal64", "decimal128", "decimal256")
LISTS = ("list", "large_list", "fixed_size_list", "list_view")
UNITS = ("s", "ms", "us", "ns")
KNOWN = frozenset(
    {"null", "bool", "struct", "map", "dictionary", "month_day_nano_interval", *INTEGERS, *FLOATS}
    | {*TEXTS, *BYTES, *TIMES, *DECIMALS, *LISTS}
)


def normal_type(written: Any, path: str) -> dict[str, Any]:
    """A type with its plain name and all its parts in the same form. Raises InvalidSchema."""
    found = {"name": written} if isinstance(written, str) else written
    name = found.get("name") if isinstance(found, dict) else None
    name = ALIASES.get(name, name) if isinstance(name, str) else None
    if name not in KNOWN:
        raise InvalidSchema(
            f"{written!r} at {path} is no Arrow type that the registry knows.",
            f"Write one of {', '.join(sorted(KNOWN))}.",
            path,
        )
    typed: dict[str, Any] = {**found, "name": name}
    if name in ("timestamp", "time32", "time64", "duration") and typed.get("unit") not in UNITS:
        raise InvalidSchema(f"The Arrow type at {path} has no unit.", f"Add one of {', '.join(UNITS)}.", path)
    if name in DECIMALS and not all(isinstance(typed.get(key), int) for key in ("precision", "scale")):
        raise InvalidSchema(f"The Arrow type at {path} has no precision and scale.", "Add both, as integers.", path)
    for key in ("item", "key", "value", "index"):
        if key in typed:
            typed[key] = normal_type(typed[key], f"{path}/{key}")
    for needed in _needs(name):
        if needed not in typed:
            raise InvalidSchema(f"The Arrow type {name} at {path} has no `{needed}`.", "Add it.", path)
    if name == "struct":
        typed["fields"] = [normal_field(field, f"{path}/fields/{at}") for at, field in enumerate(typed["fields"])]
    return typed


def normal_field(written: Any, path: str) -> dict[str, Any]:
    """A field with name, normal type, and `nullable` as written, or None where it is not said. Raises InvalidSchema."""
    if not isinstance(written, dict) or not isinstance(written.get("name"), str) or "type" not in written:
        raise InvalidSchema(f"The Arrow field at {path} has no name and type.", 'Write {"name": …, "type": …}.', path)
    nullable = written.get("nullable")
    if nullable is not None and not isinstance(nullable, bool):
        raise InvalidSchema(f"`nullable` at {path} is no boolean.", "Write true or false.", path)
    return {"name": written["name"], "type": normal_type(written["type"], f"{path}/type"), "nullable": nullable}


def _needs(name: str) -> tuple[str, ...]:
    return {"map": ("key", "item"), "dictionary": ("value",), "struct": ("fields",)}.get(
        name, ("item",) if name in LISTS else ()
    )


def widening(small: dict[str, Any], large: dict[str, Any]) -> Widening:
    """How a value of one type goes into another: "safe" is on Iceberg's list too, "wider" is Arrow's and lossless."""
    one, other = small["name"], large["name"]
    if small == large:
        return "same"
    if one == "null":
        return "wider"
    if one in INTEGERS:
        return _integer(one, other, large)
    if one in FLOATS and other in FLOATS:
        return "no" if FLOATS[one] > FLOATS[other] else "safe" if (one, other) == ("float32", "float64") else "wider"
    if one in TEXTS or one in BYTES:
        return _bytes(one, other, small, large)
    if one in DECIMALS and other in DECIMALS:
        return _decimal(small, large)
    if one == other and one in ("timestamp", "time32", "time64", "duration"):
        return _time(small, large)
    if {one, other} == {"time32", "time64"}:
        return _time(small, large) if other == "time64" else "no"
    if one in LISTS and other in LISTS:
        return _list(small, large)
    return _nested(small, large) if one == other else "no"


def _integer(one: str, other: str, large: dict[str, Any]) -> Widening:
    signed, bits = INTEGERS[one]
    if other in FLOATS:
        return "wider" if bits - signed <= FLOATS[other] else "lossy"
    if other in DECIMALS:
        digits = {8: 3, 16: 5, 32: 10, 64: 19 if signed else 20}[bits]
        return "wider" if large["precision"] - large["scale"] >= digits else "lossy"
    if other not in INTEGERS:
        return "no"
    their_sign, their_bits = INTEGERS[other]
    if signed == their_sign:
        return "no" if bits > their_bits else "safe" if (one, other) == ("int32", "int64") else "wider"
    if signed:
        return "no"
    return "wider" if their_bits > bits else "lossy" if their_bits == bits else "no"


def _bytes(one: str, other: str, small: dict[str, Any], large: dict[str, Any]) -> Widening:
    if one in TEXTS:
        return (
            "no" if other not in (*TEXTS, *BYTES[:3]) else "no" if one == "large_utf8" and other == "utf8" else "wider"
        )
    if other not in BYTES or other == "fixed_size_binary":
        return "no"
    return "no" if one == "large_binary" and other == "binary" else "wider"


def _decimal(small: dict[str, Any], large: dict[str, Any]) -> Widening:
    if large["scale"] < small["scale"] or large["precision"] - large["scale"] < small["precision"] - small["scale"]:
        return "no"
    return "safe" if large["scale"] == small["scale"] else "wider"


def _time(small: dict[str, Any], large: dict[str, Any]) -> Widening:
    rest = [{key: value for key, value in each.items() if key not in ("unit", "name")} for each in (small, large)]
    before, after = UNITS.index(small["unit"]), UNITS.index(large["unit"])
    if rest[0] != rest[1] or after < before:
        return "no"
    return "lossy" if small["name"] in ("timestamp", "duration") and large["unit"] == "ns" else "wider"


def _list(small: dict[str, Any], large: dict[str, Any]) -> Widening:
    if small.get("item_nullable", True) and not large.get("item_nullable", True):
        return "no"
    if large["name"] == "fixed_size_list" and small.get("size") != large.get("size"):
        return "no"
    if small["name"] == "large_list" and large["name"] == "list":
        return "no"
    own: Widening = "same" if small["name"] == large["name"] else "wider"
    return _worst(widening(small["item"], large["item"]), own)


def _nested(small: dict[str, Any], large: dict[str, Any]) -> Widening:
    """Maps part by part; structs with the same fields in the same order; dictionaries by their values."""
    if small["name"] == "struct":
        mine, theirs = small["fields"], large["fields"]
        if [field["name"] for field in mine] != [field["name"] for field in theirs]:
            return "no"
        if any(
            one["nullable"] is not False and other["nullable"] is False for one, other in zip(mine, theirs, strict=True)
        ):
            return "no"
        own: Widening = "wider"
        return _worst(own, *map(widening, _types(mine), _types(theirs)))
    keys = [key for key in ("key", "item", "value", "index") if key in small and key in large]
    rest = [{key: value for key, value in each.items() if key not in keys} for each in (small, large)]
    if rest[0] != rest[1]:
        return "no"
    return _worst(*map(widening, [small[key] for key in keys], [large[key] for key in keys])) if keys else "no"


def _types(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [field["type"] for field in fields]


def _worst(*kinds: Widening) -> Widening:
    return max(kinds, key=ORDER.index)


def spelled(typed: dict[str, Any]) -> str:
    """A type in the words of Arrow: timestamp[us], decimal128(10, 2), list<int32>."""
    name = typed["name"]
    if "unit" in typed:
        zone = f", {typed['timezone']}" if typed.get("timezone") else ""
        return f"{name}[{typed['unit']}{zone}]"
    if "precision" in typed:
        return f"{name}({typed['precision']}, {typed['scale']})"
    if name == "struct":
        return f"struct<{', '.join(field['name'] for field in typed['fields'])}>"
    inner = [spelled(typed[key]) for key in ("key", "item", "value") if isinstance(typed.get(key), dict)]
    return f"{name}<{', '.join(inner)}>" if inner else str(name)
