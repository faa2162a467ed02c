"""Ranking of items for a user: each candidate item becomes a row, and the rows with the highest scores win.

Tests: tests/app/api/test_recommend.py, tests/app/commands/test_recommend.py
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from app.bundle.catalogue import Catalogue
from app.bundle.errors import BundleError
from app.bundle.preprocessor import Preprocessor, Raw, concatenate
from app.bundle.reference import raw_columns
from app.bundle.store import Bundle
from app.bundle.transforms import RowWarning
from app.codecs.columns import ColumnBatch
from app.codecs.predictions import Predictions
from app.codecs.request_schema import Instance, RequestSchema, as_json
from app.errors import InvalidInstances, Problem

DEFAULT_TOP, MAX_TOP = 10, 1000

_RULES = {
    "extra_forbidden": "is unknown; a request holds only `user`, `top`, `items` and `exclude`",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "greater_than_equal": f"must be from 1 to {MAX_TOP}",
    "less_than_equal": f"must be from 1 to {MAX_TOP}",
    "too_short": "must hold at least one item",
}


class RankingRequest(TypedDict, total=False):
    """A request: features of the user and the occasion, the number of items wanted, and which to rank or leave out.

    Each of `items` is an id, or an object of the item's features, which replace the catalogue's.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]
    user: Instance
    top: Annotated[int, Field(ge=1, le=MAX_TOP)]
    items: Annotated[list[Any], Field(min_length=1)]
    exclude: list[str]


_REQUEST: TypeAdapter[RankingRequest] = TypeAdapter(RankingRequest)


@dataclass(frozen=True, slots=True)
class RankedItem:
    """An item, its score (a probability or a value), and the warnings of its own features."""

    item: str
    score: float
    warnings: Sequence[RowWarning] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The items of one request, with a generated row for each; the best `top` of them are wanted.

    `ids` is of shape (n_rows,). `warnings` are those of the user, `item_warnings` those of new items by row.
    """

    ids: NDArray[np.object_]
    rows: ColumnBatch
    top: int
    warnings: Sequence[RowWarning]
    item_warnings: Mapping[int, Sequence[RowWarning]]

    def batches(self, max_rows: int) -> list[ColumnBatch]:
        """Return the rows in batches of at most `max_rows`."""
        return [self.rows[first : first + max_rows] for first in range(0, len(self.rows), max_rows)]

    def rank(self, predictions: Predictions) -> list[RankedItem]:
        """Return the items with the highest values or probabilities of the second label, the best first."""
        scores = predictions.decoded[:, -1]
        top = min(self.top, len(scores))
        chosen = np.argpartition(-scores, top - 1)[:top]
        order = chosen[np.lexsort((chosen, -scores[chosen]))].tolist()
        return [RankedItem(self.ids[row], float(scores[row]), self.item_warnings.get(row, ())) for row in order]


@dataclass(slots=True)
class _Selection:
    """Rows of the catalogue, and instances that must be validated, by their places in the request's `items`."""

    known: Sequence[int] | NDArray[np.intp]
    new: dict[int, Instance] = field(default_factory=dict)


class Ranker:
    """Makes the candidates of requests to one bundle. Immutable, safe to share between threads.

    Raises BundleError if the catalogue does not fit the features.
    """

    def __init__(self, bundle: Bundle, preprocessor: Preprocessor, schema: RequestSchema, *, reject_unseen: bool):
        features = bundle.manifest.features
        self.item = next(feature.name for feature in features if feature.kind == "item")
        self._preprocessor = preprocessor
        self._schema = schema
        self._reject_unseen = reject_unseen
        self._required = [feature.name for feature in features if not feature.nullable]
        self._filler = {name: bundle.golden.rows[0][name] for name in self._required}
        catalogue = bundle.catalogue or Catalogue(item=self.item, columns={self.item: ()})
        self.features = frozenset(catalogue.columns)
        self._catalogue = catalogue.columns
        self._ids = np.array(catalogue.columns[self.item], dtype=np.object_)
        self._row = {item: row for row, item in enumerate(self._ids.tolist())}
        self._overlays = _overlays(bundle, catalogue, preprocessor) if len(self._ids) else {}

    def candidates(self, request: RankingRequest) -> Candidates:
        """Return the candidates that a request asks to rank; raises InvalidInstances."""
        user = request.get("user", {})
        user_row, warnings = self._user_row(user)
        selection = self._select(request, user)
        parts = [self._known_rows(user_row, selection.known, user)]
        ids = [self._ids[selection.known]]
        item_warnings: dict[int, list[RowWarning]] = {}
        if selection.new:
            raw, item_warnings = self._new_rows(selection.new, user, len(selection.known))
            parts.append(raw)
            ids.append(np.array([instance[self.item] for instance in selection.new.values()], dtype=np.object_))
        all_ids = np.concatenate(ids)
        rows = ColumnBatch(concatenate(parts), len(all_ids), sent=(), generated=True)
        return Candidates(all_ids, rows, request.get("top", DEFAULT_TOP), warnings, item_warnings)

    def _user_row(self, user: Instance) -> tuple[Raw, list[RowWarning]]:
        """Return raw arrays of one row, with the first golden row's values where features are absent, and warnings.

        Raises InvalidInstances.
        """
        if self.item in user:
            _refuse([Problem(None, self.item, "belongs in `items`", as_json(user[self.item]))])
        try:
            (cells,) = self._schema.check([{**self._filler, **user}])
        except InvalidInstances as error:
            problems = [replace(problem, instance=None) for problem in error.problems]
            raise InvalidInstances(problems, error.total) from error
        raw = self._preprocessor.vectorize_rows([cells])
        numbered = self._preprocessor.warnings(raw, lambda _, position: cells[position])
        warnings = [warning for _, warning in numbered if warning.feature in user]
        if self._reject_unseen:
            _refuse([Problem(None, warning.feature, warning.rule, warning.message) for warning in warnings])
        return raw, warnings

    def _select(self, request: RankingRequest, user: Instance) -> _Selection:
        """Return the items that a request asks for, without those that it excludes; raises InvalidInstances."""
        excluded = set(request.get("exclude", ()))
        items = request.get("items")
        if items is not None:
            selection = self._select_listed(items, user, excluded)
        elif len(self._ids):
            kept = np.ones(len(self._ids), dtype=bool)
            kept[[self._row[item] for item in excluded if item in self._row]] = False
            selection = _Selection(np.flatnonzero(kept))
        else:
            _refuse([Problem(None, "items", "is required: the model has no catalogue", None)])
        if len(selection.known):
            absent = [name for name in self._required if name not in user and name not in self.features]
            _refuse([Problem(None, name, "is required", None) for name in absent])
        return selection

    def _select_listed(self, items: Sequence[Any], user: Instance, excluded: set[str]) -> _Selection:
        known: dict[int, None] = {}
        selection = _Selection(())
        problems = []
        for place, entry in enumerate(items):
            features = {self.item: entry} if isinstance(entry, str) else entry
            if not isinstance(features, dict) or not isinstance(features.get(self.item), str):
                rule = f"must be an item's id, or an object with it in {self.item!r}"
                problems.append(Problem(place, self.item, rule, as_json(entry)))
                continue
            item = features[self.item]
            if item in excluded:
                continue
            row = self._row.get(item)
            if row is not None and len(features) == 1:
                known[row] = None
            else:
                selection.new[place] = {**self._catalogue_cells(row), **user, **features}
        _refuse(problems)
        selection.known = list(known)
        return selection

    def _catalogue_cells(self, row: int | None) -> Instance:
        """Return the cells of a catalogue row by feature, none where there is no row."""
        return {} if row is None else {name: column[row] for name, column in self._catalogue.items()}

    def _known_rows(self, user_row: Raw, rows: Sequence[int] | NDArray[np.intp], user: Instance) -> Raw:
        """Return raw arrays of the user beside each of the catalogue's rows; features that the user sent stay."""
        raw = {kind: np.repeat(array, len(rows), axis=0) for kind, array in user_row.items()}
        if len(rows):
            for name, (kind, place, values) in self._overlays.items():
                if name not in user:
                    raw[kind][place] = values[rows]
        return raw

    def _new_rows(
        self, instances: Mapping[int, Instance], user: Instance, first: int
    ) -> tuple[Raw, dict[int, list[RowWarning]]]:
        """Return raw arrays of instances by their places in `items`, and their warnings by row, counted from `first`.

        Raises InvalidInstances.
        """
        places = list(instances)
        try:
            rows = self._schema.check(list(instances.values()))
        except InvalidInstances as error:
            problems = [replace(problem, instance=places[problem.instance or 0]) for problem in error.problems]
            raise InvalidInstances(problems, error.total) from error
        raw = self._preprocessor.vectorize_rows(rows)
        warnings: dict[int, list[RowWarning]] = {}
        problems = []
        for row, warning in self._preprocessor.warnings(raw, lambda row, position: rows[row][position]):
            if warning.feature not in user:
                warnings.setdefault(first + row, []).append(warning)
                problems.append(Problem(places[row], warning.feature, warning.rule, warning.message))
        if self._reject_unseen:
            _refuse(problems)
        return raw, warnings


def parse_request(content: Any) -> RankingRequest:
    """Return the request that a JSON value holds; raises InvalidInstances."""
    try:
        return _REQUEST.validate_python(content)
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors(include_url=False)]
        raise InvalidInstances(problems, len(problems)) from error


def make_ranker(
    bundle: Bundle, preprocessor: Preprocessor, schema: RequestSchema, *, reject_unseen: bool
) -> Ranker | None:
    """Return the bundle's ranker, None if it has no item or no single score to rank by; raises BundleError."""
    if bundle.manifest.task == "multiclass" or all(feature.kind != "item" for feature in bundle.manifest.features):
        return None
    return Ranker(bundle, preprocessor, schema, reject_unseen=reject_unseen)


def _overlays(
    bundle: Bundle, catalogue: Catalogue, preprocessor: Preprocessor
) -> dict[str, tuple[str, Any, NDArray[Any]]]:
    """Return each catalogue feature's kind, its place in that kind's raw array, and its values, one row per item.

    Raises BundleError if the catalogue does not fit the features.
    """
    known = {feature.name: feature for feature in bundle.manifest.features}
    unknown = catalogue.columns.keys() - known.keys()
    if unknown or known[catalogue.item].kind != "item":
        raise BundleError(f"the catalogue must be of the manifest's features and item, found {sorted(unknown)}")
    features = tuple(feature for feature in bundle.manifest.features if feature.name in catalogue.columns)
    own = Preprocessor(features, bundle.normalization)
    schema = RequestSchema(bundle.manifest.model_copy(update={"features": features}), bundle.normalization, own.readers)
    cells = zip(*catalogue.columns.values(), strict=True)
    try:
        rows = schema.check([dict(zip(catalogue.columns, row, strict=True)) for row in cells])
    except InvalidInstances as error:
        raise BundleError(f"the catalogue breaks a rule of the features: {error.problems[0]}") from error
    raw = own.vectorize_rows(rows)
    columns, own_columns = raw_columns(bundle.manifest.features), raw_columns(features)
    return {
        feature.name: (
            feature.kind,
            preprocessor.transforms[feature.kind].place(columns[feature.name]),
            raw[feature.kind][own.transforms[feature.kind].place(own_columns[feature.name])],
        )
        for feature in features
    }


def _problem(error: Mapping[str, Any]) -> Problem:
    location = error["loc"]
    return Problem(
        instance=None,
        feature=str(location[0]) if location else None,
        rule=_RULES.get(error["type"], str(error["msg"])),
        value=as_json(error["input"]),
    )


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidInstances(problems, len(problems))
