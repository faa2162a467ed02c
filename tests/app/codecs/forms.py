"""The same rows written in each format."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"


def rows(instances: Sequence[Any]) -> bytes:
    return json.dumps({"instances": instances}).encode()


def by_column(instances: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return every column that some row has, with None where a row lacks it."""
    names = dict.fromkeys(name for instance in instances for name in instance)
    return {name: [instance.get(name) for instance in instances] for name in names}


def columns(instances: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps({"columns": by_column(instances)}).encode()


def as_csv(instances: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    table = by_column(instances)
    writer.writerow(table)
    writer.writerows(["" if cell is None else cell for cell in line] for line in zip(*table.values(), strict=True))
    return text.getvalue().encode()


def stream(*batches: Any, schema: Any = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema or batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def batch(instances: Sequence[Mapping[str, Any]]) -> Any:
    return pa.RecordBatch.from_pydict(by_column(instances))


def as_arrow(instances: Sequence[Mapping[str, Any]]) -> bytes:
    return stream(batch(instances))


WRITERS: Mapping[str, tuple[str, Callable[[Sequence[Mapping[str, Any]]], bytes]]] = {
    "columns": ("application/json", columns),
    "csv": ("text/csv", as_csv),
    "arrow": (ARROW, as_arrow),
}
