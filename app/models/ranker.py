"""Which items a user may like best: a row for each item, and the best of the answers."""

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
from app.codecs.columns import Candidates
from app.codecs.predictions import Answers
from app.codecs.request_schema import Instance, RequestSchema, as_json
from app.errors import InvalidInstances, Problem

DEFAULT_TOP, MAX_TOP = 10, 1000

_RULES = {
    "extra_forbidden": "is unknown; a request holds `user`, `top`, `items` and `exclude` alone",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "greater_than_equal": f"must be from 1 to {MAX_TOP}",
    "less_than_equal": f"must be from 1 to {MAX_TOP}",
    "too_short": "must hold at least one item",
}


class Wanted(TypedDict, total=False):
    """A request: features of the user and the occasion, how many items are wanted, of which, and which not.

    Each of `items` is an id, or an object of the item's features, which go before the catalogue's.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]
    user: Instance
    top: Annotated[int, Field(ge=1, le=MAX_TOP)]
    items: Annotated[list[Any], Field(min_length=1)]
    exclude: list[str]


_WANTED: TypeAdapter[Wanted] = TypeAdapter(Wanted)


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item, its score (a probability or a value), and what is to be warned of."""

    item: str
    score: float
    warnings: Sequence[RowWarning] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The rows of one request, an item each, by their ids of shape (n_rows,); `top` of them are wanted.

    `warnings` are those of the user, `item_warnings` those of new items by row.
    """

    ids: NDArray[np.object_]
    rows: Candidates
    top: int
    warnings: Sequence[RowWarning]
    item_warnings: Mapping[int, Sequence[RowWarning]]

    def batches(self, most: int) -> list[Candidates]:
        """The rows in pieces of at most so many."""
        return [self.rows[first : first + most] for first in range(0, len(self.rows), most)]

    def best(self, answers: Answers) -> list[Ranked]:
        """The items of the highest values, or probabilities of the second label, the best first."""
        scores = answers.decoded[:, -1]
        top = min(self.top, len(scores))
        chosen = np.argpartition(-scores, top - 1)[:top]
        order = chosen[np.lexsort((chosen, -scores[chosen]))].tolist()
        return [Ranked(self.ids[row], float(scores[row]), self.item_warnings.get(row, ())) for row in order]


@dataclass(slots=True)
class _Chosen:
    """Rows of the catalogue, and instances that must be read, by their places in the request's `items`."""

    known: Sequence[int] | NDArray[np.intp]
    new: dict[int, Instance] = field(default_factory=dict)


class Ranker:
    """Makes the rows of requests to one bundle. Immutable, safe to share between threads.

    Raises BundleError where the catalogue does not fit the features.
    """

    def __init__(self, bundle: Bundle, preprocessor: Preprocessor, schema: RequestSchema, *, reject_unseen: bool):
        features = bundle.manifest.features
        self.item = next(one.name for one in features if one.kind == "item")
        self._preprocessor = preprocessor
        self._schema = schema
        self._reject_unseen = reject_unseen
        self._required = [one.name for one in features if not one.nullable]
        self._filler = {name: bundle.golden.rows[0][name] for name in self._required}
        catalogue = bundle.catalogue or Catalogue(item=self.item, columns={self.item: ()})
        self.features = frozenset(catalogue.columns)
        self._catalogue = catalogue.columns
        self._ids = np.array(catalogue.columns[self.item], dtype=np.object_)
        self._row = {text: row for row, text in enumerate(self._ids.tolist())}
        self._overlays = _overlays(bundle, catalogue, preprocessor) if len(self._ids) else {}

    def contest(self, wanted: Wanted) -> Contest:
        """The rows that a request asks to rank; raises InvalidInstances."""
        user = wanted.get("user", {})
        row, warnings = self._user(user)
        chosen = self._choose(wanted, user)
        parts = [self._known(row, chosen.known, user)]
        ids = [self._ids[chosen.known]]
        item_warnings: dict[int, list[RowWarning]] = {}
        if chosen.new:
            raw, item_warnings = self._new(chosen.new, user, len(chosen.known))
            parts.append(raw)
            ids.append(np.array([one[self.item] for one in chosen.new.values()], dtype=np.object_))
        every = np.concatenate(ids)
        rows = Candidates(concatenate(parts), len(every), ())
        return Contest(every, rows, wanted.get("top", DEFAULT_TOP), warnings, item_warnings)

    def _user(self, user: Instance) -> tuple[Raw, list[RowWarning]]:
        """Raw arrays of one row, whose features that the user does not tell are some row's, and the user's warnings."""
        if self.item in user:
            _refuse([Problem(None, self.item, "belongs in `items`", as_json(user[self.item]))])
        try:
            (cells,) = self._schema.check([{**self._filler, **user}])
        except InvalidInstances as error:
            problems = [replace(one, instance=None) for one in error.problems]
            raise InvalidInstances(problems, error.total) from error
        raw = self._preprocessor.vectorize_rows([cells])
        found = self._preprocessor.warnings(raw, lambda _, position: cells[position])
        warnings = [one for _, one in found if one.feature in user]
        if self._reject_unseen:
            _refuse([Problem(None, one.feature, one.rule, one.message) for one in warnings])
        return raw, warnings

    def _choose(self, wanted: Wanted, user: Instance) -> _Chosen:
        """What is to be ranked, without what is excluded."""
        excluded = set(wanted.get("exclude", ()))
        items = wanted.get("items")
        if items is not None:
            chosen = self._listed(items, user, excluded)
        elif len(self._ids):
            kept = np.ones(len(self._ids), dtype=bool)
            kept[[self._row[one] for one in excluded if one in self._row]] = False
            chosen = _Chosen(np.flatnonzero(kept))
        else:
            _refuse([Problem(None, "items", "is required: the model has no catalogue", None)])
        if len(chosen.known):
            absent = [name for name in self._required if name not in user and name not in self.features]
            _refuse([Problem(None, name, "is required", None) for name in absent])
        return chosen

    def _listed(self, items: Sequence[Any], user: Instance, excluded: set[str]) -> _Chosen:
        known: dict[int, None] = {}
        chosen = _Chosen(())
        problems = []
        for place, one in enumerate(items):
            told = {self.item: one} if isinstance(one, str) else one
            if not isinstance(told, dict) or not isinstance(told.get(self.item), str):
                rule = f"must be an item's id, or an object with it in {self.item!r}"
                problems.append(Problem(place, self.item, rule, as_json(one)))
                continue
            text = told[self.item]
            if text in excluded:
                continue
            row = self._row.get(text)
            if row is not None and len(told) == 1:
                known[row] = None
            else:
                chosen.new[place] = {**self._cells(row), **user, **told}
        _refuse(problems)
        chosen.known = list(known)
        return chosen

    def _cells(self, row: int | None) -> Instance:
        """What the catalogue tells of an item."""
        return {} if row is None else {name: column[row] for name, column in self._catalogue.items()}

    def _known(self, user_row: Raw, rows: Sequence[int] | NDArray[np.intp], user: Instance) -> Raw:
        """Raw arrays of the user with each item of the catalogue's rows; what the user tells stays."""
        raw = {kind: np.repeat(one, len(rows), axis=0) for kind, one in user_row.items()}
        if len(rows):
            for name, (kind, place, values) in self._overlays.items():
                if name not in user:
                    raw[kind][place] = values[rows]
        return raw

    def _new(
        self, instances: Mapping[int, Instance], user: Instance, first: int
    ) -> tuple[Raw, dict[int, list[RowWarning]]]:
        """Raw arrays of instances by their places in `items`, and their warnings by row, counted from `first`."""
        places = list(instances)
        try:
            rows = self._schema.check(list(instances.values()))
        except InvalidInstances as error:
            problems = [replace(one, instance=places[one.instance or 0]) for one in error.problems]
            raise InvalidInstances(problems, error.total) from error
        raw = self._preprocessor.vectorize_rows(rows)
        warnings: dict[int, list[RowWarning]] = {}
        problems = []
        for row, one in self._preprocessor.warnings(raw, lambda row, position: rows[row][position]):
            if one.feature not in user:
                warnings.setdefault(first + row, []).append(one)
                problems.append(Problem(places[row], one.feature, one.rule, one.message))
        if self._reject_unseen:
            _refuse(problems)
        return raw, warnings


def parse(content: Any) -> Wanted:
    """The request that a JSON value is; raises InvalidInstances."""
    try:
        return _WANTED.validate_python(content)
    except ValidationError as error:
        problems = [_problem(one) for one in error.errors(include_url=False)]
        raise InvalidInstances(problems, len(problems)) from error


def make_ranker(
    bundle: Bundle, preprocessor: Preprocessor, schema: RequestSchema, *, reject_unseen: bool
) -> Ranker | None:
    """None where there is no item, or no one score to rank items by; raises BundleError."""
    if bundle.manifest.task == "multiclass" or all(one.kind != "item" for one in bundle.manifest.features):
        return None
    return Ranker(bundle, preprocessor, schema, reject_unseen=reject_unseen)


def _overlays(
    bundle: Bundle, catalogue: Catalogue, preprocessor: Preprocessor
) -> dict[str, tuple[str, Any, NDArray[Any]]]:
    """By feature of the catalogue its kind, its place in that kind's raw array, and its values, an item a row."""
    every = {one.name: one for one in bundle.manifest.features}
    strange = catalogue.columns.keys() - every.keys()
    if strange or every[catalogue.item].kind != "item":
        raise BundleError(f"the catalogue must be of the manifest's features and item, found {sorted(strange)}")
    features = tuple(one for one in bundle.manifest.features if one.name in catalogue.columns)
    own = Preprocessor(features, bundle.normalization)
    schema = RequestSchema(bundle.manifest.model_copy(update={"features": features}), bundle.normalization, own.readers)
    cells = zip(*catalogue.columns.values(), strict=True)
    try:
        rows = schema.check([dict(zip(catalogue.columns, row, strict=True)) for row in cells])
    except InvalidInstances as error:
        raise BundleError(f"the catalogue breaks a rule of the features: {error.problems[0]}") from error
    raw = own.vectorize_rows(rows)
    there, here = raw_columns(bundle.manifest.features), raw_columns(features)
    return {
        one.name: (
            one.kind,
            preprocessor.transforms[one.kind].place(there[one.name]),
            raw[one.kind][own.transforms[one.kind].place(here[one.name])],
        )
        for one in features
    }


def _problem(error: Mapping[str, Any]) -> Problem:
    where = error["loc"]
    return Problem(
        instance=None,
        feature=str(where[0]) if where else None,
        rule=_RULES.get(error["type"], str(error["msg"])),
        value=as_json(error["input"]),
    )


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidInstances(problems, len(problems))
