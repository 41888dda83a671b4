"""The first command of the README, where a machine is not as we would like it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def bootstrap(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, working in a checkout of its own that holds only a pyproject.toml."""
    spec = spec_from_file_location("cornerman_bootstrap", checkout / ".ci" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_bytes((checkout / "pyproject.toml").read_bytes())
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    return module


def without(module: ModuleType, monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    """Make modules look as if the machine did not have them."""
    real = module.importlib.util.find_spec
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None if name in absent else real(name))


def test_a_machine_without_pip_is_told_the_remedy(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Python has neither ensurepip nor pip: say which package brings them, touch nothing."""
    without(bootstrap, monkeypatch, "ensurepip", "pip")
    environment = bootstrap.Environment(".venv")
    with pytest.raises(bootstrap.SetupFailed, match="apt install python3"):
        environment.create()
    assert not environment.folder.exists()


@pytest.mark.slow
def test_without_ensurepip_the_machines_pip_fills_the_environment(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip alone is enough: it installs into the environment from outside."""
    without(bootstrap, monkeypatch, "ensurepip")
    environment = bootstrap.Environment(".venv")
    environment.create()
    assert environment.works()
    assert not list(environment.bin.glob("pip*"))
    assert environment.pip("list")


def test_a_set_up_runs_once_per_fingerprint(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is installed; a changed pyproject.toml installs again."""
    installs: list[str] = []
    monkeypatch.setattr(bootstrap, "say", lambda text: None)
    environment = bootstrap.Environment(".venv")
    monkeypatch.setattr(environment, "works", lambda: environment.folder.exists())
    monkeypatch.setattr(environment, "create", lambda: environment.folder.mkdir(exist_ok=True))

    def install(where: object) -> str:
        installs.append("once")
        return "without box2d"

    assert bootstrap.set_up(environment, "run", install) == "without box2d"
    assert bootstrap.set_up(environment, "run", install) == "without box2d"
    assert len(installs) == 1
    with (bootstrap.CHECKOUT / "pyproject.toml").open("a") as file:
        file.write("\n# a new dependency\n")
    bootstrap.set_up(environment, "run", install)
    assert len(installs) == 2


def test_an_interrupted_set_up_is_not_taken_for_a_finished_one(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamp is written last."""
    environment = bootstrap.Environment(".venv")
    monkeypatch.setattr(environment, "works", lambda: True)
    monkeypatch.setattr(environment, "create", lambda: environment.folder.mkdir(exist_ok=True))

    def interrupted(where: object) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bootstrap.set_up(environment, "run", interrupted)
    assert environment.stamped() == ""


def test_where_box2d_cannot_be_had_the_rest_is_installed(bootstrap: ModuleType) -> None:
    """The demo then takes CartPole's pictures; the remark stays in the stamp so that it can say so."""
    asked: list[tuple[str, ...]] = []

    class Offline:
        def pip(self, *arguments: str, check: bool = True) -> bool:
            asked.append(arguments)
            return not any("box2d" in argument for argument in arguments)

    assert bootstrap.install_editable(Offline()) == bootstrap.NO_BOX2D
    assert [any("box2d" in argument for argument in call) for call in asked] == [True, False]


def test_something_else_in_the_place_of_the_environment_is_left_alone(bootstrap: ModuleType) -> None:
    """A folder called .venv that is no virtual environment is the user's."""
    kept = bootstrap.CHECKOUT / ".venv" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(bootstrap.SetupFailed, match="no virtual environment"):
        bootstrap.Environment(".venv").create()
    assert kept.read_text() == "mine"


def test_an_old_python_is_told_so(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a syntax error, not a traceback: the version that is needed and the one that was found."""
    said: list[str] = []
    monkeypatch.setattr(bootstrap, "say", said.append)
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    assert bootstrap.main(["demo"]) == 2
    assert "3.11 or later" in said[0]


def test_help_names_the_commands(checkout: Path) -> None:
    """Without an argument it explains itself and does nothing."""
    script = [sys.executable, str(checkout / ".ci" / "bootstrap.py")]
    answer = subprocess.run(script, capture_output=True, text=True, check=True)
    assert "bootstrap.py demo" in answer.stdout
    assert "bootstrap.py test" in answer.stdout


def test_dependency_groups_are_read_with_what_they_include(bootstrap: ModuleType) -> None:
    """Older pips have no --group."""
    group = bootstrap.dependency_group("dev")
    assert any(requirement.startswith("pytest>") for requirement in group)
    assert any(requirement.startswith("ruff>") for requirement in group)


def test_tests_run_on_every_core_unless_told_otherwise(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's own -n, or a debugger, wins."""
    monkeypatch.setattr(bootstrap.os, "cpu_count", lambda: 2)
    assert bootstrap.parallel([]) == ["-n", "2", "--dist", "worksteal"]
    assert bootstrap.parallel(["-n0"]) == []
    assert bootstrap.parallel(["--pdb"]) == []
