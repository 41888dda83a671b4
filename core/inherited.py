"""Which run this program was started into, by the variables that it found: read once, before it sets them for its own
children."""

from __future__ import annotations

import os

BRIDGE_VARIABLE = "CORNERMAN_BRIDGE"
"""Names the run that `cornerman run` made for a command: all that it records belongs to that run, whatever its job."""
RUN, JOB = os.environ.get("CORNERMAN_RUN"), os.environ.get("CORNERMAN_JOB")
BRIDGED = RUN is not None and os.environ.get(BRIDGE_VARIABLE) == RUN
"""Whether `cornerman run` runs this program, and so reads what it writes."""
