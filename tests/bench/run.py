"""Measure: `python tests/bench/run.py [program[:part] …] [--quick] [--json FILE] [--markdown FILE]`; or `--help`."""

import sys
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # the programs are a package: they import one another by dots

if __name__ == "__main__":
    sys.exit(import_module("bench.command").main())
