"""`python -m app recommend`: the items that a user may like best, as CSV."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from app.bundle.errors import BundleError
from app.bundle.features import Feature
from app.bundle.tables.reader import TableError, open_table, rows
from app.codecs.predictions import join
from app.commands.score import ScoreError, load
from app.errors import InvalidInstances, PredictionFailed
from app.models.model import Model
from app.models.ranker import Ranker, RankingRequest, parse_request
from app.settings import Settings

_NOTHING_WRITTEN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for: `row` is JSON of the user's and the occasion's features, the files hold items."""

    model: str
    user: str | None
    row: str | None
    items: Path | None
    exclude: Path | None
    top: int


def recommend(settings: Settings, order: Order, output: TextIO) -> int:
    """Write rank, item and score of the best items; the exit code, 2 where nothing could be written."""
    try:
        model = load(settings, order.model)
        if model.ranker is None:
            raise ScoreError(f"{order.model} has no item, or no one score, to rank by")
        candidates = model.ranker.candidates(_request(model, model.ranker, order))
        batches = candidates.batches(settings.max_batch_rows)
        ranked = candidates.rank(join([model.predict(batch) for batch in batches])) if batches else []
    except (ScoreError, TableError, BundleError, PredictionFailed, OSError) as error:
        return _fail(str(error))
    except InvalidInstances as error:
        found = [f"{one.feature}: {one.rule}, received {one.value or 'nothing'}" for one in error.problems]
        return _fail("; ".join(found))
    for warning in candidates.warnings:
        print(f"recommend: {warning.message}", file=sys.stderr)
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(["rank", model.ranker.item, "value" if model.manifest.labels is None else "probability"])
    writer.writerows([rank, item.item, item.score] for rank, item in enumerate(ranked, 1))
    return 0


def _request(model: Model, ranker: Ranker, order: Order) -> RankingRequest:
    """Return the request that the order is; raises ScoreError, TableError, InvalidInstances."""
    user = _row(order.row)
    name = next((one.name for one in model.manifest.features if one.kind == "user"), None)
    if order.user is not None and name is None:
        raise ScoreError(f"the model has no users, received --user {order.user}")
    if order.user is not None:
        user[str(name)] = order.user
    request: dict[str, Any] = {"user": user, "top": order.top}
    if order.items is not None:
        request["items"] = _items(model.manifest.features, ranker.item, order.items)
    if order.exclude is not None:
        ids = [one for one in model.manifest.features if one.kind in ("user", "item")]
        request["exclude"] = [
            one[ranker.item]
            for one in _items(ids, ranker.item, order.exclude)
            if one[ranker.item] is not None and one.get(str(name), order.user) == order.user
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
    """The rows of a file that has a column of items."""
    data = open_table(path)
    if item not in data.columns:
        raise ScoreError(f"{path}: a column {item!r} is needed, found {', '.join(data.columns)}")
    return rows(data.read(), features, data.decimal_marks, data.files)


def _fail(message: str) -> int:
    print(f"recommend: {message}", file=sys.stderr)
    return _NOTHING_WRITTEN
