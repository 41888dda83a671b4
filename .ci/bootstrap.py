#!/usr/bin/env python3
"""Set up Cornerman from a checkout and run it, with nothing but Python 3.11+ and pip on the machine.

    python3 .ci/bootstrap.py demo [options]     the demo; so does any other `cornerman` command: runs, doctor, …
    python3 .ci/bootstrap.py test [options]     build the wheel, install it beside the test tools, run the tests on it
    python3 .ci/bootstrap.py dev                a development set-up: editable, with every checker

System Pythons refuse a bare `pip install`, so each makes its own virtual environment in the checkout: `.venv` for demo
and dev, `.venv-test` for test. One is left alone until pyproject.toml, the Python or the checkout's place changes; a
stamp inside it, written last, says what it was made from, so an interrupted set-up is simply finished next time.

Everything it says goes to stderr. Only the standard library is used, in syntax that old Pythons can read far enough to
be told that they are too old.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
STAMP = "cornerman-set-up"
NO_BOX2D = "without box2d"
WHEEL_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "core", "store", "adapters", "log_catalog", "tui")


class SetupFailed(Exception):
    """Set-up cannot go on; the message says what the person can do about it."""


def say(text):
    print("[cornerman] " + text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------- virtual environments


class Environment:
    """One virtual environment of the checkout, and the pip that installs into it."""

    def __init__(self, folder):
        self.folder = CHECKOUT / folder
        self.bin = self.folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        self.stamp = self.folder / STAMP

    def stamped(self):
        """The note about the finished set-up, one line: fingerprint and remark; empty when there is none."""
        try:
            return self.stamp.read_text(encoding="utf-8").strip() if self.works() else ""
        except OSError:
            return ""

    def works(self):
        """Whether its interpreter is the one we run on: a Python that was upgraded or removed leaves a dead link."""
        probe = [str(self.python), "-c", "import sys; print(sys.version)"]
        try:
            answer = subprocess.run(probe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        return answer.stdout.strip() == sys.version

    def create(self):
        """Make it, unless it is there and works. What is in its place and is no virtual environment stays."""
        if self.works():
            return
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "pyvenv.cfg").exists():
            raise SetupFailed(f"{self.folder} is in the way and is no virtual environment. Move it and try again.")
        with_pip = importlib.util.find_spec("ensurepip") is not None
        if not with_pip and importlib.util.find_spec("pip") is None:
            raise SetupFailed(missing_pip())
        command = [sys.executable, "-m", "venv", "--clear", *([] if with_pip else ["--without-pip"]), str(self.folder)]
        answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if answer.returncode:
            raise SetupFailed(f"`{' '.join(command)}` failed:\n{answer.stdout}\n{missing_pip()}")

    def pip(self, *arguments, check=True):
        """Run pip on this environment: its own, or the machine's where it came without one. True when it went well."""
        own = any(self.bin.glob("pip*"))
        pip = [str(self.python), "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", str(self.python)]
        command = [*pip, "--disable-pip-version-check", "--quiet", *arguments]
        answer = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if answer.returncode and check:
            raise SetupFailed(
                f"`{' '.join(command)}` failed:\n{answer.stdout}\nMost often the package index cannot be reached: check"
                " the network, or PIP_INDEX_URL behind a proxy, and run the same command again."
            )
        return answer.returncode == 0


def missing_pip():
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"{sys.executable} can make no virtual environment with pip in it: ensurepip and pip are missing.\n"
        f"  Debian, Ubuntu:  sudo apt install python{version}-venv     (or: python3-pip)\n"
        f"  Fedora:          sudo dnf install python3-pip\n"
        f"  no root:         a Python from uv, conda or pyenv has both\n"
        "Then run the same command again."
    )


def project():
    import tomllib

    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


def fingerprint(purpose):
    """What a finished set-up depends on, so that the same again is done in no time."""
    facts = [purpose, sys.version, str(CHECKOUT), (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def dependency_group(name):
    """The requirements of a dependency group, those it includes too: older pips cannot read them by themselves."""
    found = []
    for entry in project()["dependency-groups"][name]:
        found += dependency_group(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return found


# ---------------------------------------------------------------------------------------------------------- commands


def set_up(environment, purpose, install):
    """Create and fill an environment, once per fingerprint; returns the remark that `install` left in the stamp."""
    wanted = fingerprint(purpose)
    found, _, remark = environment.stamped().partition(" ")
    if found == wanted:
        return remark
    say(f"Setting up {environment.folder.name}. The first time takes some minutes.")
    environment.stamp.unlink(missing_ok=True)
    environment.create()
    remark = install(environment) or ""
    environment.stamp.write_text(f"{wanted} {remark}".strip() + "\n", encoding="utf-8")
    return remark


def install_editable(environment, group=()):
    """The checkout, editable, with the demo's environments. Box2D is compiled code: it may not be had everywhere."""
    extras = project()["project"]["optional-dependencies"]
    if environment.pip("install", "--editable", ".", *extras["demo"], *group, check=False):
        return ""
    environment.pip("install", "--editable", ".", "gymnasium[classic-control]", *group)
    return NO_BOX2D


def run_command(arguments):
    """`cornerman …` in the checkout's own environment; it takes this process's place, so signals and keys reach it."""
    environment = Environment(".venv")
    purpose = "dev" if environment.stamped().startswith(fingerprint("dev")) else "run"
    remark = set_up(environment, purpose, install_editable)
    if remark == NO_BOX2D:
        say("Box2D could not be installed here: pictures come from CartPole instead. Delete .venv to try it again.")
    command = [str(environment.python), "-m", "cornerman", *arguments]
    os.execv(command[0], command)


def run_dev():
    """Everything a developer needs, in `.venv`."""
    environment = Environment(".venv")
    extras = project()["project"]["optional-dependencies"]
    group = [*dependency_group("dev"), *extras["parquet"]]
    set_up(environment, "dev", lambda where: install_editable(where, group))
    say(f"Ready. Now: . {environment.bin}/activate; just")
    return 0


def build_wheel(environment, target):
    """Build in a copy: what an earlier build left in the checkout must not slip into the wheel."""
    source = Path(target) / "source"
    source.mkdir()
    for name in WHEEL_SOURCES:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(CHECKOUT / name, source / name)
    environment.pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source))
    return next(Path(target).glob("*.whl"))


def install_test_tools(environment):
    """What the project and its tests need, but not the project itself: its wheel is built and installed each time."""
    facts = project()
    extras = facts["project"]["optional-dependencies"]
    needed = [*facts["build-system"]["requires"], *facts["project"]["dependencies"], *dependency_group("dev")]
    needed += extras["parquet"]
    if environment.pip("install", *needed, *extras["demo"], check=False):
        return ""
    environment.pip("install", *needed, "gymnasium[classic-control]")
    return NO_BOX2D


def run_tests(arguments):
    """Test what a user gets: the wheel, never the checkout (`-P` keeps the current folder off the path)."""
    environment = Environment(".venv-test")
    remark = set_up(environment, "test", install_test_tools)
    if remark == NO_BOX2D:
        say("Box2D could not be installed here: the tests that need it are skipped.")
    with tempfile.TemporaryDirectory(prefix="cornerman-wheel-") as folder:
        wheel = build_wheel(environment, folder)
        environment.pip("install", "--force-reinstall", "--no-deps", str(wheel))
        environment.pip("check")
        command = [str(environment.python), "-P", "-m", "pytest", *parallel(arguments), *arguments]
        settings = dict(os.environ, CORNERMAN_TESTED_WHEEL=str(wheel))
        return subprocess.run(command, cwd=CHECKOUT, env=settings, check=False).returncode


def parallel(arguments):
    """One worker per core, unless the caller says otherwise or looks at single tests in a debugger."""
    cores = min(os.cpu_count() or 1, 4)
    asked = any(argument.startswith(("-n", "--numprocesses", "--pdb", "-pno:xdist")) for argument in arguments)
    return [] if asked or cores < 2 else ["-n", str(cores), "--dist", "worksteal"]


def main(arguments):
    if sys.version_info < OLDEST:
        say(f"Cornerman needs Python 3.11 or later; this is {sys.version.split()[0]} ({sys.executable}).")
        return 2
    try:
        if arguments[:1] == ["test"]:
            return run_tests(arguments[1:])
        if arguments == ["dev"]:
            return run_dev()
        if arguments and arguments[0] not in ("-h", "--help"):
            return run_command(arguments)
        print(__doc__)
        return 0
    except SetupFailed as failure:
        say(str(failure))
        return 2
    except KeyboardInterrupt:
        say("Interrupted. Run the same command again to go on.")
        return 130


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
