"""What the services around workers say: validation, the durable sink, the bridge, the hub, the trainer."""

from __future__ import annotations

from ..constant import component

SERVICE = component(
    "Service",
    range(601, 632),
    range(640, 644),
    range(650, 677),
    range(685, 695),
    range(698, 701),
    range(748, 749),
    range(850, 858),
    range(931, 935),
    range(4080, 4082),
    source="known",
)
_know = SERVICE.define

_know("LOG601", "WARNING", "Telemetry", "a step was refused by validation", "telemetry", "schema")
_know("LOG602", "ERROR", "Telemetry", "storing in the background failed", "telemetry", "fault")
_know("LOG610", "INFO", "DBSink", "the sink was initialised", "sink")
_know("LOG611", "INFO", "DBSink", "the sink started", "sink")
_know("LOG612", "WARNING", "DBSink", "the sink is running already", "sink")
_know("LOG613", "INFO", "DBSink", "the sink stopped", "sink")
_know("LOG614", "WARNING", "DBSink", "the sink did not stop in time", "sink", "timeout")
_know("LOG615", "INFO", "DBSink", "the sink's loop ended", "sink")
_know("LOG616", "ERROR", "DBSink", "the sink failed for good", "sink", "fault")
_know("LOG617", "DEBUG", "SQLite", "a detail of SQLite", "sqlite")
_know("LOG618", "INFO", "SQLite", "something happened in SQLite", "sqlite")
_know("LOG619", "WARNING", "SQLite", "SQLite gave a warning", "sqlite")
_know("LOG620", "INFO", "SQLite", "the writer of SQLite started", "sqlite")
_know("LOG621", "INFO", "SQLite", "the writer of SQLite stopped", "sqlite")
_know("LOG622B", "ERROR", "SQLite", "SQLite could not be initialised", "sqlite", "fault")
_know("LOG623", "ERROR", "SQLite", "a record from the queue could not be read", "sqlite", "fault")
_know("LOG624", "DEBUG", "TelemetryBridge", "a step waits to be delivered", "bridge", "step")
_know("LOG625", "DEBUG", "TelemetryBridge", "an episode waits to be delivered", "bridge", "episode")
_know("LOG626", "DEBUG", "TelemetryBridge", "a step was delivered", "bridge", "step")
_know("LOG627", "DEBUG", "TelemetryBridge", "an episode was delivered", "bridge", "episode")
_know("LOG628", "WARNING", "TelemetryBridge", "the bridge's queue overflowed", "bridge", "overflow")
_know("LOG629", "INFO", "TelemetryBridge", "a training run completed", "bridge")
_know("LOG630", "WARNING", "Rendering", "rendering has not been started", "frames")
_know("LOG631", "INFO", "Rendering", "a frame was not drawn, because drawing is throttled", "frames", "throttle")
_know("LOG640", "INFO", "TelemetryAsyncHub", "the hub started", "hub")
_know("LOG641", "INFO", "TelemetryAsyncHub", "a run was subscribed", "hub", "subscription")
_know("LOG642", "DEBUG", "TelemetryAsyncHub", "a detail of the hub", "hub")
_know("LOG643", "ERROR", "TelemetryAsyncHub", "the hub failed", "hub", "fault")
_know("LOG650", "INFO", "TrainerDaemon", "the trainer is starting", "trainer")
_know("LOG651", "INFO", "TrainerClient", "a client connects to the trainer", "trainer")
_know("LOG652", "INFO", "TrainerClient", "a client is connected to the trainer", "trainer")
_know("LOG653", "ERROR", "TrainerClient", "the trainer did not answer in time", "trainer", "timeout")
_know("LOG654", "DEBUG", "TrainerClient", "a harmless condition was passed over", "trainer")
_know("LOG655", "ERROR", "TrainerClient", "the client of the trainer failed", "trainer", "fault")
_know("LOG656", "WARNING", "TrainerClient", "the client of the trainer did not clean up", "trainer")
_know("LOG657", "ERROR", "TrainerDispatcher", "the module of a worker could not be imported", "trainer", "fault")
_know("LOG660", "INFO", "FrameStorage", "something happened to stored frames", "frames")
_know("LOG661", "WARNING", "FrameStorage", "stored frames gave a warning", "frames")
_know("LOG662", "ERROR", "FrameStorage", "frames could not be stored or read", "frames", "fault")
_know("LOG663", "DEBUG", "FrameStorage", "a detail of stored frames", "frames")
_know("LOG664", "DEBUG", "Validation", "a detail of validation", "schema")
_know("LOG665", "WARNING", "Validation", "validation gave a warning", "schema")
_know("LOG666", "ERROR", "Validation", "validation failed", "schema", "fault")
_know("LOG667", "ERROR", "Actor", "an actor could not be seeded", "seed", "fault")
LOG_NORMALIZATION_STATS_DROPPED = _know(
    "LOG671", "INFO", "Telemetry", "normalization statistics are missing", "telemetry", "normalization"
)
_know("LOG748", "WARNING", "TrainerLauncher", "the log file of a trainer could not be flushed", "trainer")
_know("LOG931", "DEBUG", "DBSink", "the depth of the sink's queue was measured", "sink", "queue")
_know("LOG932", "WARNING", "DBSink", "the sink's queue is nearly full", "sink", "queue")
_know("LOG933", "DEBUG", "DBSink", "what the sink wrote was summed up", "sink")
_know("LOG934", "WARNING", "DBSink", "the sink writes more slowly than it should", "sink")
_know("LOG685", "INFO", "Operator", "an operator was registered", "operator")
_know("LOG686", "INFO", "Operator", "an operator chooses the actions now", "operator")
_know("LOG687", "INFO", "Operator", "an operator chooses no more actions", "operator")
_know("LOG688", "DEBUG", "Operator", "an operator chose an action", "operator")
_know("LOG689", "ERROR", "Operator", "an operator failed", "operator", "fault")
_know("LOG690", "INFO", "OperatorLauncher", "an operator was started", "operator")
_know("LOG691", "INFO", "OperatorLauncher", "an operator was told to reset", "operator")
_know("LOG692", "DEBUG", "OperatorLauncher", "an operator was told to step", "operator")
_know("LOG693", "INFO", "OperatorLauncher", "an operator was told to stop", "operator")
_know("LOG694", "WARNING", "OperatorLauncher", "an operator could not be told", "operator")
