"""Alerts, events and notices on the page of a run."""

from __future__ import annotations

import re

from tests.journals import Sender
from tests.server.pages.conftest import Pages


def test_events_of_a_run(pages: Pages) -> None:
    """The tab counts them; the list shows titles and texts, escaped, whatever they hold."""
    sender = Sender(pages.services.receiver, project="p")
    sender.journal.event("<b>Loss</b> is NaN", level="error", text="<script>alert(1)</script>")
    sender.ship()
    page = pages.get("/projects/p/runs/P-1?tab=events").text
    assert "&lt;b&gt;Loss&lt;/b&gt; is NaN" in page
    assert "<script>alert" not in page
    assert "event-error" in page
    assert "run-events" in pages.get("/projects/p/runs/P-1?tab=events", HX_Target="run-events").text


def test_a_run_without_events(pages: Pages) -> None:
    """The tab says how to raise one."""
    Sender(pages.services.receiver, project="p")
    assert "run.alert(" in pages.get("/projects/p/runs/P-1?tab=events").text


def test_a_value_that_changed_its_type(pages: Pages) -> None:
    """A notice names the path, both types and the value that gave way."""
    sender = Sender(pages.services.receiver, project="p")
    sender.journal.assign("lr", b"s0.1")
    sender.journal.assign("lr", b"b\x01")
    sender.ship()
    page = pages.get("/projects/p/runs/P-1?tab=events").text
    assert "lr was a string and became a bool" in page
    assert "which is not kept: 0.1." in page


def test_a_comment_is_added_and_deleted_by_forms(pages: Pages) -> None:
    """The answer leads back to the tab, where what was written stands, escaped, with its step and its own button."""
    Sender(pages.services.receiver, project="p")
    tab = "/projects/p/runs/P-1?tab=events"
    answer = pages.post("/projects/p/runs/P-1/comments", text="<b>diverges</b> here\nmore", step="12.5")
    assert (answer.status_code, answer.headers["location"]) == (303, tab)
    page = pages.get(tab).text
    assert "&lt;b&gt;diverges&lt;/b&gt; here" in page
    assert "step 12.5" in page
    [number] = re.findall(r"/comments/(\d+)/delete", page)
    assert pages.post(f"/projects/p/runs/P-1/comments/{number}/delete").headers["location"] == tab
    assert "diverges" not in pages.get(tab).text


def test_what_is_no_comment_is_refused(pages: Pages) -> None:
    """Nothing, too much, or a step that is none: a page says so, and nothing is kept."""
    Sender(pages.services.receiver, project="p")
    for form in ({"text": "  "}, {"text": "x" * 2_001}, {"text": "x", "step": "soon"}, {"text": "x", "step": "nan"}):
        assert pages.post("/projects/p/runs/P-1/comments", **form).status_code == 400
    assert "/comments/" not in pages.get("/projects/p/runs/P-1?tab=events", HX_Target="run-events").text


def test_only_comments_of_the_run_itself_are_deleted(pages: Pages) -> None:
    """Neither what a job has told, nor what stands on another run's page."""
    for key in ("one", "two"):
        sender = Sender(pages.services.receiver, project="p", key=key)
        sender.journal.event("told by the job")
        sender.ship()
    pages.post("/projects/p/runs/P-2/comments", text="of the second")
    for number in range(1, 6):
        assert pages.post(f"/projects/p/runs/P-1/comments/{number}/delete").status_code == 303
    assert "told by the job" in pages.get("/projects/p/runs/P-1?tab=events").text
    assert "of the second" in pages.get("/projects/p/runs/P-2?tab=events").text
