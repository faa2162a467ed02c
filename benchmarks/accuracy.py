"""Accuracy on fixed test rows: `python -m benchmarks.accuracy FOLDER …`.

A folder holds data.csv, meta.json (name, task, target, positive), test_rows.txt (0-based row numbers), and a .zip if
cells name files. A model is trained on all other rows with `python -m training fit` and default settings. The test rows
are scored with `python -m app score`, so the metrics are those of the exported graph.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)


def main() -> None:
    """Measure every folder and print the metrics' means over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3, help="fits per folder, with the seeds 1, 2, … (3)")
    options = parser.parse_args()
    for folder in options.folders:
        runs = [measure(folder, seed) for seed in range(1, options.seeds + 1)]
        means = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
        print(f"{folder.name}: " + "  ".join(f"{name} {value:.4f}" for name, value in means.items()), flush=True)


def measure(folder: Path, seed: int) -> dict[str, float]:
    """Return one fit's metrics on the test rows, its duration in seconds, and the figures of its parity certificate."""
    meta = json.loads((folder / "meta.json").read_text())
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        truth = split(folder, work, meta["target"])
        started = time.perf_counter()
        fit(folder, work, meta, seed)
        seconds = time.perf_counter() - started
        models = ("--model", "model", "--models", work / "models")
        run("app", "score", work / "test.csv", "-o", work / "out.csv", *models, *files(folder))
        manifest = json.loads((work / "models/model/1/manifest.json").read_text())
        measured = metrics(truth, pl.read_csv(work / "out.csv", schema_overrides={"prediction": pl.String}), manifest)
    parity = manifest["parity"]
    return {**measured, "seconds": seconds, "flips": parity["label_flips"], "difference": parity["largest_difference"]}


def split(folder: Path, work: Path, target: str) -> pl.Series:
    """Write train.csv and test.csv (without the target) and return the target of the test rows."""
    table = pl.read_csv(folder / "data.csv", infer_schema=False)
    rows = [int(line) for line in (folder / "test_rows.txt").read_text().split()]
    table.with_row_index().filter(~pl.col("index").is_in(rows)).drop("index").write_csv(work / "train.csv")
    test = table[rows]
    test.drop(target).write_csv(work / "test.csv")
    return test[target]


def fit(folder: Path, work: Path, meta: dict[str, Any], seed: int) -> None:
    """Train on train.csv as a user who knows the task and the positive label would."""
    positive = ("--positive", meta["positive"]) if meta["positive"] else ()
    task = ("--task", meta["task"])
    where = ("--models", work / "models", "--work-dir", work / "runs")
    run(
        "training",
        "fit",
        work / "train.csv",
        "--target",
        meta["target"],
        "--name",
        "model",
        "--seed",
        seed,
        *task,
        *positive,
        *where,
        *files(folder),
    )


def files(folder: Path) -> tuple[object, ...]:
    """Return the --files option for the folder's archive, or nothing if it has none."""
    return tuple(option for archive in folder.glob("*.zip") for option in ("--files", archive))


def metrics(truth: pl.Series, scored: pl.DataFrame, manifest: dict[str, Any]) -> dict[str, float]:
    """Return the usual metrics of the manifest's task by name."""
    if manifest["task"] == "regression":
        values, predictions = truth.cast(pl.Float64).to_numpy(), scored["prediction"].cast(pl.Float64).to_numpy()
        return {
            "rmse": root_mean_squared_error(values, predictions),
            "mae": mean_absolute_error(values, predictions),
            "r2": r2_score(values, predictions),
        }
    labels = manifest["labels"]
    probabilities = scored.select([f"p_{label}" for label in labels]).to_numpy()
    indices = np.array([labels.index(label) for label in truth])
    scores = probabilities[:, 1] if len(labels) == 2 else probabilities
    return {
        "roc_auc": roc_auc_score(indices, scores, multi_class="ovr"),
        "accuracy": accuracy_score(truth.to_list(), scored["prediction"].to_list()),
        "log_loss": log_loss(indices, probabilities, labels=range(len(labels))),
    }


def run(module: str, *arguments: object) -> None:
    """Run one of the project's commands; exit with its output if it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
