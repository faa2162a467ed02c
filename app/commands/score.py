"""`python -m app score`: predictions of every row of a file, of any length, as the service would answer them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.io.plugins import register_io_source
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bundle import store
from app.bundle.errors import BundleError
from app.bundle.outputs import decide, within
from app.bundle.request_rows import request_rows
from app.bundle.tables.errors import TableError
from app.bundle.tables.long_format import gather
from app.bundle.tables.reader import DataFile, open_table
from app.bundle.transforms import TRANSFORMS
from app.codecs.request_schema import Instance
from app.commands.explanation_table import explanation_columns, explanation_schema
from app.errors import MAX_PROBLEMS, InvalidInstances, NotExplainable, Problem
from app.models.model import Model
from app.settings import Settings

_BATCH_ROWS = 8192
_BATCH_ROWS_WITH_FILES = 64
_REFUSED_ROWS, _NOTHING_WRITTEN = 1, 2


class ScoreError(Exception):
    """Arguments or a file that cannot be scored; nothing is written."""


def score(
    settings: Settings, source: Path, target: Path, wanted: str, files: Path | None = None, *, explain: bool = False
) -> int:
    """Predict every row of a file into another, and return the exit code.

    Cells may name files of a folder or archive. The code is 0 where every row was predicted, 1 where some rows break a
    rule of the model (their predictions are empty, the first problems are printed), 2 where nothing could be written.
    """
    console = Console(stderr=True, soft_wrap=True)
    try:
        model = load(settings, wanted)
        if explain:
            model.require_explainer()
        data = _open(source, files, model)
        _compare_columns(model, data, console)
        scorer = _Scorer(model, explain)
        _write(_Run(scorer, data), target, console)
    except (ScoreError, TableError, BundleError, NotExplainable, OSError) as error:
        print(f"score: {error}", file=sys.stderr)
        return _NOTHING_WRITTEN
    console.print(f"{data.n_rows - scorer.refused} of {data.n_rows} rows predicted into {target}", highlight=False)
    if scorer.refused:
        console.print(f"{scorer.refused} rows break a rule of the model and have an empty prediction:", highlight=False)
        for problem in scorer.problems:
            line = f"  row {problem.instance}, {problem.feature}: {problem.rule}, received {problem.value or 'nothing'}"
            console.print(line, highlight=False, markup=False)
        return _REFUSED_ROWS
    return 0


@dataclass(slots=True)
class _Scorer:
    """Predicts rows with one model, and counts those that it refuses."""

    model: Model
    explain: bool
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def schema(self) -> dict[str, Any]:
        """Return names and types of the output's columns."""
        labels = self.model.manifest.labels
        explained = explanation_schema(self.model.manifest) if self.explain else {}
        if labels is None:
            return {"row_id": pl.Int64, "prediction": pl.Float64, **explained}
        review = {"review": pl.Boolean} if self.model.manifest.review else {}
        probabilities = {f"p_{label}": pl.Float64 for label in labels}
        return {"row_id": pl.Int64, "prediction": pl.String, **probabilities, **review, **explained}

    def frame(self, batch: Sequence[Instance], first: int) -> pl.DataFrame:
        """Return the output's rows of a batch that begins with row `first` of the file."""
        decoded = self._decoded(batch, first)
        columns: dict[str, Any] = {"row_id": np.arange(first, first + len(batch))}
        labels = self.model.manifest.labels
        refused = np.isnan(decoded[:, 0])
        if labels is None:
            columns["prediction"] = pl.Series(decoded[:, 0]).fill_nan(None)
        else:
            chosen = decide(decoded, self.model.manifest.threshold)
            columns["prediction"] = [None if out else labels[index] for index, out in zip(chosen, refused, strict=True)]
            if self.model.manifest.review:
                inside = within(decoded, self.model.manifest.review).tolist()
                columns["review"] = [None if out else review for review, out in zip(inside, refused, strict=True)]
            columns |= {
                f"p_{label}": pl.Series(column).fill_nan(None) for label, column in zip(labels, decoded.T, strict=True)
            }
        if self.explain:
            explained = explanation_columns(self.model, [batch[row] for row in np.flatnonzero(~refused).tolist()])
            columns |= {name: _spread(values, ~refused) for name, values in explained.items()}
        return pl.DataFrame(columns, schema=self.schema)

    def _decoded(self, batch: Sequence[Instance], first: int) -> NDArray[np.float64]:
        """Return decoded predictions of shape (n_rows, n_labels or 1), NaN in rows that are refused.

        A batch is halved until only refused rows are left out.
        """
        try:
            return self.model.predict(self.model.schema.check(batch)).decoded
        except InvalidInstances as error:
            if len(batch) == 1:
                return self._refuse(error, first)
            half = len(batch) // 2
            return np.concatenate([self._decoded(batch[:half], first), self._decoded(batch[half:], first + half)])

    def _refuse(self, error: InvalidInstances, row: int) -> NDArray[np.float64]:
        self.refused += 1
        for problem in error.problems[: MAX_PROBLEMS - len(self.problems)]:
            self.problems.append(Problem(row, problem.feature, problem.rule, problem.value))
        return np.full((1, len(self.model.manifest.labels or (None,))), np.nan)


def _spread(values: Sequence[Any], present: NDArray[np.bool_]) -> list[Any]:
    """Return a value for each row: the next of the values where the row is present, None elsewhere."""
    remaining = iter(values)
    return [next(remaining) if is_present else None for is_present in present.tolist()]


@dataclass(frozen=True, slots=True)
class _Run:
    """A scorer and the file that it reads."""

    scorer: _Scorer
    data: DataFile

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the output, a batch at a time."""
        first = 0
        features = self.scorer.model.manifest.features
        has_files = self.scorer.model.reads_files
        for batch in self.data.batches(_BATCH_ROWS_WITH_FILES if has_files else _BATCH_ROWS):
            frame = self.scorer.frame(request_rows(batch, features, self.data.decimal_marks, self.data.files), first)
            yield frame if self._id is None else frame.insert_column(1, batch[self._id])
            first += batch.height

    @property
    def schema(self) -> dict[str, Any]:
        """Return names and types of the output's columns, with the id that rows were gathered by, if any, second."""
        row, *others = self.scorer.schema.items()
        gathered = {} if self._id is None or self.data.frame is None else {self._id: self.data.frame.schema[self._id]}
        return {**dict([row]), **gathered, **dict(others)}

    @property
    def _id(self) -> str | None:
        form = self.scorer.model.manifest.long
        return None if form is None or form.id in self.scorer.schema else form.id


def _open(source: Path, files: Path | None, model: Model) -> DataFile:
    """Return the file, gathered into one row for each id where the model was trained on such rows."""
    data, manifest = open_table(source, files), model.manifest
    if manifest.long is None:
        return data
    known = {feature.name for feature in manifest.features}
    series = [feature.name for feature in manifest.features if TRANSFORMS[feature.kind].is_series]
    ignored = [name for name in data.columns if name not in known]
    return gather(data, manifest.long.id, manifest.long.order, ignored=ignored, series=series)


def load(settings: Settings, wanted: str) -> Model:
    """Return the newest valid version of `NAME`, or `NAME:VERSION`; raises ScoreError, BundleError."""
    name, _, version = wanted.partition(":")
    versions = store.versions(settings.models_dir, name) if name in store.model_names(settings.models_dir) else []
    if not versions:
        known = ", ".join(store.model_names(settings.models_dir)) or "none"
        raise ScoreError(f"{settings.models_dir} must hold the model, received {name!r}, found {known}")
    if version:
        if version not in map(str, versions):
            raise ScoreError(f"{name} has the versions {', '.join(map(str, versions))}, received {version!r}")
        return _load_version(settings, name, int(version))
    reasons = []
    for number in versions:
        try:
            return _load_version(settings, name, number)
        except BundleError as error:
            reasons.append(f"{name}:{number} was refused: {error}")
    raise ScoreError("; ".join(reasons))


def _load_version(settings: Settings, name: str, version: int) -> Model:
    return Model(store.read(settings.models_dir, name, version, settings.precision), settings)


def _compare_columns(model: Model, data: DataFile, console: Console) -> None:
    """Print which columns are ignored or read as missing; raise ScoreError where a required column is absent."""
    features = model.manifest.features
    absent = [feature.name for feature in features if feature.name not in data.columns]
    required = [feature.name for feature in features if feature.name in absent and not feature.nullable]
    if required:
        raise ScoreError(f"{data.path}: the model needs the columns {', '.join(required)}, the file has none of them")
    known = {feature.name for feature in features}
    ignored = [name for name in data.columns if name not in known]
    if absent:
        console.print(f"not in the file, read as missing: {', '.join(absent)}", highlight=False, markup=False)
    if ignored:
        console.print(f"not known to the model, ignored: {', '.join(ignored)}", highlight=False, markup=False)


def _write(run: _Run, target: Path, console: Console) -> None:
    """Write the output whole or not at all, as CSV or Parquet by the name's ending."""
    if target.suffix not in (".csv", ".parquet"):
        raise ScoreError(f"the output's name must end in .csv or .parquet, received {target.name!r}")
    with _replacing(target) as partial, _progress(console) as progress:
        task = progress.add_task("scoring", total=run.data.n_rows)

        def frames(*_: object) -> Iterator[pl.DataFrame]:
            for frame in run.frames():
                yield frame
                progress.advance(task, frame.height)

        output = register_io_source(frames, schema=run.schema)
        if target.suffix == ".csv":
            output.sink_csv(partial)
        else:
            output.sink_parquet(partial)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    partial = target.with_name(f".{target.name}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
