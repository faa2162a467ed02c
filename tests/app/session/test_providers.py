"""The providers that a session asks for, and the check that it got them."""

import pytest

from app.bundle.errors import BundleError
from app.session import CPU, CUDA, GPU_PROVIDERS, available_providers, cuda_status
from app.session.providers import check_providers, resolve_providers


def test_without_a_request_cuda_is_taken_only_if_it_is_usable() -> None:
    assert resolve_providers(None) == ([CUDA, CPU] if cuda_status().usable else [CPU])


def test_the_cpu_comes_after_all_requested_providers() -> None:
    assert resolve_providers([CPU, CPU]) == [CPU]
    others = [name for name in available_providers() if name not in (*GPU_PROVIDERS, CPU)]
    assert resolve_providers(others) == [*others, CPU]


def test_a_provider_that_is_not_installed_is_refused_with_a_list_of_those_that_are() -> None:
    with pytest.raises(BundleError, match=r"names Nonsense, but this onnxruntime brings .*CPUExecutionProvider"):
        resolve_providers(["Nonsense", CPU])


def test_a_requested_provider_that_did_not_start_is_refused() -> None:
    with pytest.raises(BundleError, match="names CUDAExecutionProvider, but onnxruntime could not start it"):
        check_providers([CUDA], [CPU], {CPU: 3})


def test_the_first_requested_provider_must_run_a_node() -> None:
    with pytest.raises(BundleError, match=f"it runs no node of this graph; {CPU} would"):
        check_providers([CUDA], [CUDA, CPU], {CPU: 3})
    check_providers([CUDA], [CUDA, CPU], {CUDA: 2, CPU: 1})
