"""The command `slipway`: those of `app` and `training` behind one name, each imported when it is asked for."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

_INTERRUPTED = 130

_MODULES = {
    "fit": "training.__main__",
    "serve": "app.__main__",
    "score": "app.__main__",
    "recommend": "app.__main__",
    "check": "app.__main__",
}
"""The module that defines each command, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        code: int = slipway.main(arguments, prog_name="slipway", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _INTERRUPTED
    return code


class _Sectioned(click.Command):
    """A command of one of the halves, with its options under headings in the help."""

    def __init__(self, command: click.Command, sections: Mapping[str, Sequence[str]]) -> None:
        super().__init__(
            command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            epilog=command.epilog,
        )
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section's options under its heading, and those of no section at the end."""
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        listed = {name for names in self.sections.values() for name in names}
        others = [option.name for option in options if option.name not in listed]
        for heading, names in {**self.sections, "Other options": others}.items():
            records = [option.get_help_record(ctx) for name in names for option in options if option.name == name]
            with formatter.section(heading):
                formatter.write_dl([record for record in records if record is not None])


class _LazyGroup(click.Group):
    """A group that imports the module of a command only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """Return the names of the commands in the order of the help."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of a name, or None where there is none."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(_MODULES[cmd_name])
        return _Sectioned(module.commands.commands[cmd_name], module.SECTIONS[cmd_name])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Return the name, the command and its arguments; raise NoSuchCommand, which suggests names alike."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=_MODULES, ctx=ctx) from error


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
    Examples:
      slipway fit loans.csv --target status      train, prove, publish models/loans/1
      slipway serve                              answer predictions on http://127.0.0.1:8000
      slipway COMMAND --help                     the options of a command

    Completion of commands, options and file names is switched on by one line in the shell's start-up file:

    \b
      bash  eval "$(_SLIPWAY_COMPLETE=bash_source slipway)"
      zsh   eval "$(_SLIPWAY_COMPLETE=zsh_source slipway)"
      fish  _SLIPWAY_COMPLETE=fish_source slipway | source
    """,
)
@click.version_option(package_name="slipway", message="%(package)s %(version)s")
def slipway() -> None:
    """From a data file to a prediction API that can be trusted."""


if __name__ == "__main__":
    sys.exit(main())
