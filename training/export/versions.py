"""The releases that a bundle was made with."""

from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "numpy", "polars")
ALSO_CALLED = {"tensorflow": ("tensorflow-cpu",), "onnxruntime": ("onnxruntime-gpu",)}


def library_versions() -> dict[str, str]:
    """Version by library, under the library's plain name whichever build of it is installed."""
    return {library: _version(library, *ALSO_CALLED.get(library, ())) for library in LIBRARIES}


def _version(*names: str) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    raise PackageNotFoundError(names[0])
