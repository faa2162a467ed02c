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
from training.evaluation.trained_model import TrainedModel, with_decision
from training.evaluation.verdict import evaluate_model
from training.export.export import export
from training.fitting.fit import descend, stopping
from training.fitting.plan import course
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
        narrator.fold(number, len(folds), metrics[-1], table.task)
    result = summarize_folds(metrics)
    narrator.cross_validation(result)
    return result


def _evaluate_fold(table: Table, splits: Splits, config: Config) -> dict[str, float]:
    prepared = prepare(table, splits)
    make_deterministic(config.seed)
    network = build(prepared, config.network)
    plan = course(config.fit, prepared)
    descend(network, prepared, config, plan, stopping(plan), range(plan.epochs))
    model = TrainedModel(table, splits, prepared, export(network, table.task))
    return evaluate_model(with_decision(model, config)).test.metrics
