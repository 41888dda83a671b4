"""The Arrow block of a document: does it agree with the properties, and what did a change of it widen or break?"""

from __future__ import annotations

from typing import Any

from ..errors import InvalidSchema


def check_agreement(arrow: Any, schema: dict[str, Any]) -> None:
    """Raise InvalidSchema when the Arrow block has no fields of the form the registry knows."""
    fields = arrow.get("fields") if isinstance(arrow, dict) else None
    if not isinstance(fields, list) or not all(isinstance(each, dict) and "name" in each for each in fields):
        raise InvalidSchema("The Arrow block has no fields.", 'Write {"fields": [{"name": …, "type": …}]}.', "/arrow")
