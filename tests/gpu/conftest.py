"""What a GPU's tests share; all of them are skipped where no GPU is usable, with the reason."""

import pytest

from app.session import cuda


@pytest.fixture(autouse=True)
def _gpu() -> None:
    if not cuda().usable:
        pytest.skip(f"no usable GPU: {cuda().reason}")
