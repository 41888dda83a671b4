"""What is added to the catalogue from outside: by the user, and by other packages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cornerman import log_catalog
from cornerman.core.log_lines.output import Context, OutputLines
from cornerman.log_catalog import (
    CatalogError,
    captured,
    component_of_logger,
    get_constant_by_code,
    register_code,
    register_log_domain,
)
from cornerman.log_catalog import registered as user


@pytest.fixture(autouse=True)
def look_again() -> Iterator[None]:
    """Each test has a home of its own: what was read of the last one's is forgotten."""
    user._seen = user._Seen()
    yield
    user._seen = user._Seen()


def test_a_registered_code_is_known_to_every_program() -> None:
    """Kept beside the settings, so the next process knows it too."""
    register_code("LOG2001", "INFO", "Rollout", "a rollout was collected", subcomponent="PPO", tags=("ppo",))
    found = get_constant_by_code("LOG2001")
    assert found is not None
    assert (found.component, found.subcomponent, found.tags, found.source) == ("Rollout", "PPO", ("ppo",), "registered")
    program = "from cornerman.log_catalog import get_constant_by_code as g; print(g('LOG2001').message)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert answer.stdout == "a rollout was collected\n"
    assert "Rollout" in log_catalog.list_known_components()
    assert log_catalog.get_component_snapshot()["Rollout"].source == "registered"


def test_registering_twice_changes_nothing() -> None:
    """Another meaning under the same code is refused, unless it is to be replaced; forgetting undoes it."""
    for _ in range(2):
        register_code("LOG2001", "INFO", "Rollout", "a rollout was collected")
    with pytest.raises(CatalogError, match="registered already"):
        register_code("LOG2001", "ERROR", "Rollout", "a rollout failed")
    assert register_code("LOG2001", "ERROR", "Rollout", "a rollout failed", replace=True).level == "ERROR"
    assert log_catalog.forget_code("LOG2001")
    assert not log_catalog.forget_code("LOG2001")
    assert get_constant_by_code("LOG2001") is None


@pytest.mark.parametrize(
    ("code", "why"),
    [("LOG512", "already means"), ("LOG1110", "already means"), ("LOG1199", "Recorder's"), ("X1", "no code")],
)
def test_a_code_that_is_taken_cannot_be_registered(code: str, why: str) -> None:
    """Neither one that means something nor one that a later version of ours may use."""
    with pytest.raises(CatalogError, match=why):
        register_code(code, "INFO", "Mine", "something happened")
    assert not user.words_file().exists()


def test_a_logger_belongs_to_a_component() -> None:
    """Also the loggers below it; the nearest name decides. Saying it twice changes nothing."""
    for _ in range(2):
        register_log_domain("torchrl", "Worker")
    register_log_domain("torchrl.collectors", "Collector")
    assert component_of_logger("torchrl.envs.gym") == "Worker"
    assert component_of_logger("torchrl.collectors.sync") == "Collector"
    assert component_of_logger("torchrlx") is None
    assert log_catalog.get_component_snapshot()["Worker"].loggers == ("torchrl",)
    assert "Collector" in log_catalog.list_known_components()


def test_two_at_once_lose_nothing() -> None:
    """The file is read, changed and replaced under a lock."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: register_code(f"LOG{2100 + n}", "INFO", "Mine", "something happened"), range(24)))
    content = json.loads(user.words_file().read_text())
    assert len(content["codes"]) == 24
    assert sorted(path.name for path in user.words_file().parent.iterdir()) == [
        ".log-words.json.lock",
        "log-words.json",
    ]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"codes": 3, "loggers": {}}', '{"codes": [{"code": "LOG2"}], "loggers": {}}']
)
def test_a_file_that_cannot_be_read_is_said_and_left_alone(text: str) -> None:
    """The catalogue works without it; registering refuses rather than replace what somebody wrote."""
    user.words_file().parent.mkdir(parents=True)
    user.words_file().write_text(text)
    with captured() as events:
        assert get_constant_by_code("LOG2001") is None
        assert get_constant_by_code("LOG512") is not None
    assert [event.constant.code for event in events] == ["LOG1911"]
    with pytest.raises(CatalogError, match="nothing was changed"):
        register_code("LOG2001", "INFO", "Mine", "something happened")
    assert user.words_file().read_text() == text


DEFINED_THERE = ".define('LOG1659', 'INFO', 'A', 'b')"
PACKAGE = """
from cornerman.log_catalog import component
WORDS = component("Sheep", range(7000, 7100), source="known")
WORDS.define("LOG7001", "INFO", "Shearing", "a sheep was shorn")
"""


def installed(folder: Path, module: str, text: str) -> None:
    """A package as an installer leaves it: a module, and the entry point that names it."""
    (folder / f"{module}.py").write_text(text)
    facts = folder / f"{module}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[cornerman.log_components]\n{module} = {module}\n")


def asked(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    header = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom cornerman.log_catalog import *\n"
    command = [sys.executable, "-c", header + program]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)


def test_another_package_brings_its_own_component(tmp_path: Path) -> None:
    """One line in its packaging: its codes are known, its component is listed."""
    installed(tmp_path, "sheep_words", PACKAGE)
    answer = asked(tmp_path, "print(get_constant_by_code('LOG7001').message, 'Sheep' in list_known_components())")
    assert answer.stdout == "a sheep was shorn True\n"
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise RuntimeError('no')", "no"),
        (PACKAGE.replace("7000, 7100", "6999, 7002").replace("LOG7001", "LOG701"), "not one of"),
        (PACKAGE.replace("range(7000, 7100)", "range(2000, 2100)").replace("7001", "2001"), "LOG5000"),
        (PACKAGE + "component('Store', range(7200, 7210))", "already"),
        (
            PACKAGE + "component('Legacy', range(1640, 1660), of_runs=False).define('LOG1659', 'INFO', 'A', 'b')",
            "not its own",
        ),
    ],
)
def test_a_broken_package_is_said_once_and_left_out(tmp_path: Path, text: str, why: str) -> None:
    """As a whole: of what it had defined before it failed nothing stays, and the rest of the catalogue works."""
    installed(tmp_path, "broken_words", text)
    answer = asked(tmp_path, "print(get_constant_by_code('LOG7001'), get_constant_by_code('LOG512').level)\ncatalog()")
    assert answer.stdout == "None DEBUG\n"
    assert answer.stderr.count("LOG1910") == 1
    assert why in answer.stderr


def test_a_running_bridge_sees_what_is_registered_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within two seconds, and without being started again: code and logger alike."""
    lines = OutputLines(Context(run_id="R1", output="stdout"))

    def read(text: str) -> tuple[str, str]:
        (record,) = [*lines.feed(text.encode() + b"\n", 1), *lines.tick(10**9)]
        return record.component, record.source

    assert read("LOG2001 | a rollout") == ("", "other")
    assert read('{"level": "info", "logger": "torchrl.envs", "msg": "made", "time": 1795679223}') == ("", "other")
    words = {"level": "INFO", "component": "Rollout", "subcomponent": "", "message": "m", "tags": []}
    user.words_file().parent.mkdir(parents=True)
    user.words_file().write_text(
        json.dumps({"codes": [{"code": "LOG2001", **words}], "loggers": {"torchrl": "Worker"}})
    )
    monkeypatch.setattr(user, "LOOK_AGAIN_SECONDS", 0)
    user._seen.due = 0
    assert read("LOG2001 | a rollout") == ("Rollout", "known")
    assert read('{"level": "info", "logger": "torchrl.envs", "msg": "made", "time": 1795679223}') == ("Worker", "other")
