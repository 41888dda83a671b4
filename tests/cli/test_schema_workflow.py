"""The workflow that judges pull requests: its own commands, run in a merge, with a `gh` that writes down its calls."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from git_repository import GitRepository

WORKFLOW = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "schema-check.yml"


class Judged(NamedTuple):
    """What a pull request got."""

    labels: list[str]
    comment: str
    code: int


GH = """echo "$@" >> {said}
for each in "$@"; do
  test ! -f "$each" || cat "$each" >> {said}
done
"""


def script_of(step: str) -> str:
    """The commands of a step, without the indentation of YAML."""
    (found,) = [each for each in WORKFLOW.read_text().split("\n      - ") if each.startswith(f"name: {step}\n")]
    commands = found.partition("\n        run: ")[2].removeprefix("|\n")
    return "\n".join(line.removeprefix(" " * 10) for line in commands.splitlines())


class PullRequest:
    """A scratch repository in which a branch was merged into another, and programs that stand in for GitHub's."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repository = folder, GitRepository(folder / "repository")
        self.said = folder / "gh.log"
        bin_ = folder / "bin"
        bin_.mkdir()
        _program(bin_ / "gh", GH.format(said=self.said))
        _program(bin_ / "cornerman", f'exec {sys.executable} -m cornerman "$@"\n')
        self.path = f"{bin_}{os.pathsep}{os.environ['PATH']}"

    def merge(self, base: dict[str, Any], head: dict[str, Any]) -> None:
        self.repository.write("schemas/ticks.json", base)
        self.repository.commit("base")
        self.repository.git("checkout", "--quiet", "-b", "change")
        self.repository.write("schemas/ticks.json", head)
        self.repository.commit("head")
        self.repository.git("checkout", "--quiet", "main")
        self.repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "change")

    def judge(self) -> Judged:
        """All three steps; the code is that of the job."""
        output = self.folder / "output"
        output.touch()
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.folder / "summary")}
        assert self._run("Judge", SCHEMAS="schemas", **files) == 0
        known = dict(line.split("=", 1) for line in output.read_text().splitlines())
        assert self._run("Label and comment", LABEL=known["label"], NUMBER="7") == 0
        said = self.said.read_text()
        labels = re.findall(r"^pr edit 7 --add-label (\S+)$", said, re.M)
        assert (self.folder / "summary").read_text() in said
        return Judged(labels, said, self._run("Verdict", CODE=known["code"]))

    def _run(self, step: str, **environment: str) -> int:
        # GitHub calls bash so where a step names no shell
        command = ["bash", "-e", "-c", script_of(step)]
        env = {**os.environ, "PATH": self.path, "COLUMNS": "80", **environment}
        return subprocess.run(command, cwd=self.repository.folder, env=env, check=False).returncode


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)


def ticks(version: str, **properties: Any) -> dict[str, Any]:
    return {"id": "ticks", "version": version, "type": "object", "properties": properties, "required": ["price"],
            "additionalProperties": False}  # fmt: skip


PRICE = {"price": {"type": "number"}}
RENAMED = {**ticks("2.0.0", last_price={"type": "number"}), "required": ["last_price"]}


@pytest.mark.parametrize(
    ("head", "label", "code"),
    [
        (ticks("1.1.0", **PRICE, size={"type": "integer"}), "schema:compatible", 0),
        (RENAMED, "schema:breaking", 0),
        ({**RENAMED, "version": "1.1.0"}, "schema:breaking", 1),
    ],
    ids=["compatible", "breaking with its MAJOR bump", "breaking without"],
)
def test_a_pull_request_is_labelled_commented_and_judged(
    tmp_path: Path, head: dict[str, Any], label: str, code: int
) -> None:
    pull = PullRequest(tmp_path)
    pull.merge(ticks("1.0.0", **PRICE), head)
    judged = pull.judge()
    assert (judged.labels, judged.code) == ([label], code)
    assert ("last_price" in judged.comment) == (label == "schema:breaking")
    assert (
        "pr edit 7 --remove-label " + {"schema:breaking": "schema:compatible"}.get(label, "schema:breaking")
        in judged.comment
    )
