"""What boards of charts ask for beside plain series: expressions, a metric as x axis, groups of runs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.journals import Sender
from tidelog_server.runs.runs import runs_by_id
from tidelog_server.services import Services

JSON = {"accept": "application/json"}


@pytest.fixture
def runs(services: Services) -> list[Sender]:
    """Three runs with `loss` and `val` at every second step, `tokens` at every step."""
    senders = []
    for number in range(3):
        sender = Sender(services.receiver, project="charts", key=f"run-{number}")
        sender.journal.column("loss", [(step, float(number + step)) for step in range(10)])
        sender.journal.column("val", [(step, 1.0) for step in range(0, 10, 2)])
        sender.journal.column("tokens", [(step, 0.5 * step) for step in range(10)])
        sender.ship()
        senders.append(sender)
    return senders


def ask(client: httpx.Client, **body: Any) -> list[dict[str, Any]]:
    """The series of the answer."""
    answer = client.post("/api/charts", json=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["series"]
    return found


def test_an_expression_is_evaluated_at_common_steps(client: httpx.Client, runs: list[Sender]) -> None:
    """For each run; a window of steps is that of the expression, too."""
    [series] = ask(client, runs=[runs[1].run_id], expressions=["loss - val"], start=2)
    assert series["path"] == "loss - val"
    assert (series["expression"], series["exact"], series["points"]) == (True, True, 4)
    assert series["columns"]["step"] == [2, 4, 6, 8]
    assert series["columns"]["value"] == [2.0, 4.0, 6.0, 8.0]


def test_an_expression_over_what_a_run_lacks_has_no_curve(client: httpx.Client, runs: list[Sender]) -> None:
    """As with a path that it lacks."""
    assert ask(client, runs=[runs[1].run_id], expressions=["loss - nothing"]) == []


def test_too_many_points_to_join_give_bounds(
    client: httpx.Client, runs: list[Sender], services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The band holds every value, and the answer says that it is a bound."""
    monkeypatch.setattr("tidelog_server.series.drawings.EXACT_POINTS", 5)
    services.folder.fold(runs[0].run_id)
    [series] = ask(client, runs=[runs[0].run_id], expressions=["loss - tokens"], buckets=10)
    assert series["exact"] is False
    assert min(series["columns"]["min"]) <= 0.0
    assert max(series["columns"]["max"]) >= 4.5
    refused = client.post("/api/charts", json={"runs": [1], "paths": ["loss"], "axis": "metric", "x_path": "tokens"})
    assert refused.status_code == 400
    assert "fewer runs" in refused.json()["error"]["message"]


def test_a_metric_is_the_x_axis(client: httpx.Client, runs: list[Sender]) -> None:
    """Joined by step, in a window of its values."""
    [series] = ask(client, runs=[runs[0].run_id], paths=["val"], axis="metric", x_path="tokens", start=1.0, stop=3.0)
    assert series["columns"]["x"] == [1.0, 2.0, 3.0]
    assert series["columns"]["step"] == [2, 4, 6]


@pytest.mark.parametrize(
    ("axis", "place"),
    [({}, "step"), ({"axis": "relative"}, "time"), ({"axis": "metric", "x_path": "tokens"}, "x")],
)
def test_only_what_is_drawn_may_be_asked_for(
    client: httpx.Client, runs: list[Sender], axis: dict[str, str], place: str
) -> None:
    """A comparison of many runs need not carry what no pixel shows."""
    [series] = ask(client, runs=[runs[0].run_id], paths=["loss"], columns="drawn", **axis)
    assert set(series["columns"]) == {place, "value"}


def test_groups_are_curves_of_their_own(client: httpx.Client, runs: list[Sender]) -> None:
    """With the number of runs, on every axis and for expressions."""
    ids = [sender.run_id for sender in runs]
    groups = [ids[:2], ids[2:]]
    for axis in ({}, {"axis": "relative"}, {"axis": "time"}, {"axis": "metric", "x_path": "tokens"}):
        found = ask(client, runs=ids, paths=["loss"], expressions=["loss * 2"], groups=groups, **axis)
        assert [(series["group"], series["runs"]) for series in found] == [(0, 2), (1, 1)] * 2
    [both] = ask(client, runs=ids, paths=["loss"], groups=[ids])
    assert both["columns"]["mean"] == [float(1 + step) for step in range(10)]
    assert (both["columns"]["min"][0], both["columns"]["max"][0], both["columns"]["n"][0]) == (0.0, 2.0, 3)
    [single] = ask(client, runs=ids[:1], paths=["loss"], groups=[ids[:1]])
    assert set(single["columns"]["low"]) == {"NaN"}


@pytest.mark.parametrize(
    "body",
    [
        {"runs": [1]},
        {"runs": [1], "expressions": ["loss -"]},
        {"runs": [1], "expressions": ["1 + 1"]},
        {"runs": [1], "paths": ["loss"], "axis": "metric"},
        {"runs": [1], "paths": ["loss"], "x_path": "tokens"},
        {"runs": [1], "paths": ["loss"], "groups": [[1, 2]]},
    ],
)
def test_what_makes_no_sense_is_refused(client: httpx.Client, runs: list[Sender], body: dict[str, Any]) -> None:
    """With a message, as every wrong request."""
    answer = client.post("/api/charts", json=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.fixture
def resumed(services: Services) -> list[Sender]:
    """Runs whose attempt 1 went on from step 6 of 10, and attempt 2 from step 8; `val` was not logged again."""
    senders = []
    for number in range(2):
        for attempt, first in enumerate((0, 6, 8)):
            moment = 1_000_000 * (attempt + 1)
            sender = Sender(
                services.receiver, project="charts", key=f"resumed-{number}", created_ms=moment, ended_ms=moment + 1
            )
            sender.journal.column("loss", [(step, 100.0 * attempt + step) for step in range(first, 10)])
            if not attempt:
                sender.journal.column("val", [(step, 1.0) for step in range(10)])
            sender.journal.end(time_s=moment / 1000 + 0.001)
            sender.ship()
        senders.append(sender)
    return senders


def stretches(series: list[dict[str, Any]]) -> list[tuple[int, str, int, list[float]]]:
    """Run, path, attempt and values of each series."""
    return [(one["run"], one["path"], one.get("abandoned_by", 0), one["columns"]["value"]) for one in series]


def test_what_attempts_left_behind_comes_beside_the_curve(client: httpx.Client, resumed: list[Sender]) -> None:
    """Each stretch exactly, of those series alone that were logged again."""
    first, second = (sender.run_id for sender in resumed)
    found = stretches(ask(client, runs=[first, second], paths=["loss", "val"], abandoned=True))
    assert len(found) == 4 + 2 * 2
    for run in (first, second):
        assert (run, "loss", 0, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 106.0, 107.0, 208.0, 209.0]) in found
        assert (run, "loss", 1, [6.0, 7.0, 8.0, 9.0]) in found
        assert (run, "loss", 2, [108.0, 109.0]) in found


def test_what_was_left_behind_comes_only_when_asked_for(client: httpx.Client, resumed: list[Sender]) -> None:
    """A curve is what a chart is about."""
    [series] = ask(client, runs=[resumed[0].run_id], paths=["loss"])
    assert "abandoned_by" not in series


def test_the_window_holds_for_what_was_left_behind(client: httpx.Client, resumed: list[Sender]) -> None:
    """A stretch that lies outside of it does not come at all."""
    run = resumed[0].run_id
    found = stretches(ask(client, runs=[run], paths=["loss"], abandoned=True, start=5, stop=7))
    assert found == [(run, "loss", 0, [5.0, 106.0, 107.0]), (run, "loss", 1, [6.0, 7.0])]


def test_long_stretches_come_in_buckets_with_exact_extremes(client: httpx.Client, services: Services) -> None:
    """As curves do."""
    for attempt in range(2):
        moment = 1_000_000 * (attempt + 1)
        sender = Sender(services.receiver, project="charts", key="long", created_ms=moment, ended_ms=moment + 1)
        spike = {7_777: 1e6} if not attempt else {}
        sender.journal.column("loss", [(step, spike.get(step, float(step))) for step in range(attempt * 500, 20_000)])
        sender.journal.end(time_s=moment / 1000 + 0.001)
        sender.ship()
    _, left = ask(client, runs=[sender.run_id], paths=["loss"], buckets=20, abandoned=True)
    assert (left["abandoned_by"], left["points"]) == (1, 19_500)
    assert (min(left["columns"]["min"]), max(left["columns"]["max"])) == (500.0, 1e6)


@pytest.mark.parametrize("axis", ["time", "relative"])
def test_what_was_left_behind_is_drawn_over_time_too(client: httpx.Client, resumed: list[Sender], axis: str) -> None:
    """With the start of the run, from which relative time counts."""
    curve, *left = ask(client, runs=[resumed[0].run_id], paths=["loss"], abandoned=True, axis=axis)
    assert [one["abandoned_by"] for one in left] == [1, 2]
    assert {one["start_ms"] for one in left} == {curve["start_ms"]}


@pytest.mark.parametrize("kind", ["group", "expression", "metric"])
def test_what_is_computed_has_nothing_left_behind(client: httpx.Client, resumed: list[Sender], kind: str) -> None:
    """Groups, expressions and joins with a metric are made of curves."""
    run = resumed[0].run_id
    body: dict[str, Any] = {
        "group": {"paths": ["loss"], "groups": [[run]]},
        "expression": {"expressions": ["loss * 2"]},
        "metric": {"paths": ["loss"], "axis": "metric", "x_path": "val"},
    }[kind]
    [series] = ask(client, runs=[run], abandoned=True, **body)
    assert "abandoned_by" not in series


def test_of_many_attempts_the_newest_come(
    client: httpx.Client, resumed: list[Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is preempted all day does not fill the answer."""
    monkeypatch.setattr("tidelog_server.series.drawings.ABANDONED_EACH", 1)
    _, left = ask(client, runs=[resumed[0].run_id], paths=["loss"], abandoned=True)
    assert left["abandoned_by"] == 2


def test_what_was_left_behind_costs_a_few_statements(
    client: httpx.Client, resumed: list[Sender], services: Services
) -> None:
    """However many runs and series there are."""
    first, second = (sender.run_id for sender in resumed)
    counts = []
    for runs, paths in (([first], ["loss"]), ([first, second], ["loss", "val"])):
        ask(client, runs=runs, paths=paths, abandoned=True)  # folds what is not folded yet
        texts: list[str] = []

        def note(*arguments: Any, texts: list[str] = texts) -> None:
            texts.append(arguments[2])

        sa.event.listen(services.database.engine, "before_cursor_execute", note)
        ask(client, runs=runs, paths=paths, abandoned=True)
        sa.event.remove(services.database.engine, "before_cursor_execute", note)
        counts.append(len(texts))
    assert counts[0] == counts[1]


def test_a_fork_beside_the_run_that_it_came_from(client: httpx.Client, services: Services) -> None:
    """Each has its own points once, though both are read from the same chunks."""
    first = Sender(services.receiver, project="charts", key="origin")
    first.journal.column("loss", [(step, float(step)) for step in range(10)])
    first.ship()
    services.folder.fold(first.run_id)
    with services.database.read() as connection:
        [run] = runs_by_id(connection, [first.run_id])
    fork = Sender(services.receiver, project="charts", key="fork", fork_run=run.label, fork_step=4)
    fork.journal.column("loss", [(step, 0.0) for step in range(5, 8)])
    fork.ship()
    services.folder.fold(fork.run_id)
    curves = {series["run"]: series for series in ask(client, runs=[first.run_id, fork.run_id], paths=["loss"])}
    assert curves[first.run_id]["columns"]["step"] == list(range(10))
    assert curves[fork.run_id]["columns"]["step"] == list(range(8))
