"""The command: from a file to a published version, or one clear line and nothing published."""

import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from app.bundle import store
from app.bundle.manifest import Precision
from app.bundle.preprocessor import Preprocessor
from app.models.model import Model
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests.training.conftest import Run, command, run, settings
from tests.training.tables import write_csv
from training.__main__ import commands, main
from training.config import Config
from training.job import Job

ROOT = Path(__file__).parents[2]


def load(models: Path, name: str, version: int) -> Model:
    """The bundle as the service loads it, golden rows checked."""
    return ServedModel(store.verify(models, name, version), Settings(models_dir=models), Metrics()).model


@pytest.mark.tensorflow
def test_the_service_loads_what_the_command_published(trained: Run) -> None:
    model = load(trained.models, "loans", 1)
    assert set(model.manifest.labels or ()) == {"good", "bad"}
    assert [one.name for one in model.manifest.features] == ["age", "home", "income"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_other_tasks_are_published_too(tmp_path: Path, task: Any) -> None:
    data = write_csv(tmp_path / "data.csv", task)
    run(command(data, tmp_path, tmp_path / "runs", "--name", "other"))
    manifest = load(tmp_path, "other", 1).manifest
    assert manifest.task == task
    assert manifest.metrics.keys() == {"validation", "test"}


@pytest.mark.tensorflow
def test_the_bundle_says_where_it_comes_from(trained: Run) -> None:
    manifest = store.read(trained.models, "loans", 1).manifest
    assert manifest.target == "answer"
    assert manifest.provenance.data_file == "loans.csv"
    assert manifest.provenance.data_sha256 == store.sha256(trained.data.read_bytes())
    assert manifest.provenance.seed == 42
    assert Config.model_validate(manifest.provenance.config).fit.epochs == 3
    assert sum(manifest.provenance.rows.values()) == 200
    assert manifest.parity.label_flips == 0
    assert manifest.parity.largest_difference < manifest.parity.tolerance == 1e-5


@pytest.mark.tensorflow
def test_golden_rows_are_rows_of_the_file_in_the_form_of_a_request(trained: Run) -> None:
    bundle = store.read(trained.models, "loans", 1)
    assert len(bundle.golden.rows) == 16
    assert all(row.keys() == {"age", "home", "income"} for row in bundle.golden.rows)
    assert any(row["income"] is None for row in bundle.golden.rows)
    lines = trained.data.read_text()
    assert all(f"{row['age']},{row['home']}," in lines for row in bundle.golden.rows if row["home"])
    assert all(sum(answer) == pytest.approx(1) for answer in bundle.golden.expected)


@pytest.mark.tensorflow
def test_statistics_are_those_of_fewer_rows_than_the_file_has(trained: Run) -> None:
    bundle = store.read(trained.models, "loans", 1)
    assert Preprocessor(bundle.manifest.features, bundle.normalization).transforms.keys() == {"number", "category"}
    assert bundle.manifest.provenance.rows["train"] < 200


@pytest.mark.tensorflow
def test_the_report_explains_and_tells_the_segments_that_were_asked_for(trained: Run) -> None:
    folder = trained.models / "loans" / "1" / "report"
    html, card = ((folder / name).read_text(encoding="utf-8") for name in ("report.html", "model_card.md"))
    assert '<section id="dependence">' in html
    assert '<section id="segments">' in html
    assert "### By home" in card
    assert Config.model_validate(store.read(trained.models, "loans", 1).manifest.provenance.config).segments == (
        "home",
    )


@pytest.mark.tensorflow
def test_each_step_is_told(trained: Run) -> None:
    order = ["Data  loans.csv", "Data quality", "Fit", "epoch 1/3", "epoch 3/3", "Export", "parity: 0 label flips"]
    order += ["Test", "roc_auc", "Published", "serve it: slipway serve --models"]
    places = [trained.output.index(one) for one in order]
    assert places == sorted(places)
    assert str(trained.models / "loans" / "1") in trained.output


@pytest.mark.tensorflow
def test_the_same_command_gives_the_same_metrics_and_answers(trained: Run, tmp_path: Path) -> None:
    run(command(trained.data, tmp_path, tmp_path / "runs"))
    first, again = store.read(trained.models, "loans", 1), store.read(tmp_path, "loans", 1)
    assert again.manifest.metrics == first.manifest.metrics
    assert again.golden == first.golden


@pytest.mark.tensorflow
def test_a_killed_run_is_resumed_and_ends_where_an_uninterrupted_one_does(trained: Run, tmp_path: Path) -> None:
    arguments = command(trained.data, tmp_path / "models", tmp_path / "runs", *settings(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "training", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "epoch 2/3" in line:
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "models").exists()
    assert re.search("resumed after epoch [12]", run(arguments))
    expected, found = store.read(trained.models, "loans", 1), store.read(tmp_path / "models", "loans", 1)
    assert found.manifest.metrics == expected.manifest.metrics
    assert found.golden == expected.golden


@pytest.mark.tensorflow
def test_an_export_that_is_not_proven_exits_with_3_and_publishes_nothing(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "strict.toml"
    config.write_text("[export]\ntolerance = 1e-30\n")
    assert main(command(trained.data, tmp_path / "models", tmp_path / "runs", "--config", str(config))) == 3
    assert re.fullmatch(r"error: .* it differs by .*; nothing was published\n", capsys.readouterr().err)
    assert not (tmp_path / "models").exists()


@pytest.mark.tensorflow
def test_variants_are_proven_told_and_published_beside_the_same_float32_graph(trained: Run, tmp_path: Path) -> None:
    options = settings(tmp_path, 'precision = ["fp16"]')
    options += ["--precision", "int8", "--precision", "fp16", "--precision", "int8"]
    told = run(command(trained.data, tmp_path / "models", tmp_path / "runs", *options))
    assert re.search(r"fp16: \d label flips.*\n  fp16: [\d,]+ bytes, 1 row \d+ µs \(float32 \d+\), 128 rows", told)
    assert told.index("fp16: ") < told.index("int8: ")
    expected = store.read(trained.models, "loans", 1)
    for precision in get_args(Precision):
        bundle = store.verify(tmp_path / "models", "loans", 1, precision)
        assert bundle.manifest.variants.keys() == {"fp16", "int8"}
        assert bundle.golden.expected == expected.golden.expected
        ServedModel(bundle, Settings(), Metrics())


@pytest.mark.tensorflow
def test_a_variant_that_is_not_proven_exits_with_3_and_publishes_nothing(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "shallow.toml"
    config.write_text("[network]\nhidden_units = [8]\n")
    options = ["--config", str(config), "--precision", "int8"]
    assert main(command(trained.data, tmp_path / "models", tmp_path / "runs", *options)) == 3
    assert re.fullmatch(r"error: the network has no int8 variant: .*; nothing was published\n", capsys.readouterr().err)
    assert not (tmp_path / "models").exists()


@pytest.mark.tensorflow
def test_a_place_that_cannot_be_written_exits_with_2_and_publishes_nothing(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").write_text("a file")
    assert main(command(trained.data, tmp_path / "models", tmp_path / "runs", *settings(tmp_path))) == 2
    assert (
        capsys.readouterr().err == f"error: {tmp_path / 'models' / 'loans'}: Not a directory; nothing was published\n"
    )


WITHOUT_TENSORFLOW = """
import contextlib, io, json, sys
from training.__main__ import main
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = main(arguments)
    print(json.dumps([99 if {"tensorflow", "keras"} & sys.modules.keys() else code, errors.getvalue()]))
"""


ROWS = "a,answer\n" + "".join(f"{row % 7}.5,{'xy'[row % 2]}\n" for row in range(14))
BAD_INPUTS: dict[str, tuple[str | None, list[str], str]] = {
    "no file": (None, [], r"data.csv: there is no such file"),
    "an empty file": ("", [], r"data.csv: the file is empty"),
    "no target": ("a,b\n1,2\n", [], r"data.csv: .*'answer'"),
    "one label": ("a,answer\n1,x\n2,x\n", [], r"data.csv: .*'answer'"),
    "no label": ("a,answer\n1,\n2,\n", [], r"data.csv: .*'answer'"),
    "a name twice": ("a,a,answer\n1,2,x\n", [], r"data.csv: .*'a'"),
    "a bad name": ("a,answer\n1,x\n", ["--name", "No Name"], r"--name must match"),
    "folds without rows": (ROWS, ["--folds", "9"], r"validation\.folds: each fold needs a row of every label"),
    "no segment": (
        "a,answer\n1,x\n",
        ["--segment", "b"],
        r"data.csv: there is no column 'b'.*columns: 'a', 'answer'",
    ),
    "no configuration": (
        "a,answer\n1,x\n",
        ["--config", "missing.toml"],
        r"missing.toml: the configuration cannot be read",
    ),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """The command on one bad input: its exit code, 99 where TensorFlow was imported, errors and folder."""

    code: int
    errors: str
    folder: Path


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Refused]:
    """The command on each bad input, one after the other in a process of its own."""
    folders = {case: tmp_path_factory.mktemp("bad") for case in BAD_INPUTS}
    arguments = []
    for case, (content, options, _) in BAD_INPUTS.items():
        data = folders[case] / "data.csv"
        if content is not None:
            data.write_text(content)
        arguments.append(command(data, folders[case] / "models", folders[case] / "runs", *options))
    program = [sys.executable, "-c", WITHOUT_TENSORFLOW, json.dumps(arguments)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    found = zip(folders.items(), told, strict=True)
    return {case: Refused(code, errors, folder) for (case, folder), (code, errors) in found}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_bad_input_is_one_line_and_exit_code_2_before_tensorflow_is_imported(
    refused: dict[str, Refused], case: str
) -> None:
    found = refused[case]
    assert found.code == 2, found.errors
    assert re.fullmatch(rf"error: .*{BAD_INPUTS[case][2]}.*\n", found.errors)
    assert not (found.folder / "models").exists()
    assert not (found.folder / "runs").exists()


@pytest.mark.parametrize(
    ("options", "received"),
    [
        (["--seed", "-1"], "-1 is not in the range"),
        (["--epochs", "0"], "0 is not in the range"),
        (["--folds", "1"], "1 is not in the range"),
        (["--budget", "10 minutes"], "90s, 10m or 1h, received 10 minutes"),
        (["--task", "ranking"], "'ranking' is not one of 'binary', 'multiclass', 'regression'"),
        (["--precision", "fp8"], "'fp8' is not one of 'fp16', 'int8'"),
        (["--depth", "3"], "'--depth'"),
    ],
)
def test_a_wrong_option_exits_with_2_and_is_named_with_its_value(
    tmp_path: Path, options: list[str], received: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(tmp_path / "data.csv", tmp_path, tmp_path, *options)) == 2
    assert received in " ".join(capsys.readouterr().err.split())


def test_the_help_of_the_command_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: python -m training fit ")
    assert "Examples:\n    slipway fit" in text
    assert all(parameter.help for parameter in commands.commands["fit"].params)


def test_options_go_before_the_configuration_file_and_leave_the_rest_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[Job] = []
    monkeypatch.setattr("training.pipeline.run", lambda job, _: jobs.append(job))
    config = tmp_path / "run.toml"
    config.write_text(
        'seed = 1\nsegments = ["home"]\n[fit]\nepochs = 50\nbatch_size = 64\n[columns.buyer]\nminimum = 1\n'
    )
    options = ["--config", str(config), "--seed", "7", "--budget", "10m", "--folds", "3", "--user", "buyer"]
    assert main(command(tmp_path / "loans.csv", tmp_path, tmp_path, "--precision", "int8", *options)) == 0
    [job] = jobs
    assert (job.name, job.target, job.models, job.runs) == ("loans", "answer", tmp_path, tmp_path)
    assert (job.config.seed, job.config.segments) == (7, ("home",))
    assert (job.config.fit.epochs, job.config.fit.batch_size) == (3, 64)
    assert (job.config.search.budget, job.config.validation.folds) == ("10m", 3)
    assert job.config.export.precision == ("int8",)
    assert (job.config.columns["buyer"].kind, job.config.columns["buyer"].minimum) == ("user", 1)


def test_an_interrupt_exits_with_130_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(job: Job, narrator: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.pipeline.run", interrupted)
    assert main(command(tmp_path / "loans.csv", tmp_path, tmp_path)) == 130
    assert capsys.readouterr().err == "error: stopped; the same command goes on from what is done\n"


def test_an_installation_that_only_serves_says_what_training_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "training.pipeline", None)
    assert main(command(tmp_path / "loans.csv", tmp_path, tmp_path)) == 1
    assert re.fullmatch(r"error: training needs .*, which is not installed; .*\n", capsys.readouterr().err)


def test_a_process_of_the_command_exits_with_its_code(tmp_path: Path) -> None:
    arguments = command(tmp_path / "none.csv", tmp_path, tmp_path)
    done = subprocess.run([sys.executable, "-m", "training", *arguments], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 2


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore")  # of files that could not be written to their end
def test_a_full_disk_is_one_line_and_exit_code_2(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(trained.data, tmp_path / "models", tmp_path / "runs")
    with file_size_limit(20_000):
        assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert errors == "error: a file cannot be read or written: File too large; nothing was published\n"
    assert not (tmp_path / "models").exists()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Refuse this process files beyond `size` bytes, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
