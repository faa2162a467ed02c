"""The base class and the error that all parts of a bundle share.

Tests: tests/app/bundle/test_store.py (schemas), tests/app/bundle/transforms/test_registry.py (an unknown key)
"""

from pydantic import BaseModel, ConfigDict


class BundleModel(BaseModel):
    """The base of all parts of a bundle: immutable, and strict about unknown keys and non-finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BundleError(Exception):
    """A bundle, or a part of one, that is not valid; the message gives the rule and what was found instead."""
