"""What holds for every test: skips that may be forbidden, one copy of every class, and a home of its own.

`CORNERMAN_REQUIRE_ALL=1` turns each skip into a failure, so that a run which claims a real part cannot pass without it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

REQUIRE_ALL = os.environ.get("CORNERMAN_REQUIRE_ALL", "") not in ("", "0")
BARE_NAMES = ("adapters", "core", "log_catalog", "store", "tui")
MANY_DESCRIPTORS = 300


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself fails where everything is required; an expected failure is none."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but CORNERMAN_REQUIRE_ALL is set: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself as a whole."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, but CORNERMAN_REQUIRE_ALL is set: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def one_copy_of_every_class() -> Iterator[None]:
    """A bare `core` or `store` in sys.modules is a second copy of our classes: the checkout got onto the path."""
    yield
    bare = [name for name in BARE_NAMES if name in sys.modules]
    assert not bare, f"imported without the package's name: {bare}; say cornerman.{bare[0]}"


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell starts what it runs in the background with Ctrl-C ignored, and programs that tests start inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def few_descriptors() -> Iterator[None]:
    """Recordings that a test let go of keep their files until they are collected; a host may allow a thousand."""
    yield
    if len(list(Path("/dev/fd").iterdir())) > MANY_DESCRIPTORS:
        gc.collect()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own home, so that none reads the developer's configuration or records into their store."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("CORNERMAN_")]:
        if name not in ("CORNERMAN_REQUIRE_ALL", "CORNERMAN_TESTED_WHEEL"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".local" / "state"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local" / "share"))
    monkeypatch.setenv("CORNERMAN_STORE", str(home / "store"))
    return home
