"""The naming rules that ruff (N) does not know: of files and folders, of payload types, of variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cornerman.core.setting_keys import KEYS
from cornerman.core.variables import OTHERS

ROOT = Path(__file__).parents[2]
FOLDERS = ("log_catalog", "core", "store", "adapters", "tui")
CODE = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
pytestmark = pytest.mark.skipif(not CODE, reason="the code is installed, not checked out")


def test_modules_and_packages_have_lower_case_names() -> None:
    """Words in lower case, joined by underscores; `import_` because Python has the word."""
    names = [part for path in CODE for part in path.relative_to(ROOT).with_suffix("").parts]
    assert [name for name in set(names) if not re.fullmatch(r"_{0,2}[a-z][a-z0-9]*(_[a-z0-9]+)*_{0,2}", name)] == []


def test_payload_types_and_their_files_name_the_version() -> None:
    """`step_v1.py` defines `StepV1`: whoever writes the name of a payload says its version."""
    for path in (ROOT / "core" / "payloads").glob("*_v*.py"):
        version = path.stem.rpartition("_v")[2]
        types = re.findall(r"^class (\w+)\(.*payload_version", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(name.endswith(f"V{version}") for name in types), path.name


def test_every_variable_has_the_one_prefix() -> None:
    variables = [key.environment for key in KEYS.values()] + list(OTHERS)
    assert [name for name in variables if not re.fullmatch(r"CORNERMAN(_[A-Z0-9]+)+", name)] == []
