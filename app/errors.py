"""The row's road at serving, and the error that each arrow may raise.

    bytes     → body       UnsupportedMediaType 415 · NotAcceptable 406 · BodyTooLarge 413
    path      → model      UnknownModel 404 · NothingToRank 404 · ModelNotChosen 400 · NotReady 503
    query     → explain    InvalidParameter 422 · NotExplainable 422
    body      → rows       MalformedBody 400 · InvalidInstances 422 (the schema of the model decides)
    rows      → queue      Overloaded 503
    queue     → answers    PredictionFailed 500 (the graph failed: never the client's mistake)

All are problem details (RFC 9457) over HTTP; what is not on this road keeps the status that HTTP gives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

MAX_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of one instance; `value` is cut to a line."""

    instance: int | None
    feature: str | None
    rule: str
    value: str | None

    def as_json(self) -> dict[str, Any]:
        """The fields of this problem."""
        return {"instance": self.instance, "feature": self.feature, "rule": self.rule, "value": self.value}


class SlipwayError(Exception):
    """An answer that is not a prediction: `code` is stable and for programs, the message for a person."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    headers: ClassVar[dict[str, str]] = {}

    def extensions(self) -> dict[str, Any]:
        """Further members of the problem details."""
        return {}


class UnsupportedMediaType(SlipwayError):  # noqa: N818 named as HTTP names it
    """A body in a form that is not read, or in an encoding."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class NotAcceptable(SlipwayError):  # noqa: N818
    """No answer can be written as the caller's Accept asks."""

    status = 406
    code = "not_acceptable"
    title = "Not acceptable"


class BodyTooLarge(SlipwayError):  # noqa: N818
    """A body, or a record batch of a stream, over SLIPWAY_MAX_BODY_BYTES; a stream over SLIPWAY_MAX_STREAM_ROWS.

    Instances to be explained over SLIPWAY_MAX_EXPLAINED_ROWS as well.
    """

    status = 413
    code = "body_too_large"
    title = "Body too large"


class InvalidParameter(SlipwayError):  # noqa: N818
    """A parameter of the query with a value that it cannot have."""

    status = 422
    code = "invalid_parameter"
    title = "Invalid parameter"


class NotExplainable(SlipwayError):  # noqa: N818
    """An explanation is wanted of a version that was published without one."""

    status = 422
    code = "not_explainable"
    title = "Not explainable"


class UnknownModel(SlipwayError):  # noqa: N818
    """A model or version that is not loaded."""

    status = 404
    code = "unknown_model"
    title = "Unknown model"


class NothingToRank(SlipwayError):  # noqa: N818
    """A model that items cannot be ranked with."""

    status = 404
    code = "nothing_to_rank"
    title = "Nothing to rank"


class ModelNotChosen(SlipwayError):  # noqa: N818
    """A request to /predict where several models are loaded and none is the default."""

    status = 400
    code = "model_not_chosen"
    title = "Model not chosen"


class NotReady(SlipwayError):  # noqa: N818
    """No version of the model can answer, or not yet."""

    status = 503
    code = "not_ready"
    title = "Not ready"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class MalformedBody(SlipwayError):  # noqa: N818
    """A body that is not what its Content-Type says."""

    status = 400
    code = "malformed_body"
    title = "Malformed body"


class InvalidInstances(SlipwayError):  # noqa: N818
    """Instances that break the model's rules."""

    status = 422
    code = "invalid_instances"
    title = "Invalid instances"

    def __init__(self, problems: Sequence[Problem], total: int) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        self.total = total
        shown = "" if total <= MAX_PROBLEMS else f", the first {MAX_PROBLEMS} are listed"
        super().__init__(f"{total} problem{'s' if total != 1 else ''} found{shown}; nothing was predicted")

    def extensions(self) -> dict[str, Any]:
        """The problems, and how many there are in all."""
        return {"total": self.total, "problems": [problem.as_json() for problem in self.problems]}


class Overloaded(SlipwayError):  # noqa: N818
    """More rows wait than SLIPWAY_MAX_QUEUE_ROWS allows."""

    status = 503
    code = "overloaded"
    title = "Overloaded"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class PredictionFailed(SlipwayError):  # noqa: N818
    """The graph failed on a batch, or answered with something that is not a finite number."""

    code = "prediction_failed"
    title = "Prediction failed"
