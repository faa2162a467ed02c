"""Data files to tables, for training and offline scoring; the HTTP service imports neither this nor polars."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl

from app.bundle.tables.archives import Files, Folder, open_files
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.tables.delimited import Layout, check_columns, inspect, read_rows
from app.bundle.tables.errors import TableError

DELIMITED = (".csv", ".tsv", ".txt")

_BATCH_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file that can be read; cells of text are stripped, and null where empty.

    Every column of a delimited file is text. `decimal_marks` names the columns whose decimal mark is not a point.
    `files` are those that its cells may name. `frame` is the table itself where it is held in memory.
    """

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    files: Files
    layout: Layout | None = None
    decimal_marks: Mapping[str, DecimalMark] = field(default_factory=dict)
    frame: pl.DataFrame | None = None

    def read(self) -> pl.DataFrame:
        """Return the whole table."""
        return pl.concat(self.batches(_BATCH_ROWS), rechunk=True)

    def batches(self, n_rows: int) -> Iterator[pl.DataFrame]:
        """Yield tables of at most n_rows rows, in order, in memory that does not grow with the file."""
        if self.frame is not None:
            yield from self.frame.iter_slices(n_rows)
            return
        if self.layout is None:
            batches = _parquet_batches(self.path, n_rows)
        else:
            batches = _delimited_batches(self.path, self.layout, n_rows)
        for batch in batches:
            yield batch.with_columns(pl.col(pl.String).str.strip_chars().replace("", None))


def open_table(path: Path, files: Path | None = None) -> DataFile:
    """Return the data file at `path`: CSV, TSV or TXT, gzipped or not, or Parquet.

    A delimited file is read through once. The `files` that its cells name lie in a folder (by default the data file's
    own) or a ZIP archive. Raises TableError, whose message names what is wrong and where.
    """
    if path.is_dir():
        raise TableError(f"{path}: a data file is needed, this is a folder")
    if not path.exists():
        raise TableError(f"{path}: there is no such file")
    if not path.stat().st_size:
        raise TableError(f"{path}: the file is empty")
    place = Folder(path.parent) if files is None else open_files(files)
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    if path.suffix.lower() == ".parquet":
        return _open_parquet(path, place)
    if not endings or endings[-1] not in DELIMITED:
        raise TableError(f"{path}: the name must end in .csv, .tsv, .txt (or one of them and .gz) or .parquet")
    layout = inspect(path)
    return DataFile(path, layout.columns, layout.n_rows, place, layout, layout.decimal_marks)


def _delimited_batches(path: Path, layout: Layout, n_rows: int) -> Iterator[pl.DataFrame]:
    cells = read_rows(path, layout)
    while batch := list(islice(cells, n_rows)):
        columns = zip(layout.columns, zip(*batch, strict=True), strict=True)
        yield pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in columns])


def _open_parquet(path: Path, files: Files) -> DataFile:
    with _parquet_errors(path):
        frame = pl.scan_parquet(path)
        columns = tuple(frame.collect_schema().names())
        n_rows = int(frame.select(pl.len()).collect().item())
    check_columns(path, columns)
    if not n_rows:
        raise TableError(f"{path}: the file has columns and no row")
    return DataFile(path, columns, n_rows, files)


def _parquet_batches(path: Path, n_rows: int) -> Iterator[pl.DataFrame]:
    with _parquet_errors(path):
        for batch in pl.scan_parquet(path).collect_batches(chunk_size=n_rows, maintain_order=True):
            yield from batch.iter_slices(n_rows)


@contextmanager
def _parquet_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise TableError(f"{path}: the file cannot be read as Parquet: {reason}") from error
