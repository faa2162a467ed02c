"""The steps of a prediction request, and the errors that each of them may raise.

    negotiate the formats    UnsupportedMediaType 415 · NotAcceptable 406
    read the body            BodyTooLarge 413
    look up the model        UnknownModel 404 · ModelNotChosen 400 · NotReady 503 · NothingToRank 404 (recommend)
    read the parameters      InvalidParameter 422 · NotExplainable 422 (explain)
    decode the body          MalformedBody 400
    validate the rows        InvalidInstances 422
    wait in the queue        Overloaded 503
    run the graph            PredictionFailed 500

Each of them is answered as problem details (RFC 9457). Errors outside these steps, such as an unknown path or a wrong
method, keep the status that HTTP gives them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

MAX_PROBLEMS = 10
"""The most problems that one answer lists, so that many bad rows do not make a large answer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that an instance breaks.

    `instance` is the row's 0-based position in the request, `value` the value received, cut to one line. Either is None
    where there is none, as is `feature`.
    """

    instance: int | None
    feature: str | None
    rule: str
    value: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the problem as a JSON object."""
        return {"instance": self.instance, "feature": self.feature, "rule": self.rule, "value": self.value}


class SlipwayError(Exception):
    """The base class of the errors that clients receive.

    `code` is for programs and never changes; the message is for people and may.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    headers: ClassVar[dict[str, str]] = {}

    def extensions(self) -> dict[str, Any]:
        """Return the members that this error adds to its problem details."""
        return {}


class UnsupportedMediaType(SlipwayError):  # noqa: N818 named as HTTP names it
    """A request body with a Content-Type that cannot be read, or with a Content-Encoding."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class NotAcceptable(SlipwayError):  # noqa: N818
    """An Accept header that names no format in which the answer can be written."""

    status = 406
    code = "not_acceptable"
    title = "Not acceptable"


class BodyTooLarge(SlipwayError):  # noqa: N818
    """A request over one of the limits on its size.

    These are SLIPWAY_MAX_BODY_BYTES for a body or a record batch of a stream, SLIPWAY_MAX_STREAM_ROWS for a stream, and
    SLIPWAY_MAX_EXPLAINED_ROWS for instances to be explained.
    """

    status = 413
    code = "body_too_large"
    title = "Body too large"


class InvalidParameter(SlipwayError):  # noqa: N818
    """A query parameter with a value that it cannot have."""

    status = 422
    code = "invalid_parameter"
    title = "Invalid parameter"


class NotExplainable(SlipwayError):  # noqa: N818
    """A request to explain the predictions of a version that was published without an explanation."""

    status = 422
    code = "not_explainable"
    title = "Not explainable"


class UnknownModel(SlipwayError):  # noqa: N818
    """A request for a model or version that is not loaded."""

    status = 404
    code = "unknown_model"
    title = "Unknown model"


class NothingToRank(SlipwayError):  # noqa: N818
    """A request for recommendations from a model that cannot rank items."""

    status = 404
    code = "nothing_to_rank"
    title = "Nothing to rank"


class ModelNotChosen(SlipwayError):  # noqa: N818
    """A request to /predict while several models are loaded and none is the default."""

    status = 400
    code = "model_not_chosen"
    title = "Model not chosen"


class NotReady(SlipwayError):  # noqa: N818
    """A model of which no version can answer, or none yet."""

    status = 503
    code = "not_ready"
    title = "Not ready"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class MalformedBody(SlipwayError):  # noqa: N818
    """A body that does not parse as its Content-Type."""

    status = 400
    code = "malformed_body"
    title = "Malformed body"


class InvalidInstances(SlipwayError):  # noqa: N818
    """Instances that break a rule of the model; at most MAX_PROBLEMS of the `total` problems are kept."""

    status = 422
    code = "invalid_instances"
    title = "Invalid instances"

    def __init__(self, problems: Sequence[Problem], total: int) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        self.total = total
        listed = "" if total <= MAX_PROBLEMS else f", the first {MAX_PROBLEMS} are listed"
        super().__init__(f"{total} problem{'s' if total != 1 else ''} found{listed}; nothing was predicted")

    def extensions(self) -> dict[str, Any]:
        """Return the listed problems and the total number."""
        return {"total": self.total, "problems": [problem.as_json() for problem in self.problems]}


class Overloaded(SlipwayError):  # noqa: N818
    """A request that would make more rows wait than SLIPWAY_MAX_QUEUE_ROWS allows."""

    status = 503
    code = "overloaded"
    title = "Overloaded"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class PredictionFailed(SlipwayError):  # noqa: N818
    """A run in which the graph failed, or gave a number that is not finite. Never the client's mistake."""

    code = "prediction_failed"
    title = "Prediction failed"
