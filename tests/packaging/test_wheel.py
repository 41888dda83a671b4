"""The wheel holds everything the checkout has, and works where only the product's own dependencies are."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

FOLDERS = ("adapters", "core", "log_catalog", "store", "tui")

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys

class Absent:
    "Refuses what only developers have, as a machine without it would."
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, {wheel!r})
import cornerman
assert cornerman.__file__.startswith({wheel!r}), cornerman.__file__
for found in pkgutil.walk_packages(cornerman.__path__, "cornerman."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
        print(found.name)
"""
DEVELOPERS_ONLY = {
    *("ale_py", "Box2D", "h5py", "hypothesis", "importlinter", "mcap", "minari", "mujoco", "mypy", "psutil"),
    *("pyarrow", "pygame", "pyright", "pytest", "syrupy"),
}


def test_packages_list_is_honest(checkout: Path, pyproject: dict[str, Any]) -> None:
    """A new folder with code works in an editable set-up and is missing from the wheel, unless it is in the list."""
    folders = [path.parent for top in FOLDERS for path in (checkout / top).rglob("__init__.py")]
    names = {"cornerman." + ".".join(folder.relative_to(checkout).parts) for folder in folders}
    names = names - {"cornerman.core._package"} | {"cornerman"}
    assert sorted(names) == sorted(pyproject["tool"]["setuptools"]["packages"])


def test_every_folder_of_code_says_why_it_exists(checkout: Path) -> None:
    """Each folder with Python files is a package, and its docstring is the newcomer's first answer."""
    for folder in {path.parent for top in FOLDERS for path in (checkout / top).rglob("*.py")}:
        init = folder / "__init__.py"
        assert init.exists(), f"{folder} has no __init__.py"
        assert init.read_text(encoding="utf-8").startswith('"""'), f"{init} does not say why the folder exists"


@pytest.mark.slow
def test_wheel_contains_every_file(checkout: Path, wheel: Path) -> None:
    """Code, SQL, styles and the typing mark: what lies in the five folders lies in the wheel."""
    kinds = {".py", ".sql", ".tcss", ".typed", ".json", ".txt"}
    files = [path for top in FOLDERS for path in (checkout / top).rglob("*") if path.is_file()]
    wanted = {f"cornerman/{path.relative_to(checkout).as_posix()}" for path in files if path.suffix in kinds}
    wanted |= {f"cornerman/{path.name}" for path in (checkout / "core/_package").iterdir() if path.is_file()}
    wanted = {name for name in wanted if "/_package/" not in name}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("cornerman/")}
    assert sorted(wanted - held) == []
    assert [name for name in sorted(held) if "_package" in name or "tests" in name.split("/")] == []


@pytest.mark.slow
def test_wheel_imports_without_what_developers_have(wheel: Path, tmp_path: Path) -> None:
    """Every module of the wheel imports where no test tool, benchmark peer or optional environment is installed."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = IMPORT_EVERYTHING.format(absent=DEVELOPERS_ONLY, wheel=str(tmp_path))
    answer = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "cornerman.log_catalog" in answer.stdout.split()


@pytest.mark.skipif("CORNERMAN_TESTED_WHEEL" not in os.environ, reason="only where a wheel is tested")
def test_the_installed_wheel_is_what_is_tested() -> None:
    """`.ci/bootstrap.py test` must not pass on the checkout by accident."""
    import cornerman

    assert cornerman.__file__ is not None
    assert "site-packages" in Path(cornerman.__file__).parts
