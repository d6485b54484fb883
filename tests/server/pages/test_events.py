"""Alerts, events and notices on the page of a run."""

from __future__ import annotations

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
