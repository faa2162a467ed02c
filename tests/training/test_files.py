"""Columns of paths become columns of images and sounds, or an error that names row and path."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.bundle.media.images import decode_image
from app.bundle.media.sounds import read_rate_and_seconds
from app.bundle.tables.reader import open_table
from app.bundle.transforms.audio import AudioFeature
from app.bundle.transforms.image import ImageFeature
from tests.media import picture, square, tone
from training.config import Config
from training.data.cleaning import clean
from training.data.table import Table
from training.errors import InputError
from training.job import referenced_files_sha256

N_ROWS = 12


def write(folder: Path, files: dict[str, bytes | None]) -> Path:
    """A data file with a column `file` of these paths, beside the files that are not None."""
    for name, content in files.items():
        if content is not None:
            (folder / name).write_bytes(content)
    column: dict[str, Any] = {"file": list(files), "y": ["a", "b"] * (len(files) // 2), "n": np.arange(len(files)) % 5}
    pl.DataFrame(column).write_csv(folder / "data.csv")
    return folder / "data.csv"


def cleaned(path: Path, **settings: Any) -> Table:
    return clean(open_table(path), "y", Config.model_validate({"columns": {"file": settings}} if settings else {}))


def pictures(side: int = 12, mode: str | None = None) -> dict[str, bytes | None]:
    return {f"{row}.png": picture(square(20 * row, side, row), mode=mode) for row in range(N_ROWS)}


def test_paths_of_images_are_images_of_their_own_size(tmp_path: Path) -> None:
    table = cleaned(write(tmp_path, pictures()))
    feature = table.features[0]
    assert isinstance(feature, ImageFeature)
    assert (feature.height, feature.width, feature.channels, feature.nullable) == (12, 12, 1, False)
    assert (decode_image(table.columns["file"][3], 12, 12, 1)[:, :, 0] == square(60, 12, 3)).all()


def test_large_images_in_colour_are_scaled_down_or_as_configured(tmp_path: Path) -> None:
    path = write(tmp_path, pictures(200, "RGB"))
    feature, configured = cleaned(path).features[0], cleaned(path, size=[20, 30]).features[0]
    assert isinstance(feature, ImageFeature)
    assert isinstance(configured, ImageFeature)
    assert (feature.height, feature.width, feature.channels) == (64, 64, 3)
    assert (configured.height, configured.width) == (20, 30)


def test_paths_of_sounds_are_sounds_of_their_own_rate_and_length(tmp_path: Path) -> None:
    sounds: dict[str, bytes | None] = {f"{row}.wav": tone(100 + row, 0.2 + row / 100) for row in range(N_ROWS)}
    path = write(tmp_path, sounds)
    table = cleaned(path)
    feature, configured = table.features[0], cleaned(path, seconds=0.1).features[0]
    assert isinstance(feature, AudioFeature)
    assert isinstance(configured, AudioFeature)
    assert (feature.sample_rate, feature.seconds) == (8_000, 0.3)
    assert configured.seconds == 0.1
    assert read_rate_and_seconds(table.columns["file"][0]) == (8_000, 0.2)


def test_a_cell_without_path_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, pictures())
    path.write_text(path.read_text().replace("4.png", "").replace("5.png", "NA"))
    table = cleaned(path)
    assert table.features[0].nullable
    assert [row for row in range(N_ROWS) if table.columns["file"][row] is None] == [4, 5]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("no.png", None, "there is no such file"),
        ("../out.png", None, "a path must be relative"),
        ("bad.png", b"GIF89a", "a file must be a PNG or JPEG image"),
    ],
)
def test_a_file_that_cannot_be_had_is_an_error_with_row_and_path(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    files = pictures()
    files.pop("7.png")
    with pytest.raises(InputError, match=rf"data.csv: column 'file', row 11 .*{reason}") as error:
        cleaned(write(tmp_path, {**files, name: content}))
    assert name in str(error.value)


def test_paths_of_which_none_leads_to_a_file_are_left_out_unless_they_are_said_to_be_images(tmp_path: Path) -> None:
    path = write(tmp_path, dict.fromkeys(pictures()))
    table = cleaned(path)
    assert [one.name for one in table.features] == ["n"]
    (finding,) = (one for one in table.findings if one.column == "file")
    assert "--files" in finding.action
    with pytest.raises(InputError, match=r"row 0 .*there is no such file"):
        cleaned(path, kind="image")


def test_bytes_in_parquet_are_files_too(tmp_path: Path) -> None:
    column = {"file": list(pictures().values()), "y": ["a", "b"] * (N_ROWS // 2)}
    pl.DataFrame(column).write_parquet(tmp_path / "data.parquet")
    table = cleaned(tmp_path / "data.parquet", kind="image")
    assert isinstance(table.features[0], ImageFeature)


def test_other_files_are_another_run(tmp_path: Path) -> None:
    files = pictures()
    first = referenced_files_sha256(cleaned(write(tmp_path, files)))
    assert first == referenced_files_sha256(cleaned(tmp_path / "data.csv"))
    assert first != referenced_files_sha256(cleaned(write(tmp_path, {**files, "3.png": picture(square(99))})))
    assert referenced_files_sha256(cleaned(tmp_path / "data.csv", kind="ignore")) is None
