"""One trial of a search: a monitored fit of which only the validation loss is kept.

Tests: tests/training/search/test_search.py
"""

import gc
from collections.abc import Callable, Mapping
from math import inf, isfinite
from time import perf_counter

from optuna.trial import Trial

from training.backend import keras, make_deterministic
from training.config import Config
from training.data.normalize import Prepared
from training.fitting.fit import run_epochs, stopping_callbacks
from training.fitting.plan import plan_fit
from training.network.network import build

REPORT_SECONDS = 1.0


class TrialMonitor(keras.callbacks.Callback):
    """A callback that stops a fit that is hopeless compared to other trials, or that has no seconds `left`.

    It must come after the early stopping. `loss` is the smallest validation loss of any epoch so far, `seconds` the
    time since the trial began; `hopeless` and `out_of_time` say why the fit was stopped before its end. `report` is
    called with the seconds about once a second.
    """

    def __init__(self, trial: Trial, left: float, report: Callable[[float], None]) -> None:
        super().__init__()
        self._trial = trial
        self._left = left
        self._report = report
        self._started = perf_counter()
        self._reported = 0.0
        self.loss = inf
        self.hopeless = False
        self.out_of_time = False

    @property
    def seconds(self) -> float:
        """The seconds since the trial began."""
        return perf_counter() - self._started

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Decide by the epochs so far whether to stop the trial."""
        loss = float(logs["val_loss"])
        self.loss = min(self.loss, loss) if isfinite(loss) else self.loss
        if self.seconds - self._reported > REPORT_SECONDS:
            self.report_seconds()
        if self.model.stop_training or epoch + 1 == self.params["epochs"]:
            return
        if isfinite(loss):
            self._trial.report(loss, epoch)
        self.hopeless = not isfinite(loss) or self._trial.should_prune()
        self.out_of_time = not self.hopeless and self.seconds > self._left
        self.model.stop_training = self.hopeless or self.out_of_time

    def report_seconds(self) -> None:
        """Report the seconds since the trial began."""
        self._reported = self.seconds
        self._report(self._reported)


def run_trial(
    trial: Trial, prepared: Prepared, config: Config, left: float, report: Callable[[float], None]
) -> TrialMonitor:
    """Fit the configuration as a run without a search would, and return the monitor with the outcome.

    `left` are the seconds that remain of the budget; `report` is called with the seconds that the trial has taken,
    about once a second and at its end.
    """
    monitor = TrialMonitor(trial, left, report)
    make_deterministic(config.seed)
    try:
        network = build(prepared, config.network)
        plan = plan_fit(config.fit, prepared)
        run_epochs(network, prepared, config, plan, [*stopping_callbacks(plan), monitor], range(plan.epochs))
    finally:
        monitor.report_seconds()
        keras.utils.clear_session()  # or every trial's graph would stay in memory
        gc.collect()
    monitor.hopeless |= monitor.loss == inf
    return monitor
