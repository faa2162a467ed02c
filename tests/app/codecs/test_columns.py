"""Columns of any format are read as JSON rows of the same cells are, good or bad."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.bundle import store
from app.bundle.texts.cells import BLANKS
from app.codecs.negotiation import request_codec
from app.errors import SlipwayError
from app.models.model import Model
from app.settings import Settings
from benchmarks.serving import bundle
from benchmarks.serving.contract import FEATURES, NAME
from tests.app.codecs import forms

nan = float("nan")
good_numbers = st.one_of(st.floats(0, 130), st.integers(0, 130))
numbers = st.one_of(st.floats(), st.integers(-200, 200), st.sampled_from([-999.0, 1e308, -0.0]))
texts = st.one_of(st.sampled_from(["rent", "owner", "clerk", "a:b"]), st.text(max_size=5))
good_columns = st.fixed_dictionaries(
    {"age": good_numbers, "home": texts},
    optional={"income": st.none() | st.floats(-1e3, 1e6), "job title": st.none() | texts},
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of one type a column, as Arrow has them: mostly good, some columns absent, unknown or of another type."""
    n_rows = draw(st.integers(1, 12))
    kinds = {"age": good_numbers, "income": st.floats(-1e3, 1e6), "home": texts, "job title": texts}
    odd = [numbers, texts, st.booleans()]
    chosen = {name: kind for name, kind in kinds.items() if draw(st.integers(0, 9))}
    if not draw(st.integers(0, 3)):
        chosen[draw(st.sampled_from(["age", "income", "home", "job title", "other"]))] = draw(st.sampled_from(odd))
    assume(chosen)  # where there is no column, no format but rows tells how many rows there are
    columns = {}
    for name, kind in chosen.items():
        cells = kind if draw(st.integers(0, 3)) else st.none() | kind
        column = draw(st.lists(cells, min_size=n_rows, max_size=n_rows))
        if any(isinstance(cell, float) for cell in column):
            column = [float(cell) if isinstance(cell, int) else cell for cell in column]
        columns[name] = column
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="module")
def model(models: Path) -> Model:
    return Model(store.read(models, "credit", 1), Settings(models_dir=models))


def outcome(model: Model, kind: str, body: bytes) -> Any:
    """Answers and warnings, or the error with all that it tells."""
    try:
        batches = request_codec(kind).decode(body, model.reader)
        answers = [model.predict(rows) for rows in batches]
    except SlipwayError as error:
        return type(error), str(error), error.extensions()
    return [prediction for answer in answers for prediction in model.response_schema.json_encoder.builtins(answer)]


def same(found: Any, expected: Any) -> bool:
    return repr(found) == repr(expected)


@pytest.mark.parametrize("form", ["columns", "arrow"])
@given(instances=tables())
@settings(max_examples=400, deadline=None)
def test_columns_are_read_as_rows_are(model: Model, form: str, instances: list[dict[str, Any]]) -> None:
    kind, write = forms.WRITERS[form]
    assert same(outcome(model, kind, write(instances)), outcome(model, "application/json", forms.rows(instances)))


@pytest.fixture(scope="module")
def all_numbers(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of 30 numbers, none of which may be missing."""
    folder = tmp_path_factory.mktemp("numbers")
    bundle.publish(folder)
    return Model(store.read(folder / "models", NAME, 1), Settings(models_dir=folder / "models"))


@pytest.mark.parametrize("form", ["columns", "arrow"])
@given(
    n_rows=st.integers(1, 40),
    odd=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 30), st.none() | st.floats()), max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_columns_of_numbers_alone_are_read_as_rows_are(
    all_numbers: Model, form: str, n_rows: int, odd: list[tuple[int, int, float | None]]
) -> None:
    """Good ones but for some odd cells, the last of them in a column that the model does not know."""
    instances = bundle.as_objects(bundle.random_rows(n_rows, seed=n_rows))
    names = [*FEATURES, "unknown"]
    for row, column, value in odd:
        for instance in instances:
            instance.setdefault(names[column], 0.0)
        instances[row % n_rows][names[column]] = value
    kind, write = forms.WRITERS[form]
    expected = outcome(all_numbers, "application/json", forms.rows(instances))
    assert same(outcome(all_numbers, kind, write(instances)), expected)


@given(instances=tables())
@settings(max_examples=400, deadline=None)
def test_csv_is_read_as_rows_of_its_cells_are(model: Model, instances: list[dict[str, Any]]) -> None:
    """A cell of text is stripped, empty is missing, and a number is what is written as one."""
    as_read = [{name: as_cell(name, cell) for name, cell in instance.items()} for instance in instances]
    if len(instances[0]) == 1 and any(cell in (None, "") for instance in as_read for cell in instance.values()):
        return  # an empty line is none
    found = outcome(model, "text/csv", forms.as_csv(instances))
    assert same(found, outcome(model, "application/json", forms.rows(as_read)))


def as_cell(name: str, cell: Any) -> Any:
    text = "" if cell is None else str(cell).strip()
    if name not in ("age", "income"):
        return text.lower() if text.lower() in ("true", "false") else text or None
    if not text or text.lower() in BLANKS:
        return None
    try:
        return float(text) if text.isascii() and "inf" not in text and "_" not in text else text
    except ValueError:
        return text


@given(
    groups=st.lists(
        st.tuples(st.sampled_from(["rows", "columns", "csv", "arrow"]), st.lists(good_columns, min_size=1, max_size=3)),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=150, deadline=None)
def test_formats_share_a_batch(model: Model, groups: list[tuple[str, list[dict[str, Any]]]]) -> None:
    batches, expected = [], []
    for form, instances in groups:
        # In CSV, text of blanks alone is missing.
        texts = [
            {name: (instance.get(name) or "").strip() or "x" for name in ("home", "job title")}
            for instance in instances
        ]
        whole = [instance | filled for instance, filled in zip(instances, texts, strict=True)]
        kind, write = forms.WRITERS.get(form, ("application/json", forms.rows))
        (rows,) = request_codec(kind).decode(write(whole), model.reader)
        batches.append(rows)
        expected += model.response_schema.json_encoder.builtins(model.predict(rows))
    found = model.response_schema.json_encoder.builtins(model.predict_batch(batches))
    assert [prediction.get("warnings") for prediction in found] == [
        prediction.get("warnings") for prediction in expected
    ]
    key = "probability"
    np.testing.assert_allclose(
        [prediction[key] for prediction in found], [prediction[key] for prediction in expected], atol=1e-6
    )
