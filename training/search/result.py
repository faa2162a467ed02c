"""What a search came to, for the report, which needs neither Optuna nor TensorFlow."""

from dataclasses import dataclass

from training.config import Config
from training.search.space import Choice, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`config` is the one that was searched for, with the best `settings` in it, a value a dimension of `space`.

    Losses are those of the validation split, None (and no settings) where the time was too short to know; `trials`
    were finished, `pruned` of them ended early as hopeless; `seconds` were spent in all calls.
    """

    config: Config
    settings: Settings
    space: tuple[Choice, ...]
    trials: int
    pruned: int
    seconds: float
    loss: float | None
    default_loss: float | None
