"""A run's folder: identity, inputs and provenance, written once, checked by `verify`, gone with the run."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from command_line import Cornerman
from recordings import Recording, Walk

import cornerman
from cornerman.core.errors import InvalidOption
from cornerman.core.payloads import run_manifest_v1
from cornerman.core.run_inputs import Input, Inputs
from cornerman.store import run_folder

SCRIPT = """
import sys, gymnasium, cornerman
env = cornerman.record(gymnasium.make("CartPole-v1"), job=sys.argv[1], store=sys.argv[2], inputs=sys.argv[3:] or None)
env.reset(seed=1)
for _ in range(20):
    env.step(env.action_space.sample())
    env.reset()
print(env.cornerman.run_id)
"""


class Script:
    """A training script of a user's, with a configuration beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, folder / "store"
        self.file, self.config = folder / "train.py", folder / "config.yaml"
        self.file.write_text(SCRIPT)
        self.config.write_text("learning_rate: 0.1\n")

    def run(self, job: str = "job", *inputs: Path, **environment: str) -> str:
        """The id of the run it was."""
        command = [sys.executable, str(self.file), job, str(self.store), *map(str, inputs)]
        answer = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, cwd="/")
        assert answer.returncode == 0, answer.stderr
        assert "LOG" not in answer.stderr, answer.stderr
        return answer.stdout.strip()


def findings(path: Path) -> list[str]:
    with cornerman.open_store(path) as store:
        return [str(finding) for finding in store.verify()]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


def test_the_folder_has_the_script_the_inputs_and_the_manifest(script: Script) -> None:
    """Byte for byte, with the SHA-256 of each and one hash for all; `verify` finds it sound."""
    run_id = script.run("baseline", script.config)
    folder = script.store / "runs" / "baseline" / run_id
    manifest = run_manifest_v1.decode((folder / "manifest.json").read_bytes())
    assert (manifest.run_id, manifest.job) == (run_id, "baseline")
    assert {name: (folder / item.path).read_bytes() for name, item in manifest.inputs.items()} == {
        "script": script.file.read_bytes(),
        "config.yaml": script.config.read_bytes(),
    }
    assert manifest.inputs["config.yaml"].sha256 == hashlib.sha256(script.config.read_bytes()).hexdigest()
    assert manifest.provenance["command"][1] == str(script.file)
    with cornerman.open_store(script.store) as store:
        run = store.run()
        assert run.folder == folder
        assert run.summary().provenance["inputs_hash"] == manifest.inputs_hash != ""
    assert findings(script.store) == []


def test_settings_name_the_job_and_the_user(tmp_path: Path) -> None:
    """Without `job=`, the configuration's holds, for all of a program; provenance has the user it names."""
    program = "import gymnasium, cornerman, sys\nfor name in 'ab':\n    env = gymnasium.make('CartPole-v1')\n"
    program += "    cornerman.record(env, store=sys.argv[1], name=name).reset()\n"
    settings = {"CORNERMAN_JOB": "nightly", "CORNERMAN_USER": "rig-7"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "store")], check=True, env={**os.environ, **settings})
    with cornerman.open_store(tmp_path / "store") as store:
        (run,) = store.runs()
        assert run.job == "nightly"
        assert store.run(run.run_id).summary().provenance["user"] == "rig-7"


def test_the_manifest_is_plain_json_of_its_published_schema(script: Script) -> None:
    from cornerman.core.published import published
    from cornerman.core.schema import validator

    folder = script.store / "runs" / "job" / script.run()
    (document,) = [one for one in published() if one.id == "cornerman.run_manifest"]
    assert validator(document.schema).problems(json.loads((folder / "manifest.json").read_text())) == []


def test_the_id_is_derived_from_named_inputs(script: Script) -> None:
    """The same inputs give the same beginning, each attempt an end of its own; other inputs another beginning."""
    first, again = script.run("job", script.config), script.run("job", script.config)
    assert first != again
    assert first.split("-")[0] == again.split("-")[0]
    script.config.write_text("learning_rate: 0.2\n")
    assert script.run("job", script.config).split("-")[0] != first.split("-")[0]
    assert "-" not in script.run("job"), "nothing was named: the id is drawn"


@pytest.mark.parametrize("job", ["../../etc", "x" * 300, ".", "a/b", "tab\there", "", "a\0b", "\n"])
def test_a_hostile_job_stays_inside_the_store(tmp_path: Path, job: str) -> None:
    """An empty name is none: the script's is taken."""
    Recording(tmp_path / "store", job=job).run(10).close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]
    (manifest,) = (tmp_path / "store" / "runs").glob("*/*/manifest.json")
    assert json.loads(manifest.read_text())["job"] == job or not job
    assert findings(tmp_path / "store") == []


def test_a_hostile_run_id_stays_inside_the_store(script: Script) -> None:
    """It may come from the environment of somebody else's launcher."""
    script.run("job", CORNERMAN_RUN="../../../out", CORNERMAN_JOB="job")
    (manifest,) = script.folder.rglob("manifest.json")
    assert manifest.parents[2] == script.store / "runs"


CHANGES = {
    "an input": lambda folder: (folder / "inputs" / "config.yaml").write_text("learning_rate: 9\n"),
    "an input that is gone": lambda folder: (folder / "inputs" / "config.yaml").unlink(),
    "the manifest": lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace('"job": "job"', '"job": "jab"')
    ),
    "the manifest's end": lambda folder: (folder / "manifest.json").write_text("{"),
    "the manifest that is gone": lambda folder: (folder / "manifest.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_verify_notices_what_was_changed(tmp_path: Path, change: Any) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("learning_rate: 0.1\n")
    Recording(tmp_path / "store", job="job", inputs=config).run(5).close()
    (folder,) = (tmp_path / "store" / "runs" / "job").iterdir()
    for file in folder.rglob("*.*"):
        file.chmod(0o644)
    change(folder)
    assert [text.split(":")[0] for text in findings(tmp_path / "store")] == ["inputs"]


def test_it_is_written_once(script: Script) -> None:
    """A second worker of the run finds it there; its files are not for writing."""
    first = script.run("job", CORNERMAN_RUN="R", CORNERMAN_JOB="job")
    manifest = script.store / "runs" / "job" / "R" / "manifest.json"
    content, stat = manifest.read_bytes(), manifest.stat()
    script.file.write_text(SCRIPT + "# edited\n")
    assert script.run("job", script.config, CORNERMAN_RUN="R", CORNERMAN_JOB="job") == first == "R"
    assert manifest.read_bytes() == content
    assert manifest.stat().st_ino == stat.st_ino
    assert stat.st_mode & 0o222 == 0
    assert findings(script.store) == []


def _keep(store: str, number: int, start: Any) -> None:
    start.wait()
    inputs = Inputs([Input("n", "n.txt", str(number).encode() * 100_000)])
    manifest = run_manifest_v1.RunManifestV1(run_id="R", job="job", created_us=number)
    kept = run_folder.keep(Path(store), manifest, inputs)
    assert list(run_folder.problems(Path(store), "job", "R", kept.facts)) == []


def test_workers_that_begin_at_once_agree(tmp_path: Path) -> None:
    """One of them wins, whole; nothing is left beside it."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(6)
    workers = [context.Process(target=_keep, args=(str(tmp_path), number, start)) for number in range(1, 7)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert [entry.name for entry in (tmp_path / "runs").iterdir()] == ["job"]


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "runs" / ".new-OLD", tmp_path / "runs" / ".new-NEW"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    run_folder.keep(tmp_path, run_manifest_v1.RunManifestV1(run_id="R", job="job", created_us=1), Inputs())
    assert not old.exists()
    assert new.exists(), "somebody may be at it"


def test_a_folder_that_cannot_be_written_costs_no_step(tmp_path: Path) -> None:
    """A file stands where the folder should be: the steps are recorded, and a note says what is missing."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "runs").write_text("in the way")
    Recording(store).run(50).close()
    with cornerman.open_store(store) as opened:
        run = opened.run()
        assert run.step_count == 50
        assert run.manifest() is None
        assert any("folder could not be written" in note for note in run.summary().notes)
    assert findings(store) == []


def test_inputs_that_come_too_late_are_said_to(tmp_path: Path) -> None:
    """The inputs of a run never change: another stream's are noted, not added."""
    late = tmp_path / "late.yaml"
    late.write_text("a: 1")
    Recording(tmp_path / "store", job="late").run(5).close()
    Recording(tmp_path / "store", job="late", inputs=late).run(5).close()
    with cornerman.open_store(tmp_path / "store") as store:
        run = store.run()
        manifest = run.manifest()
        assert manifest is not None
        assert "late.yaml" not in manifest.inputs
        assert any(str(late) in note for note in run.summary().notes)


def test_inputs_can_have_names(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1")
    Recording(tmp_path / "store", job="names", inputs={"../optimizer": file}).run(5).close()
    with cornerman.open_store(tmp_path / "store") as store:
        manifest = store.run().manifest()
        assert manifest is not None
        assert manifest.inputs["../optimizer"].path == "inputs/a.yaml"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "large", "nul"])
def test_an_input_that_cannot_be_kept_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """Before anything is recorded, and without waiting for a pipe that nobody writes."""
    path = tmp_path / "input"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(1 << 30)
    with pytest.raises(InvalidOption, match="input"):
        cornerman.record(Walk(), store=tmp_path / "store", inputs=[f"{path}\0" if kind == "nul" else path])
    assert not (tmp_path / "store").exists()


def test_the_wrapper_with_inputs_pickles_and_is_made_again(tmp_path: Path) -> None:
    import pickle

    file = tmp_path / "a.yaml"
    file.write_text("a: 1")
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path / "store", job="p", inputs=file)
    assert env.spec is not None
    assert gymnasium.make(env.spec).get_wrapper_attr("_saved_kwargs")["inputs"] == {"a.yaml": str(file)}
    file.unlink()
    again = pickle.loads(pickle.dumps(env))
    again.reset()
    again.step(0)
    again.close()
    env.close()


def test_a_deleted_run_takes_its_folder_with_it(script: Script) -> None:
    """And a worker of it that begins afterwards does not bring it back."""
    script.run("job", CORNERMAN_RUN="R", CORNERMAN_JOB="job")
    other = script.run("other")
    with cornerman.open_store(script.store) as store:
        assert store.delete("R") > (script.file.stat().st_size)
    script.run("job", CORNERMAN_RUN="R", CORNERMAN_JOB="job")
    assert [path.parent.name for path in (script.store / "runs").glob("*/*/manifest.json")] == [other]
    assert not (script.store / "runs" / "job").exists()


def test_the_command_keeps_policies_and_shows_where_they_are(tmp_path: Path) -> None:
    command = Cornerman(tmp_path / "store", tmp_path)
    (tmp_path / "lean.py").write_text("def act(observation):\n    return int(observation[2] > 0)\n")
    (tmp_path / "c.yaml").write_text("a: 1\n")
    arguments = ("--steps", "20", "--policy", "lean:act", "--input", "c.yaml")
    run_id = command.json("record", "CartPole-v1", *arguments)["run_id"]
    shown = command.json("show", run_id)
    assert shown["folder"] == str(tmp_path / "store" / "runs" / "CartPole-v1" / run_id)
    assert sorted(shown["inputs"]) == ["c.yaml", "lean.py"], "the command itself is no input"
    assert Path(shown["inputs"]["lean.py"]["path"]).read_text() == (tmp_path / "lean.py").read_text()
    assert f"{run_id}/inputs/lean.py" in command("show", run_id).stdout
    assert command("record", "CartPole-v1", "--input", "nowhere").returncode == 2
