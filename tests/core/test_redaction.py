"""Secrets are hidden before anything is stored, and lines of a training that have none are left as they came."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cornerman.core.errors import InvalidOption
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.payloads.redaction_v1 import RedactionV1
from cornerman.core.redacted_lines import hidden, redacted_record
from cornerman.core.redaction import redacted
from cornerman.core.redaction_rules import REDACTION, current_rules


def with_rules(**rules: Any) -> None:
    REDACTION.change(lambda _: RedactionV1(**rules))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("connecting, password=hunter2 ok", "connecting, password=*** ok"),
        ('{"api_key": "abc def", "lr": 3e-4}', '{"api_key": "***", "lr": 3e-4}'),
        ("{'secret': 'abc', 'a': 1}", "{'secret': '***', 'a': 1}"),
        ("run --hf-token hf_abcdefghijklmnopqrstuvwx now", "run --hf-token *** now"),
        ("Authorization: Bearer abc.def12345", "Authorization: Bearer ***"),
        ("db postgres://ann:pw@host/x", "db postgres://ann:***@host/x"),
        ("WANDB_TOKEN=1a2b3c4d5e", "WANDB_TOKEN=***"),
        ("got sk-abcdefghijklmnop1234 back", "got *** back"),
    ],
)
def test_secrets_are_hidden(line: str, kept: str) -> None:
    assert hidden(line) == kept


@pytest.mark.parametrize(
    "line",
    [
        "tokens=512 key=observation pass 3: ok",
        "total_tokens=12345678 tokens_per_sec: 12345.678",
        "the password is long, and the secret of success",
        "auth=True cookie: none key: up",
        "2026-11-26 12:00:00 INFO a.b: episode 3 return 1.0",
    ],
)
def test_lines_of_a_training_stay_as_they_came(line: str) -> None:
    assert hidden(line) == line


def test_a_record_says_that_something_is_hidden_of_it() -> None:
    """Message, raw line, fields and bytes: the secret is in none of them."""
    line = "login password=hunter2"
    fields = {"nested": {"api_key": "zzz"}, "pin_password": 1234, "step": 7}
    record = LogRecordV1(time_us=1, level="INFO", message=line, raw=line, raw_bytes=b"x", fields=fields)
    found = redacted_record(record)
    assert found.message == found.raw == "login password=***"
    assert found.fields == {"nested": {"api_key": "***"}, "pin_password": "***", "step": 7}
    assert (found.flags, found.raw_bytes) == (("redacted",), b"")
    clean = LogRecordV1(time_us=1, level="INFO", message="step 3", raw="step 3")
    assert redacted_record(clean) is clean


def test_rules_of_the_user_hide_more_and_less() -> None:
    """In lines and command lines alike; the file is a document of the registered schema."""
    with_rules(names=("wandb_*",), patterns=("lab-[0-9]{4}",), keep=("best_key",))
    assert hidden("wandb_mode=x1 lab-1234 best_key=model_12345") == "wandb_mode=*** *** best_key=model_12345"
    assert redacted(["--wandb_entity=me", "lab-1234"]) == ["--wandb_entity=***", "***"]
    assert json.loads(REDACTION.path.read_text())["schema"] == "cornerman.redaction@1.0.0"


@pytest.mark.parametrize("rules", [{"patterns": ("[",)}, {"patterns": ("x*",)}, {"names": ("a*",)}])
def test_a_rule_that_cannot_be_used_is_refused_and_changes_nothing(rules: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidOption):
        with_rules(**rules)
    assert REDACTION.stored() == RedactionV1()


def test_a_damaged_file_is_said_where_it_is_changed_and_stops_no_line() -> None:
    with_rules(names=("wandb_*",))
    REDACTION.path.write_text("{")
    assert hidden("password=x") == "password=***"
    with pytest.raises(InvalidOption, match="cannot be read"):
        REDACTION.stored()


@settings(max_examples=40)
@given(
    st.text(max_size=80), st.text("abcXYZ019", min_size=8, max_size=30).filter(lambda text: any(map(str.isdigit, text)))
)
def test_whatever_stands_before_it_a_password_goes(before: str, secret: str) -> None:
    """Quotes that somebody opened before it included: a line is not a program."""
    line = f"{before} password={secret} after"
    assert f"password={secret}" not in hidden(line, current_rules())
