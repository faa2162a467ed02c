"""The versions of the libraries that a bundle depends on.

Tests: tests/training/test_job.py (provenance), tests/training/proof/test_parity.py (certificate)
"""

from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "numpy", "polars")
ALTERNATIVE_NAMES = {"tensorflow": ("tensorflow-cpu",), "onnxruntime": ("onnxruntime-gpu",)}


def library_versions() -> dict[str, str]:
    """Return the installed version by library, under its plain name whichever build of it is installed.

    Raises PackageNotFoundError if none is.
    """
    return {library: _version(library, *ALTERNATIVE_NAMES.get(library, ())) for library in LIBRARIES}


def _version(*names: str) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    raise PackageNotFoundError(names[0])
