"""manifest.json and golden.json: the description of a bundle, and the answers that it must give.

Tests: tests/app/bundle/test_store.py, tests/app/models/test_decision.py (decisions that a task cannot have)
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from app.bundle.calibration import Calibration, Probability
from app.bundle.errors import BundleModel
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


class LongFormat(BundleModel):
    """A data file with several rows per instance: the column that groups them, and the one that orders them, if any."""

    id: str
    order: str | None = None


class TensorSpec(BundleModel):
    """A named input or output of the graph. Its first axis is the batch and has the size `null`."""

    name: str
    dtype: Literal["float32", "int32"]
    shape: tuple[int | None, ...]


class ParityCertificate(BundleModel):
    """Proof that an exported graph answers as the network does, at each batch size.

    It covers `rows` test rows and `edge_rows` rows of missing, unknown and extreme values. `largest_difference` is at
    most `tolerance`, and `label_flips` (rows with another label) at most `tolerated_flips`.
    """

    rows: Annotated[int, Field(ge=1)]
    edge_rows: Annotated[int, Field(ge=1)]
    batch_sizes: tuple[int, ...]
    largest_difference: Annotated[float, Field(ge=0)]
    label_flips: Annotated[int, Field(ge=0)]
    tolerated_flips: Annotated[int, Field(ge=0)] = 0
    tolerance: Annotated[float, Field(gt=0)]
    versions: dict[str, str]


class Variant(BundleModel):
    """The graph in a lower precision, with the same inputs and outputs and a parity certificate of its own.

    It must give the golden answers of the float32 graph within `golden_tolerance`, in the unit of the answers.
    """

    file: Annotated[str, Field(pattern=r"^model\.[a-z0-9]+\.onnx$")]
    parity: ParityCertificate
    golden_tolerance: Annotated[float, Field(gt=0)]


class ExplanationCertificate(BundleModel):
    """Proof that the exported explanation equals TensorFlow's, for `rows` test rows and `edge_rows` edge rows.

    `largest_difference` is between the two explanations, in log-odds or standard deviations of the target; in rows with
    a number above 1 it is relative to the largest. `answer_difference` is between the explained answers and the
    network's. Both are at most `tolerance`. The gaps are the parts of the score that no contribution accounts for, in
    the unit of the score.
    """

    rows: Annotated[int, Field(ge=1)]
    edge_rows: Annotated[int, Field(ge=1)]
    largest_difference: Annotated[float, Field(ge=0)]
    answer_difference: Annotated[float, Field(ge=0)]
    tolerance: Annotated[float, Field(gt=0)]
    median_gap: Annotated[float, Field(ge=0)]
    largest_gap: Annotated[float, Field(ge=0)]
    versions: dict[str, str]


class Explanation(BundleModel):
    """The method of explain.onnx: `steps` steps on a straight path, from the mean encodings to those of a row.

    Source: M. Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017.
    """

    method: Literal["integrated_gradients"] = "integrated_gradients"
    steps: Annotated[int, Field(ge=1)]
    parity: ExplanationCertificate


class Provenance(BundleModel):
    """The origin of a bundle: enough to train it again."""

    created_at: datetime
    data_file: str
    data_sha256: Sha256
    files_sha256: Sha256 | None = None
    rows: dict[str, int]
    seed: int
    config: dict[str, Any]
    versions: dict[str, str]


class Manifest(BundleModel):
    """The identity, task, features, tensors, decision, metrics, proof and provenance of one version.

    Of two labels, the second is the answer if its calibrated probability is at least `threshold`; rows with a
    probability in the band `review` are to be reviewed by a person. `files` has the SHA-256 of every other file.
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
    def _validate_labels(self) -> Self:
        count = None if self.labels is None else len(self.labels)
        is_valid = {"regression": count is None, "binary": count == 2, "multiclass": (count or 0) >= 2}[self.task]
        if not is_valid:
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
    def _validate_decision(self) -> Self:
        if self.task != "binary" and (self.threshold != 0.5 or self.review is not None):
            raise ValueError(f"only a binary bundle can have a threshold or a review band, this one is {self.task}")
        if self.calibration and (
            self.task == "regression" or (self.task, self.calibration.method) == ("multiclass", "isotonic")
        ):
            raise ValueError(f"a {self.task} bundle cannot be calibrated by {self.calibration.method}")
        if self.review and self.review[0] > self.review[1]:
            raise ValueError(f"a review band must not end below its start, found {self.review}")
        return self


class Golden(BundleModel):
    """Real rows in the form of a request, and the answers that the graph must give to them within `tolerance`.

    `expected` has one tuple per row: the probability of each label, in the manifest's order, or only the value.
    """

    rows: Annotated[tuple[dict[str, float | str | bool | list[float] | None], ...], Field(min_length=1)]
    expected: tuple[tuple[float, ...], ...]
    tolerance: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _validate_lengths(self) -> Self:
        if len(self.rows) != len(self.expected):
            raise ValueError(f"each golden row needs an answer, found {len(self.expected)} for {len(self.rows)} rows")
        return self
