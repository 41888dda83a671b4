"""Every log call of ours uses the catalogue: the source of all folders is read, call by call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cornerman import log_catalog

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("adapters", "core", "log_catalog", "store", "tui")
CODE = [path for top in FOLDERS for path in sorted((CHECKOUT / top).rglob("*.py"))]
MAY_SPEAK_TO_LOGGING = {"log_catalog/configuration.py", "log_catalog/fan_out.py", "log_catalog/worker_formatter.py"}
LEVEL_METHODS = {"debug", "info", "warning", "warn", "error", "exception", "critical"}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Every piece of every file, with where it is."""
    for path in CODE:
        name = path.relative_to(CHECKOUT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield name, node


NODES = list(nodes())


def test_there_is_something_to_read() -> None:
    """The folders are where this test looks for them."""
    assert {name.split("/")[0] for name, _ in NODES} == set(FOLDERS)


def test_no_constant_of_ours_is_unused() -> None:
    """Every constant that we emit is said somewhere; what is no longer said is deleted."""
    defined = {
        target.id
        for name, node in NODES
        if name.startswith("log_catalog/") and "/known/" not in name and isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.startswith("LOG_")
    }
    said = {
        node.id
        for _, node in NODES
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id.startswith("LOG_")
    }
    ours = [one for one in log_catalog.catalog().values() if one.source == "emitted"]
    assert len(defined) == len(ours)
    assert sorted(defined - said) == []


def test_log_is_called_with_constants_only() -> None:
    """No free text: what `log(…)` is given first is a name, of a constant or of a variable that holds one."""
    for name, node in NODES:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log":
            assert node.args, f"{name}:{node.lineno}"
            assert isinstance(node.args[0], ast.Name | ast.Attribute | ast.IfExp), f"{name}:{node.lineno}"


def test_a_constant_is_made_by_its_component_only() -> None:
    """Nobody builds a `LogConstant` past the checks, except where lines and files are read back."""
    for name, node in NODES:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "LogConstant":
            assert name.startswith("log_catalog/"), f"{name}:{node.lineno}"


def test_nobody_else_speaks_to_a_logging_library() -> None:
    """`logging` and `structlog` are imported in log_catalog only: the user's logging is never touched."""
    for name, node in NODES:
        if name in MAY_SPEAK_TO_LOGGING:
            continue
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert not {"logging", "structlog"} & {module.split(".")[0] for module in modules}, name


def test_no_line_goes_round_the_catalogue() -> None:
    """Nothing is said through a logger's own methods, nor by `warnings.warn` with a literal."""
    for name, node in NODES:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVEL_METHODS:
            literal = bool(node.args) and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
            assert not literal, f"{name}:{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("source", ["emitted", "known"])
def test_faults_have_codes_of_their_own(source: str) -> None:
    """Levels say something only if they differ: what is marked as a loss or fault is at least a warning."""
    for one in log_catalog.catalog().values():
        if one.source == source and {"fault", "loss"} & set(one.tags):
            assert one.severity >= 30, one
