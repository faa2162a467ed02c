"""`python -m app`: what its parser says and refuses, and what a process of it imports."""

import subprocess
import sys

import pytest

from app.__main__ import commands, main

HEAVY = {"numpy", "pydantic", "fastapi", "uvicorn", "polars", "onnxruntime", "rich", "training", "slipway"}


@pytest.mark.parametrize("name", commands.commands)
def test_the_help_of_each_command_says_what_it_does_and_shows_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: python -m app {name} ")
    assert f"Examples:\n    slipway {name}" in text
    for parameter in commands.commands[name].params:
        assert parameter.help, parameter


def test_the_short_form_of_help_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-h"]) == 0
    assert capsys.readouterr().out.startswith("Usage: python -m app ")


def test_no_command_is_answered_with_the_help_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (["score", "rows.csv", "--model", "loans"], "'--output'"),
        (["score", "rows.csv", "-o", "out.csv"], "'--model'"),
        (["score", "--model", "loans", "-o", "out.csv"], "'IN'"),
        (["recommend", "--model", "ratings", "--top", "0"], "0 is not in the range"),
        (["check", "--workers", "2"], "'--workers'"),
        (["serve", "--hots", "::"], "'--host'"),
        (["chekc"], "Did you mean 'check'?"),
    ],
)
def test_wrong_arguments_exit_with_2_and_are_named(
    arguments: list[str], received: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert received in capsys.readouterr().err


def test_the_command_line_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_MODELS_DIR", "/from-the-environment")
    assert main(["check", "--models", "/from-the-command-line"]) == 1
    assert "models     /from-the-command-line\n" in capsys.readouterr().out


def test_an_interrupt_exits_with_130_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(settings: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.commands.check.check", interrupted)
    assert main(["check"]) == 130
    assert capsys.readouterr().err.strip() == ""


def test_help_imports_nothing_heavy() -> None:
    program = "import sys; from app.__main__ import main; main(['serve', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not HEAVY & set(done.stdout.split("\n")[-2].split())
