"""Log records that try to be obeyed: what a worker prints is anybody's text."""

from __future__ import annotations

from memory_logs import some_records
from msgspec.structs import replace

from cornerman.core.payloads.log_record_v1 import LogRecordV1

TEXTS = (
    "clear \x1b[2J\x1b[H screen", "title \x1b]0;owned\x07", "clip \x1b]52;c;ZXZpbA==\x07", "c1 \x9b31mred\x9b0m",
    "carriage\rreturn", "back\x08\x08\x08space", "tab\tbed", "two\nlines\nand three", "nul \x00 byte", "del \x7f",
    "bidi \u202eevil\u202c \u2066isolate\u2069", "zero\u200bwidth\u200d \ufeff",
    "[bold red]markup[/bold red] [link=x]y[/]",
    "{braces} %s %(name)s", "half \udc80 character", "wide 漢字かな混じり文 end", "combi" + "\u0301" * 40 + "ned",
    "İstanbul ﬁ ß",
    "emoji 👩‍👩‍👧‍👦 🏳️‍🌈", "x" * 5_000, "", " " * 300,
)  # fmt: skip


def hostile_records() -> list[LogRecordV1]:
    """Each text as message, component, code, tag, field, run and raw line."""
    made = []
    for record, text in zip(some_records(len(TEXTS)), TEXTS, strict=True):
        made.append(
            replace(
                record, message=text, component=text[:60], subcomponent=text[:60], code=text[:30], tags=(text[:60],),
                fields={text[:20]: text, "deep": {"a": [text[:30]]}}, run_id=text[:40], stream=text[:20],
                logger=text[:20], raw=text, extra={"e": text[:50]}, raw_bytes=text.encode(errors="replace")[:64],
                flags=("malformed",),
            )
        )  # fmt: skip
    return made
