"""The one reader of data files, over real files."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.bundle.tables.errors import TableError
from app.bundle.tables.reader import open_table


def write(folder: Path, content: bytes | str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_detects_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, f"a{delimiter}b\n1{delimiter}x\n2{delimiter}y\n")
    assert open_table(path).read().rows() == [("1", "x"), ("2", "y")]


def test_a_comma_in_decimals_is_no_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path, "length, m;width, m\n1,5;2,5\n3,5;4,5\n")
    assert open_table(path).columns == ("length, m", "width, m")


@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.txt"])
def test_reads_gzip_of_every_text_ending(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, gzip.compress(b"a\tb\n1\t2\n"), f"{name}.gz")
    assert open_table(path).read().rows() == [("1", "2")]


def test_leaves_out_the_byte_order_mark(tmp_path: Path) -> None:
    assert open_table(write(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")).columns == ("a", "b")


def test_quoted_cells_keep_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\r\n"x, ""y""","1\r\n2"\r\n')
    assert open_table(path).read().rows() == [('x, "y"', "1\r\n2")]


def test_strips_cells_and_reads_empty_ones_as_null(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b,c\n x , "y",\n"  ",,z\n')
    assert open_table(path).read().rows() == [("x", "y", None), (None, None, "z")]


def test_skips_blank_lines(tmp_path: Path) -> None:
    file = open_table(write(tmp_path, "a,b\n\n1,2\n  \n3,4\n\n"))
    assert (file.n_rows, file.read().height) == (2, 2)


def test_text_is_never_typed_by_file(tmp_path: Path) -> None:
    assert open_table(write(tmp_path, "a\n1\n2.0\n007\n")).read()["a"].to_list() == ["1", "2.0", "007"]


text_cells = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    width=st.integers(2, 4),
    data=st.data(),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_cells_written_read_back_alike(
    tmp_path: Path, width: int, data: st.DataObject, delimiter: str, line_end: str
) -> None:
    table = data.draw(st.lists(st.lists(text_cells, min_size=width, max_size=width), min_size=1, max_size=5))
    path = tmp_path / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=line_end)
        writer.writerows([[f"c{index}" for index in range(width)], *table])
    expected = pl.DataFrame(table, orient="row", schema=[f"c{index}" for index in range(width)])
    expected = expected.with_columns(pl.all().str.strip_chars().replace("", None))
    assert open_table(path).read().rows() == expected.rows()


def test_batches_hold_all_rows_in_order(tmp_path: Path) -> None:
    path = write(tmp_path, "a\n" + "".join(f"{number}\n" for number in range(10)))
    batches = list(open_table(path).batches(4))
    assert [batch.height for batch in batches] == [4, 4, 2]
    assert pl.concat(batches)["a"].to_list() == [str(number) for number in range(10)]


def test_parquet_batches_hold_all_rows_in_order_with_their_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": range(1000), "b": [" x "] * 1000})
    frame.write_parquet(tmp_path / "data.parquet", row_group_size=300)
    batches = list(open_table(tmp_path / "data.parquet").batches(64))
    assert max(batch.height for batch in batches) <= 64
    assert pl.concat(batches).rows() == [(number, "x") for number in range(1000)]


PEAK = """
import re, sys
from pathlib import Path
from app.bundle.tables.reader import open_table

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

before = peak()
print(sum(batch.height for batch in open_table(Path(sys.argv[1])).batches(256)), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize(("name", "n_rows", "limit_mb"), [("data.csv.gz", 40_000, 30), ("data.parquet", 200_000, 100)])
def test_batches_need_memory_of_a_batch_alone(tmp_path: Path, name: str, n_rows: int, limit_mb: int) -> None:
    """A process of its own reads 60 MB of gzipped text, or 300 MB of Parquet cells, and grows by less than the limit.

    Parquet's limit is what polars' engine takes for itself; a file four times as long takes no more.
    """
    path = tmp_path / name
    if name.endswith("parquet"):
        frame = pl.DataFrame({"a": range(n_rows)}).with_columns(b=pl.format("{}" + "x" * 1500, "a"))
        frame.write_parquet(path, row_group_size=1_000)
    else:
        path.write_bytes(gzip.compress(b"a,b\n" + f"1,{'x' * 1500}\n".encode() * n_rows, 1))
    out = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
    read, grown_mb = map(int, out.stdout.split())
    assert read == n_rows
    assert grown_mb < limit_mb


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b\n", "a header line and no row"),
        ("a,b\n1,2\n1,2,3\n", r"row 1 \(counted from 0, line 3\) must have 2 cells as the header has, received 3"),
        ("a,b\n1\n", r"row 0 \(counted from 0, line 2\) must have 2 cells as the header has, received 1"),
        ('a,b\n"1\n2",x\n3\n', r"row 1 \(counted from 0, line 4\)"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 are both named 'a'"),
        ("a,,c\n1,2,3\n", "column 2 has no name"),
        ('a,b\n1,2\n"3,4\n', r"row 1 \(counted from 0, line 3\) is malformed"),
        (b"a,b\n1,2\nx\xe9,2\n", r"line 3, byte 2 \(0xe9\) is not UTF-8; convert"),
        ("a,b\n1,2\n".encode("utf-16"), r"line 1, byte 1 \(0xff\) is not UTF-8"),
    ],
)
def test_refuses_a_broken_file_naming_the_place(tmp_path: Path, content: bytes | str, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(TableError, match=f"data.csv: .*{message}"):
        open_table(path)


def test_refuses_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no such file"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(TableError, match="this is a folder"):
        open_table(tmp_path)


def test_refuses_an_ending_that_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"must end in \.csv"):
        open_table(write(tmp_path, "a", "data.xlsx"))


def test_refuses_gzip_that_is_none_or_cut_short(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not gzip"):
        open_table(write(tmp_path, "a,b\n1,2\n", "plain.csv.gz"))
    with pytest.raises(TableError, match="cut short or damaged"):
        open_table(write(tmp_path, gzip.compress(b"a,b\n1,2\n")[:-6], "cut.csv.gz"))


def test_refuses_parquet_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        open_table(write(tmp_path, "a,b\n1,2\n", "data.parquet"))


def test_refuses_parquet_with_damaged_pages(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pl.DataFrame({"a": [str(number**3) for number in range(1000)]}).write_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(1000) + content[1004:])
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        open_table(path).read()


def test_refuses_parquet_without_rows(tmp_path: Path) -> None:
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "data.parquet")
    with pytest.raises(TableError, match="no row"):
        open_table(tmp_path / "data.parquet")
