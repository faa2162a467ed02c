"""Cross-validation: each row outside the test split is judged once, and never by a network that was fitted on it."""

import pytest
from rich.console import Console

from tests.training.tables import make_splits, make_table
from training.config import Config
from training.console.narrator import Narrator
from training.data.folds import draw_folds


@pytest.mark.tensorflow
def test_each_fold_is_fitted_and_judged_on_its_own_rows(capsys: pytest.CaptureFixture[str]) -> None:
    from training.cross_validation import cross_validate

    table = make_table("binary", 120)
    settings = Config.model_validate(
        {"validation": {"folds": 2}, "network": {"hidden_units": [8]}, "fit": {"epochs": 2}}
    )
    folds = draw_folds(table, make_splits(120), settings)
    result = cross_validate(table, folds, settings, Narrator(Console(highlight=False)))
    assert result.folds == 2
    assert result.metrics["roc_auc"].deviation > 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in told[:2]] == [["fold", "1/2"], ["fold", "2/2"]]
    first, second = (float(line.split("roc_auc ")[1].split()[0]) for line in told[:2])
    assert result.metrics["roc_auc"].mean == pytest.approx((first + second) / 2, abs=1e-3)
