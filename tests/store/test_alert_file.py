"""The alert file: a line when an alert begins and one when it is over, whoever looks, and the same in the run's log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from fake_telemetry import lake

from cornerman.core.alerts import Alert
from cornerman.core.logs import LogFilter
from cornerman.core.records import RunSummary
from cornerman.core.whole_file import replace_file
from cornerman.store import alert_file
from cornerman.store.alert_file import AlertFile, history
from cornerman.store.api import open_store

NAN = Alert("not finite", "LOG1801", "ERROR", "returns are not finite numbers", "1 of 9")
OWN = Alert("crash", "LOG406", "INFO", "a keyboard was found", "code:LOG406")


def run(*alerts: Alert) -> RunSummary:
    return replace(lake().summary(), run_id="01AAA", step_count=77, alerts=alerts)


def test_an_alert_is_written_when_it_begins_and_when_it_is_over_and_not_between(tmp_path: Path) -> None:
    """Also where several programs look: each knows what the others wrote."""
    one, other = AlertFile(tmp_path), AlertFile(tmp_path)
    assert one.look([run()]) == []
    assert not (tmp_path / alert_file.FILE).exists()
    assert len(one.look([run(NAN)])) == 1
    assert other.look([run(NAN)]) == one.look([run(NAN)]) == []
    assert [line.event for line in other.look([run(OWN)])] == ["raised", "cleared"]
    assert [(line.event, line.rule, line.t) for line in history(tmp_path)] == [
        ("raised", "not finite", 77), ("raised", "crash", 77), ("cleared", "not finite", 77),
    ]  # fmt: skip


def test_the_log_of_the_run_has_it_at_its_step_under_the_word_of_an_alert(tmp_path: Path) -> None:
    """A rule that names a worker's code is no line of that worker."""
    AlertFile(tmp_path).look([run(NAN, OWN)])
    with open_store(tmp_path) as store:
        found = [entry.record for entry in store.logs.page(LogFilter.parse("tag:alert"), limit=10)]
    assert [(record.code, record.run_id, record.step) for record in found] == [
        ("LOG1801", "01AAA", 77), ("LOG1807", "01AAA", 77),
    ]  # fmt: skip


def test_a_long_file_is_put_aside_and_what_is_still_wrong_stays_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_file, "MOST_BYTES", 100)
    file = AlertFile(tmp_path)
    file.look([run(NAN)])
    assert (tmp_path / "alerts.1.jsonl").exists()
    assert file.look([run(NAN)]) == []
    assert [line.event for line in file.look([run()])] == ["cleared"]


def test_who_waits_while_a_file_is_put_aside_writes_into_the_new_one(tmp_path: Path) -> None:
    """Else its line would go with the next file that is put aside."""
    AlertFile(tmp_path).look([run(NAN)])
    path = tmp_path / alert_file.FILE
    waiting = Thread(target=lambda: AlertFile(tmp_path).look([run(NAN, OWN)]))
    with alert_file._held(path):
        waiting.start()
        waiting.join(0.05)
        replace_file(path, path.read_bytes())
    waiting.join()
    assert [line.rule for line in history(tmp_path)] == ["not finite", "crash"]
    assert path.read_bytes().count(b"\n") == 2
