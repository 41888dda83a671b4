"""Small questions over a screen: a line to type, and a yes or no."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Prompt(ModalScreen[str | None]):
    """A line at the bottom of the screen; None when it is left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "leave", show=False)]

    def __init__(self, label: str, value: str = "", placeholder: str = "", type: str = "text") -> None:
        super().__init__()
        self._label, self._value, self._placeholder, self._type = label, value, placeholder, type

    def compose(self) -> ComposeResult:
        with Vertical(id="prompt"):
            yield Static(self._label, markup=False)
            field = Input(self._value, placeholder=self._placeholder, type=self._type, compact=True)  # type: ignore[arg-type]
            field.cursor_blink = False
            yield field

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Confirm(ModalScreen[bool]):
    """A question whose answer is no unless `y` is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "yes", show=False),
        Binding("n,escape,enter,q", "dismiss(False)", "no", show=False),
    ]

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question, self._consequence = question, consequence

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm"):
            yield Static(self._question, id="question", markup=False)
            yield Static(self._consequence, markup=False)
            yield Static("y  yes, do it        n  no, leave it", id="answers", markup=False)
