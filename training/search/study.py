"""The Optuna study of a search, kept in a file so that it outlives the process."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EIO
from hashlib import sha256
from pathlib import Path

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FixedTrial, FrozenTrial, Trial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from training.search.space import Hyperparameter, TrialSettings, suggest_settings

STARTUP_TRIALS = 8
"""Random trials before the sampler's model of them decides what to try."""

PRUNED_FROM_TRIAL, PRUNED_FROM_EPOCH = 4, 5
SECONDS = "seconds"

optuna.logging.set_verbosity(optuna.logging.ERROR)


class SavedStudy:
    """An Optuna study whose finished trials are saved in `file`.

    The running trial is kept in memory, because an epoch is shorter than a commit to the file. What is tried next
    follows from the seed and the finished trials alone, in however many calls they were run. Trials of another `space`
    in the same file are kept apart. `seconds` is the time that all trials took, unfinished ones included.

    Trials are suggested by a tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter
    optimization", 2011) and stopped early by the median rule (Golovin et al., "Google Vizier", 2017).
    """

    def __init__(self, file: Path, space: Sequence[Hyperparameter], seed: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._space = space
        self._seed = seed
        self._defaults = {parameter.key: parameter.encoded_default for parameter in space}
        identity = json.dumps([[parameter.key, parameter.values, parameter.kind] for parameter in space])
        url = URL.create("sqlite", database=str(file)).render_as_string()
        self._saved = optuna.create_study(
            storage=RDBStorage(url, engine_kwargs={"poolclass": NullPool}),  # a pool's connections would stay open
            study_name=sha256(identity.encode()).hexdigest(),
            load_if_exists=True,
        )
        self._study = optuna.create_study(pruner=MedianPruner(PRUNED_FROM_TRIAL, PRUNED_FROM_EPOCH))
        self._study.add_trials(self._saved.trials)
        self.seconds: float = self._saved.user_attrs.get(SECONDS, 0.0)

    @property
    def finished(self) -> list[FrozenTrial]:
        """Trials that need not be run again: completed, or pruned as hopeless."""
        return self._trials(TrialState.COMPLETE, TrialState.PRUNED)

    @property
    def completed(self) -> list[FrozenTrial]:
        """Trials whose loss is known."""
        return self._trials(TrialState.COMPLETE)

    @property
    def best(self) -> FrozenTrial | None:
        """The completed trial with the smallest loss; of equal ones, the first."""
        return min(self.completed, key=trial_loss, default=None)

    @property
    def default_trial(self) -> FrozenTrial | None:
        """The completed trial of the defaults."""
        return next((trial for trial in self.completed if trial.params == self._defaults), None)

    def ask(self, repeats: int = 0) -> tuple[Trial, TrialSettings]:
        """Return the next trial and its settings; the first trial has the defaults.

        After a repeat of an earlier trial, another count of `repeats` draws another trial.
        """
        finished = len(self.finished)
        seeds = np.random.SeedSequence((self._seed, finished, repeats))
        self._study.sampler = TPESampler(n_startup_trials=STARTUP_TRIALS, seed=int(seeds.generate_state(1)[0]))
        if not finished:
            self._study.enqueue_trial(self._defaults)
        trial = self._study.ask()
        return trial, suggest_settings(self._space, trial)

    def settings(self, trial: FrozenTrial) -> TrialSettings:
        """Return the settings of a trial."""
        return suggest_settings(self._space, FixedTrial(trial.params))

    def is_repeat(self, trial: Trial) -> bool:
        """Return whether a finished trial had the same settings."""
        return any(finished.params == trial.params for finished in self.finished)

    def complete(self, trial: Trial, loss: float) -> None:
        """Save a trial that ran to its end."""
        self._saved.add_trial(self._study.tell(trial, loss))

    def prune(self, trial: Trial) -> None:
        """Save a trial that was stopped as hopeless."""
        self._saved.add_trial(self._study.tell(trial, state=TrialState.PRUNED))

    def discard(self, trial: Trial) -> None:
        """Drop a trial; its seconds still count."""
        self._study.tell(trial, state=TrialState.FAIL)

    def record_seconds(self, seconds: float) -> None:
        """Save the seconds that all trials took."""
        self.seconds = seconds
        self._saved.set_user_attr(SECONDS, seconds)

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)


def trial_loss(trial: FrozenTrial) -> float:
    """Return the loss of a completed trial."""
    return float(trial.values[0])


@contextmanager
def os_errors(file: Path) -> Iterator[None]:
    """Raise SQLite's errors, such as a full disk, as OSError, which the command line reports."""
    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        raise OSError(EIO, "the trials of the search cannot be saved", str(file)) from error
