"""Float series of many runs from a program, against a real server on each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest

import tidelog
from tests.conftest import ServerProcess
from tests.reading_runs import MOMENT, PROJECT, RUNS, STEPS, log_runs


@pytest.fixture
def logged(start_server: Callable[..., ServerProcess], database_url: str, tmp_path: Path) -> dict[str, Any]:
    """Where three runs are, on SQLite and on PostgreSQL."""
    url = start_server("--database-url", database_url).url
    log_runs(url, tmp_path / "journals")
    return {"project": PROJECT, "url": url}


def test_paths_by_expression_and_every_output(logged: dict[str, Any]) -> None:
    """The points of all runs in one table, with the time and the step of each, in every output."""
    frame = tidelog.fetch_metrics(**logged, paths="^train/lo", output="pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame) == ["run", "path", "step", "time", "value"]
    assert len(frame) == RUNS * STEPS
    third = frame[frame["run"] == "DIGITS-3"]
    assert third["value"].tolist() == [3 / (1 + step) for step in range(STEPS)]
    assert third["step"].tolist() == [step / 2 for step in range(STEPS)]
    assert third["time"].iloc[1].to_pydatetime().timestamp() == MOMENT.timestamp() + 1
    assert set(frame["path"]) == {"train/loss"}
    table = tidelog.fetch_metrics(**logged, paths="^train/lo", output="arrow")
    assert isinstance(table, pyarrow.Table)
    polar = tidelog.fetch_metrics(**logged, paths="^train/lo", output="polars")
    assert isinstance(polar, polars.DataFrame)
    plain = tidelog.fetch_metrics(**logged, paths="^train/lo", output="python")
    assert table["value"].to_pylist() == polar["value"].to_list() == plain["value"] == frame["value"].tolist()
    assert table["run"].to_pylist() == polar["run"].to_list() == plain["run"] == frame["run"].tolist()
    assert table["time"].to_pylist() == polar["time"].to_list() == plain["time"]


def test_which_runs_and_paths(logged: dict[str, Any]) -> None:
    """Labels or a query name the runs, a list names the paths; bounds of steps are included."""
    chosen = {"paths": ["train/step time"], "start": 2, "stop": 3.5, "output": "python", "url": logged["url"]}
    by_label = tidelog.fetch_metrics(runs="DIGITS-2", **chosen)
    assert by_label["step"] == [2, 2.5, 3, 3.5]
    assert by_label == tidelog.fetch_metrics(PROJECT, query="params/lr = 0.1", **chosen)
    assert set(by_label["run"]) == {"DIGITS-2"}
    assert tidelog.fetch_metrics(PROJECT, **{**chosen, "paths": "nothing"})["step"] == []


def test_stream_in_batches(logged: dict[str, Any]) -> None:
    """Batches are no longer than asked for, and together everything, a series at a time."""
    whole = tidelog.fetch_metrics(**logged, output="python")
    batches = list(tidelog.stream_metrics(**logged, batch_points=7, output="arrow"))
    assert all(isinstance(batch, pyarrow.RecordBatch) and len(batch) <= 7 for batch in batches)
    streamed = pyarrow.Table.from_batches(batches).to_pydict()
    assert streamed == whole
    assert len(whole["value"]) == 2 * RUNS * STEPS


def test_buckets_have_exact_extremes(logged: dict[str, Any]) -> None:
    """Of long series, extremes and ends by bucket; a short one comes as it is."""
    with tidelog.init_run(project="long", url=logged["url"], capture_hardware=False) as run:
        values = numpy.sin(numpy.arange(5000.0))
        values[3210] = 77
        run["wave"].extend(values)
        run["short"].extend([1.0, 2.0])
        assert run.wait(30)
        labels = [run.label]
    frame = tidelog.fetch_metrics(runs=labels, buckets=10, url=logged["url"], output="pandas")
    wave = frame[frame["path"] == "wave"]
    assert len(wave) <= 30
    assert wave["max"].max() == 77
    assert wave["min"].min() == values.min()
    assert wave["first"].iloc[0] == values[0]
    short = frame[frame["path"] == "short"]
    assert short["min"].tolist() == short["max"].tolist() == short["mean"].tolist() == [1, 2]


def test_many_series_are_asked_for_in_parts(logged: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What one request of a chart holds is a limit of the wire, not of the table."""
    whole = tidelog.fetch_metrics(**logged, buckets=10, output="python")
    for limit in (1, 3, 4):
        monkeypatch.setattr("tidelog.fetching.metrics.SERIES_AT_ONCE", limit)
        parts = tidelog.fetch_metrics(**logged, buckets=10, output="python")
        assert sorted(zip(*parts.values(), strict=True)) == sorted(zip(*whole.values(), strict=True))
    monkeypatch.setattr("tidelog.fetching.metrics.RUNS_AT_ONCE", 2)
    assert (
        tidelog.fetch_metrics(**logged, output="python")["value"]
        == tidelog.fetch_metrics(runs=["DIGITS-3", "DIGITS-2", "DIGITS-1"], url=logged["url"], output="python")["value"]
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"buckets": 5}, tidelog.ArgumentError),
        ({"runs": ["DIGITS-1"], "query": "a = 1"}, tidelog.ArgumentError),
        ({"runs": ["DIGITS-99"]}, tidelog.RunNotFoundError),
        ({"runs": 3}, tidelog.UnsupportedTypeError),
        ({"paths": 3}, tidelog.UnsupportedTypeError),
        ({"paths": "("}, tidelog.ServerError),
        ({"query": "params/lr >"}, tidelog.QueryError),
    ],
)
def test_wrong_arguments(small: dict[str, Any], arguments: dict[str, Any], error: type[Exception]) -> None:
    """Each raises what can be acted on."""
    with pytest.raises(error):
        tidelog.fetch_metrics(**{**small, "output": "python", **arguments})


def test_batches_have_a_size() -> None:
    """A wrong size raises at the call, not at the first batch."""
    with pytest.raises(tidelog.ArgumentError, match="batch_points"):
        tidelog.stream_metrics(batch_points=0)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One server for the tests that change nothing."""
    from tests.conftest import free_port

    folder = tmp_path_factory.mktemp("small")
    server = ServerProcess(folder / "data", free_port())
    server.start()
    log_runs(server.url, folder / "journals")
    yield {"project": PROJECT, "url": server.url}
    server.stop()
