"""Errors on the way to a page are pages; those of the API stay JSON. Every answer carries the security headers."""

from __future__ import annotations

import pytest

from tests.server.pages.conftest import Pages


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing/here", 404),
        ("/projects/none", 404),
        ("/projects/none/runs/NONE-1", 404),
        ("/projects/mnist/runs/MNIST-99", 404),
        ("/projects/other/runs/MNIST-1", 404),
        ("/projects/mnist/compare", 400),
        ("/projects/mnist/compare?run=MNIST-1&run=MNIST-1", 400),
        ("/projects/mnist/compare?run=MNIST-1&run=MNIST-99", 404),
        ("/projects/mnist/compare?run=MNIST-1&run=x", 404),
        ("/projects/mnist/chart.svg", 400),
        ("/projects/%F0%9F%8C%8A%00/runs/%00", 404),
    ],
)
def test_a_problem_is_a_page(pages: Pages, path: str, status: int) -> None:
    """It has the right status, says what to do, and shows no trace."""
    pages.log(1)
    answer = pages.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "All projects" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("path", "leads_back"),
    [
        ("/projects/mnist/compare", True),
        ("/projects/mnist/runs/MNIST-99", True),
        ("/projects/mnist/dashboards/none", True),
        ("/projects/mnist%2Fsmall/nothing", False),
        ("/projects/none/runs/NONE-1", False),
        ("/nothing", False),
    ],
)
def test_a_problem_leads_back_to_its_project(pages: Pages, path: str, leads_back: bool) -> None:
    """Where a part of it was asked for that is not there; only to one that is there itself."""
    pages.log(1)
    pages.log(1, project="mnist/small")
    text = pages.get(path).text
    assert ('href="/projects/mnist"' in text) == leads_back
    assert ('href="/projects/mnist%2Fsmall"' in text) == ("small" in path)


def test_an_unknown_address_of_the_api_is_json(pages: Pages) -> None:
    """Programs get what programs read."""
    answer = pages.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/health", "/static/favicon.svg", "/login"])
def test_every_answer_carries_the_security_headers(pages: Pages, path: str) -> None:
    """Pages, errors, data and files alike."""
    headers = pages.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_hold_nothing_inline(pages: Pages) -> None:
    """A style attribute or a handler would be refused by the policy, so there is none."""
    pages.log(1)
    pages.log(2)
    for path in (
        "/",
        "/projects/mnist",
        "/projects/mnist/runs/MNIST-1",
        "/projects/mnist/compare?run=MNIST-1&run=MNIST-2",
    ):
        text = pages.get(path).text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text
