"""The line that starts a run again: what it was given comes along, once."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from cornerman.core.rerun import rerun_line
from cornerman.core.run_command import RunCommand

TRAIN = {"command": ["python", "train.py", "--lr", "0.1"], "cwd": "/work/my lander", "git": {"commit": "1a2b3c" * 6}}
RAN = RunCommand(run_id="r", job="night", command=("python", "train.py"), process="p", started_us=1)


def test_settings_that_were_not_built_in_come_along_as_variables() -> None:
    settings = {
        "producer": {"profile": "debug", "frames": "every=1", "sample": "every=10"},
        "storage": {"max_store_bytes": 1 << 30},
    }
    begin, _, rest = rerun_line({**TRAIN, "settings": settings}).rpartition(" && ")
    assert begin == "cd '/work/my lander' && git checkout 1a2b3c1a2b3c"
    assert rest.split() == [
        "CORNERMAN_PRODUCER_PROFILE=debug", "CORNERMAN_PRODUCER_SAMPLE=every=10",
        "CORNERMAN_STORAGE_MAX_STORE_BYTES='1", "GiB'", "python", "train.py", "--lr", "0.1",
    ]  # fmt: skip


def test_a_command_that_was_run_is_run_again_with_what_it_was_given() -> None:
    environment = {"A": "b c", "CORNERMAN_STORAGE_ROWS_PER_CHUNK": "64"}
    ran = replace(RAN, environment=environment, frames="none", resources={"cpus": "2"})
    again = rerun_line({"command": ["python", "train.py"], "settings": {"producer": {"profile": "atari"}}}, ran)
    assert again == (
        "cornerman run --job night --frames none --profile atari --set storage.rows_per_chunk=64 --env 'A=b c' --cpus 2"
        " -- python train.py"
    )


def test_what_the_command_says_itself_is_not_said_twice() -> None:
    command = ["cornerman", "record", "CartPole-v1", "--set", "storage.rows_per_chunk=64", "--profile", "debug"]
    settings = {"producer": {"profile": "debug", "frames": "every=1"}, "storage": {"rows_per_chunk": 64}}
    assert rerun_line({"command": command, "settings": settings}).startswith("cornerman record")
    assert rerun_line({}) == ""


def test_the_line_is_one_line_that_a_shell_reads_as_the_command_was() -> None:
    words = ["printf", "%s|", "two\nlines\tit's", "\\back", "ä $HOME \x1b"]
    line = rerun_line({"command": words})
    assert line.isprintable()
    assert subprocess.run(["bash", "-c", line], capture_output=True).stdout.decode() == "|".join([*words[2:], ""])
