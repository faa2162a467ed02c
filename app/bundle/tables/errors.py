"""Errors of data files."""


class TableError(Exception):
    """A data file that cannot be read; the message names the file, and the column and row where it can."""
