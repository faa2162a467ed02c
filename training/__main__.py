"""`python -m training fit DATA --target COLUMN`: a data file becomes a published bundle."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from app.bundle.errors import BundleError
from app.bundle.tables.errors import TableError
from training.config import ColumnConfig, Config, check_duration, load_config
from training.console.narrator import Narrator
from training.errors import InputError, ParityError
from training.job import Job, model_name

BAD_INPUT, NOT_PROVEN, INTERRUPTED = 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 2 for bad input, 3 for an export that is not proven."""
    options = _parser().parse_args(arguments)
    try:
        fit(options)
    except (InputError, TableError, BundleError) as error:
        return _fail(BAD_INPUT, str(error))
    except OSError as error:
        where = error.filename or "a file cannot be read or written"
        return _fail(BAD_INPUT, f"{where}: {error.strerror or error}; nothing was published")
    except ParityError as error:
        return _fail(NOT_PROVEN, f"{error}; nothing was published")
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "stopped; the same command goes on from what is done")
    return 0


def fit(options: argparse.Namespace) -> None:
    """Train on a data file and publish."""
    config = _config(options)
    job = Job(
        data=options.data,
        target=options.target,
        name=model_name(options.name, options.data),
        models=options.models,
        runs=options.work_dir,
        config=config,
        files=options.files,
    )
    from training.pipeline import run

    run(job, Narrator(Console(highlight=False)))


def _config(options: argparse.Namespace) -> Config:
    named = {name: getattr(options, name) for name in ("seed", "task", "positive", "segments")}
    config = load_config(options.config, **named)
    fit = config.fit.model_copy(update=_given(epochs=options.epochs))
    export = config.export.model_copy(update=_given(precision=options.precision and tuple(options.precision)))
    search = config.search.model_copy(update=_given(budget=options.budget))
    validation = config.validation.model_copy(update=_given(folds=options.folds))
    kinds = _given(user=options.user, item=options.item)
    columns = config.columns | {name: _of_kind(config, name, kind) for kind, name in kinds.items()}
    given = {"fit": fit, "export": export, "search": search, "validation": validation, "columns": columns}
    return config.model_copy(update=given)


def _of_kind(config: Config, name: str, kind: str) -> ColumnConfig:
    return config.columns.get(name, ColumnConfig()).model_copy(update={"kind": kind})


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train a model and publish its bundle.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("fit", help="train on a CSV or Parquet file, prove the export and publish it")
    command.add_argument("data", type=Path, metavar="DATA", help="CSV (also .gz) or Parquet file")
    command.add_argument("--target", required=True, metavar="COLUMN", help="column to predict")
    command.add_argument("--name", help="name of the model (the data file's)")
    command.add_argument("--models", type=Path, default=Path("models"), metavar="DIR", help="where to publish (models)")
    command.add_argument(
        "--files", type=Path, metavar="PLACE", help="folder or .zip of the files that cells name (the folder of DATA)"
    )
    command.add_argument("--user", metavar="COLUMN", help="column of users, to recommend to")
    command.add_argument("--item", metavar="COLUMN", help="column of items, to recommend")
    command.add_argument("--config", type=Path, metavar="FILE.toml", help="settings of the run")
    command.add_argument("--seed", type=_natural, metavar="N", help="seed of the split and of the network (42)")
    command.add_argument("--task", choices=("binary", "multiclass", "regression"), help="(inferred from the target)")
    command.add_argument("--positive", metavar="LABEL", help="of two labels, the one whose probability is asked for")
    command.add_argument(
        "--segment",
        action="append",
        dest="segments",
        metavar="COLUMN",
        help="tell metrics by this column's groups; may be repeated",
    )
    command.add_argument("--epochs", type=_positive, metavar="N", help="at most so many (by the data: 100 or 40)")
    command.add_argument(
        "--budget", type=_duration, metavar="TIME", help="search so long for a better one: 90s, 10m, 1h"
    )
    command.add_argument("--folds", type=_folds, metavar="N", help="also cross-validate in so many folds")
    command.add_argument(
        "--precision", action="append", choices=("fp16", "int8"), help="also publish this variant; may be repeated"
    )
    command.add_argument(
        "--work-dir", type=Path, default=Path("runs"), metavar="DIR", help="backups and TensorBoard logs (runs)"
    )
    return parser


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, received {text}")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, received {text}")
    return number


def _folds(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"must be at least 2, received {text}")
    return number


def _duration(text: str) -> str:
    try:
        return check_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, received {text}") from error


def _fail(code: int, message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
