"""Which reader reads which data: every version of an id against every other, computed and not kept by hand."""

from __future__ import annotations

from collections.abc import Sequence

from .compare import compare
from .document import SchemaDocument


def matrix(documents: Sequence[SchemaDocument], policy: str = "strict") -> dict[str, dict[str, bool]]:
    """By the version of the data, then of the reader: whether each document of the one is proved to fit the other.

    What is neither proved nor disproved is no. Costs a few milliseconds for each pair.
    """
    return {
        data.version: {
            reader.version: data is reader or compare(data, reader, "BACKWARD", policy, search=False).compatible
            for reader in documents
        }
        for data in documents
    }
