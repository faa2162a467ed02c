"""The errors of training; the command line prints their message and exits with the code of their class.

Tests: tests/training/test_main.py (each error is one line and an exit code)
"""


class InputError(Exception):
    """Data, a configuration or an argument that cannot be used; the message names file, column and row if known.

    The exit code is 2.
    """


class ParityError(Exception):
    """An exported graph whose answers differ from the network's; nothing is published, and the exit code is 3."""
