"""The search: trials of settings that the configuration leaves open, compared on the validation split alone."""

from dataclasses import replace
from pathlib import Path

from optuna.trial import Trial
from rich.console import Console

from training.config import Config
from training.console.search_lines import SearchLines
from training.data.normalize import Examples, Prepared
from training.search.result import SearchResult
from training.search.space import Hyperparameter, apply_settings, non_default_settings
from training.search.study import SavedStudy, os_errors, trial_loss
from training.search.toml import to_toml
from training.search.trial import TrialMonitor, run_trial

STUDY_FILE, BEST_FILE = "search.db", "best.toml"
MAX_REPEATS = 30
"""Consecutive repeats of earlier trials after which the search ends, because nothing new is left to try."""


def run_search(
    prepared: Prepared, config: Config, space: tuple[Hyperparameter, ...], budget: float, folder: Path, console: Console
) -> SearchResult:
    """Run trials for the rest of the budget, in seconds, and return the result of all trials so far.

    `folder` keeps the trials, which another call continues. The first trial has the defaults, so that the result is
    never worse than they are on the validation split. Raises OSError if the trials cannot be saved.
    """
    best_file = folder / BEST_FILE
    with os_errors(folder / STUDY_FILE):
        study = SavedStudy(folder / STUDY_FILE, space, config.seed)
        with SearchLines(console, budget, study.seconds) as lines:
            try:
                _run_trials(budget, study, space, without_test_rows(prepared), config, lines)
            except KeyboardInterrupt:
                lines.interrupted(len(study.finished), study.seconds)
                raise
            finally:
                result = summarize(study, space, config)
                toml = to_toml(result.config)
                best_file.write_text(toml, encoding="utf-8")
        lines.result(result.trials, result.pruned, result.seconds, toml, best_file)
    return result


def without_test_rows(prepared: Prepared) -> Prepared:
    """Return the splits with an empty test split; the real one is not even read."""
    train = prepared.train
    empty = Examples({name: tensor[:0] for name, tensor in train.tensors.items()}, train.targets[:0])
    return replace(prepared, test=empty)


def summarize(study: SavedStudy, space: tuple[Hyperparameter, ...], config: Config) -> SearchResult:
    """Return the result of the trials so far; without a completed one, the configuration as it is."""
    best, default = study.best, study.default_trial
    settings = study.settings(best) if best else {}
    return SearchResult(
        config=apply_settings(config, settings),
        settings=settings,
        space=space,
        trials=len(study.finished),
        pruned=len(study.finished) - len(study.completed),
        seconds=study.seconds,
        loss=trial_loss(best) if best else None,
        default_loss=trial_loss(default) if default else None,
    )


def _run_trials(
    budget: float,
    study: SavedStudy,
    space: tuple[Hyperparameter, ...],
    prepared: Prepared,
    config: Config,
    lines: SearchLines,
) -> None:
    """Run trials until the time is up or nothing new is suggested."""
    repeats = 0
    while (before := study.seconds) < budget and repeats < MAX_REPEATS:
        trial, settings = study.ask(repeats)
        if study.is_repeat(trial):
            study.discard(trial)
            repeats += 1
            continue
        repeats = 0

        def report(seconds: float, before: float = before) -> None:
            study.record_seconds(before + seconds)
            lines.advance(before + seconds)

        number, best = len(study.finished) + 1, study.best
        monitor = run_trial(trial, prepared, apply_settings(config, settings), budget - before, report)
        outcome = _save_outcome(study, trial, monitor)
        lines.trial(number, outcome, monitor.seconds, study.best != best, non_default_settings(space, settings))


def _save_outcome(study: SavedStudy, trial: Trial, monitor: TrialMonitor) -> str:
    """Save the outcome of a trial and return it in words.

    A trial that ran out of time counts only if it is already the best, since its whole fit could only be better.
    """
    if monitor.hopeless:
        study.prune(trial)
        return "stopped early"
    best = study.best
    if monitor.out_of_time and (best is None or monitor.loss >= trial_loss(best)):
        study.discard(trial)
        return "out of time"
    study.complete(trial, monitor.loss)
    return f"validation {monitor.loss:.4f}"
