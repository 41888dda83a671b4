"""What the session and the live telemetry controllers of training programs say."""

from __future__ import annotations

from ..constant import component

CONTROLLER = component("Controller", range(401, 431), range(954, 955), range(4071, 4080), source="known")
_know = CONTROLLER.define

_know("LOG401", "ERROR", "Session", "a session could not load its adapter", "session")
_know("LOG402", "ERROR", "Session", "a step of the adapter failed", "session", "step")
_know("LOG403", "ERROR", "Session", "an episode could not be finished", "session", "episode")
_know("LOG404", "WARNING", "Session", "the session's timer is less exact than it should be", "session")
_know("LOG405", "ERROR", "Input", "reading input failed", "input")
_know("LOG406", "INFO", "Input", "a keyboard was found", "input")
_know("LOG407", "INFO", "Input", "a keyboard was given to an agent", "input")
_know("LOG408", "INFO", "LiveTelemetry", "the live controller was initialised", "live")
_know("LOG409", "INFO", "LiveTelemetry", "the live controller's thread started", "live")
_know("LOG410", "INFO", "LiveTelemetry", "the live controller's thread stopped", "live")
_know("LOG411", "WARNING", "LiveTelemetry", "the live controller's thread did not stop in time", "live", "timeout")
_know("LOG412", "WARNING", "LiveTelemetry", "the live controller is running already", "live")
_know("LOG413", "INFO", "LiveTelemetry", "a run was subscribed", "live", "subscription")
_know("LOG414", "INFO", "LiveTelemetry", "a run was unsubscribed", "live", "subscription")
_know("LOG415", "WARNING", "LiveTelemetry", "the run was subscribed already", "live", "subscription")
_know("LOG416", "INFO", "LiveTelemetry", "the bus of a run was subscribed", "live", "subscription")
_know("LOG417", "INFO", "LiveTelemetry", "a run completed", "live")
_know("LOG418", "WARNING", "LiveTelemetry", "the live queue overflowed", "live", "overflow")
_know("LOG419", "INFO", "LiveTelemetry", "steps that waited were passed on", "live", "buffer")
_know("LOG420", "INFO", "LiveTelemetry", "episodes that waited were passed on", "live", "buffer")
_know("LOG421", "WARNING", "LiveTelemetry", "an event that waited was dropped", "live", "buffer", "overflow")
_know("LOG422", "ERROR", "LiveTelemetry", "the controller's thread failed", "live", "fault")
_know("LOG423", "ERROR", "LiveTelemetry", "an update could not be passed on", "live", "fault")
_know("LOG424", "ERROR", "LiveTelemetry", "a live tab could not be added", "live", "fault")
_know("LOG425", "INFO", "LiveTelemetry", "a stream has no credit left", "live", "credits", "starved")
_know("LOG427", "INFO", "LiveTelemetry", "the controller's loop ended", "live")
_know("LOG428", "ERROR", "LiveTelemetry", "a stream could not be subscribed", "live", "subscription", "fault")
_know("LOG429", "WARNING", "LiveTelemetry", "an event came for a run that is deleted", "live", "after-delete")
_know("LOG430", "INFO", "LiveTelemetry", "a live tab was asked for", "live")
_know("LOG954", "INFO", "LiveTelemetry", "the depth of the view's queue was measured", "live", "queue")
_know("LOG4071", "ERROR", "Input", "keyboards could not be searched for", "input")
_know("LOG4074", "ERROR", "Input", "keyboards could not be watched", "input")
_know("LOG4076", "WARNING", "Input", "there are no key combinations for this environment", "input")
