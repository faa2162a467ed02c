"""Images and sounds, from files that rows name to answers over HTTP and offline."""

import base64
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from app.__main__ import main
from app.settings import Settings
from tests.media import picture, square, tone
from tests.server import running
from training.__main__ import main as train

pytestmark = pytest.mark.tensorflow

ARROW = "application/vnd.apache.arrow.stream"
N_ROWS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file with its archive, and the model `media` of it; the third row has no picture."""
    folder = tmp_path_factory.mktemp("media")
    names = [None if row == 2 else f"pictures/{row}.png" for row in range(N_ROWS)]
    sounds = [f"sounds/{row}.wav" for row in range(N_ROWS)]
    with zipfile.ZipFile(folder / "files.zip", "w") as archive:
        for row in range(N_ROWS):
            archive.writestr(f"pictures/{row}.png", picture(square(40 + row % 2 * 120, seed=row)))
            archive.writestr(f"sounds/{row}.wav", tone(300 + row % 2 * 900 + row))
    answers = ["yes" if row % 2 else "no" for row in range(N_ROWS)]
    pl.DataFrame({"picture": names, "sound": sounds, "answer": answers}).write_csv(folder / "data.csv")
    places = ["--models", str(folder / "models"), "--work-dir", str(folder / "runs")]
    options = ["--target", "answer", "--name", "media", "--epochs", "2", "--files", str(folder / "files.zip")]
    assert train(["fit", str(folder / "data.csv"), *options, *places]) == 0
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[httpx.Client]:
    """A client of the service with that model."""
    with running(Settings(models_dir=folder / "models")) as client:
        yield client


def cells(folder: Path, row: int) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "files.zip") as archive:
        return {"picture": archive.read(f"pictures/{row}.png"), "sound": archive.read(f"sounds/{row}.wav")}


def encoded(folder: Path, row: int) -> dict[str, str]:
    return {name: base64.b64encode(cell).decode() for name, cell in cells(folder, row).items()}


def post(client: httpx.Client, instances: list[Any]) -> httpx.Response:
    return client.post("/predict", json={"instances": instances})


def score(folder: Path, source: Path, target: Path) -> int:
    options = ["--model", "media", "--models", str(folder / "models"), "--files", str(folder / "files.zip")]
    return main(["score", str(source), "-o", str(target), *options])


def test_requests_of_every_form_and_the_file_get_the_same_answers(
    folder: Path, served: httpx.Client, tmp_path: Path
) -> None:
    chosen = [0, 1, 2, 7]
    instances: list[dict[str, Any]] = [encoded(folder, row) for row in chosen]
    instances[2]["picture"] = None
    instances[3]["picture"] = f"data:image/png;base64,{instances[3]['picture']}"
    by_json = [one["probabilities"]["yes"] for one in post(served, instances).json()["predictions"]]

    columns = {name: [cells(folder, row)[name] for row in chosen] for name in ("picture", "sound")}
    arrays = {
        name: [None if (name, row) == ("picture", 2) else one for row, one in zip(chosen, column, strict=True)]
        for name, column in columns.items()
    }
    table = pa.table(arrays, schema=pa.schema([("picture", pa.binary()), ("sound", pa.large_binary())]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answer = served.post("/predict", content=sink.getvalue().to_pybytes(), headers={"Content-Type": ARROW})
    by_arrow = [one["probabilities"]["yes"] for one in answer.json()["predictions"]]

    assert score(folder, folder / "data.csv", tmp_path / "out.csv") == 0
    by_file = pl.read_csv(tmp_path / "out.csv")["p_yes"].to_numpy()[chosen]
    np.testing.assert_allclose(by_json, by_arrow, atol=1e-6)
    np.testing.assert_allclose(by_json, by_file, atol=1e-6)
    assert len(set(by_json)) == 4


@pytest.mark.parametrize(
    ("feature", "value", "rule"),
    [
        ("picture", "pictures/1.png", "must be base64"),
        ("picture", base64.b64encode(b"GIF89a").decode() * 50, "must be a PNG or JPEG image"),
        ("sound", base64.b64encode(b"RIFF").decode(), "must be a WAV file"),
        ("sound", None, "must be a string"),
        ("picture", 7, "must be a string"),
    ],
)
def test_what_is_no_file_of_the_kind_is_refused_by_instance_and_feature(
    folder: Path, served: httpx.Client, feature: str, value: Any, rule: str
) -> None:
    response = post(served, [encoded(folder, 0), {**encoded(folder, 1), feature: value}])
    assert response.status_code == 422
    (problem,) = response.json()["problems"]
    assert (problem["instance"], problem["feature"]) == (1, feature)
    assert problem["rule"].startswith(rule)
    assert len(problem["value"]) <= 80


def test_the_example_of_the_documentation_is_answered(served: httpx.Client) -> None:
    schema = served.get("/models/media").json()
    assert post(served, [{one["name"]: one["example"] for one in schema["features"]}]).status_code == 200


def test_rows_whose_file_is_absent_are_told_and_the_others_scored(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = {"picture": ["pictures/0.png", "../data.csv", "no.png"], "sound": ["sounds/0.wav"] * 3}
    pl.DataFrame(rows).write_csv(tmp_path / "in.csv")
    assert score(folder, tmp_path / "in.csv", tmp_path / "out.csv") == 1
    assert pl.read_csv(tmp_path / "out.csv")["prediction"].is_null().to_list() == [False, True, True]
    assert (
        "row 1, picture: must be base64 text (in a data file: the path of a file that is there)"
        in capfd.readouterr().err
    )


def test_what_a_picture_and_a_sound_add_is_told(served: httpx.Client, folder: Path) -> None:
    body = {"instances": [encoded(folder, 0), encoded(folder, 1)]}
    answers = served.post("/models/media/predict?explain=true", json=body).json()["predictions"]
    for one in (answer["explanation"] for answer in answers):
        assert set(one["contributions"]) == {"picture", "sound"}
        assert all(abs(contribution) > 1e-4 for contribution in one["contributions"].values())
        assert abs(one["gap"]) < 0.02
