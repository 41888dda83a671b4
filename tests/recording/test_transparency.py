"""Recording changes nothing that the training loop sees, whatever the environment returns."""

from __future__ import annotations

import gc
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
import pytest

import cornerman
from cornerman.core.errors import InvalidOption


class Scripted(gymnasium.Env):
    """Returns, step by step, exactly what it was told to."""

    observation_space: Any = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space: Any = gymnasium.spaces.Discrete(2)

    def __init__(self, results: list[Any] | None = None) -> None:
        self.results = results or []
        self.at = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> Any:
        result = self.results[self.at]
        self.at += 1
        if isinstance(result, Exception):
            raise result
        return result


def plain(**changes: Any) -> tuple[Any, ...]:
    parts = {"observation": np.ones(3, np.float32), "reward": 1.0, "terminated": False, "truncated": False, "info": {}}
    return tuple((parts | changes).values())


class Unfriendly:
    """Cannot be encoded, and says so loudly."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __reduce__(self) -> Any:
        raise RuntimeError("no")


ODD: dict[str, dict[str, Any]] = {
    "nan": {"observation": np.array([np.nan, np.inf, -np.inf], np.float32), "reward": float("nan")},
    "wrong dtype": {"observation": np.array([1, 2, 3], np.float64)},
    "wrong shape": {"observation": np.ones((2, 2), np.float32)},
    "same bytes, other shape": {"observation": np.ones((3, 1), np.float32)},
    "no array at all": {"observation": "text"},
    "none": {"observation": None, "reward": None},
    "object in info": {"info": {"thing": Unfriendly(), "n": 1}},
    "info of 10 MB": {"info": {"big": np.arange(1_310_720, dtype=np.float64)}},
    "info with odd keys": {"info": {1: "a", (2, 3): None, "ok": {"deep": [1, (2, 3)]}}},
    "huge integer": {"info": {"n": 2**80}, "reward": 10**400},
    "numpy flags": {"terminated": np.True_, "truncated": np.False_},
    "surrogates": {"info": {"path": "\udcff"}},
    "reward array": {"reward": np.array([1.0, 2.0])},
}


@pytest.mark.parametrize("case", ODD)
def test_odd_steps_are_returned_as_they_are_and_kept(tmp_path: Path, case: str) -> None:
    """NaN, other dtypes and shapes, objects, ten megabytes: the loop gets the very object, the store the value."""
    results = [plain(), plain(), plain(**ODD[case]), plain(), plain(terminated=True)]
    env = cornerman.record(Scripted(results), store=tmp_path)
    env.reset(seed=1)
    for result in results:
        assert env.step(1) is result
    env.close()
    with cornerman.open_store(tmp_path) as store:
        run = store.run("latest")
        assert run.step_count == 5
        assert run.summary().ledger.balanced
        assert not run.summary().ledger.dropped
        step = run.streams()[0].step(3)
        expected = results[2]
        if isinstance(expected[0], np.ndarray):
            assert step.observation.dtype == expected[0].dtype
            assert step.observation.tobytes() == expected[0].tobytes()
            assert step.observation.shape == expected[0].shape
        else:
            assert step.observation == expected[0]
        if case == "info of 10 MB":
            assert np.array_equal(step.info["big"], expected[4]["big"])
        if case == "object in info":
            assert step.info["n"] == 1
            assert "Unfriendly" in str(step.info["thing"])


def test_an_exception_of_the_environment_passes_through(tmp_path: Path) -> None:
    """The loop gets the environment's own error; the steps before it are there."""
    env = cornerman.record(Scripted([plain(), KeyError("mine"), plain()]), store=tmp_path)
    env.reset()
    env.step(0)
    with pytest.raises(KeyError, match="mine"):
        env.step(0)
    env.step(0)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert store.run("latest").step_count == 2


def test_a_fault_inside_the_recorder_never_reaches_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted as lost, by the cause `fault`."""
    from cornerman.adapters.recorder import Recorder

    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    monkeypatch.setattr(Recorder, "_record_step", lambda *_: 1 / 0)
    env.reset(seed=1)
    env.step(0)
    assert env.cornerman.status()["lost"] == {"fault": 1}  # type: ignore[attr-defined]


def test_the_spec_makes_the_recorded_environment_again(tmp_path: Path) -> None:
    """`gymnasium.make(env.spec)` gives the same environment, recorded the same way."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), job="again", store=tmp_path, frames="none")
    assert env.spec is not None
    twin = gymnasium.make(env.spec)
    twin.reset(seed=1)
    twin.step(0)
    twin.close()
    with cornerman.open_store(tmp_path) as store:
        assert [run.summary().job for run in store.runs()] == ["again"]


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_a_pickled_wrapper_records_a_stream_of_its_own(tmp_path: Path, pickler: Any) -> None:
    """Nothing is lost, nothing doubled: the copy's steps are its own."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    env.reset(seed=1)
    for _ in range(5):
        env.step(0)
    copy = pickler.loads(pickler.dumps(env))
    copy.reset(seed=2)
    copy.step(1)
    env.step(0)
    env.close()
    copy.close()
    with cornerman.open_store(tmp_path) as store:
        counts = sorted(stream.summary().step_count for stream in store.run("latest").streams())
        assert counts == [1, 6]


def test_dropping_the_wrapper_ends_the_stream(tmp_path: Path) -> None:
    """Closing is optional: an environment that is forgotten is sealed."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    env.reset(seed=1)
    env.step(0)
    del env
    gc.collect()
    with cornerman.open_store(tmp_path) as store:
        assert store.run("latest").summary().state == "done"


def script(tmp_path: Path, text: str) -> None:
    path = tmp_path / "train.py"
    path.write_text("import os, sys, gymnasium, cornerman\nstore = sys.argv[1]\n" + text)
    subprocess.run([sys.executable, str(path), str(tmp_path / "store")], check=True, timeout=60)


def test_a_clean_exit_without_close_loses_nothing(tmp_path: Path) -> None:
    """The interpreter's end seals what is open, and the run is done, not interrupted."""
    script(
        tmp_path,
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=store)\nenv.reset(seed=1)\n"
        "for _ in range(7): env.step(0)\n",
    )
    with cornerman.open_store(tmp_path / "store") as store:
        assert store.run("latest").step_count == 7
        assert store.run("latest").summary().state == "done"


def test_a_forked_child_records_a_stream_of_its_own(tmp_path: Path) -> None:
    """Parent and child go on stepping the same object; every step is there once."""
    script(
        tmp_path,
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=store)\nenv.reset(seed=1)\n"
        "for _ in range(5): env.step(0)\n"
        "pid = os.fork()\n"
        "env.reset()\n"
        "for _ in range(3 if pid else 4): env.step(1)\n"
        "if pid: os.waitpid(pid, 0)\n",
    )
    with cornerman.open_store(tmp_path / "store") as store:
        counts = sorted(stream.summary().step_count for stream in store.run("latest").streams())
        assert counts == [4, 8]
        assert store.run("latest").summary().ledger.balanced


def test_exec_loses_nothing(tmp_path: Path) -> None:
    """A program that replaces itself leaves its journal, like a killed one."""
    script(
        tmp_path,
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=store)\nenv.reset(seed=1)\n"
        "for _ in range(6): env.step(0)\n"
        "os.execv(sys.executable, [sys.executable, '-c', 'pass'])\n",
    )
    with cornerman.open_store(tmp_path / "store") as store:
        run = store.run("latest")
        assert run.step_count == 6
        assert run.summary().state == "interrupted"


def test_workers_of_an_async_vector_environment_are_streams_of_one_run(tmp_path: Path) -> None:
    """`record()` inside the workers, and beside them in the parent."""
    code = (
        "def make():\n"
        "    return cornerman.record(gymnasium.make('CartPole-v1'), store=store, job='workers', name='worker')\n"
        "if __name__ == '__main__':\n"
        "    env = gymnasium.vector.AsyncVectorEnv([make] * 2, context='CONTEXT')\n"
        "    env.reset(seed=1)\n"
        "    for _ in range(5): env.step(env.action_space.sample())\n"
        "    env.close()\n"
        "    extra = cornerman.record(gymnasium.make('CartPole-v1'), store=store, job='workers', name='evaluation')\n"
        "    extra.reset(seed=1); extra.step(0)\n"
    )
    for number, context in enumerate(("fork", "spawn"), start=1):
        script(tmp_path, code.replace("CONTEXT", context))
        with cornerman.open_store(tmp_path / "store") as store:
            assert len(store.runs()) == number
            names = sorted(stream.summary().name for stream in store.runs()[0].streams())
            assert names == ["evaluation", "worker", "worker"]


def test_an_environment_that_is_only_reset_is_done_when_it_is_closed(tmp_path: Path) -> None:
    """Not interrupted: nothing was cut short."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    env.reset(seed=1)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert store.run("latest").summary().state == "done"


def test_two_environments_of_a_process_are_streams_of_one_run(tmp_path: Path) -> None:
    """Training and evaluation stand side by side."""
    for name in ("train", "evaluate"):
        env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, job="both", name=name)
        env.reset(seed=1)
        env.step(0)
        env.close()
    with cornerman.open_store(tmp_path) as store:
        (run,) = store.runs()
        assert sorted(stream.summary().name for stream in run.streams()) == ["evaluate", "train"]


def test_recording_again_after_close_is_another_stream(tmp_path: Path) -> None:
    """A closed environment that is stepped on loses nothing."""
    env = cornerman.record(Scripted([plain()] * 4), store=tmp_path)
    env.reset()
    env.step(0)
    env.close()
    env.reset()
    env.step(0)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert [stream.summary().step_count for stream in store.run("latest").streams()] == [1, 1]


def test_what_cannot_be_recorded_is_refused_with_the_remedy() -> None:
    """Before anything runs, and in words."""
    with pytest.raises(InvalidOption, match=r"gymnasium\.make"):
        cornerman.record("CartPole-v1")  # type: ignore[type-var]
    with pytest.raises(InvalidOption, match="every"):
        cornerman.record(gymnasium.make("CartPole-v1"), frames="sometimes")


def test_a_step_bound_before_the_first_reset_is_recorded_at_full_speed(tmp_path: Path) -> None:
    """`step = env.step` outside the loop: it goes on to the function that was compiled since."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    step = env.step
    env.reset(seed=1)
    step(0)
    slow = env._recorder.slow  # type: ignore[attr-defined]
    env._recorder.slow = lambda *_: pytest.fail("the general way was taken")  # type: ignore[attr-defined]
    step(0)
    env._recorder.slow = slow  # type: ignore[attr-defined]
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert store.run("latest").step_count == 2


def test_recording_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable, and the loop runs bare."""
    monkeypatch.setenv("CORNERMAN_PRODUCER_ENABLED", "false")
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path / "store")
    env.reset(seed=1)
    env.step(0)
    env.close()
    assert not (tmp_path / "store").exists()


def test_the_store_of_the_configuration_is_recorded_into_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One definition of where the store is: `record()` and `open_store()` without a path meet in it."""
    config = tmp_path / "config.toml"
    config.write_text(f'[identity]\nstore = "{tmp_path / "named"}"\n')
    monkeypatch.delenv("CORNERMAN_STORE")
    monkeypatch.setenv("CORNERMAN_CONFIG", str(config))
    env = cornerman.record(gymnasium.make("CartPole-v1"))
    env.reset(seed=1)
    env.step(0)
    env.close()
    with cornerman.open_store() as store:
        assert store.path == tmp_path / "named"
        assert store.run("latest").step_count == 1


def test_ctrl_c_ends_a_recorded_script_as_any_other(tmp_path: Path) -> None:
    """It dies of SIGINT, so that a shell's loop over scripts ends too; everything is stored, and its run says how it
    ended."""
    script = (
        "import sys, time, cornerman, gymnasium\n"
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1]); env.reset(); env.step(0)\n"
        "print('recording', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"recording\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == -signal.SIGINT
    with cornerman.open_store(tmp_path) as store:
        summary = store.run().summary()
        assert (summary.state, summary.step_count) == ("interrupted", 1)
        assert summary.command is not None
        assert summary.command.ended == "ended by SIGINT"
