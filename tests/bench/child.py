"""One program in a process of its own: a line of JSON for each figure, as soon as it is there."""

from __future__ import annotations

import json
import logging
import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    program, part, length, folder = sys.argv[1:]
    logging.getLogger("gymnasium").setLevel(logging.ERROR)
    module = import_module(f"bench.{program}")
    for figure in module.measure(length == "quick", Path(folder), part):
        print(json.dumps(figure.as_json(), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
