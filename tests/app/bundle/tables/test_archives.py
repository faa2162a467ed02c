"""Paths in a data file lead to files of one folder or archive, and nowhere else."""

import zipfile
from pathlib import Path

import pytest

from app.bundle.tables import archives
from app.bundle.tables.archives import FileError, Files, open_files
from app.bundle.tables.errors import TableError


@pytest.fixture(params=["folder", "archive"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """A place with `a/b.bin`."""
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "place"
    (folder / "a").mkdir(parents=True)
    (folder / "a/b.bin").write_bytes(b"content")
    (folder / "link").symlink_to(tmp_path / "secret")
    if request.param == "folder":
        return open_files(folder)
    with zipfile.ZipFile(tmp_path / "place.zip", "w") as archive:
        archive.write(folder / "a/b.bin", "a/b.bin")
    return open_files(tmp_path / "place.zip")


def test_a_relative_path_is_read(place: Files) -> None:
    assert place.read("a/b.bin") == place.read("./a/b.bin") == b"content"


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/passwd", "..\\secret", "", ".", "a\0b"])
def test_a_path_that_could_lead_out_is_refused(place: Files, path: str) -> None:
    with pytest.raises(FileError, match="must be relative"):
        place.read(path)


@pytest.mark.parametrize("path", ["none.bin", "a", "link", "n" * 5000])
def test_what_is_no_file_or_links_out_cannot_be_had(place: Files, path: str) -> None:
    with pytest.raises(FileError):
        place.read(path)


def test_a_file_has_a_largest_size(place: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 3)
    with pytest.raises(FileError, match="at most 3 bytes, received 7"):
        place.read("a/b.bin")


@pytest.mark.parametrize(("limit", "value"), [("MAX_MEMBERS", 1), ("MAX_ARCHIVE_BYTES", 1000)])
def test_an_archive_has_a_largest_number_of_files_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(archives, limit, value)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 1000)
        archive.writestr("b", b"\0" * 1000)
    with pytest.raises(TableError, match="an archive must have at most"):
        open_files(tmp_path / "bomb.zip")


def test_a_member_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"c0ntent"))
    with pytest.raises(FileError, match="cannot be unpacked"):
        open_files(path).read("a")


def test_what_is_no_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no archive")
    (tmp_path / "file.txt").write_text("")
    for path in (tmp_path / "text.zip", tmp_path / "file.txt", tmp_path / "none"):
        with pytest.raises(TableError):
            open_files(path)
