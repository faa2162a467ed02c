"""`python -m app`: serve, score, recommend, check."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.bundle.display import shorten

if TYPE_CHECKING:
    from app.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "_".join(str(one) for one in first["loc"]).upper()
        print(f"SLIPWAY_{name}: {first['msg']}, received {shorten(first['input'])}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description="Serve, score and check trained bundles.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="answer predictions over HTTP")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=_port, default=8000, help="port to listen on, 0 for a free one (8000)")
    serve.add_argument("--workers", type=_positive, help="processes that answer (SLIPWAY_WORKERS, or 1)")
    _add_models(serve)
    serve.set_defaults(run=_serve)

    score = commands.add_parser("score", help="predict every row of a CSV or Parquet file")
    score.add_argument("input", type=Path, metavar="IN", help="CSV (also .gz) or Parquet file")
    score.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="CSV or Parquet file to write")
    score.add_argument(
        "--model", required=True, metavar="NAME[:VERSION]", help="model, the newest valid version or one"
    )
    score.add_argument(
        "--files", type=Path, metavar="PLACE", help="folder or .zip of the files that cells name (the folder of IN)"
    )
    score.add_argument("--explain", action="store_true", help="also write what each feature adds to the answer's score")
    _add_models(score)
    score.set_defaults(run=_score)

    recommend = commands.add_parser("recommend", help="rank the items for a user")
    recommend.add_argument("--model", required=True, metavar="NAME[:VERSION]", help="model that has items")
    recommend.add_argument("--user", metavar="ID", help="the user to recommend to")
    recommend.add_argument("--row", metavar="JSON", help="other features of the user and the occasion, an object")
    recommend.add_argument("--items", type=Path, metavar="FILE", help="items to rank (the model's catalogue)")
    recommend.add_argument("--exclude", type=Path, metavar="FILE", help="rows of items to leave out, of this user")
    recommend.add_argument("--top", type=_positive, default=10, metavar="N", help="how many (10)")
    _add_models(recommend)
    recommend.set_defaults(run=_recommend)

    check = commands.add_parser("check", help="say what works here and what does not")
    _add_models(check)
    check.set_defaults(run=_check)
    return parser


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, metavar="DIR", help="models folder (SLIPWAY_MODELS_DIR, or models)")


def _serve(options: argparse.Namespace) -> int:
    # Before numpy's import: it would start a thread a core, for products of matrices that nothing here asks of it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from app.commands.serve import serve

    workers = {} if options.workers is None else {"workers": options.workers}
    return serve(_settings(options, **workers), options.host, options.port)


def _score(options: argparse.Namespace) -> int:
    from app.commands.score import score

    return score(
        _settings(options), options.input, options.output, options.model, options.files, explain=options.explain
    )


def _recommend(options: argparse.Namespace) -> int:
    from app.commands.recommend import Order, recommend

    order = Order(
        model=options.model,
        user=options.user,
        row=options.row,
        items=options.items,
        exclude=options.exclude,
        top=options.top,
    )
    return recommend(_settings(options), order, sys.stdout)


def _check(options: argparse.Namespace) -> int:
    from app.commands.check import check

    return check(_settings(options))


def _settings(options: argparse.Namespace, **given: Any) -> "Settings":
    """The environment's settings with what the command line gives over them."""
    if options.models is not None:
        given["models_dir"] = options.models
    from app.settings import Settings

    return Settings(**given)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, received {text}")
    return port


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, received {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
