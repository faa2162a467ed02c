"""`slipway`: the commands of both halves behind one name, each imported when it is asked for."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

import app.__main__ as app
import training.__main__ as training
from slipway.__main__ import main

ROOT = Path(__file__).parents[2]
COMMANDS = ["fit", "serve", "score", "recommend", "check"]
DEFINED = {**app.commands.commands, **training.commands.commands}
SECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {**app.SECTIONS, **training.SECTIONS}


def imported(*arguments: str) -> frozenset[str]:
    """Return the modules that a fresh process knows after the command."""
    program = "import sys; from slipway.__main__ import main; main(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return frozenset(done.stdout.splitlines()[-1].split())


def test_the_help_lists_every_command_of_both_halves_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^  ([a-z]+)  +[A-Z]", text, re.MULTILINE) == COMMANDS
    assert set(COMMANDS) == set(DEFINED)
    assert "..." not in text.partition("Commands:")[2].partition("Examples:")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_lists_its_options_under_headings_and_shows_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: slipway {name} ")
    assert re.findall(r"^(\w[\w ]+):$", text, re.MULTILINE)[-1] == "Other options"
    assert f"Examples:\n    slipway {name}" in text
    flags = {option.name: max(option.opts, key=len) for option in DEFINED[name].params}
    for heading, names in SECTIONS[name].items():
        section = text.partition(f"\n{heading}:\n")[2].partition("\n\n")[0]
        assert [name for name in names if f"{flags[name]} " not in section] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_under_one_heading(name: str) -> None:
    listed = [option for names in SECTIONS[name].values() for option in names]
    options = [option.name for option in DEFINED[name].params if option.param_type_name == "option"]
    assert sorted(listed) == sorted(options)


def test_the_version_is_the_one_that_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"slipway {version('slipway')}\n"


@pytest.mark.parametrize(
    ("arguments", "suggested"), [(["srve"], "'serve'"), (["fti"], "'fit'"), (["fit", "--targte", "a"], "'--target'")]
)
def test_an_unknown_name_suggests_those_alike(
    arguments: list[str], suggested: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "Did you mean" in error
    assert suggested in error.partition("Did you mean")[2]


@pytest.mark.parametrize("arguments", [[], ["serve", "--port", "70000"], ["fit"], ["score", "rows.csv"], ["deploy"]])
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_a_wrong_setting_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SLIPWAY_WORKERS", "none")
    assert main(["serve"]) == 2
    assert re.fullmatch(r"SLIPWAY_WORKERS: .*, received 'none'\n", capsys.readouterr().err)


def test_the_code_of_a_command_is_that_of_the_process(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "slipway", "check", "--models", str(tmp_path)], check=False, capture_output=True
    )
    assert checked.returncode == 1
    arguments = ["fit", str(tmp_path / "none.csv"), "--target", "answer"]
    fitted = subprocess.run(
        [sys.executable, "-m", "slipway", *arguments], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert fitted.returncode == 2
    assert fitted.stderr == f"error: {tmp_path / 'none.csv'}: there is no such file\n"


def test_an_interrupt_exits_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.commands.check.check", interrupted)
    assert main(["check"]) == 130
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["serve", "--help"], ["fit", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy = {"numpy", "pydantic", "fastapi", "uvicorn", "polars", "onnxruntime", "rich", "tensorflow", "keras"}
    assert not heavy & imported(*arguments)


@pytest.mark.parametrize("name", ["serve", "score", "recommend", "check"])
def test_no_command_of_the_serving_half_imports_training(name: str) -> None:
    found = imported(name, "--help")
    assert "app.__main__" in found
    assert "training" not in found


def test_checking_imports_no_training() -> None:
    found = imported("check", "--models", "/nowhere")
    assert "onnxruntime" in found
    assert not {"training", "tensorflow", "keras"} & found


def test_fitting_imports_no_web_framework_and_no_tensorflow_before_the_input_is_sound() -> None:
    found = imported("fit", "/nowhere/data.csv", "--target", "answer")
    assert "training.pipeline" in found
    assert not {"tensorflow", "keras", "fastapi", "uvicorn"} & found


def test_nothing_imports_the_front_door() -> None:
    for folder in ("app", "training", "openapi", "benchmarks", "loadtest"):
        for source in (ROOT / folder).rglob("*.py"):
            code = source.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(import|from) slipway\b", code, re.MULTILINE), source


@pytest.mark.parametrize(("shell", "first"), [("zsh", "#compdef slipway"), ("fish", "function _slipway_completion")])
def test_the_completion_script_of_a_shell_is_printed(shell: str, first: str) -> None:
    assert completed(f"{shell}_source").startswith(first)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_completion_script_of_bash_is_printed_and_is_bash() -> None:
    script = completed("bash_source")
    assert "_slipway_completion()" in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_commands_options_and_choices_are_completed() -> None:
    assert completed("bash_complete", "slipway ").split() == [f"plain,{name}" for name in COMMANDS]
    assert completed("bash_complete", "slipway fit --pre").split() == ["plain,--precision"]
    assert completed("bash_complete", "slipway fit --task r").split() == ["plain,regression"]


def completed(instruction: str, words: str = "") -> str:
    """Return what the installed command prints for a shell that asks for its completion of these words."""
    asked = {"_SLIPWAY_COMPLETE": instruction, "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = [Path(sys.executable).with_name("slipway")]
    done = subprocess.run(program, env=os.environ | asked, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.lstrip()


def test_the_packages_say_that_they_are_typed() -> None:
    for package in ("app", "training", "slipway"):
        assert (ROOT / package / "py.typed").is_file()
