"""The error of a user's input: the command line prints it alone and exits with 2."""


class InputError(Exception):
    """Data, a configuration or an argument that cannot be trained on; names file, column and row where it can."""
