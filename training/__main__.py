"""The command of the training half: `slipway fit`, or `python -m training fit`.

Nothing heavy is imported here: `fit` imports what it needs when it runs, and TensorFlow once the input is sound.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from training.config import ColumnConfig, Config

NOT_INSTALLED, BAD_INPUT, NOT_PROVEN, INTERRUPTED = 1, 2, 3, 130

# The code that reads a file says whether it can be read.
_PATH = click.Path(path_type=Path, readable=False)

SECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "fit": {
        "Data": ("files",),
        "What to learn": ("target", "task", "positive", "user", "item"),
        "How to learn": ("config", "seed", "epochs", "budget", "folds"),
        "Output": ("name", "models", "precision", "segments", "work_dir"),
    },
}
"""The options of each command under the headings of `slipway COMMAND --help`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        code: int = commands.main(arguments, prog_name="python -m training", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return code


def _duration(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Return the text itself; raise BadParameter where it is not a duration."""
    from training.config import check_duration

    try:
        return None if text is None else check_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}, received {text}") from error


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Train a model and publish its bundle."""


@commands.command(
    epilog="""\b
    Examples:
      slipway fit loans.csv --target status --name loans
      slipway fit loans.csv --target status --config loans.toml --budget 10m
      slipway fit ratings.csv --target stars --user user_id --item film
      slipway fit photos.csv --target defect --files photos.zip --precision fp16
    """
)
@click.argument("data", type=_PATH, metavar="DATA", help="CSV (also .gz) or Parquet file.")
@click.option(
    "--files",
    type=_PATH,
    metavar="PLACE",
    help="Folder or .zip of the images or sounds that cells name (the folder of DATA).",
)
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="COLUMN",
    help="Also report metrics for each group of this column; may be repeated.",
)
@click.option("--target", required=True, metavar="COLUMN", help="Column to predict.")
@click.option(
    "--task",
    type=click.Choice(["binary", "multiclass", "regression"]),
    help="Kind of prediction (inferred from the target).",
)
@click.option("--positive", metavar="LABEL", help="Of two labels, the one whose probability is asked for.")
@click.option("--user", metavar="COLUMN", help="Column of users, to recommend to.")
@click.option("--item", metavar="COLUMN", help="Column of items, to recommend.")
@click.option(
    "--config", type=_PATH, metavar="FILE.toml", help="TOML file of settings; options given here override it."
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Seed of the split and of the network (42).")
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Most epochs to train (40 or 100, by the data).")
@click.option(
    "--budget", callback=_duration, metavar="TIME", help="Time to search for a better configuration: 90s, 10m, 1h."
)
@click.option("--folds", type=click.IntRange(2), metavar="N", help="Also cross-validate in this many folds.")
@click.option("--name", metavar="NAME", help="Name of the model (the data file's).")
@click.option(
    "--models", type=_PATH, default="models", show_default=True, metavar="DIR", help="Folder to publish into."
)
@click.option(
    "--precision",
    type=click.Choice(["fp16", "int8"]),
    multiple=True,
    help="Also publish this smaller variant of the graph; may be repeated.",
)
@click.option(
    "--work-dir",
    type=_PATH,
    default="runs",
    show_default=True,
    metavar="DIR",
    help="Folder for checkpoints and TensorBoard logs.",
)
def fit(**options: Any) -> int:
    """Train on a data file, prove the export and publish it.

    Exits with 2 for bad input, with 3 where the export could not be proven; then nothing is published.
    """
    from app.bundle.errors import BundleError
    from app.bundle.tables.errors import TableError
    from training.errors import InputError, ParityError

    try:
        _fit(options)
    except (InputError, TableError, BundleError) as error:
        return _fail(BAD_INPUT, str(error))
    except OSError as error:
        where = error.filename or "a file cannot be read or written"
        return _fail(BAD_INPUT, f"{where}: {error.strerror or error}; nothing was published")
    except ParityError as error:
        return _fail(NOT_PROVEN, f"{error}; nothing was published")
    except ModuleNotFoundError as error:
        return _fail(NOT_INSTALLED, f"training needs {error.name}, which is not installed; run `make install`")
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "stopped; the same command goes on from what is done")
    return 0


def _fit(options: dict[str, Any]) -> None:
    from rich.console import Console

    from training.console.narrator import Narrator
    from training.job import Job, model_name

    config = _config(options)
    job = Job(
        data=options["data"],
        target=options["target"],
        name=model_name(options["name"], options["data"]),
        models=options["models"],
        runs=options["work_dir"],
        config=config,
        files=options["files"],
    )
    from training.pipeline import run

    run(job, Narrator(Console(highlight=False)))


def _config(options: dict[str, Any]) -> "Config":
    """Return the configuration file's settings, with the options that are given over them."""
    from training.config import load_config

    # Not given, an option that may be repeated is empty.
    given = {name: value for name, value in options.items() if value is not None and value != ()}
    config = load_config(options["config"], **_only(given, "seed", "task", "positive", "segments"))
    columns = {given[kind]: _of_kind(config, given[kind], kind) for kind in ("user", "item") if kind in given}
    return config.model_copy(
        update={
            "fit": config.fit.model_copy(update=_only(given, "epochs")),
            "export": config.export.model_copy(update=_only(given, "precision")),
            "search": config.search.model_copy(update=_only(given, "budget")),
            "validation": config.validation.model_copy(update=_only(given, "folds")),
            "columns": config.columns | columns,
        }
    )


def _of_kind(config: "Config", name: str, kind: str) -> "ColumnConfig":
    from training.config import ColumnConfig

    return config.columns.get(name, ColumnConfig()).model_copy(update={"kind": kind})


def _only(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _fail(code: int, message: str) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
