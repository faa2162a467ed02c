import pytest

from app.bundle.errors import BundleError
from app.session import CPU, CUDA, GPU_PROVIDERS, available_providers, cuda
from app.session.providers import check, wanted


def test_nothing_named_is_the_cpu_where_there_is_no_gpu() -> None:
    assert wanted(None) == ([CUDA, CPU] if cuda().usable else [CPU])


def test_the_cpu_comes_after_all_that_are_named() -> None:
    assert wanted([CPU, CPU]) == [CPU]
    others = [one for one in available_providers() if one not in (*GPU_PROVIDERS, CPU)]
    assert wanted(others) == [*others, CPU]


def test_a_provider_that_is_not_installed_is_refused_with_those_that_are() -> None:
    with pytest.raises(BundleError, match=r"names Nonsense, but this onnxruntime brings .*CPUExecutionProvider"):
        wanted(["Nonsense", CPU])


def test_a_provider_that_onnxruntime_went_on_without_is_refused() -> None:
    with pytest.raises(BundleError, match="names CUDAExecutionProvider, but onnxruntime could not start it"):
        check([CUDA], [CPU], {CPU: 3})


def test_the_first_that_is_named_must_run_something() -> None:
    with pytest.raises(BundleError, match=f"it runs no node of this graph; {CPU} would"):
        check([CUDA], [CUDA, CPU], {CPU: 3})
    check([CUDA], [CUDA, CPU], {CUDA: 2, CPU: 1})
