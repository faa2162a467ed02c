"""The condition of all GPU tests: without a usable GPU they are skipped, with the reason."""

import pytest

from app.session import cuda_status


@pytest.fixture(autouse=True)
def _gpu() -> None:
    if not cuda_status().usable:
        pytest.skip(f"no usable GPU: {cuda_status().reason}")
