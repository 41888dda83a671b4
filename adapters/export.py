"""A run as CSV, JSON lines or Parquet: one line a transition, columns flattened, numbers exact, as a stream.

`observation` of a Box of four becomes observation.0 … observation.3, of a Dict observation.key, and so on, as the
space of the stream says: what has no fixed number of parts (a Sequence) is one column of JSON, and so is `info`.
Floats are written in the shortest form that gives the same number back. Lines come as they are read: a run of any
length needs little memory.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

import numpy as np

from cornerman.core.errors import CornermanError, InvalidOption
from cornerman.core.graph_value import is_graph
from cornerman.core.records import StepRecord
from cornerman.core.spaces import Column, Descriptor, OneOf, Sequence, columns, part
from cornerman.store.api import Run, Stream
from cornerman.store.sql_values import iso, to_json

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")
PARQUET_ROWS = 8192
WIDE = 64
"""An array of more numbers than this is one column of JSON, not a column each."""


def export(run: Run, to: Format = "csv", path: Path | str | None = None, *, resets: bool = False) -> int:
    """Write the transitions of a run to a file, or to standard output; how many lines there were.

    With `resets`, the rows of resets too: they hold the first observations. A file is complete or not there: it is
    written beside its name first. InvalidOption for a format that cannot be written.
    """
    if to not in _WRITERS:
        raise InvalidOption(f"There is no export format {to!r}.", f"Choose one of {', '.join(FORMATS)}.")
    if path is None or str(path) == "-":
        if to == "parquet":
            raise InvalidOption("Parquet is no text.", "Name a file with --output, or choose csv or jsonl.")
        return _WRITERS[to](rows(run, resets=resets, nested=to == "jsonl"), sys.stdout)
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    try:
        if to == "parquet":
            count = _write_parquet(rows(run, resets=resets, nested=False), partial, dtypes(run))
        else:
            with open(partial, "w", encoding="utf-8", newline="") as file:
                count = _WRITERS[to](rows(run, resets=resets, nested=to == "jsonl"), file)
        partial.replace(target)
    except FileNotFoundError as error:
        raise InvalidOption(f"The folder of {target} does not exist.", "Make it, or name another file.") from error
    except PermissionError as error:
        raise InvalidOption(f"{target} cannot be written.", "Name another file.") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return count


def rows(run: Run, *, resets: bool = False, nested: bool = False) -> Iterator[dict[str, Any]]:
    """One dict a transition, of every stream and sub-environment in turn. Flattened, unless `nested`."""
    for stream in run.streams():
        env_id = stream.manifest.get("env_id")
        spaces = None if nested else _Spaces(_declared(stream, "action"), _declared(stream, "observation"))
        sampled = "sample" in stream.manifest
        for env in range(stream.envs):
            for record in stream.steps(env_index=env):
                if (resets or not record.reset) and not record.withheld:
                    head = {"run": run.run_id, "stream": stream.name, "env_id": env_id}
                    line = {**head, **(_nested(record) if spaces is None else _flat(record, spaces))}
                    yield {**line, **_left_out(record)} if sampled else line


class _Spaces(NamedTuple):
    action: Descriptor | None
    observation: Descriptor | None


def _declared(stream: Stream, name: str) -> Descriptor | None:
    """The space of one sub-environment's values; None where it is not known: the values say it then."""
    try:
        found: Descriptor | None = getattr(stream, f"single_{name}_space")
    except CornermanError:
        return None
    return found


def dtypes(run: Run) -> dict[str, np.dtype[Any]]:
    """What NumPy called the numbers of each column; columns of which two streams say different things are not there."""
    found: dict[str, set[np.dtype[Any]]] = {}
    for stream in run.streams():
        for name in ("action", "observation"):
            space = _declared(stream, name)
            for column in () if space is None else columns(space):
                for each in _names(".".join(map(str, (name, *column.path))), column):
                    found.setdefault(each, set()).add(cast("np.dtype[Any]", column.dtype))
    return {name: kinds.pop() for name, kinds in found.items() if len(kinds) == 1}


def _names(head: str, column: Column) -> list[str]:
    """The columns that a part of a space has of its own: see `flatten`."""
    if column.dtype is None or column.shape is None:
        return []
    size = int(np.prod(column.shape, dtype=np.int64))
    return [] if size > WIDE else [f"{head}.{at}" for at in range(size)] if column.shape else [head]


def _facts(record: StepRecord) -> dict[str, Any]:
    facts = {
        "env_index": record.env_index,
        "episode": record.episode,
        "step": record.step,
        "t": record.t,
        "time": iso(record.time_us),
        "reset": record.reset,
        "reward": record.reward,
        "terminated": record.terminated,
        "truncated": record.truncated,
    }
    return {**facts, "seed": record.seed} if record.reset else facts


def _left_out(record: StepRecord) -> dict[str, Any]:
    """What the source left out before a row: columns that only sampled streams have."""
    return {"skipped_count": record.skipped_count, "skipped_reward": record.skipped_reward}


def _nested(record: StepRecord) -> dict[str, Any]:
    parts = {"action": record.action, "observation": record.observation, "info": record.info}
    if record.final_observation is not None:
        parts["final_observation"] = record.final_observation
    return {**_facts(record), **parts}


def _flat(record: StepRecord, spaces: _Spaces) -> dict[str, Any]:
    flat = _facts(record)
    for name, space in spaces._asdict().items():
        flat.update(flatten(name, getattr(record, name), space))
    flat["info"] = to_json(record.info)
    return flat


def flatten(name: str, value: Any, space: Descriptor | None = None) -> Iterator[tuple[str, Any]]:
    """The columns of a nested value, named by their place in it. Which it has, its space says where that is known."""
    if isinstance(value, dict) and not isinstance(space, Sequence):
        for key, item in value.items():
            yield from flatten(f"{name}.{key}", item, part(space, key))
    elif is_graph(value):
        yield from ((f"{name}.{key}", to_json(item)) for key, item in value._asdict().items())
    elif isinstance(space, (Sequence, OneOf)) and not isinstance(value, (int, float, str, type(None))):
        yield name, to_json(value)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from flatten(f"{name}.{index}", item, part(space, index))
    elif isinstance(value, np.ndarray) and value.ndim and 0 < value.size <= WIDE and value.dtype.kind in "biuf":
        for index, item in enumerate(value.ravel().tolist()):
            yield f"{name}.{index}", item
    elif isinstance(value, (np.ndarray, list)):
        yield name, to_json(value)
    elif isinstance(value, np.generic):
        yield name, value.item()
    else:
        yield name, value if value is None or isinstance(value, (bool, int, float, str)) else to_json(value)


def _write_csv(rows: Iterable[dict[str, Any]], file: IO[str]) -> int:
    """The columns are those of the first rows; a column that comes later goes, as JSON, into the last, `more`."""
    writer, fields, count = csv.writer(file, lineterminator="\n"), list[str](), 0
    for first, row in _with_columns(rows):
        if first:
            fields = first
            writer.writerow([*fields, "more"])
        more = {key: item for key, item in row.items() if key not in fields}
        writer.writerow([*(_cell(row.get(field)) for field in fields), to_json(more) if more else ""])
        count += 1
    return count


def _with_columns(rows: Iterable[dict[str, Any]], look: int = 100) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Each row; beside the first, the columns of the first `look` rows in the order in which they come."""
    source = iter(rows)
    begin = list(itertools.islice(source, look))
    fields = list(dict.fromkeys(key for row in begin for key in row))
    for index, row in enumerate(begin):
        yield (fields if index == 0 else []), row
    for row in source:
        yield [], row


def _cell(value: Any) -> Any:
    """Floats in their shortest exact form; true and false as 1 and 0."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    return repr(value) if isinstance(value, float) else value


def _write_jsonl(rows: Iterable[dict[str, Any]], file: IO[str]) -> int:
    count = 0
    for row in rows:
        file.write(to_json(row) + "\n")
        count += 1
    return count


def _write_parquet(rows: Iterable[dict[str, Any]], path: Path, dtypes: Mapping[str, np.dtype[Any]]) -> int:
    """Row groups of some thousand rows, with the schema of the first; what does not fit it becomes text in `more`.

    Numbers have the types of their spaces; of what no space speaks, integers and floats have 64 bits.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InvalidOption(
            "Parquet needs pyarrow, which is not installed.", "Install it: pip install 'cornerman[parquet]'."
        ) from error
    writer: Any = None
    schema: Any = None
    count = 0
    for batch in _batches(rows, PARQUET_ROWS):
        if schema is None:
            schema = _schema(pa, batch, dtypes)
            writer = pq.ParquetWriter(path, schema, compression="zstd")
        writer.write_table(pa.Table.from_pylist([_fitted(row, schema) for row in batch], schema=schema))
        count += len(batch)
    if writer is None:
        pq.write_table(pa.table({"run": pa.array([], pa.string())}), path)
    else:
        writer.close()
    return count


def _schema(pa: Any, batch: list[dict[str, Any]], dtypes: Mapping[str, np.dtype[Any]]) -> Any:
    kinds: dict[str, Any] = {}
    exact = {name: pa.from_numpy_dtype(dtype) for name, dtype in dtypes.items() if dtype.itemsize <= 8}
    for row in batch:
        for key, value in row.items():
            kind = _kind(pa, value)
            known = kinds.get(key)
            kinds[key] = (
                kind if known is None or known == pa.null() else known if kind in (known, pa.null()) else pa.string()
            )
    fields = [
        (key, exact.get(key) or (pa.int64() if key == "seed" else pa.string() if kind == pa.null() else kind))
        for key, kind in kinds.items()
    ]
    return pa.schema([*fields, ("more", pa.string())])


def _kind(pa: Any, value: Any) -> Any:
    if value is None:
        return pa.null()
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    return kinds.get(type(value), pa.string())


def _fitted(row: dict[str, Any], schema: Any) -> dict[str, Any]:
    types = {field.name: str(field.type) for field in schema}
    fitted: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for key, value in row.items():
        want = types.get(key)
        if want == "string" and value is not None:
            fitted[key] = value if isinstance(value, str) else to_json(value)
        elif value is None or _fits(want, value):
            fitted[key] = value
        else:
            more[key] = value
    fitted["more"] = to_json(more) if more else None
    return fitted


def _fits(want: str | None, value: Any) -> bool:
    if want in _FLOATS:
        return type(value) in (int, float) and (value != value or bool(np.float64(_FLOATS[want](value)) == value))
    if want == "bool" or type(value) is not int:
        return want == "bool" and type(value) is bool
    limits = np.iinfo(want) if want is not None and "int" in want else None
    return limits is not None and int(limits.min) <= value <= int(limits.max)


_FLOATS: dict[str | None, Any] = {"halffloat": np.float16, "float": np.float32, "double": np.float64}


def _batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


_WRITERS: dict[str, Callable[[Iterable[dict[str, Any]], IO[str]], int]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": cast(Any, None),
}

__all__ = ["FORMATS", "export", "flatten", "rows"]
