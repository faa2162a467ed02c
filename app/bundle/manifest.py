"""manifest.json and golden.json: what a bundle says of itself."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from app.bundle.calibration import Calibration, Probability
from app.bundle.errors import Frozen
from app.bundle.transforms import TRANSFORMS, AnyFeature

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
MAX_VERSION = 999_999_999

Task = Literal["binary", "multiclass", "regression"]
ReducedPrecision = Literal["fp16", "int8"]
Precision = Literal["fp32", ReducedPrecision]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Version = Annotated[int, Field(strict=True, ge=1, le=MAX_VERSION)]
Band = tuple[Probability, Probability]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LongFormat(Frozen):
    """The column of a data file that tells which rows belong together, and the one that orders them, if any."""

    id: str
    order: str | None = None


class TensorSpec(Frozen):
    """A named input or output of the graph; the first axis is the batch, written `null`."""

    name: str
    dtype: Literal["float32", "int32"]
    shape: tuple[int | None, ...]


class ParityCertificate(Frozen):
    """Proof that an exported graph answers as the network does, over `rows` rows at each batch size.

    `label_flips` is at most `tolerated_flips`, as `largest_difference` is at most `tolerance`.
    """

    rows: Annotated[int, Field(ge=1)]
    edge_rows: Annotated[int, Field(ge=1)]
    batch_sizes: tuple[int, ...]
    largest_difference: Annotated[float, Field(ge=0)]
    label_flips: Annotated[int, Field(ge=0)]
    tolerated_flips: Annotated[int, Field(ge=0)] = 0
    tolerance: Annotated[float, Field(gt=0)]
    versions: dict[str, str]


class Variant(Frozen):
    """The graph in a lower precision, with the same inputs and outputs, and its own proof.

    Its golden answers are those of the float32 graph, to hold within `golden_tolerance`, in the answers' unit.
    """

    file: Annotated[str, Field(pattern=r"^model\.[a-z0-9]+\.onnx$")]
    parity: ParityCertificate
    golden_tolerance: Annotated[float, Field(gt=0)]


class ExplanationCertificate(Frozen):
    """Proof that the exported explanation is the network's, over `rows` rows.

    `largest_difference` is of the explanations from TensorFlow's, in log-odds or standard deviations, and in shares of
    the largest number of a row above 1; `answer_difference` is of the explained answers from the network's. Both are
    at most `tolerance`. The gaps are what no contribution accounts for, in the score's unit.
    """

    rows: Annotated[int, Field(ge=1)]
    edge_rows: Annotated[int, Field(ge=1)]
    largest_difference: Annotated[float, Field(ge=0)]
    answer_difference: Annotated[float, Field(ge=0)]
    tolerance: Annotated[float, Field(gt=0)]
    median_gap: Annotated[float, Field(ge=0)]
    largest_gap: Annotated[float, Field(ge=0)]
    versions: dict[str, str]


class Explanation(Frozen):
    """How explain.onnx explains all features: on a straight path of so many steps from the mean of their encodings."""

    method: Literal["integrated_gradients"] = "integrated_gradients"
    steps: Annotated[int, Field(ge=1)]
    parity: ExplanationCertificate


class Provenance(Frozen):
    """Where a bundle comes from: enough to make it again."""

    created_at: datetime
    data_file: str
    data_sha256: Sha256
    files_sha256: Sha256 | None = None
    rows: dict[str, int]
    seed: int
    config: dict[str, Any]
    versions: dict[str, str]


class Manifest(Frozen):
    """Identity, task, features, tensors, decision, metrics, proof and provenance of one version.

    Of two labels the second is answered where its calibrated probability is at least `threshold`; a person is to look
    at the rows where it is within `review`.
    """

    format: Literal[1] = 1
    name: Name
    version: Version
    task: Task
    target: str
    labels: tuple[str, ...] | None = None
    features: Annotated[tuple[AnyFeature, ...], Field(min_length=1)]
    long: LongFormat | None = None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    calibration: Calibration | None = None
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    review: Band | None = None
    metrics: dict[str, dict[str, float]]
    parity: ParityCertificate
    variants: dict[ReducedPrecision, Variant] = Field(default_factory=dict)
    explanation: Explanation | None = None
    provenance: Provenance
    files: dict[str, Sha256]

    @model_validator(mode="after")
    def _labels_fit_the_task(self) -> Self:
        count = None if self.labels is None else len(self.labels)
        fits = {"regression": count is None, "binary": count == 2, "multiclass": (count or 0) >= 2}[self.task]
        if not fits:
            raise ValueError(f"a {self.task} bundle cannot have {count} labels")
        return self

    @model_validator(mode="after")
    def _single_kinds_come_once(self) -> Self:
        kinds = [feature.kind for feature in self.features]
        for kind, transform in TRANSFORMS.items():
            if transform.is_single and kinds.count(kind) > 1:
                raise ValueError(f"a bundle has one feature of the kind {kind} at most, found {kinds.count(kind)}")
        return self

    @model_validator(mode="after")
    def _the_decision_fits_the_task(self) -> Self:
        if self.task != "binary" and (self.threshold != 0.5 or self.review is not None):
            raise ValueError(f"a threshold and a review band are for binary bundles, this one is {self.task}")
        if self.calibration and (
            self.task == "regression" or (self.task, self.calibration.method) == ("multiclass", "isotonic")
        ):
            raise ValueError(f"a {self.task} bundle cannot be calibrated by {self.calibration.method}")
        if self.review and self.review[0] > self.review[1]:
            raise ValueError(f"a review band begins below its end, found {self.review}")
        return self


class Golden(Frozen):
    """Real rows in the form of a request, and the answers expected of them.

    `expected` holds one list a row: the probability of each label, in the manifest's order, or the value alone.
    """

    rows: Annotated[tuple[dict[str, float | str | bool | list[float] | None], ...], Field(min_length=1)]
    expected: tuple[tuple[float, ...], ...]
    tolerance: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _an_answer_a_row(self) -> Self:
        if len(self.rows) != len(self.expected):
            raise ValueError(f"golden rows need an answer each, found {len(self.rows)} and {len(self.expected)}")
        return self
