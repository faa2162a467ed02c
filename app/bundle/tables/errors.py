"""Errors of data files.

Tests: tests/app/bundle/tables/test_reader.py (a broken file is refused with its place)
"""


class TableError(Exception):
    """A data file that cannot be read; the message names the file, and the column and row where it can."""
