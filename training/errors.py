"""The errors of training: the command line prints the message alone and exits with the code of its kind."""


class InputError(Exception):
    """Data, a configuration or an argument that cannot be trained on; names file, column and row where it can."""


class ParityError(Exception):
    """An exported graph that does not answer as the network does; nothing is published, and the exit code is 3."""
