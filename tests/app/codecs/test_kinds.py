"""Booleans, dates and series mean the same in every format of a request, and in a file that is scored."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest

from app.__main__ import main
from app.bundle.transforms import Feature
from app.bundle.transforms.boolean import BooleanFeature
from app.bundle.transforms.date import DateFeature
from app.bundle.transforms.series import SeriesFeature
from app.settings import Settings
from loadtest.rows import Requests, describe
from tests import kind_bundles
from tests.app.codecs import forms
from tests.server import running

JSON, CSV = "application/json", "text/csv"

BORN = [date(1980, 5, 6), None, date(1999, 12, 31)]
SEEN = [
    datetime(2024, 2, 29, 13, 45, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 3, 2, 10, tzinfo=UTC),
]
NAIVE = [moment.replace(tzinfo=None) for moment in SEEN]

COLUMNS: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "boolean": {"paid": [True, None, False], "new": [False, True, True]},
    "date": {
        "born": ["1980-05-06", None, "1999-12-31"],
        "seen": ["2024-02-29T13:45:00Z", "2024-03-01T00:00:00Z", "2024-03-02T10:00:00Z"],
    },
    "series": {
        "ecg": [[0.5, 1.5, 2.5], None, [0.25] * 4],
        "pulse": [[60.0, 70.0], [65.0], [80.0, 81.0, 82.0, 83.0]],
    },
}
ROWS = {
    kind: [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    for kind, columns in COLUMNS.items()
}


def arrow(kind: str, *types: pa.DataType) -> bytes:
    columns = zip(COLUMNS[kind].items(), types, strict=True)
    return forms.stream(pa.RecordBatch.from_pydict({name: pa.array(cells, dtype) for (name, cells), dtype in columns}))


def arrow_dates(born: pa.DataType, seen: pa.DataType, moments: Sequence[Any]) -> bytes:
    columns = {"born": pa.array(BORN, pa.date32()).cast(born), "seen": pa.array(moments, seen)}
    return forms.stream(pa.RecordBatch.from_pydict(columns))


def series_as_text(separator: str) -> list[dict[str, str | None]]:
    return [
        {name: None if cell is None else separator.join(map(str, cell)) for name, cell in row.items()}
        for row in ROWS["series"]
    ]


@dataclass(frozen=True, slots=True)
class Case:
    """A model of two features of one kind, whose three train rows are written in many forms.

    `bodies` are forms of a request, each with its Content-Type, `csv` and `frame` those of a file. Each of the cells
    `wrong` is refused in the second feature, by a rule that matches `rule`.
    """

    features: Sequence[Feature]
    bodies: Mapping[str, tuple[str, bytes]]
    csv: str
    frame: pl.DataFrame
    wrong: Sequence[Any]
    rule: str


CASES = {
    "boolean": Case(
        features=(
            BooleanFeature(name="paid", nullable=True, missing_values=("unknown",), example=True),
            BooleanFeature(name="new", nullable=False, example=False),
        ),
        bodies={
            "columns": (JSON, forms.columns(ROWS["boolean"])),
            "csv": (CSV, forms.as_csv(ROWS["boolean"])),
            "csv of other words": (CSV, b"paid,new\nYES,0\nunknown,t\nn, TRUE\n"),
            "arrow": (forms.ARROW, forms.as_arrow(ROWS["boolean"])),
            "arrow of a given type": (forms.ARROW, arrow("boolean", pa.bool_(), pa.bool_())),
        },
        csv="paid,new\nTrue,no\nunknown,yes\n0,1\n",
        frame=pl.DataFrame(COLUMNS["boolean"]),
        wrong=["true", 1, 0.0, [], "maybe"],
        rule=r"must be true or false$",
    ),
    "date": Case(
        features=(
            DateFeature(name="born", nullable=True, order="dmy", example="1980-05-06"),
            DateFeature(name="seen", nullable=False, example="2024-02-29T13:45:00Z"),
        ),
        bodies={
            "columns": (JSON, forms.columns(ROWS["date"])),
            "day first": (JSON, forms.rows([{**ROWS["date"][0], "born": "6/5/1980"}, *ROWS["date"][1:]])),
            "csv": (CSV, forms.as_csv(ROWS["date"])),
            "csv of other forms": (
                CSV,
                b"born,seen\n06.05.1980,2024-02-29 14:45+01:00\nNA,2024-03-01\n31.12.99,2024-03-02T10:00\n",
            ),
            "arrow in UTC": (forms.ARROW, arrow_dates(pa.date32(), pa.timestamp("us", "UTC"), SEEN)),
            "arrow in a zone": (forms.ARROW, arrow_dates(pa.date64(), pa.timestamp("ns", "Europe/Berlin"), SEEN)),
            "arrow without zone": (forms.ARROW, arrow_dates(pa.timestamp("s"), pa.timestamp("ms"), NAIVE)),
            "arrow of text": (forms.ARROW, forms.as_arrow(ROWS["date"])),
        },
        csv=pl.DataFrame(COLUMNS["date"]).write_csv(),
        frame=pl.DataFrame({"born": BORN, "seen": SEEN}),
        wrong=["3/4/2024", "2024-02-30", 1_700_000_000, True, []],
        rule="must be an ISO 8601 date",
    ),
    "series": Case(
        features=(
            SeriesFeature(name="ecg", nullable=True, example=[1.0, 2.0]),
            SeriesFeature(name="pulse", nullable=False, example=[60.0]),
        ),
        bodies={
            "columns": (JSON, forms.columns(ROWS["series"])),
            "csv": (CSV, forms.as_csv(series_as_text(" "))),
            "text": (JSON, forms.rows(series_as_text(","))),
            "arrow": (forms.ARROW, arrow("series", *[pa.list_(pa.float64())] * 2)),
            "arrow of float32": (forms.ARROW, arrow("series", *[pa.list_(pa.float32())] * 2)),
        },
        csv=pl.DataFrame(series_as_text(" ")).fill_null("NA").write_csv(),
        frame=pl.DataFrame(COLUMNS["series"]),
        wrong=["1 2 x", [], [1, "2"], [1, None], 5, True, {"0": 1}],
        rule="must ",
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    for kind, case in CASES.items():
        kind_bundles.publish(folder, case.features, COLUMNS[kind], kind)
    return folder


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    with running(Settings(models_dir=models)) as client:
        yield client


def post(client: httpx.Client, kind: str, body: bytes, content_type: str = JSON) -> httpx.Response:
    return client.post(f"/models/{kind}/predict", content=body, headers={"Content-Type": content_type})


def predictions(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    answered: list[dict[str, Any]] = response.json()["predictions"]
    return answered


def probabilities(response: httpx.Response) -> list[float]:
    return [prediction["probabilities"]["bad"] for prediction in predictions(response)]


def problems(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 422, response.text
    listed: list[dict[str, Any]] = response.json()["problems"]
    return listed


@pytest.mark.parametrize(("kind", "form"), [(kind, form) for kind, case in CASES.items() for form in case.bodies])
def test_a_cell_means_the_same_in_every_format(client: httpx.Client, kind: str, form: str) -> None:
    content_type, body = CASES[kind].bodies[form]
    expected = probabilities(post(client, kind, forms.rows(ROWS[kind])))
    assert probabilities(post(client, kind, body, content_type)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("kind", "cell"), [(kind, cell) for kind, case in CASES.items() for cell in case.wrong])
def test_a_wrong_cell_is_refused_by_row_feature_and_rule(client: httpx.Client, kind: str, cell: Any) -> None:
    feature = CASES[kind].features[1].name
    first, second, _ = ROWS[kind]
    (problem,) = problems(post(client, kind, forms.rows([first, {**second, feature: cell}])))
    assert (problem["instance"], problem["feature"]) == (1, feature)
    assert re.match(CASES[kind].rule, problem["rule"])


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_scored_as_its_rows_are_answered(
    models: Path, client: httpx.Client, tmp_path: Path, kind: str, ending: str
) -> None:
    source, target = tmp_path / f"in.{ending}", tmp_path / "out.csv"
    if ending == "csv":
        source.write_text(CASES[kind].csv)
    else:
        CASES[kind].frame.write_parquet(source)
    assert main(["score", str(source), "-o", str(target), "--model", kind, "--models", str(models)]) == 0
    expected = probabilities(post(client, kind, forms.rows(ROWS[kind])))
    assert pl.read_csv(target)["p_bad"].to_list() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", CASES)
def test_the_load_test_sends_good_rows(client: httpx.Client, kind: str) -> None:
    requests = Requests(describe(str(client.base_url), kind), seed=1)
    assert predictions(post(client, kind, requests.good(5).encode()))


def test_csv_that_is_no_boolean_is_refused_as_it_was_sent(client: httpx.Client) -> None:
    (problem,) = problems(post(client, "boolean", b"new\ntrue\nMaybe\n", CSV))
    assert (problem["instance"], problem["rule"], problem["value"]) == (1, "must be true or false", '"Maybe"')


def test_a_timestamp_beyond_the_calendar_is_refused(client: httpx.Client) -> None:
    batch = pa.RecordBatch.from_pydict({"seen": pa.array([10**15], pa.int64()).cast(pa.timestamp("s"))})
    (problem,) = problems(post(client, "date", forms.stream(batch), forms.ARROW))
    assert (problem["instance"], problem["feature"]) == (0, "seen")


def test_lists_with_gaps_are_refused_in_arrow_too(client: httpx.Client) -> None:
    batch = pa.RecordBatch.from_pydict({"pulse": pa.array([[1.0, None]], pa.list_(pa.float64()))})
    (problem,) = problems(post(client, "series", forms.stream(batch), forms.ARROW))
    assert (problem["instance"], problem["feature"], problem["value"]) == (0, "pulse", "[1.0, null]")


def test_a_missing_series_is_refused_where_training_saw_none(client: httpx.Client) -> None:
    listed = problems(post(client, "series", forms.rows([{"ecg": [1], "pulse": None}, {"ecg": [1]}])))
    assert [problem["feature"] for problem in listed] == ["pulse", "pulse"]


@pytest.mark.parametrize(
    ("kind", "row", "rule"),
    [("date", {"seen": "2034-01-01"}, "out_of_range"), ("series", {"pulse": [70] * 9}, "series_cut")],
)
def test_a_cell_unlike_those_of_training_is_answered_with_a_warning(
    client: httpx.Client, kind: str, row: dict[str, Any], rule: str
) -> None:
    (prediction,) = predictions(post(client, kind, forms.rows([row])))
    assert [warning["rule"] for warning in prediction["warnings"]] == [rule]


def test_the_api_describes_a_series(client: httpx.Client) -> None:
    assert "Training saw 1 to 4 numbers from 60 to 83" in client.get("/openapi.json").text
