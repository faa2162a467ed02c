"""Cross-validation: one network for each fold, fitted, exported and evaluated as the published one is."""

import gc
from collections.abc import Sequence

from training.backend import keras, make_deterministic
from training.config import Config
from training.console.narrator import Narrator
from training.data.folds import CrossValidation, summarize_folds
from training.data.normalize import prepare
from training.data.table import Splits, Table
from training.errors import InputError
from training.evaluation.metrics import HEADLINE
from training.evaluation.trained_model import TrainedModel, with_decision
from training.evaluation.verdict import evaluate_model
from training.export.export import export_onnx
from training.fitting.fit import run_epochs, stopping_callbacks
from training.fitting.plan import plan_fit
from training.network.network import build


def cross_validate(table: Table, folds: Sequence[Splits], config: Config, narrator: Narrator) -> CrossValidation:
    """Return the metrics over the folds, each fold evaluated on its test split.

    Raises InputError, naming the fold.
    """
    metrics = []
    for number, splits in enumerate(folds, start=1):
        try:
            metrics.append(_evaluate_fold(table, splits, config))
        except InputError as error:
            raise InputError(f"fold {number} of {len(folds)}: {error}") from error
        finally:
            keras.utils.clear_session()  # else every fold's graph stays in memory
            gc.collect()
        headline = {name: metrics[-1][name] for name in HEADLINE[table.task] if name in metrics[-1]}
        narrator.fold(number, len(folds), headline)
    result = summarize_folds(metrics)
    narrator.cross_validation(result)
    return result


def _evaluate_fold(table: Table, splits: Splits, config: Config) -> dict[str, float]:
    prepared = prepare(table, splits)
    make_deterministic(config.seed)
    network = build(prepared, config.network)
    plan = plan_fit(config.fit, prepared)
    run_epochs(network, prepared, config, plan, stopping_callbacks(plan), range(plan.epochs))
    model = TrainedModel(table, splits, prepared, export_onnx(network, table.task))
    return evaluate_model(with_decision(model, config)).test.metrics
