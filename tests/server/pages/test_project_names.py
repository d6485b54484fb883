"""Names of projects in addresses: each project that can be made can be opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog import project_names
from tidelog_server.errors import InvalidRequestError
from tidelog_server.runs.projects import FOLDERS, RESERVED_PARTS, check_project_name

BEHIND_NAME = re.compile(r"/projects/\{\w+:path\}/([\w.]+)")


def test_every_word_behind_the_name_of_a_project_is_reserved(pages: Pages) -> None:
    """A new page of a project makes its word one that no name may have as a later part."""
    found = {match[1] for address in addresses_of(pages.app) if (match := BEHIND_NAME.search(address))}
    assert found == set(RESERVED_PARTS)


def addresses_of(router: Any) -> Iterator[str]:
    """The addresses that an application or a router answers, those of the routers that it includes too."""
    for route in router.routes:
        if isinstance(route, Route):
            yield route.path
        elif hasattr(route, "original_router"):  # of FastAPI, which once copied the routes instead
            yield from addresses_of(route.original_router)


def test_client_and_server_refuse_the_same_names() -> None:
    """What the client lets through is not refused hours later."""
    assert (project_names.RESERVED_PARTS, project_names.FOLDERS) == (RESERVED_PARTS, FOLDERS)


@pytest.mark.parametrize("name", ["x/compare", "x/runs/y", "x/models", "..", "a/./b", "x/dashboards/1"])
def test_a_name_that_is_the_address_of_something_else_is_refused(name: str) -> None:
    """The message says which part it is."""
    with pytest.raises(InvalidRequestError, match="means something else in the addresses"):
        check_project_name(name)


@pytest.mark.parametrize(
    "name", ["compare", "runs/x", "team/mnist", "x/comparison", "a...b/c", "/x", "x//y", "x%2Fy?#"]
)
def test_a_name_that_only_looks_like_one_can_be_opened(pages: Pages, name: str) -> None:
    """Words as the first part, within a part, and what addresses have to quote."""
    sender = Sender(pages.services.receiver, project=name, key="one", name="the run")
    sender.journal.point("loss", 1.0, 0)
    sender.ship()
    link = re.search(r'href="(/projects/[^"?]*)"', pages.get("/").text)
    assert link is not None
    assert "the run" in pages.get(link[1]).text
