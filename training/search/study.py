"""The trials of a search, kept by Optuna in a file that outlives the process."""

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
from optuna.trial import FixedTrial, FrozenTrial, Trial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from training.search.space import Choice, Settings, suggest

STARTUP_TRIALS = 8
"""Trials at random before Optuna's model of them decides what to try."""

PRUNED_FROM_TRIAL, PRUNED_FROM_EPOCH = 4, 5
SECONDS = "seconds"

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
    """The finished trials in `file`, and the one that is under way in memory, since an epoch is shorter than a commit.

    What is tried next follows from the seed and the finished trials alone, in whatever number of calls they came.
    The trials of another `space` in the same file are apart. `seconds` were spent on all trials, those that were not
    finished among them.
    """

    def __init__(self, file: Path, space: Sequence[Choice], seed: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._space = space
        self._seed = seed
        self._defaults = {one.key: one.parameter for one in space}
        self._kept = optuna.create_study(
            storage=URL.create("sqlite", database=str(file)).render_as_string(),
            study_name=sha256(repr(space).encode()).hexdigest(),
            load_if_exists=True,
        )
        self._study = optuna.create_study(pruner=MedianPruner(PRUNED_FROM_TRIAL, PRUNED_FROM_EPOCH))
        self._study.add_trials(self._kept.trials)
        self.seconds: float = self._kept.user_attrs.get(SECONDS, 0.0)

    @property
    def finished(self) -> list[FrozenTrial]:
        """Trials that need not be done again: whole, or ended early as hopeless."""
        return self._trials(TrialState.COMPLETE, TrialState.PRUNED)

    @property
    def whole(self) -> list[FrozenTrial]:
        """Trials whose loss is known."""
        return self._trials(TrialState.COMPLETE)

    @property
    def best(self) -> FrozenTrial | None:
        """The whole trial with the least loss, of equal ones the first."""
        return min(self.whole, key=loss, default=None)

    @property
    def of_defaults(self) -> FrozenTrial | None:
        """The whole trial of the defaults."""
        return next((one for one in self.whole if one.params == self._defaults), None)

    def begin(self, repeats: int = 0) -> tuple[Trial, Settings]:
        """A trial and what it is to try, the first the defaults; another one after so many repeats."""
        finished = len(self.finished)
        seeds = np.random.SeedSequence((self._seed, finished, repeats))
        self._study.sampler = TPESampler(n_startup_trials=STARTUP_TRIALS, seed=int(seeds.generate_state(1)[0]))
        if not finished:
            self._study.enqueue_trial(self._defaults)
        trial = self._study.ask()
        return trial, suggest(self._space, trial)

    def settings(self, trial: FrozenTrial) -> Settings:
        """What a trial tried."""
        return suggest(self._space, FixedTrial(trial.params))

    def is_repeat(self, trial: Trial) -> bool:
        """Whether a finished trial tried the same."""
        return any(one.params == trial.params for one in self.finished)

    def finish(self, trial: Trial, loss: float) -> None:
        """Keep a whole trial."""
        self._kept.add_trial(self._study.tell(trial, loss))

    def give_up(self, trial: Trial) -> None:
        """Keep a hopeless trial."""
        self._kept.add_trial(self._study.tell(trial, state=TrialState.PRUNED))

    def drop(self, trial: Trial) -> None:
        """Keep nothing of a trial but its seconds."""
        self._study.tell(trial, state=TrialState.FAIL)

    def spend(self, seconds: float) -> None:
        """Keep how many were spent in all."""
        self.seconds = seconds
        self._kept.set_user_attr(SECONDS, seconds)

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)


def loss(trial: FrozenTrial) -> float:
    """The loss of a whole trial."""
    return float(trial.values[0])


@contextmanager
def os_errors(file: Path) -> Iterator[None]:
    """SQLite's errors, such as a full disk, as the OSError that the command line names."""
    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        raise OSError(EIO, "the trials of the search cannot be kept", str(file)) from error
