"""Writes the reference pages from the code, so that every command, setting and log word has its line: `just docs`.

    python docs/generate.py            write docs/reference/*.md
    python docs/generate.py --check    exit code 1 if a page is not what the code says; writes nothing

A test runs the check. Own formatting instead of argparse's, which differs between Python versions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cornerman.core.published import published
from cornerman.core.setting_key import SettingKey
from cornerman.core.setting_keys import KEYS
from cornerman.core.setting_profiles import PROFILES
from cornerman.core.variables import OTHERS
from cornerman.log_catalog import components
from cornerman.log_catalog.constant import in_words
from cornerman.tui import exits
from cornerman.tui.cli import parser_for
from cornerman.tui.commands import COMMANDS, module_name

TARGET = Path(__file__).resolve().parent / "reference"
GENERATED = "<!-- Written by docs/generate.py from the code. Edit the code, then run `just docs`. -->\n"


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    return {name: "\n".join([GENERATED, *lines]) + "\n" for name, lines in _pages()}


def _pages() -> Iterator[tuple[str, list[str]]]:
    yield "commands.md", list(_commands())
    yield "settings.md", list(_settings())
    yield "log-words.md", list(_log_words())
    yield "payloads.md", list(_payloads())


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Data goes to stdout, talk to stderr. `cornerman` alone opens the terminal.\n"
    for name in filter(_landed, COMMANDS):
        yield f"## cornerman {name}\n"
        yield f"{_sentence(COMMANDS[name])}\n"
        yield from _command(f"cornerman {name}", _verbs(parser_for(name))[name])
    yield "## Exit codes\n"
    yield from _table(["code", "meaning"], [[str(code), meaning] for code, meaning in exits.MEANING.items()])


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """A command's texts and arguments, then those of its verbs, if it has any."""
    if parser.description:
        yield f"```text\n{parser.description.strip()}\n```\n"
    yield from _table(["argument", "meaning"], [_argument(action) for action in parser._actions])
    if parser.epilog:
        yield f"```text\n{parser.epilog.strip()}\n```\n"
    for verb, inner in _verbs(parser).items():
        yield f"### {name} {verb}\n"
        yield from _command(f"{name} {verb}", inner)


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the words that may follow."""
    return {
        word: inner
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for word, inner in action.choices.items()
    }


def _landed(name: str) -> bool:
    return find_spec(module_name(name)) is not None


def _argument(action: argparse.Action) -> list[str]:
    if isinstance(action, argparse._SubParsersAction):
        return [f"`{action.metavar}`", "What to do: one of the words below."]
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    shown = " ".join([*([", ".join(action.option_strings)] if action.option_strings else []), *_value(action, value)])
    return [f"`{shown}`", _sentence((action.help or "") % _facts(action))]


def _value(action: argparse.Action, value: str | tuple[str, ...]) -> list[str]:
    """The name of the value, where the argument takes one."""
    if action.nargs == 0:
        return []
    return list(value) if isinstance(value, tuple) else [value]


def _facts(action: argparse.Action) -> dict[str, object]:
    """What argparse itself fills into a help text."""
    return {**vars(action), "prog": "cornerman"}


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield (
        "Sources, the later one wins: built in, `~/.config/cornerman/config.toml` (where this system keeps such"
        " files), the file that `$CORNERMAN_CONFIG` names, environment variables, flags of a command. In a file a"
        " dotted name is a table: `[view]` and `fps = 20`. `cornerman config` shows what holds and why,"
        " `cornerman config check` what is wrong. What they are for: [settings](../settings.md).\n"
    )
    for effect in ("affects stored data", "view only"):
        yield f"## {_sentence(effect).rstrip('.')}\n"
        rows = [_setting(one) for one in KEYS.values() if one.effect == effect]
        yield from _table(["setting, variable", "default", "allowed", "what it does, and where"], rows)
    yield "## Profiles\n"
    yield "Named defaults, chosen by `producer.profile`.\n"
    profiles = [
        [
            f"`{name}`",
            one.purpose,
            ", ".join(f"`{key} = {KEYS[key].words(value)}`" for key, value in one.values.items()),
        ]
        for name, one in PROFILES.items()
    ]
    yield from _table(["profile", "for", "its defaults"], profiles)
    yield "## Other variables\n"
    yield "They are no settings. Any other variable that begins with `CORNERMAN_` is a misspelling.\n"
    yield from _table(["variable", "what it is"], [[f"`{name}`", what] for name, what in OTHERS.items()])


def _setting(one: SettingKey) -> list[str]:
    return [
        f"`{one.name}`<br>`{one.environment}`",
        one.said(one.default),
        one.bounds,
        f"{one.description} Enforced {one.enforced} (`{one.obeyed_by}`).",
    ]


def _log_words() -> Iterator[str]:
    yield "# Log words\n"
    yield (
        "A log line is one of these and its fields. Inside a training process lines below `log.level` (WARNING) are"
        " dropped, the others go to stderr, once a minute each, with the count of the rest. `cornerman codes` asks the"
        " same catalogue, with what you and other packages added. How all this works: [Logs](../logs.md).\n"
    )
    yield "## Said by our own programs\n"
    yield from _constants("emitted")
    yield "## Known from workers\n"
    yield "The numbers of these are older than we are, so each component has several ranges.\n"
    yield from _constants("known")


def _constants(source: str) -> Iterator[str]:
    for component in components().values():
        if component.source != source:
            continue
        yield f"### {component.name}: {in_words(component.ranges)}\n"
        rows = [
            [one.code, one.level, one.subcomponent, one.message, ", ".join(one.tags)]
            for one in sorted(component.constants.values(), key=lambda one: one.order)
        ]
        yield from _table(["code", "level", "part", "message", "tags"], rows)


def _payloads() -> Iterator[str]:
    yield "# Payloads\n"
    yield (
        "What is stored and sent, a document for each kind and version: JSON Schema draft-07, generated from the typed"
        " definitions. `payload_version` is the MAJOR of a schema. What they are for: [payloads](../payloads.md).\n"
    )
    for document in published():
        yield f"## {document.pin}\n"
        yield f"{document.schema.get('description', '')}\n"
        yield from _described(document.schema)
        for name, part in document.schema.get("definitions", {}).items():
            yield f"### {name}\n"
            yield f"{part.get('description', '')}\n"
            yield from _described(part)


def _described(part: dict[str, Any]) -> Iterator[str]:
    if rows := list(_fields(part)):
        yield from _table(["field", "holds", "meaning"], rows)


def _fields(part: dict[str, Any]) -> Iterator[list[str]]:
    """The fields of an object, or the places of an array, with what they hold."""
    required = set(part.get("required", ()))
    for name, field in part.get("properties", {}).items():
        yield _field(name, field, name in required)
    places = part.get("items", ())
    for place, field in enumerate(places if isinstance(places, list) else ()):
        yield _field(str(field.get("title", place)), field, place < int(part.get("minItems", 0)))


def _field(name: str, field: dict[str, Any], required: bool) -> list[str]:
    unit = f" Unit: {field['unit']}." if field.get("unit") else ""
    return [f"`{name}`", _holds(field) + (", required" if required else ""), field.get("description", "") + unit]


def _holds(field: dict[str, Any]) -> str:
    """What a schema allows, in a few words."""
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    for choice in ("anyOf", "allOf"):
        if choice in field:
            return " or ".join(map(_holds, field[choice]))
    if field.get("type") == "array" and isinstance(field.get("items"), dict):
        return f"list of {_holds(field['items'])}"
    return "bytes in base64" if field.get("contentEncoding") else str(field.get("type", "any value"))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    yield from ("| " + " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in row) + " |" for row in rows)
    yield ""


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".") if text else ""


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or say which are not current."""
    TARGET.mkdir(exist_ok=True)
    current = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.md")}
    stale = [name for name, text in pages().items() if current.get(name) != text]
    if "--check" in arguments:
        print(f"not what the code says: {', '.join(stale)}; run `just docs`" if stale else "current", file=sys.stderr)
        return bool(stale)
    for name in stale:
        (TARGET / name).write_text(pages()[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
