"""Deleting attributes over HTTP: the page that asks, its form, and the API."""

from __future__ import annotations

import asyncio

import httpx

from tests.server.pages.conftest import Pages

RUN = "/projects/mnist/runs/MNIST-1"


def ask(pages: Pages, method: str, **parameters: str) -> httpx.Response:
    """The API's answer."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=pages.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, "/api/runs/MNIST-1/attributes", params=parameters)

    return asyncio.run(send())


def paths(pages: Pages) -> list[str]:
    """What the run has, but for what belongs to every run."""
    found = ask(pages, "GET").json()["attributes"]
    return [attribute["path"] for attribute in found if not attribute["path"].startswith("sys/")]


def test_the_page_asks_first(pages: Pages) -> None:
    """A link beside each row leads to a page that names what would go; only its form deletes. No JavaScript."""
    pages.log(1)
    before = paths(pages)
    assert f'href="{RUN}/delete?path=train/loss"' in pages.get(f"{RUN}?tab=attributes").text
    text = pages.get(f"{RUN}/delete?path=train").text
    assert "<li>train/loss</li>" in text
    assert paths(pages) == before
    answer = pages.post(f"{RUN}/delete?path=train")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{RUN}?tab=attributes")
    assert paths(pages) == [path for path in before if not path.startswith("train/")]
    assert "train was deleted" in pages.get(f"{RUN}?tab=events").text
    assert pages.get(f"{RUN}/delete?path=train").status_code == 404
    assert pages.post(f"{RUN}/delete?path=train").status_code == 404


def test_what_belongs_to_every_run_has_no_link(pages: Pages) -> None:
    """Nor does its address delete it."""
    pages.log(1)
    assert "path=sys/id" not in pages.get(f"{RUN}?tab=attributes").text
    assert pages.get(f"{RUN}/delete?path=sys/id").status_code == 400
    assert pages.post(f"{RUN}/delete?path=sys").status_code == 400
    assert pages.get("/projects/other/runs/MNIST-1/delete?path=train").status_code == 404


def test_over_the_api(pages: Pages) -> None:
    """By path; the number of attributes is answered, and what is wrong is said."""
    pages.log(1)
    before = paths(pages)
    assert ask(pages, "DELETE", path="train/loss").json() == {"attributes": 1}
    assert paths(pages) == [path for path in before if path != "train/loss"]
    missing = ask(pages, "DELETE", path="train/loss")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "attribute_not_found")
    assert ask(pages, "DELETE", path="sys/name").status_code == 400
    assert ask(pages, "DELETE").status_code == 422
