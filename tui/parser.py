"""The parser of every command: what was typed wrongly is refused as everything is, in a sentence with its remedy.

argparse would print a page of usage before the line that matters. Names that are not there are answered with near ones.
"""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from cornerman.core.errors import InvalidOption
from cornerman.core.near import did_you_mean

_KINDS: dict[Any, str] = {int: "a whole number", float: "a number"}


class Parser(argparse.ArgumentParser):
    """Raises InvalidOption instead of leaving the program; parsers of verbs are such, too."""

    @property
    def hint(self) -> str:
        return f"`{self.prog} --help` shows how it is written."

    def error(self, message: str) -> NoReturn:
        """What argparse found: its words, as a sentence."""
        needed = message.removeprefix("the following arguments are required: ")
        if needed != message:
            raise InvalidOption(f"`{self.prog}` needs {needed}.", self.hint)
        text = message.removeprefix("argument ").rstrip(".")
        raise InvalidOption(f"{text[:1].upper()}{text[1:]}.", self.hint)

    def refuse_unknown(self, words: list[str]) -> NoReturn:
        """Words that no argument takes."""
        options = [word for word in self._option_string_actions if word.startswith("--")]
        asked = next((word.partition("=")[0] for word in words if word.startswith("-")), "")
        meant = did_you_mean(asked, options) if asked else ""
        raise InvalidOption(f"`{self.prog}` does not understand {' '.join(words)}.", f"{meant} {self.hint}".strip())

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        among = "" if len(known) > 12 else f"There are: {', '.join(known)}."
        remedy = f"{did_you_mean(str(value), known)} {among or self.hint}".strip()
        if isinstance(action, argparse._SubParsersAction):
            raise InvalidOption(f"`{self.prog}` has no {str(action.metavar or 'verb').lower()} {value!r}.", remedy)
        raise InvalidOption(f"{_name(action)} cannot be {value!r}.", remedy)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            if action.type not in _KINDS:
                raise
            wanted = _KINDS[action.type]
            raise InvalidOption(f"{_name(action)} needs {wanted}, not {arg_string!r}.", self.hint) from None


def _name(action: argparse.Action) -> str:
    """As it is typed, or as the help calls it."""
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    return action.option_strings[-1] if action.option_strings else metavar
