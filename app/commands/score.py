"""`slipway score`: predictions for a file of any length, made as the service makes them."""

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
from app.bundle.outputs import decide, in_review_band
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
    """Arguments or a file that cannot be scored. Nothing is written."""


def score(
    settings: Settings, source: Path, target: Path, name: str, files: Path | None = None, *, explain: bool = False
) -> int:
    """Predict every row of one file, write the predictions to another, and return the exit code.

    `name` is `NAME` or `NAME:VERSION` of the model. Cells of `source` may name files in the folder or archive `files`.
    The exit code is 0 if every row was predicted; 1 if some rows break a rule of the model, whose predictions are then
    empty and the first of whose problems are printed; 2 if nothing could be written.
    """
    console = Console(stderr=True, soft_wrap=True)
    try:
        model = load_model(settings, name)
        if explain:
            model.require_explainer()
        data = _open(source, files, model)
        _compare_columns(model, data, console)
        scorer = _Scorer(model, explain)
        _write(_Run(scorer, data), target, console)
    except (ScoreError, TableError, BundleError, NotExplainable, OSError) as error:
        print(f"score: {error}", file=sys.stderr)
        return _NOTHING_WRITTEN
    n_predicted = data.n_rows - scorer.n_refused
    console.print(f"{n_predicted} of {data.n_rows} rows predicted, written to {target}", highlight=False)
    if scorer.n_refused:
        console.print("the others break a rule of the model, so their predictions are empty:", highlight=False)
        for problem in scorer.problems:
            line = f"  row {problem.instance}, {problem.feature}: {problem.rule}, received {problem.value or 'nothing'}"
            console.print(line, highlight=False, markup=False)
        return _REFUSED_ROWS
    return 0


@dataclass(slots=True)
class _Scorer:
    """Predicts rows with one model, counts the rows that it refuses, and keeps the first of their problems."""

    model: Model
    explain: bool
    n_refused: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def schema(self) -> dict[str, Any]:
        """Return the polars types of the output's columns, by name."""
        labels = self.model.manifest.labels
        explained = explanation_schema(self.model.manifest) if self.explain else {}
        if labels is None:
            return {"row_id": pl.Int64, "prediction": pl.Float64, **explained}
        review = {"review": pl.Boolean} if self.model.manifest.review else {}
        probabilities = {f"p_{label}": pl.Float64 for label in labels}
        return {"row_id": pl.Int64, "prediction": pl.String, **probabilities, **review, **explained}

    def frame(self, batch: Sequence[Instance], first: int) -> pl.DataFrame:
        """Return the output for a batch, which begins with row `first` of the file."""
        decoded = self._decoded(batch, first)
        columns: dict[str, Any] = {"row_id": np.arange(first, first + len(batch))}
        labels = self.model.manifest.labels
        is_refused = np.isnan(decoded[:, 0])
        if labels is None:
            columns["prediction"] = pl.Series(decoded[:, 0]).fill_nan(None)
        else:
            chosen = decide(decoded, self.model.manifest.threshold)
            columns["prediction"] = [
                None if refused else labels[index] for index, refused in zip(chosen, is_refused, strict=True)
            ]
            if self.model.manifest.review:
                in_band = in_review_band(decoded, self.model.manifest.review).tolist()
                columns["review"] = [
                    None if refused else review for review, refused in zip(in_band, is_refused, strict=True)
                ]
            columns |= {
                f"p_{label}": pl.Series(column).fill_nan(None) for label, column in zip(labels, decoded.T, strict=True)
            }
        if self.explain:
            explained = explanation_columns(self.model, [batch[row] for row in np.flatnonzero(~is_refused).tolist()])
            columns |= {name: _spread(values, ~is_refused) for name, values in explained.items()}
        return pl.DataFrame(columns, schema=self.schema)

    def _decoded(self, batch: Sequence[Instance], first: int) -> NDArray[np.float64]:
        """Return decoded predictions of shape (n_rows, n_labels or 1), with NaN in the rows that the model refuses.

        A batch with a refused row is halved until that row is alone, so that the others are still predicted in batches.
        """
        try:
            return self.model.predict(self.model.schema.check(batch)).decoded
        except InvalidInstances as error:
            if len(batch) == 1:
                return self._refuse(error, first)
            half = len(batch) // 2
            return np.concatenate([self._decoded(batch[:half], first), self._decoded(batch[half:], first + half)])

    def _refuse(self, error: InvalidInstances, row: int) -> NDArray[np.float64]:
        self.n_refused += 1
        for problem in error.problems[: MAX_PROBLEMS - len(self.problems)]:
            self.problems.append(Problem(row, problem.feature, problem.rule, problem.value))
        return np.full((1, len(self.model.manifest.labels or (None,))), np.nan)


def _spread(values: Sequence[Any], is_present: NDArray[np.bool_]) -> list[Any]:
    """Return a list with the values, in order, in the present rows and None in the others."""
    remaining = iter(values)
    return [next(remaining) if present else None for present in is_present.tolist()]


@dataclass(frozen=True, slots=True)
class _Run:
    """The scoring of one file."""

    scorer: _Scorer
    data: DataFile

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the output, batch by batch."""
        first = 0
        features = self.scorer.model.manifest.features
        has_files = self.scorer.model.reads_files
        for batch in self.data.batches(_BATCH_ROWS_WITH_FILES if has_files else _BATCH_ROWS):
            frame = self.scorer.frame(request_rows(batch, features, self.data.decimal_marks, self.data.files), first)
            yield frame if self._id is None else frame.insert_column(1, batch[self._id])
            first += batch.height

    @property
    def schema(self) -> dict[str, Any]:
        """Return the polars types of the output's columns, by name.

        If rows were gathered by an id, its column comes second, after the number of the row.
        """
        row_id, *others = self.scorer.schema.items()
        gathered = {} if self._id is None or self.data.frame is None else {self._id: self.data.frame.schema[self._id]}
        return {**dict([row_id]), **gathered, **dict(others)}

    @property
    def _id(self) -> str | None:
        long_format = self.scorer.model.manifest.long
        return None if long_format is None or long_format.id in self.scorer.schema else long_format.id


def _open(source: Path, files: Path | None, model: Model) -> DataFile:
    """Open the data file, gathered into one row per id if the model was trained on such rows."""
    data, manifest = open_table(source, files), model.manifest
    if manifest.long is None:
        return data
    known = {feature.name for feature in manifest.features}
    series = [feature.name for feature in manifest.features if TRANSFORMS[feature.kind].is_series]
    ignored = [name for name in data.columns if name not in known]
    return gather(data, manifest.long.id, manifest.long.order, ignored=ignored, series=series)


def load_model(settings: Settings, model: str) -> Model:
    """Load a model by `NAME:VERSION`, or by `NAME` alone its newest valid version.

    Raises ScoreError if there is no such model or version, and BundleError if the version is refused.
    """
    name, _, version = model.partition(":")
    versions = store.versions(settings.models_dir, name) if name in store.model_names(settings.models_dir) else []
    if not versions:
        names = ", ".join(store.model_names(settings.models_dir)) or "none"
        raise ScoreError(f"there is no model {name!r} in {settings.models_dir}, found {names}")
    if version:
        if version not in map(str, versions):
            raise ScoreError(f"{name} has no version {version!r}, found {', '.join(map(str, versions))}")
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
    """Print which columns are ignored and which are read as missing; raise ScoreError if a required one is missing."""
    features = model.manifest.features
    missing = [feature.name for feature in features if feature.name not in data.columns]
    required = [feature.name for feature in features if feature.name in missing and not feature.nullable]
    if required:
        raise ScoreError(f"{data.path}: columns that the model needs are missing: {', '.join(required)}")
    known = {feature.name for feature in features}
    ignored = [name for name in data.columns if name not in known]
    if missing:
        message = f"columns not in the file, read as missing values: {', '.join(missing)}"
        console.print(message, highlight=False, markup=False)
    if ignored:
        message = f"columns not known to the model, ignored: {', '.join(ignored)}"
        console.print(message, highlight=False, markup=False)


def _write(run: _Run, target: Path, console: Console) -> None:
    """Write the whole output or nothing, as CSV or Parquet by the ending of the target's name."""
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
    """Yield a temporary file beside the target, which replaces it on success and is removed otherwise."""
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
