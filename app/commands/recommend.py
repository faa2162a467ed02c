"""`slipway recommend`: the items with the highest scores for a user, as CSV."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from app.bundle.errors import BundleError
from app.bundle.request_rows import request_rows
from app.bundle.tables.errors import TableError
from app.bundle.tables.reader import open_table
from app.bundle.transforms import Feature
from app.codecs.predictions import join
from app.commands.score import ScoreError, load_model
from app.errors import InvalidInstances, PredictionFailed
from app.models.model import Model
from app.models.ranker import Ranker, RankingRequest, parse_request
from app.settings import Settings

_NOTHING_WRITTEN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendOptions:
    """The options of the command.

    `row` is a JSON object with features of the user and the occasion; `items` and `exclude` are files with a column of
    items.
    """

    model: str
    user: str | None
    row: str | None
    items: Path | None
    exclude: Path | None
    top: int


def recommend(settings: Settings, options: RecommendOptions, output: TextIO) -> int:
    """Write the rank, item and score of the best items as CSV, and return the exit code.

    It is 0, or 2 if nothing could be written.
    """
    try:
        model = load_model(settings, options.model)
        if model.ranker is None:
            raise ScoreError(f"{options.model} cannot rank items: it has no item feature, or no single score")
        candidates = model.ranker.candidates(_request(model, model.ranker, options))
        batches = candidates.batches(settings.max_batch_rows)
        ranked = candidates.rank(join([model.predict(batch) for batch in batches])) if batches else []
    except (ScoreError, TableError, BundleError, PredictionFailed, OSError) as error:
        return _fail(str(error))
    except InvalidInstances as error:
        problems = [
            f"{problem.feature}: {problem.rule}, received {problem.value or 'nothing'}" for problem in error.problems
        ]
        return _fail("; ".join(problems))
    for warning in candidates.warnings:
        print(f"recommend: {warning.message}", file=sys.stderr)
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(["rank", model.ranker.item, "value" if model.manifest.labels is None else "probability"])
    writer.writerows([rank, item.item, item.score] for rank, item in enumerate(ranked, 1))
    return 0


def _request(model: Model, ranker: Ranker, options: RecommendOptions) -> RankingRequest:
    """Return the request that the options make.

    Raises ScoreError, TableError and InvalidInstances if they do not make a valid one.
    """
    user = _row(options.row)
    user_feature = next((feature.name for feature in model.manifest.features if feature.kind == "user"), None)
    if options.user is not None and user_feature is None:
        raise ScoreError(f"the model has no users, received --user {options.user}")
    if options.user is not None:
        user[str(user_feature)] = options.user
    request: dict[str, Any] = {"user": user, "top": options.top}
    if options.items is not None:
        request["items"] = _items(model.manifest.features, ranker.item, options.items)
    if options.exclude is not None:
        ids = [feature for feature in model.manifest.features if feature.kind in ("user", "item")]
        request["exclude"] = [
            row[ranker.item]
            for row in _items(ids, ranker.item, options.exclude)
            if row[ranker.item] is not None and row.get(str(user_feature), options.user) == options.user
        ]
    return parse_request(request)


def _row(text: str | None) -> dict[str, Any]:
    try:
        content = json.loads(text or "{}")
    except ValueError as error:
        raise ScoreError(f"--row must be a JSON object: {error}") from error
    if not isinstance(content, dict):
        raise ScoreError(f"--row must be a JSON object, received {text}")
    return content


def _items(features: Sequence[Feature], item: str, path: Path) -> list[dict[str, Any]]:
    """Read the rows of a file with a column of items; raise ScoreError if it has no such column."""
    data = open_table(path)
    if item not in data.columns:
        raise ScoreError(f"{path}: a column {item!r} is needed, found {', '.join(data.columns)}")
    return request_rows(data.read(), features, data.decimal_marks, data.files)


def _fail(message: str) -> int:
    print(f"recommend: {message}", file=sys.stderr)
    return _NOTHING_WRITTEN
