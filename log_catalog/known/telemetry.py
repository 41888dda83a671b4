"""What the durable queue of a telemetry bus says."""

from __future__ import annotations

from ..constant import component

TELEMETRY = component("Telemetry", range(957, 958), source="known")

TELEMETRY.define("LOG957", "INFO", "DBSink", "the depth of the durable queue was measured", "queue")
