"""What the recorder says, from inside somebody's training process: little, and only what its owner can act on."""

from __future__ import annotations

from .constant import component

RECORDER = component("Recorder", range(1100, 1200), kept=("LOG505", "LOG668", "LOG669", "LOG670"), of_runs=False)
_define = RECORDER.define

LOG_STORE_UNAVAILABLE = _define(
    "LOG1101", "ERROR", "Lifecycle", "the store could not be opened and nothing is recorded", "store"
)
LOG_RUN_FOLDER_FAILED = _define(
    "LOG1108", "ERROR", "Lifecycle", "the run's folder could not be written and its inputs are not kept", "inputs"
)
LOG_RECORDING_DISABLED = _define("LOG1102", "INFO", "Lifecycle", "recording is switched off")
LOG_STREAM_STARTED = _define("LOG1103", "INFO", "Lifecycle", "recording of a stream started")
LOG_STREAM_CLOSED = _define("LOG1104", "INFO", "Lifecycle", "recording of a stream ended")
LOG_RECORDING_STOPPED = _define(
    "LOG1105", "ERROR", "Lifecycle", "recording stopped and training goes on without it", "loss"
)
LOG_RECORDING_RESUMED = _define("LOG1106", "WARNING", "Lifecycle", "recording resumed")
LOG_FORK_NOT_RECORDED = _define(
    "LOG1107", "INFO", "Lifecycle", "a forked child does not record into its parent's stream"
)

LOG_PROGRAM_CRASHED = _define(
    "LOG1109", "ERROR", "Lifecycle", "the program that records ended by an exception that nobody caught", "crash"
)

LOG_STEPS_DROPPED = _define("LOG1110", "ERROR", "Ledger", "steps were not recorded", "loss")
LOG_JOURNAL_SPOOLED = _define(
    "LOG1111", "WARNING", "Journal", "the store was busy and steps wait in the journal", "spool"
)
LOG_CHUNK_SEALED = _define("LOG1112", "DEBUG", "Journal", "a chunk was sealed")
LOG_CHUNKS_MERGED = _define("LOG1116", "DEBUG", "Journal", "small chunks were merged into one")
LOG_RECORDER_FAILED = _define("LOG1113", "ERROR", "Fault", "the recorder failed inside and training goes on", "fault")

LOG_RENDER_FAILED = _define("LOG505", "ERROR", "Frames", "render failed and frames are off for this stream", "frames")
LOG_SCHEMA_MISMATCH = _define("LOG668", "WARNING", "Validation", "a step is not what its schema allows", "schema")
LOG_STEPS_REFUSED = _define(
    "LOG1120", "ERROR", "Validation", "steps were refused by their schema and went to quarantine", "schema", "loss"
)
LOG_SPACE_NOT_FOLLOWED = _define(
    "LOG1121", "INFO", "Validation", "observations have another dtype or shape than their space declares", "schema"
)
LOG_VECTOR_AUTORESET_MODE = _define(
    "LOG669", "WARNING", "Validation", "the vector environment names no autoreset mode that is known", "vector"
)
LOG_SPACE_DESCRIPTOR_MISSING = _define(
    "LOG670", "INFO", "Validation", "a space has no description of its own and is recorded by its values", "schema"
)

LOG_NORMALIZATION_STATS_DROPPED = _define(
    "LOG1122", "WARNING", "Validation", "the oldest normalization statistics gave way: the store takes nothing", "loss"
)
LOG_SPACE_CODEC_FAILED = _define(
    "LOG1114", "WARNING", "Validation", "a plugin for a space failed and is left out", "schema"
)
