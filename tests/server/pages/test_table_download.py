"""The runs table as a file."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.values.encoding import encode_value


def test_csv_has_all_runs_of_the_view_in_its_order(pages: Pages) -> None:
    """Filtered and sorted like the table, with its columns, whole numbers and times."""
    for number in range(4):
        pages.log(number)
    chosen = "column=min(train/loss)&column=params/lr&column=spark(train/loss)"
    answer = pages.get(f"/projects/mnist/runs.csv?q=params/lr > 0.05&sort=params/lr&order=ascending&{chosen}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["sys/name"] for row in rows] == ["run 1", "run 2", "run 3"]
    assert [row["params/lr"] for row in rows] == ["0.1", "0.2", repr(0.1 * 3)]
    assert rows[0]["min(train/loss)"] == repr(1 / 6)
    assert "spark(train/loss)" not in rows[0]
    assert answer.headers["content-disposition"].startswith("attachment")


def test_csv_holds_no_formulas(pages: Pages) -> None:
    """A spreadsheet that opens the file runs nothing that a client has logged: no value, no tag, no path."""
    row = csv_row(
        pages, name="=HYPERLINK(1)", note='@SUM(1)"\n,', negative="-1+cmd|x", **{"=path": 1, "sys/tags": {"=1"}}
    )
    assert row["sys/name"] == "'=HYPERLINK(1)"
    assert row["note"] == "'@SUM(1)\"\n,"
    assert row["negative"] == "'-1+cmd|x"
    assert row["sys/tags"] == "'=1"
    assert row["'=path"] == "1"


def test_numbers_stay_numbers_in_csv(pages: Pages) -> None:
    """Those below zero, too, and texts that are one."""
    row = csv_row(pages, number=-0.5, typed="-1.5e-3", plus="+3")
    assert (row["number"], row["typed"], row["plus"]) == ("-0.5", "-1.5e-3", "+3")


def csv_row(pages: Pages, *, name: str = "one", **values: object) -> dict[str, str]:
    """The row of a run that has these values, as the file with all of them as columns has it."""
    sender = Sender(pages.services.receiver, project="mnist", key="x", name=name)
    for path, value in values.items():
        sender.journal.assign(path, encode_value(path, value))
    sender.ship()
    pages.services.folder.fold(sender.run_id)
    address = "/projects/mnist/runs.csv?" + "&".join(f"column={quote(path)}" for path in values)
    [row] = csv.DictReader(io.StringIO(pages.get(address).text))
    return row


def test_parquet_has_the_same_runs_with_types(pages: Pages) -> None:
    """Numbers are doubles, times are times, tags are lists."""
    parquet = pytest.importorskip("pyarrow.parquet")
    for number in range(3):
        pages.log(number)
    answer = pages.get("/projects/mnist/runs.parquet?sort=params/lr&column=params/lr&column=no/such")
    table = parquet.read_table(io.BytesIO(answer.content)).to_pydict()
    assert table["params/lr"] == [0.2, 0.1, 0.0]
    assert table["sys/tags"] == [["sweep"]] * 3
    assert table["no/such"] == [None] * 3
    assert table["sys/creation_time"][0].tzinfo is not None


def test_a_filter_with_a_mistake_is_an_answer_that_says_so(pages: Pages) -> None:
    """Nothing is downloaded, and the status tells it."""
    pages.log(1)
    assert pages.get("/projects/mnist/runs.csv?q=params/lr >> 3").status_code == 400
