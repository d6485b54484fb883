"""Dashboards are kept, and nobody overwrites another's change unseen."""

from __future__ import annotations

import pytest

from tidelog_server.dashboards import store
from tidelog_server.dashboards.content import Content, widget_of
from tidelog_server.database import Database
from tidelog_server.errors import ChangedMeanwhileError, InvalidRequestError, NotFoundError
from tidelog_server.runs.projects import ensure_project

CONTENT = Content().with_widget(widget_of("1", "text", "", Content().free_place("text"), {"markdown": "hello"}))


@pytest.fixture
def project_id(database: Database) -> int:
    """An empty project."""
    with database.write() as connection:
        return ensure_project(connection, "mnist")


def test_a_dashboard_is_found_in_its_project_only(database: Database, project_id: int) -> None:
    """The number of one of another project leads nowhere."""
    with database.write() as connection:
        other = ensure_project(connection, "other")
        made = store.create_dashboard(connection, project_id, "report", "  A  report ", CONTENT)
        found = store.find_dashboard(connection, project_id, made)
        assert (found.name, found.kind, found.content, found.version) == ("A report", "report", CONTENT, 1)
        with pytest.raises(NotFoundError):
            store.find_dashboard(connection, other, made)


def test_a_change_of_an_old_version_is_refused(database: Database, project_id: int) -> None:
    """The second of two people who loaded the same version hears of the first."""
    with database.write() as connection:
        made = store.create_dashboard(connection, project_id, "dashboard", "d", CONTENT)
        before = store.find_dashboard(connection, project_id, made)
        store.change_dashboard(connection, before, name="first")
        with pytest.raises(ChangedMeanwhileError, match="load it again"):
            store.change_dashboard(connection, before, name="second")
        assert store.find_dashboard(connection, project_id, made).name == "first"


def test_frozen_pictures_go_with_their_widgets(database: Database, project_id: int) -> None:
    """Freezing twice keeps the newer; a removed widget takes its picture along."""
    with database.write() as connection:
        made = store.create_dashboard(connection, project_id, "dashboard", "d", CONTENT)
        store.freeze(connection, made, "1", "<p>old</p>")
        store.freeze(connection, made, "1", "<p>new</p>")
        assert store.frozen_of(connection, made)["1"].html == "<p>new</p>"
        before = store.find_dashboard(connection, project_id, made)
        store.change_dashboard(connection, before, content=CONTENT.without("1"))
        assert store.frozen_of(connection, made) == {}
        store.freeze(connection, made, "1", "<p>again</p>")
        store.delete_dashboard(connection, made)
        assert store.list_dashboards(connection, project_id) == []


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x00b"])
def test_a_name_is_text(database: Database, project_id: int, name: str) -> None:
    """An empty, endless or unprintable name is refused."""
    with database.write() as connection, pytest.raises(InvalidRequestError):
        store.create_dashboard(connection, project_id, "dashboard", name, CONTENT)
