"""Files that a data file's cells name by their paths, in a folder or in a ZIP archive."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath

from app.bundle.display import shorten
from app.bundle.tables.errors import TableError

MAX_FILE_BYTES = 16 * 2**20
MAX_MEMBERS = 1_000_000
MAX_ARCHIVE_BYTES = 32 * 2**30
"""Size of all members of an archive, unpacked."""


class FileError(ValueError):
    """A path whose file cannot be read; the message says the rule and the path."""


class Files(ABC):
    """A read-only place with files; a path never leads out of it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def read(self, name: str) -> bytes:
        """Return the content of the file at a relative path; raise FileError."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts:
            raise FileError(f"a path must be relative, without '..' and '\\', received {shorten(name)}")
        return self._read(path)

    @abstractmethod
    def _read(self, path: PurePosixPath) -> bytes: ...

    def _refuse(self, path: PurePosixPath, reason: str) -> FileError:
        return FileError(f"{shorten(str(path))} in {self.place.name or self.place}: {reason}")

    def _check_size(self, path: PurePosixPath, size: int) -> None:
        if size > MAX_FILE_BYTES:
            raise self._refuse(path, f"a file must have at most {MAX_FILE_BYTES} bytes, received {size}")


class Folder(Files):
    """A folder; a file outside of it that a link points to counts as absent."""

    def _read(self, path: PurePosixPath) -> bytes:
        try:
            file = (self.place / path).resolve()
            if not file.is_relative_to(self.place.resolve()) or not file.is_file():
                raise self._refuse(path, "there is no such file")
            self._check_size(path, file.stat().st_size)
            return file.read_bytes()
        except OSError as error:
            raise self._refuse(path, f"it cannot be read: {error.strerror}") from error


class Archive(Files):
    """A ZIP archive, which is never unpacked to disk; raises TableError where it cannot be read or is too large."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        try:
            self._archive = zipfile.ZipFile(place)
        except (zipfile.BadZipFile, OSError) as error:
            raise TableError(f"{place}: it cannot be read as a ZIP archive: {error}") from error
        members = self._archive.infolist()
        size = sum(member.file_size for member in members)
        if len(members) > MAX_MEMBERS or size > MAX_ARCHIVE_BYTES:
            most = f"{MAX_MEMBERS} files of {MAX_ARCHIVE_BYTES} bytes together"
            raise TableError(f"{place}: an archive must have at most {most}, received {len(members)} of {size}")

    def _read(self, path: PurePosixPath) -> bytes:
        try:
            member = self._archive.getinfo(str(path))
            self._check_size(path, member.file_size)
            return self._archive.read(member)  # never more than the size that the archive states
        except KeyError:
            raise self._refuse(path, "there is no such file") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:  # encrypted: RuntimeError
            raise self._refuse(path, f"it cannot be unpacked: {error}") from error


def open_files(place: Path) -> Files:
    """Return the files of a folder or of a .zip; raise TableError where the place is neither."""
    if place.is_dir():
        return Folder(place)
    if place.is_file() and place.suffix.lower() == ".zip":
        return Archive(place)
    raise TableError(
        f"{place}: a folder or a .zip is needed, " + ("this is neither" if place.exists() else "found none")
    )
