"""The runs table as a file."""

from __future__ import annotations

import csv
import io

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
    """A spreadsheet that opens the file runs nothing that a client has logged."""
    sender = Sender(pages.services.receiver, project="mnist", key="x", name="=HYPERLINK(1)")
    sender.journal.assign("note", encode_value("note", '@SUM(1)"\n,'))
    sender.ship()
    pages.services.folder.fold(sender.run_id)
    [row] = csv.DictReader(io.StringIO(pages.get("/projects/mnist/runs.csv?column=note").text))
    assert row["sys/name"] == "'=HYPERLINK(1)"
    assert row["note"] == "'@SUM(1)\"\n,"


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
