"""JSON requests to rows or columns in one pass of compiled code, for bodies that are certainly valid."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec.structs import astuple

from app.bundle.preprocessor import CellReader
from app.bundle.transforms import TRANSFORMS, Feature

Row = tuple[Any, ...]
"""A row's cells, as read, in the order of the features, None where missing."""

_SHORT = 4096


class JsonDecoder:
    """Reads `{"instances": [{feature: value, …}, …]}` of one bundle. Immutable, safe to share between threads.

    The schema would accept all that this accepts, with the same values. Doubtful bodies are left to the schema, which
    alone describes errors.
    """

    def __init__(self, features: Sequence[Feature], readers: Mapping[str, CellReader]) -> None:
        names = {f"f{index}": feature.name for index, feature in enumerate(features)}
        fields = [
            (name, _instance_cell_type(feature), *([msgspec.UNSET] if feature.nullable else []))
            for name, feature in zip(names, features, strict=True)
        ]
        closed: Any = {"forbid_unknown_fields": True, "gc": False, "kw_only": True}
        instance: Any = msgspec.defstruct("Instance", fields, rename=names.get, **closed)
        request = msgspec.defstruct("Request", [("instances", list[instance])], **closed)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(request).decode
        self._nullable = any(feature.nullable for feature in features)
        self._n_features = len(features)
        self._readers = [readers.get(feature.name) for feature in features] if readers else None
        # A colon in a name would be counted as one of the syntax.
        self._usable = not any(":" in feature.name for feature in features)

    def rows(self, body: bytes) -> list[Row] | None:
        """Return the rows of a body, or None where the schema must validate it."""
        if not self._usable:
            return None
        try:
            instances = self._decode(body).instances
        except (msgspec.MsgspecError, ValueError):
            return None
        rows = [astuple(instance) for instance in instances]
        # Each key brings one colon. Where a key is repeated or a text holds a colon, the body has more than these.
        colons = 1 + self._n_features * len(rows)
        if self._nullable:
            absent = [row.count(msgspec.UNSET) for row in rows]
            colons -= sum(absent)
            rows = [_filled(row) if count else row for row, count in zip(rows, absent, strict=True)]
        if not rows or _count_colons(body) != colons:
            return None
        if self._readers is not None:
            try:
                return [_read(row, self._readers) for row in rows]
            except ValueError:
                return None
        return rows


class ColumnDecoder:
    """Reads `{"columns": {feature: [value, …], …}}` of one bundle. Immutable, safe to share between threads.

    It checks types alone; the caller checks lengths and bounds.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        fields = [
            (f"f{index}", list[_column_cell_type(feature)] | msgspec.UnsetType, msgspec.UNSET)  # type: ignore[misc]
            for index, feature in enumerate(features)
        ]
        self._names = [feature.name for feature in features]
        rename = {f"f{index}": name for index, name in enumerate(self._names)}
        closed: Any = {"forbid_unknown_fields": True, "gc": False, "kw_only": True}
        columns: Any = msgspec.defstruct("Columns", fields, rename=rename.get, **closed)
        request = msgspec.defstruct("Request", [("columns", columns)], **closed)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(request).decode

    def columns(self, body: bytes) -> dict[str, list[Any]] | None:
        """Return the columns of a body by feature, or None where the schema must validate it."""
        try:
            columns = astuple(self._decode(body).columns)
        except (msgspec.MsgspecError, ValueError):
            return None
        named = zip(self._names, columns, strict=True)
        present = {name: column for name, column in named if column is not msgspec.UNSET}
        # Each key brings one colon. Where a key is repeated or a text holds a colon, the body has more than these.
        return present if _count_colons(body) == 1 + len(present) else None


def _count_colons(body: bytes) -> int:
    """Return the number of colons; in long bodies `bytes.count` takes six times as long where there are many."""
    if len(body) < _SHORT:
        return body.count(b":")
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(":")))


def _read(row: Row, readers: Sequence[CellReader | None]) -> Row:
    cells = zip(row, readers, strict=True)
    return tuple([cell if reader is None or cell is None else reader(cell) for cell, reader in cells])


def _filled(row: Row) -> Row:
    return tuple([None if cell is msgspec.UNSET else cell for cell in row])


def _instance_cell_type(feature: Feature) -> Any:
    """Return the type of a feature's cells in an instance: bounded, and optional where the feature is nullable."""
    cell_type: Any = TRANSFORMS[feature.kind].cell
    bounds = TRANSFORMS[feature.kind].bounds(feature)
    if bounds is not None:
        cell_type = Annotated[cell_type, msgspec.Meta(ge=_finite(bounds.minimum), le=_finite(bounds.maximum))]
    return cell_type | msgspec.UnsetType | None if feature.nullable else cell_type


def _column_cell_type(feature: Feature) -> Any:
    cell_type: Any = TRANSFORMS[feature.kind].cell
    return cell_type | None if feature.nullable else cell_type


def _finite(bound: float | None) -> float | None:
    return None if bound is None or math.isinf(bound) else bound
