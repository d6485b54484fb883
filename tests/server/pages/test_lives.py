"""What people do to runs on their pages: stop, edit, trash; and the pages of trash and models."""

from __future__ import annotations

import asyncio
import re
import uuid
from urllib.parse import urlencode

import httpx
import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.values.encoding import encode_value
from tidelog_server.pages import models, trash
from tidelog_server.pages.run import events
from tidelog_server.runs import writers
from tidelog_server.runs.runs import Run, find_run

RUN = "/projects/mnist/runs/MNIST-1"


def post(pages: Pages, path: str, *fields: tuple[str, str], origin: str = "http://127.0.0.1") -> httpx.Response:
    """Send a form as a browser does."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=pages.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
            return await client.post(path, content=urlencode(fields), headers=headers)

    return asyncio.run(send())


def run_of(pages: Pages, label: str = "MNIST-1") -> Run:
    """The run as the store has it."""
    with pages.services.database.read() as connection:
        return find_run(connection, label)


def test_a_running_job_is_asked_to_stop(pages: Pages) -> None:
    """By a button that works without JavaScript; asking may be taken back; a run at rest has no such button."""
    Sender(pages.services.receiver, project="mnist", key="k")
    assert 'value="stop"' in pages.get(RUN).text
    answer = post(pages, f"{RUN}/request", ("request", "stop"))
    assert (answer.status_code, answer.headers["location"]) == (303, RUN)
    assert run_of(pages).requested == "stop"
    text = pages.get(RUN).text
    assert "stopping" in text
    assert "The job was asked to stop" in text
    post(pages, f"{RUN}/request", ("request", ""))
    assert run_of(pages).requested is None
    pages.log(2)
    assert 'value="stop"' not in pages.get("/projects/mnist/runs/MNIST-2").text
    assert post(pages, "/projects/mnist/runs/MNIST-2/request", ("request", "abort")).status_code == 409
    assert post(pages, f"{RUN}/request", ("request", "dance")).status_code == 400


@pytest.mark.parametrize(
    ("request_", "state", "outcome"), [("stop", "finished", "stopped"), ("abort", "failed", "aborted")]
)
def test_how_a_run_ended_that_somebody_ended(pages: Pages, request_: str, state: str, outcome: str) -> None:
    """The page says so in place of the state that it has among all runs."""
    sender = Sender(pages.services.receiver, project="mnist", key="k")
    post(pages, f"{RUN}/request", ("request", request_))
    sender.journal.end(state)
    sender.ship()
    assert run_of(pages).outcome == outcome
    assert f"</span>{outcome}</span>" in pages.get(RUN).text


def test_a_run_is_edited(pages: Pages) -> None:
    """What is written is escaped, and a wrong change is explained on a page."""
    pages.log(1)
    fields = (("name", "<b>new"), ("description", "d"), ("tags", "a, b\nc"), ("group_tags", ""))
    assert post(pages, f"{RUN}/edit", *fields).status_code == 303
    text = pages.get(RUN).text
    assert "&lt;b&gt;new" in text
    assert "a, b\nc</textarea>" in text
    assert run_of(pages).name == "<b>new"
    answer = post(pages, f"{RUN}/edit", ("name", " "))
    assert (answer.status_code, answer.headers["content-type"][:9]) == (400, "text/html")


def test_very_many_tags(pages: Pages) -> None:
    """Neither the page of a run nor the table shows all of them; the form leaves alone what it could not keep."""
    pages.log(1)
    sender = Sender(pages.services.receiver, project="mnist", key="many tags")
    sender.journal.assign("sys/tags", encode_value("", {f"tag-{number:04d}" for number in range(2_000)}))
    sender.journal.assign("sys/group_tags", encode_value("", {"group"}))
    sender.ship()
    page = pages.get("/projects/mnist/runs/MNIST-2").text
    shown = page.partition('<p class="tags">')[2].partition("</p>")[0]
    assert (shown.count('class="tag"'), "and 1,901 more" in shown) == (100, True)
    assert 'name="group_tags"' in page
    assert 'name="tags"' not in page
    row = pages.get("/projects/mnist").text.partition('id="row-MNIST-2"')[2].partition("</tr>")[0]
    assert (row.count('class="tag"'), "and more" in row) == (20, True)
    post(pages, "/projects/mnist/runs/MNIST-2/edit", ("name", "n"), ("group_tags", ""))
    page = pages.get("/projects/mnist/runs/MNIST-2").text
    assert "and 1,900 more" in page
    assert 'class="tag tag-group"' not in page


def test_a_long_description_is_folded(pages: Pages) -> None:
    """It does not push what was logged off the screen; all of it is there when it is asked for."""
    pages.log(1)
    for text, is_folded in (("short", False), ("line\n" * 12, True), ("word " * 200 + "end", True)):
        post(pages, f"{RUN}/edit", ("name", "n"), ("description", text))
        shown = pages.get(RUN).text
        assert ('<details class="description"' in shown) == is_folded
        assert text.strip() in shown


def test_each_page_of_a_project_leads_to_the_others(pages: Pages) -> None:
    """In one order, with the one that is looked at marked."""
    pages.log(1)
    parts = ("", "/dashboards", "/artifacts", "/models", "/trash")
    for part in parts:
        shown = pages.get(f"/projects/mnist{part}").text.partition('class="project-tabs"')[2].partition("</nav>")[0]
        assert re.findall(r'href="/projects/mnist(.*?)"', shown) == list(parts)
        assert f'href="/projects/mnist{part}" aria-current="page"' in shown


def test_trash_and_back(pages: Pages) -> None:
    """A run in the trash says so on its page, and stands on that of the trash; it can be restored from both."""
    pages.log(1)
    pages.log(2)
    assert post(pages, f"{RUN}/trash").status_code == 303
    assert "MNIST-1" not in pages.get("/projects/mnist").text
    assert "Restore from the trash" in pages.get(RUN).text
    assert pages.get("/projects/mnist/compare?run=MNIST-1&run=MNIST-2").status_code == 404
    assert "MNIST-1" in pages.get("/projects/mnist/trash").text
    post(pages, f"{RUN}/restore")
    assert "The trash is empty" in pages.get("/projects/mnist/trash").text
    post(pages, f"{RUN}/trash")
    post(pages, "/projects/mnist/trash", ("action", "restore"), ("run", "MNIST-1"))
    assert "MNIST-1" in pages.get("/projects/mnist").text


def test_deleting_for_good(pages: Pages) -> None:
    """What is ticked, or all; the page of a run that is gone is a page that says so."""
    for number in (1, 2, 3):
        pages.log(number)
        post(pages, f"/projects/mnist/runs/MNIST-{number}/trash")
    post(pages, "/projects/mnist/trash", ("action", "purge"), ("run", "MNIST-1"), ("run", "MNIST-2"))
    assert pages.get(RUN).status_code == 404
    text = pages.get("/projects/mnist/trash").text
    assert ("MNIST-2" in text, "MNIST-3" in text) == (False, True)
    post(pages, "/projects/mnist/trash", ("action", "empty"))
    assert "The trash is empty" in pages.get("/projects/mnist/trash").text
    assert post(pages, "/projects/mnist/trash", ("action", "burn")).status_code == 400


@pytest.mark.parametrize("path", [f"{RUN}/request", f"{RUN}/edit", f"{RUN}/trash", "/projects/mnist/trash"])
def test_another_site_changes_nothing(pages: Pages, path: str) -> None:
    """What its pages make a browser send is refused."""
    pages.log(1)
    assert post(pages, path, ("action", "empty"), origin="https://evil.example").status_code == 403


def test_models_and_their_versions(pages: Pages) -> None:
    """A list of models, each with its versions and stages; the pages of the trash and of runs know them, too."""
    pages.log(1)
    log(pages, "model", "NET", name="The net")
    log(pages, "model_version", "one", model="MNIST-NET", stage="production")
    log(pages, "model_version", "two", model="MNIST-NET")
    log(pages, "project", "project")
    text = pages.get("/projects/mnist/models").text
    assert ("The net" in text, 'href="/projects/mnist/runs/MNIST-NET-1">MNIST-NET-1' in text) == (True, True)
    assert "Data of the project itself" in text
    text = pages.get("/projects/mnist/models/MNIST-NET").text
    assert text.index("MNIST-NET-2") < text.index("MNIST-NET-1")
    assert "<td>production</td>" in text
    version = "/projects/mnist/runs/MNIST-NET-2"
    assert '<a href="/projects/mnist/models">Models</a>' in pages.get(version).text
    assert post(pages, f"{version}/edit", ("name", "two"), ("stage", "staging")).status_code == 303
    assert "<td>staging</td>" in pages.get("/projects/mnist/models/MNIST-NET").text
    assert "<option selected>staging</option>" in pages.get(version).text
    assert pages.get("/projects/mnist/runs/MNIST").status_code == 200
    assert pages.get("/projects/mnist/models/MNIST-1").status_code == 404
    post(pages, "/projects/mnist/runs/MNIST-NET/trash")
    assert "No models in this project yet" in pages.get("/projects/mnist/models").text
    post(pages, "/projects/mnist/runs/MNIST-NET-1/restore")
    assert "MNIST-NET-1" in pages.get("/projects/mnist/models/MNIST-NET").text


def test_lists_say_what_they_leave_out(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of many models, versions, events and runs in the trash are not listed, but counted all the same."""
    for module, name in ((models, "LISTED"), (trash, "SHOWN"), (events, "EVENTS_SHOWN")):
        monkeypatch.setattr(module, name, 1)
    pages.log(1)
    log(pages, "model", "NET")
    for number in range(2):
        log(pages, "model_version", f"{number}", model="MNIST-NET", stage="production")
    page = pages.get("/projects/mnist/models").text
    assert ('<td class="number">2</td>' in page, "MNIST-NET-2" in page) == (True, True)
    assert "there are more" not in page
    page = pages.get("/projects/mnist/models/MNIST-NET").text
    assert ("MNIST-NET-1" in page, "The newest 1; there are more." in page) == (False, True)
    log(pages, "model", "OTHER")
    assert "The newest 1; there are more." in pages.get("/projects/mnist/models").text
    for _ in range(2):
        pages.post(f"{RUN}/comments", text="a comment")
    assert "Events before these: 1" in pages.get(f"{RUN}?tab=events").text
    for model in ("MNIST-NET", "MNIST-OTHER"):
        post(pages, f"/projects/mnist/runs/{model}/trash")
    page = pages.get("/projects/mnist/trash").text
    assert ("there are more" in page, "also what is not listed" in page) == (True, True)


def log(pages: Pages, kind: str, key: str, name: str | None = None, model: str | None = None, stage: str = "") -> None:
    """Something else than a run, at rest."""
    sender = Sender(pages.services.receiver, project="mnist", key=f"other {key}")
    registration = writers.Registration("mnist", key, None, uuid.uuid4().hex[:16], 0, name=name, kind=kind, model=model)
    with pages.services.database.write() as connection:
        writer = writers.register(connection, registration)
    sender.name, sender.run_id = writer.name, writer.run_id
    if stage:
        sender.journal.assign("sys/stage", encode_value("sys/stage", stage))
    sender.journal.end()
    sender.ship()
    pages.services.folder.fold(writer.run_id)


def test_sizes_are_shown(pages: Pages) -> None:
    """By kind, of a run and of all of a project."""
    pages.log(1)
    pages.services.maintenance.count_storage()
    taken = run_of(pages).bytes
    assert taken > 0
    for page in (RUN, "/"):
        assert f">{taken} bytes<" in pages.get(page).text
        assert "Series " in pages.get(page).text
