"""The address says how charts are looked at: in the page, and in pictures that the server draws."""

from __future__ import annotations

import re

import numpy as np
import pytest
from starlette.datastructures import QueryParams

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog_server.pages.chart_view import ChartView, view_from
from tidelog_server.series.smoothing import KINDS, Smoothing, smoothed


def view(address: str) -> ChartView:
    """The view of this address."""
    return view_from(QueryParams(address))


def test_what_an_address_says_wrongly_is_left_at_the_default() -> None:
    """A link always shows something."""
    assert view("x=nonsense&y=cubic&from=9&to=1&smooth=cubic:3&page=x:train&x=&range=1") == ChartView()


def test_a_view_comes_back_from_its_address() -> None:
    """What a picture is asked for is what the page shows."""
    address = "x=metric:train/tokens&y=log&from=1.5&to=9&smooth=gaussian:20&outliers=ignore"
    pairs = view(address).pairs
    assert view("&".join(f"{name}={value}" for name, value in pairs)) == view(address)


def test_a_form_without_a_script_says_it_in_its_own_way() -> None:
    """A metric as x axis, and a kind of smoothing without an amount."""
    found = view("metric=train/tokens&smooth=mean&x=step")
    assert (found.x, found.x_path) == ("metric", "train/tokens")
    assert found.smooth == Smoothing("mean", KINDS["mean"].usual)


@pytest.mark.parametrize("kind", KINDS)
def test_smoothing_keeps_gaps_and_constants(kind: str) -> None:
    """What is NaN stays NaN; what is constant stays constant."""
    y = np.full(50, 3.5)
    y[20:25] = np.nan
    found = smoothed(np.arange(50.0), y, 49.0, Smoothing(kind, KINDS[kind].usual))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(y))
    np.testing.assert_allclose(found[~np.isnan(y)], 3.5)


@pytest.mark.parametrize(
    "address",
    ["", "&y=log", "&x=time", "&x=relative&smooth=ema:0.6", "&x=metric:monitoring/cpu", "&from=1&to=3&outliers=ignore"],
)
def test_pictures_follow_the_address(pages: Pages, address: str) -> None:
    """Each way to look at a chart has its picture, with one line for each run."""
    for number in range(2):
        pages.log(number)
    answer = pages.get(f"/projects/mnist/chart.svg?path=train/loss&run=MNIST-1&run=MNIST-2{address}")
    assert answer.status_code == 200
    behind = 2 if "smooth" in address else 0
    assert len(re.findall("<polyline", answer.text)) == 2 + behind


def test_abandoned_tails_are_dashed_in_pictures(pages: Pages) -> None:
    """Beside the curve of a resumed run, unless the address says that they are not wanted."""
    for attempt, steps in enumerate((range(4), range(2, 3))):
        began_ms = 1_700_000_000_000 + attempt * 100_000
        sender = Sender(pages.services.receiver, project="mnist", key="resumed", created_ms=began_ms)
        sender.journal.column("loss", [(float(step), float(step + attempt)) for step in steps])
        sender.journal.end(time_s=began_ms / 1000 + 50)
        sender.ship()
    address = "/projects/mnist/chart.svg?path=loss&run=MNIST-1"
    assert pages.get(address).text.count(", abandoned</title>") == 1
    assert "abandoned" not in pages.get(f"{address}&tails=off").text


def test_an_expression_has_a_picture(pages: Pages) -> None:
    """One that is wrong is refused with the reason."""
    pages.log(0)
    base = "/projects/mnist/chart.svg?run=MNIST-1"
    assert "<polyline" in pages.get(f"{base}&expression=train/loss * 2").text
    assert pages.get(f"{base}&expression=train/loss *").status_code == 400
    assert pages.get(base).status_code == 400
