"""Searching: one fit after another of what the configuration leaves open, judged on the validation split alone."""

from dataclasses import replace
from pathlib import Path

from optuna.trial import Trial
from rich.console import Console

from training.config import Config
from training.console.search_lines import SearchLines
from training.data.normalize import Examples, Prepared
from training.search.result import Found
from training.search.space import Choice, apply, changed
from training.search.study import Study, loss, os_errors
from training.search.toml import to_toml
from training.search.trial import Watch, attempt

STATE, BEST = "search.db", "best.toml"
MOST_REPEATS = 30
"""So often in a row something is drawn that was tried already; then there is nothing new to try."""


def search(
    prepared: Prepared, config: Config, space: tuple[Choice, ...], budget: float, folder: Path, console: Console
) -> Found:
    """Spend what is left of the budget, in seconds; `folder` keeps the trials, and another call goes on with them.

    The first trial is the defaults, so that nothing is chosen that does worse on the validation split. Raises
    OSError where the trials cannot be kept.
    """
    file = folder / BEST
    with os_errors(folder / STATE):
        study = Study(folder / STATE, space, config.seed)
        with SearchLines(console, budget, study.seconds) as lines:
            try:
                _spend(budget, study, space, without_test(prepared), config, lines)
            except KeyboardInterrupt:
                lines.interrupted(len(study.finished), study.seconds)
                raise
            finally:
                found = found_by(study, space, config)
                toml = to_toml(found.config)
                file.write_text(toml, encoding="utf-8")
        lines.result(found.trials, found.pruned, found.seconds, toml, file)
    return found


def without_test(prepared: Prepared) -> Prepared:
    """The splits with a test split of no rows; the true one is not even read."""
    train = prepared.train
    nothing = Examples({name: one[:0] for name, one in train.tensors.items()}, train.targets[:0])
    return replace(prepared, test=nothing)


def found_by(study: Study, space: tuple[Choice, ...], config: Config) -> Found:
    """What the trials so far come to; without a whole one, the configuration as it is."""
    best, defaults = study.best, study.of_defaults
    settings = study.settings(best) if best else {}
    return Found(
        config=apply(config, settings),
        settings=settings,
        space=space,
        trials=len(study.finished),
        pruned=len(study.finished) - len(study.whole),
        seconds=study.seconds,
        loss=loss(best) if best else None,
        default_loss=loss(defaults) if defaults else None,
    )


def _spend(
    budget: float,
    study: Study,
    space: tuple[Choice, ...],
    prepared: Prepared,
    config: Config,
    lines: SearchLines,
) -> None:
    """Trials until the time is up, or nothing new is drawn."""
    repeats = 0
    while (before := study.seconds) < budget and repeats < MOST_REPEATS:
        trial, settings = study.begin(repeats)
        if study.is_repeat(trial):
            study.drop(trial)
            repeats += 1
            continue
        repeats = 0

        def tick(seconds: float, before: float = before) -> None:
            study.spend(before + seconds)
            lines.advance(before + seconds)

        number, best = len(study.finished) + 1, study.best
        watch = attempt(trial, prepared, apply(config, settings), budget - before, tick)
        outcome = _conclude(study, trial, watch)
        lines.trial(number, outcome, watch.seconds, study.best != best, changed(space, settings))


def _conclude(study: Study, trial: Trial, watch: Watch) -> str:
    """Keep what came of a trial, and say it.

    One that time ran out for counts only where it is the best already, which its whole fit can but better.
    """
    if watch.hopeless:
        study.give_up(trial)
        return "ended early"
    best = study.best
    if watch.late and (best is None or watch.loss >= loss(best)):
        study.drop(trial)
        return "out of time"
    study.finish(trial, watch.loss)
    return f"validation {watch.loss:.4f}"
