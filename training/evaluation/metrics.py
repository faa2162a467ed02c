"""The title and meaning of each metric, and the metrics that a report leads with.

Tests: tests/training/report/test_report.py (metrics beside the baseline), tests/training/evaluation/test_insights.py
(headline metrics)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.bundle.manifest import Task


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's title and meaning, and whether higher or lower is better."""

    title: str
    meaning: str
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric on the test and validation splits and of the baseline; None where it is undefined."""

    metric: Metric
    test: float | None
    validation: float | None
    baseline: float | None

    @property
    def beats_baseline(self) -> bool:
        """True where the test metric is better than the baseline's, or either is undefined."""
        if self.test is None or self.baseline is None:
            return True
        return self.test > self.baseline if self.metric.higher_is_better else self.test < self.baseline


METRICS: dict[str, Metric] = {
    "roc_auc": Metric(
        "ROC-AUC",
        "probability that a random positive row gets a higher score than a random negative one; 0.5 is guessing",
    ),
    "pr_auc": Metric("PR-AUC", "average precision over all recalls; guessing gives the share of positive rows"),
    "f1": Metric("F1", "harmonic mean of precision and recall"),
    "accuracy": Metric("Accuracy", "share of rows with the right label"),
    "precision": Metric("Precision", "share of the positive answers that are right"),
    "recall": Metric("Recall", "share of the positive rows that the model finds"),
    "macro_f1": Metric("Macro F1", "mean of each label's F1, every label counting the same"),
    "macro_roc_auc": Metric("Macro ROC-AUC", "mean of each label's ROC-AUC against all others; 0.5 is guessing"),
    "macro_pr_auc": Metric("Macro PR-AUC", "mean of each label's average precision against all others"),
    "macro_precision": Metric("Macro precision", "mean of each label's precision, every label counting the same"),
    "macro_recall": Metric("Macro recall", "mean of each label's recall, every label counting the same"),
    "log_loss": Metric("Log loss", "cross-entropy of the probabilities; confident mistakes cost most", False),
    "brier": Metric("Brier score", "mean squared error of the probability", False),
    "calibration_error": Metric(
        "Calibration error",
        "expected calibration error: mean gap between predicted probability and observed share",
        False,
    ),
    "rmse": Metric("RMSE", "root mean squared error, in the target's unit", False),
    "mae": Metric("MAE", "mean absolute error, in the target's unit", False),
    "r2": Metric("R²", "share of the target's variance that the model explains"),
    "ndcg_at_10": Metric(
        "NDCG@10", "how well the model ranks each user's test rows, by the first ten; 1 is the ideal order"
    ),
}
"""Every metric that a verdict may hold, in the order of the report."""

HEADLINE: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "pr_auc", "f1", "accuracy"),
    "multiclass": ("accuracy", "macro_f1", "macro_roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}


def compare(
    names: Sequence[str], test: Mapping[str, float], validation: Mapping[str, float], baseline: Mapping[str, float]
) -> list[Comparison]:
    """Return the named metrics that are defined on the test or the validation split, in order."""
    return [
        Comparison(METRICS[name], test.get(name), validation.get(name), baseline.get(name))
        for name in names
        if name in test or name in validation
    ]
