"""Every setting there is, once: its name, default, bounds, unit, what it touches and where it is obeyed.

The recorder's settings (standard library only) and the settings model (pydantic) both take their defaults and bounds
from this table, the reference page is generated from it, and `cornerman config explain` reads it aloud. A new setting
is one entry here and one field in the model; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from .errors import InvalidOption
from .near import did_you_mean
from .setting_key import Effect, SettingKey
from .setting_profiles import NO_PROFILE, PROFILES

MIB, GIB = 1 << 20, 1 << 30

_RECORDED: Effect = "affects stored data"
_VIEWED: Effect = "view only"

KEYS: Final[dict[str, SettingKey]] = {
    key.name: key
    for key in (
        SettingKey(
            "identity.store", "path", None, _RECORDED, "when a store is opened, for recording or for reading",
            "store.location:default_path",
            "The folder of the store. Without it, the data folder of the user.",
        ),
        SettingKey(
            "identity.job", "text", None, _RECORDED, "when record() is called without job=…", "adapters.handle:start",
            "The name of the work, by which its runs are found. Without it, the script's name, or the environment's"
            " where `cornerman record` drives it.",
        ),
        SettingKey(
            "identity.user", "text", None, _RECORDED, "when a run begins, and when a history names who changed it",
            "store.who:user",
            "Who runs and changes things, in provenance and histories; for accounts that several people share."
            " Without it, the login name.",
            advanced=True,
        ),
        SettingKey(
            "storage.max_store_bytes", "bytes", 0, _RECORDED, "before a journal segment is taken",
            "store.session:Session._look_for_room",
            "The budget of the store, journal included; 0 is no limit. There recording stops, loudly and counted.",
            "bytes", 0, zero="no limit",
        ),
        SettingKey(
            "storage.min_free_bytes", "bytes", 256 * MIB, _RECORDED, "before a journal segment is taken",
            "store.session:Session._look_for_room",
            "Disk that is always left free for others. Below it recording stops, loudly and counted.", "bytes", 0,
            advanced=True,
        ),
        SettingKey(
            "storage.max_journal_bytes", "bytes", GIB, _RECORDED, "when a journal segment is full and cannot be sealed",
            "store.session:Session._look_for_room",
            "How much may wait in the journal while the store is locked or full.", "bytes", 16 * MIB,
            advanced=True,
        ),
        SettingKey(
            "storage.rows_per_chunk", "int", 2048, _RECORDED, "when a chunk is sealed",
            "adapters.recorder:Recorder._draw_layout",
            "Rows that are packed together. More rows compress better; fewer are decoded faster one by one.",
            "rows", 16, 65536,
            advanced=True,
        ),
        SettingKey(
            "storage.sealing_process", "bool", True, _RECORDED, "when a journal segment is full",
            "store.session:Session.__init__",
            "Whether a process of its own packs what was recorded. Off, the training thread does it, which costs it a"
            " third of a microsecond for each step and a few milliseconds now and then.",
            advanced=True,
        ),
        SettingKey(
            "storage.network_copy_seconds", "float", 5.0, _RECORDED, "where the store's folder is on a network",
            "store.session:Session.__init__",
            "How often sealed chunks are copied from local disk to the network folder.", "seconds", 0.5, 3600,
            advanced=True,
        ),
        SettingKey(
            "storage.max_log_bytes", "bytes", 0, _RECORDED, "once a minute while log records come in",
            "store.logs.writer:retention",
            "How much log records may take; beyond it the oldest go. 0 is no limit. Steps are not touched.", "bytes", 0,
            zero="no limit",
        ),
        SettingKey(
            "storage.max_log_age", "float", 0.0, _RECORDED, "once a minute while log records come in",
            "store.logs.writer:retention",
            "How old log records may become; older ones go. 0 is no limit. Steps are not touched.", "days", 0, 36500,
            zero="no limit",
        ),
        SettingKey(
            "producer.enabled", "bool", True, _RECORDED, "when record() is called",
            "adapters.handle:start",
            "Whether record() records. Off, it hands the environment back as it is.",
        ),
        SettingKey(
            "producer.profile", "choice", NO_PROFILE, _RECORDED, "when settings are read: its values are defaults",
            "core.setting_sources:read_layers",
            "Named defaults for a kind of producer: " + ", ".join(PROFILES) + ". Whatever is said elsewhere wins.",
            choices=(NO_PROFILE, *PROFILES),
        ),
        SettingKey(
            "producer.frames", "frames", "auto", _RECORDED,
            "when record() is called; the variable outweighs its frames=…, a file does not",
            "adapters.handle:start",
            "Which frames are recorded: pixel observations or the family's own picture (auto), every N-th, some"
            " environments of a vector, or none.",
            argument="frames",
        ),
        SettingKey(
            "producer.sample", "sample", "none", _RECORDED,
            "when record() is called; the variable outweighs its sample=…, a file does not",
            "adapters.handle:start",
            "Record every N-th vector step of an episode only, with its first step and its end. What is left out is"
            " counted in the row that follows, as skipped_count. Nothing else ever leaves out a step.",
            argument="sample",
        ),
        SettingKey(
            "producer.schema_mode", "choice", "warn", _RECORDED, "when a chunk is sealed, where no rule says otherwise",
            "adapters.handle:_schema",
            "What happens to steps that their schema does not allow: nothing (off), they are counted (observe), counted"
            " and said (warn), or refused into quarantine (enforce). `cornerman enforce` sets rules for a whole store.",
            choices=("off", "observe", "warn", "enforce"),
        ),
        SettingKey(
            "view.fps", "int", 30, _VIEWED, "in the terminal, before a screen is painted",
            "tui.chosen:options_of",
            "How often the screen is painted at most. What is stored is the same.", "frames per second", 1, 30,
        ),
        SettingKey(
            "view.ascii", "auto or bool", None, _VIEWED, "in the terminal, in every renderer and border",
            "tui.chosen:options_of",
            "Draw with plain ASCII, for fonts and consoles without blocks and lines; auto asks the locale.",
        ),
        SettingKey(
            "view.colour", "choice", "auto", _VIEWED, "in the terminal, where a colour becomes bytes",
            "tui.chosen:options_of",
            "How many colours the terminal gets; auto asks COLORTERM, TERM and NO_COLOR.",
            choices=("auto", "truecolor", "256", "16", "none"),
        ),
        SettingKey(
            "view.images", "choice", "half-cells", _VIEWED, "in the terminal, where a frame of pixels becomes bytes",
            "tui.chosen:options_of",
            "How frames of pixels are drawn: two pixels a character (half-cells), or as true pixels by the protocol of"
            " kitty or by sixel, in terminals that know it; auto takes the best that the terminal says it knows.",
            choices=("half-cells", "kitty", "sixel", "auto"),
        ),
        SettingKey(
            "view.byte_budget", "int", 300_000, _VIEWED, "in the terminal, before a frame is written",
            "tui.chosen:options_of",
            "What the pictures may send through the connection. Over it frames are not drawn; keys never wait.",
            "bytes per second", 10_000, 1_000_000_000,
            advanced=True,
        ),
        SettingKey(
            "view.every", "int", 1, _VIEWED, "in the terminal, where rows of a live run are chosen to be drawn",
            "tui.chosen:options_of",
            "Of a run that is followed one row in so many is drawn. All of them are stored.", "rows", 1, 1_000_000,
        ),
        SettingKey(
            "view.rendering", "bool", True, _VIEWED, "in the terminal, before a frame is read from the store",
            "tui.chosen:options_of",
            "Whether frames are drawn. Off, their panel is gone and none is decoded; what is recorded is the same"
            " (producer.frames says what is).",
        ),
        SettingKey(
            "resources.cpus", "int", 0, _RECORDED, "when Cornerman launches a program", "adapters.launching:limits_of",
            "The processors a launched program may use, and its threads by OMP_NUM_THREADS; 0 is all of them.",
            "processors", 0, 4096, zero="no limit",
        ),
        SettingKey(
            "resources.memory_bytes", "bytes", 0, _RECORDED, "when Cornerman launches a program",
            "adapters.launching:limits_of",
            "The memory that each process of a launched program may allocate; 0 is no limit. Beyond it allocating"
            " fails in the program, before the system kills something.",
            "bytes", 0, zero="no limit",
        ),
        SettingKey(
            "resources.gpus", "devices", "all", _RECORDED, "when Cornerman launches a program",
            "adapters.launching:limits_of",
            "The GPUs that a launched program sees (CUDA_VISIBLE_DEVICES): all, none, or some by number.",
        ),
        SettingKey(
            "resources.stop_seconds", "float", 10.0, _RECORDED, "when a launched program is restarted",
            "adapters.launching:restart",
            "How long a launched program may take to end by itself (SIGTERM) before a restart kills it.",
            "seconds", 0, 3600,
            advanced=True,
        ),
        SettingKey(
            "log.level", "choice", "WARNING", _VIEWED, "where a log line is written",
            "tui.chosen:log_settings",
            "The least serious line that is written, by our programs and by the recorder inside yours.",
            choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        ),
        SettingKey(
            "log.levels", "text", None, _VIEWED, "when a program of ours starts", "tui.chosen:log_settings",
            "Levels of single components of our programs, such as `Store=DEBUG, Recorder/Journal=ERROR`.",
            advanced=True,
        ),
        SettingKey(
            "log.render", "choice", "console", _VIEWED, "when a program of ours starts", "tui.chosen:log_settings",
            "How our programs write their log lines: for a person, as JSON, or as `code | message | extra={…}`.",
            choices=("console", "json", "line"),
            advanced=True,
        ),
        SettingKey(
            "log.strict", "bool", False, _VIEWED, "when a program of ours writes a line", "tui.chosen:log_settings",
            "Whether a line of your own component that names no run stops the program (LineWithoutRun). Off, it is"
            " attributed by its process and marked inferred. Lines of our components never stop anything.",
            advanced=True,
        ),
    )
}  # fmt: skip
"""By name, in the order in which they are shown."""


def key(name: str) -> SettingKey:
    """The setting of this name; InvalidOption lists near ones where there is none."""
    if name in KEYS:
        return KEYS[name]
    meant = did_you_mean(name, KEYS, "`cornerman config` lists them all.")
    raise InvalidOption(f"There is no setting called {name!r}.", meant)
