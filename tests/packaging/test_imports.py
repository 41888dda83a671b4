"""Who loads what: measured in fresh interpreters, because a lazy import is only seen where it does not happen."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"apsw", "gymnasium", "msgspec", "numpy", "pydantic", "structlog", "textual", "zstandard"}
TERMINAL = {"pydantic", "rich", "textual", "textual_plotext", "watchfiles"}
ENVIRONMENTS = {"Box2D", "gymnasium", "pygame"}


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in memory after a statement, in an interpreter of its own."""
    program = (
        f"{statement}\nimport json, sys; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    answer = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout.splitlines()[-1]))


def needs(module: str) -> None:
    """Skip while a module has not landed; from then on the promise holds."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not there yet")


def test_import_cornerman_loads_nothing_heavy() -> None:
    """A training script pays for the import in microseconds until it records."""
    assert loaded_by("import cornerman") & HEAVY == set()


def test_recording_never_loads_the_terminal() -> None:
    """The training process carries no screen, no settings model and no file watcher."""
    needs("cornerman.adapters.record")
    assert loaded_by("import cornerman.adapters.record") & TERMINAL == set()
    assert loaded_by("import cornerman; cornerman.record") & TERMINAL == set()


def test_the_self_test_never_loads_the_terminal() -> None:
    """What it measures is what a training process carries."""
    statement = "import cornerman.tui.commands.selftest, cornerman.adapters.selftest.suite"
    assert loaded_by(statement) & TERMINAL == set()


def test_reading_loads_neither_the_terminal_nor_environments() -> None:
    """A notebook that opens a store pays for the store."""
    needs("cornerman.store.api")
    assert loaded_by("import cornerman; cornerman.open_store") & (TERMINAL | ENVIRONMENTS) == set()


def test_watching_never_loads_gymnasium() -> None:
    """The terminal shows runs on hosts where no environment library is installed."""
    needs("cornerman.tui.app")
    assert loaded_by("import cornerman.tui.app") & ENVIRONMENTS == set()


def test_the_command_line_loads_no_screen_until_it_shows_one() -> None:
    """Headless commands run in batch jobs; they never import Textual."""
    needs("cornerman.tui.cli")
    assert loaded_by("import cornerman.tui.cli") & (ENVIRONMENTS | {"textual"}) == set()
    help_text = (
        "import contextlib, io, sys\nsys.argv = ['cornerman', '--help']\nfrom cornerman.tui.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()"
    )
    assert loaded_by(help_text) & (ENVIRONMENTS | {"textual"}) == set()


@pytest.mark.slow
def test_layer_contracts_hold(checkout: Path) -> None:
    """Imports point down; import-linter reads the contracts in pyproject.toml."""
    environment = dict(os.environ, PYTHONPATH=str(checkout / "tests" / "_ns"))
    program = (
        "import sys; sys.argv.append('--no-cache'); from importlinter.cli import lint_imports_command as run; run()"
    )
    linter = [sys.executable, "-c", program]
    answer = subprocess.run(linter, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_links_for_the_checkers_are_right(checkout: Path) -> None:
    """`just links` recreates them where a checkout lost them."""
    namespace = checkout / "tests" / "_ns" / "cornerman"
    for folder in ("adapters", "core", "log_catalog", "store", "tui"):
        assert (namespace / folder).resolve() == checkout / folder
    for file in ("__init__.py", "__main__.py", "py.typed"):
        assert (namespace / file).resolve() == checkout / "core" / "_package" / file
