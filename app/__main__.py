"""The commands of the serving half: `slipway serve`, `score`, `recommend` and `check`, or `python -m app …`.

Nothing heavy is imported here: each command imports what it needs when it runs, so that help, completion and `serve`
wait for nothing else.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from app.settings import Settings

_BAD_SETTING, _INTERRUPTED = 2, 130

# click does not check whether a file can be read: the code that opens it gives a better reason.
_PATH = click.Path(path_type=Path, readable=False)
_MODELS = click.option("--models", type=_PATH, metavar="DIR", help="Models folder (SLIPWAY_MODELS_DIR, or models).")
_MODEL = click.option(
    "--model",
    required=True,
    metavar="NAME[:VERSION]",
    help="Model to use; without a version, the newest one that is valid.",
)

SECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "serve": {"Address": ("host", "port"), "Models": ("models",), "Processes": ("workers",)},
    "score": {"Data": ("files",), "Model": ("model", "models"), "Output": ("output", "explain")},
    "recommend": {
        "Model": ("model", "models"),
        "User": ("user", "row"),
        "Items": ("items", "exclude", "top"),
    },
    "check": {"Models": ("models",)},
}
"""The options of each command under the headings of `slipway COMMAND --help`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        code: int = commands.main(arguments, prog_name="python -m app", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _INTERRUPTED
    return code


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Serve, score and check trained bundles."""


@commands.command(
    epilog="""\b
    Examples:
      slipway serve
      slipway serve --models /srv/models --host 0.0.0.0 --port 8080
      SLIPWAY_REQUIRE_GPU=true slipway serve --workers 4
    """
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes that answer requests (SLIPWAY_WORKERS, or 1)."
)
@_MODELS
def serve(host: str, port: int, workers: int | None, models: Path | None) -> int:
    """Answer predictions over HTTP.

    Every setting besides these options is an environment variable, SLIPWAY_…; the README lists them.
    """
    # Set before numpy is imported, which would start a thread per core for matrix products that serving never makes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    settings = _settings(models, **({} if workers is None else {"workers": workers}))
    from app.commands.serve import serve

    return serve(settings, host, port)


@commands.command(
    epilog="""\b
    Examples:
      slipway score new_loans.csv --output scored.csv --model loans
      slipway score new_loans.csv --output scored.parquet --model loans:2 --explain
      slipway score photos.csv --files photos.zip --output scored.csv --model photos
    """
)
@click.argument("source", type=_PATH, metavar="IN", help="CSV (also .gz) or Parquet file to predict.")
@click.option(
    "--output", "-o", type=_PATH, required=True, metavar="OUT", help="File to write; its name ends in .csv or .parquet."
)
@click.option(
    "--files",
    type=_PATH,
    metavar="PLACE",
    help="Folder or .zip of the images or sounds that cells name (the folder of IN).",
)
@_MODEL
@_MODELS
@click.option("--explain", is_flag=True, help="Also write what each feature adds to the score.")
def score(source: Path, output: Path, files: Path | None, model: str, models: Path | None, *, explain: bool) -> int:
    """Predict every row of a CSV or Parquet file.

    Exits with 1 where some rows break a rule of the model, and with 2 where nothing could be written.
    """
    settings = _settings(models)
    from app.commands.score import score

    return score(settings, source, output, model, files, explain=explain)


@commands.command(
    epilog="""\b
    Examples:
      slipway recommend --model ratings --user 4711
      slipway recommend --model ratings --user 4711 --exclude ratings.csv --top 5
      slipway recommend --model ratings --row '{"device": "phone"}' --items new_films.csv
    """
)
@_MODEL
@_MODELS
@click.option("--user", metavar="ID", help="User to recommend to.")
@click.option("--row", metavar="JSON", help="Other features of the user and the occasion, as a JSON object.")
@click.option("--items", type=_PATH, metavar="FILE", help="Items to rank (the model's catalogue).")
@click.option("--exclude", type=_PATH, metavar="FILE", help="Rows whose items are left out for this user.")
@click.option(
    "--top", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="How many items to write."
)
def recommend(models: Path | None, **options: Any) -> int:
    """Rank the items for a user, as CSV.

    The model must have been trained with --item. Exits with 2 where nothing could be written.
    """
    settings = _settings(models)
    from app.commands.recommend import RecommendOptions, recommend

    return recommend(settings, RecommendOptions(**options), sys.stdout)


@commands.command(
    epilog="""\b
    Examples:
      slipway check
      slipway check --models /srv/models
    """
)
@_MODELS
def check(models: Path | None) -> int:
    """Say what works on this machine and what does not.

    Tries the GPU and verifies every version of every model. Exits with 1 where a model could not be served.
    """
    settings = _settings(models)
    from app.commands.check import check

    return check(settings)


def _settings(models: Path | None, **given: Any) -> "Settings":
    """Return the settings of the environment, overridden by those of the command line."""
    from pydantic import ValidationError

    from app.bundle.display import shorten
    from app.settings import Settings

    if models is not None:
        given["models_dir"] = models
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        click.echo(f"SLIPWAY_{name}: {first['msg']}, received {shorten(first['input'])}", err=True)
        raise click.exceptions.Exit(_BAD_SETTING) from error


if __name__ == "__main__":
    sys.exit(main())
