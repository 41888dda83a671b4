"""The one table of keys: what the footer, the help, the palette and the dispatch know, they know from here.

No default is Ctrl-A, Ctrl-B, Ctrl-S or Ctrl-Q: screen, tmux and terminals take those for themselves.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from textual.binding import Binding, BindingType

Where = Literal["app", "runs", "run", "schemas", "logs", "settings", "launches", "launch"]


class Key(NamedTuple):
    """A thing to do: its stable id, the keys, one word for the footer, a sentence for help and palette."""

    id: str
    keys: tuple[str, ...]
    word: str
    sentence: str
    action: str
    where: Where
    footer: int = 0
    """The place in the footer, first is most important; 0 for none."""
    shown: str = ""
    """How the keys are written where Textual's names would be clumsy."""

    @property
    def label(self) -> str:
        return self.shown or " ".join(_LABELS.get(key, key) for key in self.keys)


_LABELS = {
    "question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "left_square_bracket": "[", "colon": ":",
    "right_square_bracket": "]", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "equals_sign": "=",
    "less_than_sign": "<", "greater_than_sign": ">", "ctrl+p": "^p", "ctrl+c": "^c", "ctrl+z": "^z", "ctrl+l": "^l",
    "full_stop": ".", "comma": ",", "backspace": "bksp", "exclamation_mark": "!",
}  # fmt: skip

KEYS: tuple[Key, ...] = (
    Key("app.help", ("question_mark", "f1"), "help", "Every key, and where the numbers come from", "help", "app", 90),
    Key("app.palette", ("ctrl+p", "colon"), "commands", "Find a command by its name", "command_palette", "app"),
    Key("app.redraw", ("ctrl+l",), "redraw", "Draw the whole screen again", "redraw", "app"),
    Key("app.suspend", ("ctrl+z",), "suspend", "Suspend, as any program of the shell", "suspend_process", "app"),
    Key("app.settings", ("comma",), "settings", "Settings: what holds, who said so, what it costs", "settings", "app"),
    Key("app.launches", ("exclamation_mark",), "launch", "Launch programs; stop and restart them", "launches", "app"),
    Key("app.quit", ("q", "ctrl+c"), "quit", "Leave Cornerman, or this run", "leave", "app", 91),
    Key("runs.open", ("enter",), "open", "Watch or replay the run", "open", "runs", 1),
    Key("runs.up", ("up", "k"), "up", "The run above", "move(-1)", "runs"),
    Key("runs.down", ("down", "j"), "down", "The run below", "move(1)", "runs"),
    Key("runs.page-up", ("pageup",), "page up", "A page up", "page(-1)", "runs"),
    Key("runs.page-down", ("pagedown",), "page down", "A page down", "page(1)", "runs"),
    Key("runs.first", ("home",), "first", "The first run", "edge(-1)", "runs"),
    Key("runs.last", ("end",), "last", "The last run", "edge(1)", "runs"),
    Key("runs.sort", ("s",), "sort", "Sort by the next column", "sort(1)", "runs", 3),
    Key("runs.sort-back", ("S",), "sort back", "Sort by the column before", "sort(-1)", "runs"),
    Key("runs.reverse", ("r",), "reverse", "Turn the order round", "reverse", "runs"),
    Key("runs.filter", ("slash",), "filter", "Only runs that match words: live cartpole", "filter", "runs", 2),
    Key("runs.clear", ("escape",), "clear", "Drop the filter", "clear", "runs"),
    Key("runs.delete", ("d", "delete"), "delete", "Delete the run, after asking", "delete", "runs", 4),
    Key("runs.logs", ("l", "L"), "logs", "Logs of every run: filter, search, follow, timeline", "logs", "runs", 6),
    Key("runs.schemas", ("v",), "schemas", "Schemas: versions, diffs, adoption, quarantine", "schemas", "runs", 5),
    Key("run.play", ("space",), "play", "Play or pause", "play", "run", 1, "space"),
    Key("run.back", ("left", "h"), "back", "One step back", "step(-1)", "run", 2, "←"),
    Key("run.forward", ("right", "l"), "step", "One step forward", "step(1)", "run", 3, "→"),
    Key("run.back-more", ("shift+left", "less_than_sign"), "10 back", "Ten steps back", "step(-10)", "run", 0, "<"),
    Key("run.forward-more", ("shift+right", "greater_than_sign"), "10 on", "Ten steps on", "step(10)", "run", 0, ">"),
    Key("run.follow", ("f",), "follow", "Follow the newest step", "follow", "run", 4),
    Key("run.faster", ("plus", "equals_sign"), "faster", "Double the speed", "speed(1)", "run", 6, "+"),
    Key("run.slower", ("minus",), "slower", "Halve the speed", "speed(-1)", "run", 7, "-"),
    Key("run.list-up", ("up", "k"), "up", "The episode above in the list", "list(-1)", "run", 0, "↑"),
    Key("run.list-down", ("down", "j"), "episode", "The episode below in the list", "list(1)", "run", 5, "↓"),
    Key("run.previous", ("left_square_bracket",), "previous", "The episode before this one", "episode(-1)", "run"),
    Key("run.next", ("right_square_bracket",), "next", "The episode after this one", "episode(1)", "run"),
    Key("run.begin", ("home",), "begin", "The first row of the episode; again: of the one before", "begin", "run"),
    Key("run.end", ("end",), "to end", "The last step of the episode; again: of the next one", "end", "run", 9),
    Key("run.reward", ("n",), "reward", "The next reward that is not 0 nor the usual one", "reward(1)", "run", 8),
    Key("run.reward-back", ("N",), "reward back", "The one before", "reward(-1)", "run"),
    Key("run.goto", ("g",), "go to t", "Go to a vector step t", "goto", "run", 10),
    Key("run.order", ("o",), "order", "Order the episodes: newest, best, worst, longest", "order", "run", 11),
    Key("run.env", ("e",), "env", "The next sub-environment", "env(1)", "run", 12),
    Key("run.goto-env", ("G",), "go to env", "Go to a sub-environment by its number", "goto_env", "run"),
    Key("run.env-back", ("E",), "env back", "The sub-environment before", "env(-1)", "run"),
    Key("run.stream", ("s",), "stream", "The next stream of the run", "stream(1)", "run", 13),
    Key("run.stream-back", ("S",), "stream back", "The stream before", "stream(-1)", "run"),
    Key("run.zoom", ("z",), "zoom", "Give the frame, the fields or the episodes the room", "zoom", "run", 14),
    Key("run.accounts", ("w",), "writer", "The writer's pace, and both ledgers by cause",
        "accounts", "run", 17),
    Key("run.rendering", ("p",), "pictures", "Pictures on or off: off, none is decoded; recording is the same",
        "rendering", "run", 16),
    Key("run.images", ("i",), "images", "Frames of pixels in half-cells, or as true pixels: kitty, sixel", "images",
        "run"),
    Key("run.normalized", ("m",), "normalized", "Observations as recorded, or on the other side of what normalizes",
        "normalized", "run"),
    Key("run.scroll-up", ("pageup",), "fields up", "Scroll the fields up", "scroll(-1)", "run"),
    Key("run.scroll-down", ("pagedown",), "fields down", "Scroll the fields down", "scroll(1)", "run"),
    Key("run.logs", ("L",), "logs", "The logs of this run, at this moment", "logs", "run", 16),
    Key("run.leave", ("escape",), "runs", "Back to the runs", "back", "run", 15),
    Key("schemas.open", ("enter",), "open", "The versions, the diff, or all of the text", "open", "schemas", 1),
    Key("schemas.up", ("up", "k"), "up", "The line above", "move(-1)", "schemas"),
    Key("schemas.down", ("down", "j"), "down", "The line below", "move(1)", "schemas"),
    Key("schemas.page-up", ("pageup", "b"), "page up", "Scroll the text a page up", "page(-1)", "schemas"),
    Key("schemas.page-down", ("pagedown", "space"), "scroll", "Scroll the text a page down", "page(1)", "schemas", 5,
        "pgdn space"),
    Key("schemas.first", ("home",), "first", "The first line", "edge(-1)", "schemas"),
    Key("schemas.last", ("end",), "last", "The last line", "edge(1)", "schemas"),
    Key("schemas.next-view", ("tab", "right"), "view", "The next view", "turn(1)", "schemas", 2),
    Key("schemas.previous-view", ("shift+tab", "left"), "view before", "The view before", "turn(-1)", "schemas"),
    Key("schemas.view-1", ("1",), "schemas", "Every schema: version, mode, adoption", "view(0)", "schemas"),
    Key("schemas.view-2", ("2",), "versions", "The versions of a schema, and their documents", "view(1)", "schemas"),
    Key("schemas.view-3", ("3",), "diff", "What changed between two versions, and what it breaks", "view(2)",
        "schemas", 4),
    Key("schemas.view-4", ("4",), "adoption", "Shares of steps, runs and producers; checkpoints", "view(3)",
        "schemas"),
    Key("schemas.view-5", ("5",), "quarantine", "What was refused, by error, and why", "view(4)", "schemas"),
    Key("schemas.view-6", ("6",), "rules", "What is enforced, for whom, and who said so", "view(5)", "schemas"),
    Key("schemas.older", ("left_square_bracket",), "before", "In a diff an older version to compare; else the "
        "record before", "other(-1)", "schemas", 6),
    Key("schemas.newer", ("right_square_bracket",), "after", "In a diff a newer version to compare; else the "
        "next record", "other(1)", "schemas", 7),
    Key("schemas.state", ("t",), "state", "Quarantine: held, accepted, discarded, or all", "state", "schemas"),
    Key("schemas.retry", ("r",), "judge again", "Judge the chosen refused records again, after asking",
        "settle('retry')", "schemas"),
    Key("schemas.edit", ("e",), "edit", "Change the chosen refused records by a rule, shown first", "edit", "schemas"),
    Key("schemas.discard", ("d", "delete"), "discard", "Say that the chosen records are not wanted, after asking",
        "settle('discard')", "schemas"),
    Key("schemas.filter", ("slash",), "filter", "Only schemas that match words", "filter", "schemas", 3),
    Key("schemas.zoom", ("z",), "zoom", "Give the text all the room", "zoom", "schemas", 8),
    Key("schemas.leave", ("escape",), "back", "Back: from the text, the filter, the view, to the runs", "back",
        "schemas", 9),
    Key("logs.detail", ("enter",), "detail", "Show or hide the whole record; of counts: only this", "open", "logs",
        5),
    Key("logs.up", ("up", "k"), "up", "The record above", "move(-1)", "logs"),
    Key("logs.down", ("down", "j"), "down", "The record below", "move(1)", "logs"),
    Key("logs.page-up", ("pageup",), "page up", "A page up", "page(-1)", "logs"),
    Key("logs.page-down", ("pagedown",), "page down", "A page down", "page(1)", "logs"),
    Key("logs.first", ("home",), "first", "The very first record of the filter", "edge(-1)", "logs"),
    Key("logs.last", ("end", "G"), "newest", "The newest record, followed from there", "edge(1)", "logs"),
    Key("logs.follow", ("f", "space"), "follow", "Follow the newest record, or pause", "follow", "logs", 4),
    Key("logs.filter", ("slash",), "filter", "Type a filter: level>=WARNING -tag:step nan since:2h", "filter", "logs",
        1),
    Key("logs.facets", ("tab",), "counts", "Choose by counts: components, levels, tags, codes, runs", "facets", "logs",
        2),
    Key("logs.only", ("equals_sign",), "only", "Only records with the marked value", "term('only')", "logs", 7, "="),
    Key("logs.include", ("plus",), "include", "Also records with the marked value", "term('including')", "logs", 0,
        "+"),
    Key("logs.exclude", ("minus",), "exclude", "No records with the marked value", "term('excluding')", "logs", 8,
        "-"),
    Key("logs.field-next", ("right", "l"), "value", "Mark the next value of the record; open counts", "field(1)",
        "logs", 9, "→"),
    Key("logs.field-previous", ("left", "h"), "value before", "Mark the value before; close counts", "field(-1)",
        "logs", 0, "←"),
    Key("logs.level-1", ("1",), "all levels", "All levels", "least('DEBUG')", "logs"),
    Key("logs.level-2", ("2",), "INFO", "INFO and what is more serious", "least('INFO')", "logs"),
    Key("logs.level-3", ("3",), "WARNING", "WARNING and ERROR", "least('WARNING')", "logs"),
    Key("logs.level-4", ("4",), "ERROR", "Only ERROR", "least('ERROR')", "logs"),
    Key("logs.drop", ("backspace",), "drop", "Drop the last term of the filter", "drop", "logs"),
    Key("logs.clear", ("0",), "all", "Drop the filter; the record stays where it is", "clear", "logs"),
    Key("logs.undo", ("u",), "undo", "The filter before this one", "undo", "logs", 12),
    Key("logs.search", ("s",), "search", "Find a text and hide nothing; hits stream in, newest first", "search",
        "logs", 3),
    Key("logs.hit", ("n",), "next hit", "The next hit, further back", "hit(-1)", "logs"),
    Key("logs.hit-back", ("N",), "hit before", "The hit before it, nearer to now", "hit(1)", "logs"),
    Key("logs.error", ("e",), "error", "The next error", "error(1)", "logs", 6),
    Key("logs.error-back", ("E",), "error before", "The error before", "error(-1)", "logs"),
    Key("logs.span-next", ("right_square_bracket",), "later", "The next span of the timeline with records", "span(1)",
        "logs"),
    Key("logs.span-previous", ("left_square_bracket",), "earlier", "The span before", "span(-1)", "logs"),
    Key("logs.zoom-in", ("greater_than_sign",), "closer", "The timeline closer, around the record", "scale(1)",
        "logs"),
    Key("logs.zoom-out", ("less_than_sign",), "wider", "The timeline wider", "scale(-1)", "logs"),
    Key("logs.goto", ("g",), "go to time", "Go to a time: 12:04, 2h (ago), 2026-11-26T07:00", "goto", "logs", 11),
    Key("logs.mark", ("m",), "bookmark", "Set or remove a bookmark", "mark", "logs", 13),
    Key("logs.mark-next", ("b",), "next mark", "The next bookmark", "mark_beside(1)", "logs"),
    Key("logs.mark-previous", ("B",), "mark before", "The bookmark before", "mark_beside(-1)", "logs"),
    Key("logs.marks", ("M",), "bookmarks", "List the bookmarks of this store", "marks", "logs"),
    Key("logs.replay", ("r",), "replay", "Replay the run at this record's step, or at its time", "replay", "logs", 10),
    Key("logs.presets", ("p",), "saved", "Choose a saved filter", "presets", "logs", 14),
    Key("logs.save", ("P",), "save", "Save the filter under a name, also for cornerman logs --filter", "save", "logs"),
    Key("logs.codes", ("v",), "unknown", "Codes and loggers nobody registered, with counts; register", "codes", "logs"),
    Key("logs.copy", ("c",), "copy", "Copy the record as a line of text", "copy('text')", "logs", 15),
    Key("logs.copy-json", ("C",), "copy JSON", "Copy the whole record as JSON", "copy('JSON')", "logs"),
    Key("logs.export", ("w",), "write", "Write what the filter shows into a file", "export", "logs", 16),
    Key("logs.zoom", ("z",), "zoom", "Give the record, or the list, all the room", "zoom", "logs"),
    Key("logs.leave", ("escape",), "back", "Stop a search; then back, to where this was opened", "back", "logs", 17),
    Key("settings.change", ("enter",), "change", "Type a value, checked as everywhere, saved in your file", "change",
        "settings", 1),
    Key("settings.next", ("space",), "next choice", "The next of a few choices", "next", "settings", 2),
    Key("settings.unset", ("u", "delete"), "unset", "Take the value out of your file", "unset", "settings", 3),
    Key("settings.up", ("up", "k"), "up", "The line above", "move(-1)", "settings"),
    Key("settings.down", ("down", "j"), "down", "The line below", "move(1)", "settings"),
    Key("settings.next-section", ("tab", "right"), "section", "The next section", "section(1)", "settings", 5),
    Key("settings.previous-section", ("shift+tab", "left"), "section before", "The section before", "section(-1)",
        "settings"),
    Key("settings.page-up", ("pageup",), "text up", "Scroll the text up", "page(-1)", "settings"),
    Key("settings.page-down", ("pagedown",), "text down", "Scroll the text down", "page(1)", "settings"),
    Key("settings.advanced", ("a",), "advanced", "Unfold the settings that few people need", "advanced", "settings", 4),
    Key("settings.filter", ("slash",), "filter", "Only settings that match words", "filter", "settings", 6),
    Key("settings.problems", ("c",), "check", "What is wrong in any source of settings", "problems", "settings", 7),
    Key("settings.leave", ("escape",), "back", "Drop the filter; back to where you were", "back", "settings", 8),
    Key("launches.new", ("n",), "new", "Launch a command, or a policy on an environment", "new(False)", "launches", 1),
    Key("launches.like", ("e",), "alike", "Launch one like this, after changing it", "new(True)", "launches", 6),
    Key("launches.open", ("enter",), "its run", "Watch the run that it records", "open", "launches", 2),
    Key("launches.stop", ("s",), "stop", "Ask it to end (SIGTERM), after asking you", "act('stop')", "launches", 3),
    Key("launches.kill", ("x",), "kill", "End it and all that it started, after asking", "act('kill')", "launches", 5),
    Key("launches.restart", ("r",), "restart", "Stop it, and start the same again", "act('restart')", "launches", 4),
    Key("launches.forget", ("d", "delete"), "forget", "Forget one that has ended; its runs stay", "act('forget')",
        "launches", 7),
    Key("launches.up", ("up", "k"), "up", "The launch above", "move(-1)", "launches"),
    Key("launches.down", ("down", "j"), "down", "The launch below", "move(1)", "launches"),
    Key("launches.page-up", ("pageup",), "lines up", "Earlier lines of its output", "page(-1)", "launches"),
    Key("launches.page-down", ("pagedown",), "lines down", "Later lines of its output", "page(1)", "launches"),
    Key("launches.leave", ("escape",), "back", "Back to where you were", "back", "launches", 8),
    Key("launch.launch", ("l",), "launch", "Check everything, and start it", "launch", "launch", 1),
    Key("launch.change", ("enter",), "change", "Type what is to be started, or a value for it alone", "change",
        "launch", 2),
    Key("launch.next", ("space",), "next choice", "The next of a few choices", "next", "launch", 3),
    Key("launch.unset", ("u", "delete"), "clear", "As everywhere again", "unset", "launch", 5),
    Key("launch.up", ("up", "k"), "up", "The line above", "move(-1)", "launch"),
    Key("launch.down", ("down", "j"), "down", "The line below", "move(1)", "launch"),
    Key("launch.next-section", ("tab", "right"), "section", "The next section", "section(1)", "launch", 6),
    Key("launch.previous-section", ("shift+tab", "left"), "section before", "The section before", "section(-1)",
        "launch"),
    Key("launch.page-up", ("pageup",), "text up", "Scroll the text up", "page(-1)", "launch"),
    Key("launch.page-down", ("pagedown",), "text down", "Scroll the text down", "page(1)", "launch"),
    Key("launch.advanced", ("a",), "advanced", "Unfold the settings that few people need", "advanced", "launch", 7),
    Key("launch.leave", ("escape",), "back", "Back to what was launched; nothing is started", "back", "launch", 8),
)  # fmt: skip


def keys_of(*where: Where) -> list[Key]:
    return [key for key in KEYS if key.where in where]


def bindings_of(where: Where) -> list[BindingType]:
    """What Textual dispatches by."""
    return [
        Binding(",".join(key.keys), key.action, key.sentence, show=False, id=key.id, key_display=key.label)
        for key in keys_of(where)
    ]


def footer(where: Where, width: int) -> list[tuple[str, str]]:
    """(key, word) pairs that fit into `width` columns, the most important first, `? help` and `q` always."""
    ranked = sorted((key for key in keys_of(where, "app") if key.footer), key=lambda key: key.footer)
    last = [key for key in ranked if key.where == "app"]
    shown: list[Key] = []
    room = width - sum(_room(key) for key in last)
    for key in ranked:
        if key.where != "app" and _room(key) <= room:
            room -= _room(key)
            shown.append(key)
    return [(_first(key), key.word) for key in [*shown, *last]]


def _first(key: Key) -> str:
    return key.label.split()[0]


def _room(key: Key) -> int:
    return len(_first(key)) + len(key.word) + 3
