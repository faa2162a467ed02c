"""What each metric is called and means, and which ones a report leads with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.bundle.manifest import Task


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name and meaning; `higher_is_better` or the lower."""

    title: str
    meaning: str
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of all that is compared; None where it is undefined."""

    metric: Metric
    test: float | None
    validation: float | None
    baseline: float | None

    @property
    def beats_baseline(self) -> bool:
        """Whether the test metric is better than the baseline's, or there is none to beat."""
        if self.test is None or self.baseline is None:
            return True
        return self.test > self.baseline if self.metric.higher_is_better else self.test < self.baseline


METRICS: dict[str, Metric] = {
    "roc_auc": Metric("ROC-AUC", "how surely a random positive row ranks above a random negative one; 0.5 is guessing"),
    "pr_auc": Metric("PR-AUC", "precision averaged over all recalls; guessing gives the positive share"),
    "f1": Metric("F1", "harmonic mean of precision and recall"),
    "accuracy": Metric("Accuracy", "share of rows with the right label"),
    "precision": Metric("Precision", "share of the positive answers that are right"),
    "recall": Metric("Recall", "share of the positive rows that are found"),
    "macro_f1": Metric("Macro F1", "harmonic mean of precision and recall, every label counting alike"),
    "macro_roc_auc": Metric("Macro ROC-AUC", "each label against all others, averaged; 0.5 is guessing"),
    "macro_pr_auc": Metric("Macro PR-AUC", "average precision of each label against all others, averaged"),
    "macro_precision": Metric("Macro precision", "precision, every label counting alike"),
    "macro_recall": Metric("Macro recall", "recall, every label counting alike"),
    "log_loss": Metric("Log loss", "cross-entropy of the probabilities; a sure mistake costs most", False),
    "brier": Metric("Brier score", "mean squared error of the probability", False),
    "calibration_error": Metric("Calibration error", "mean gap of predicted probability and observed share", False),
    "rmse": Metric("RMSE", "root of the mean squared error, in the target's unit", False),
    "mae": Metric("MAE", "mean absolute error, in the target's unit", False),
    "r2": Metric("R²", "share of the target's variance that is explained"),
    "ndcg_at_10": Metric("NDCG@10", "how well each user's first ten test rows are ordered; 1 is the right order"),
}
"""Every metric that `judge` may give, in the order of the report."""

HEADLINE: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "pr_auc", "f1", "accuracy"),
    "multiclass": ("accuracy", "macro_f1", "macro_roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}


def compare(
    names: Sequence[str], test: Mapping[str, float], validation: Mapping[str, float], baseline: Mapping[str, float]
) -> list[Comparison]:
    """The named metrics that the test split or the validation split defines, in order."""
    return [
        Comparison(METRICS[name], test.get(name), validation.get(name), baseline.get(name))
        for name in names
        if name in test or name in validation
    ]
