"""One trial of a search: a fit that is watched, and of which its validation loss alone is kept."""

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

TICK_SECONDS = 1.0


class Watch(keras.callbacks.Callback):
    """Ends a fit that is hopeless beside the other trials, or that has no time `left` (in seconds).

    Must stand after the early stopping. `loss` is the least of the validation split so far, in any epoch; `hopeless`
    and `late` say why the fit ended before its end, `seconds` how long it took.
    """

    def __init__(self, trial: Trial, left: float, tick: Callable[[float], None]) -> None:
        super().__init__()
        self._trial = trial
        self._left = left
        self._tick = tick
        self._started = perf_counter()
        self._ticked = 0.0
        self.loss = inf
        self.hopeless = False
        self.late = False

    @property
    def seconds(self) -> float:
        """Since the trial began."""
        return perf_counter() - self._started

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Judge the trial by its epochs so far."""
        found = float(logs["val_loss"])
        self.loss = min(self.loss, found) if isfinite(found) else self.loss
        if self.seconds - self._ticked > TICK_SECONDS:
            self.tick()
        if self.model.stop_training or epoch + 1 == self.params["epochs"]:
            return
        if isfinite(found):
            self._trial.report(found, epoch)
        self.hopeless = not isfinite(found) or self._trial.should_prune()
        self.late = not self.hopeless and self.seconds > self._left
        self.model.stop_training = self.hopeless or self.late

    def tick(self) -> None:
        """Tell the seconds so far."""
        self._ticked = self.seconds
        self._tick(self._ticked)


def attempt(trial: Trial, prepared: Prepared, config: Config, left: float, tick: Callable[[float], None]) -> Watch:
    """Fit as the command without a search would; `tick` is told the seconds about once a second, and in the end."""
    watch = Watch(trial, left, tick)
    make_deterministic(config.seed)
    try:
        network = build(prepared, config.network)
        plan = plan_fit(config.fit, prepared)
        run_epochs(network, prepared, config, plan, [*stopping_callbacks(plan), watch], range(plan.epochs))
    finally:
        watch.tick()
        keras.utils.clear_session()  # or every trial's graph would stay in memory
        gc.collect()
    watch.hopeless |= watch.loss == inf
    return watch
