"""The result of a search, which the report reads without importing Optuna or TensorFlow.

Tests: tests/training/search/test_search.py, tests/training/report/test_report.py (the result in the report)
"""

from dataclasses import dataclass

from training.config import Config
from training.search.space import Hyperparameter, TrialSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The best configuration of a search and how it was reached.

    `config` is the searched configuration with the best `settings`, one value per hyperparameter of `space`. `trials`
    is the number of finished trials, `pruned` how many of them were stopped early, `seconds` the time of all calls.
    Losses are those of the validation split; they are None, and there are no settings, if no trial was completed.
    """

    config: Config
    settings: TrialSettings
    space: tuple[Hyperparameter, ...]
    trials: int
    pruned: int
    seconds: float
    loss: float | None
    default_loss: float | None
