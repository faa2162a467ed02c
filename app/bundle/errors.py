"""What every part of the contract shares."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value of the bundle: immutable, and closed to keys that this release does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BundleError(Exception):
    """A bundle, or a part of one, that does not hold; the message says the rule and what was found."""
