"""The pages of an application in this process, on each database engine in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from tests.journals import Sender
from tidelog.values.encoding import encode_value
from tidelog_server.app import create_app
from tidelog_server.services import Services
from tidelog_server.settings import Settings


@dataclass
class Pages:
    """Asks for pages, and counts what they cost."""

    app: FastAPI

    @property
    def services(self) -> Services:
        services = self.app.state.services
        assert isinstance(services, Services)
        return services

    def get(self, path: str, **headers: str) -> httpx.Response:
        """The answer to a GET; `HX_Target` among the headers means HX-Target."""
        return asyncio.run(self._get(path, {name.replace("_", "-"): value for name, value in headers.items()}))

    def post(self, path: str, **form: str) -> httpx.Response:
        """The answer to a form that is sent; redirections are not followed."""
        return asyncio.run(self._post(path, form))

    async def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(path, data=form)

    async def _get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    def statements(self, path: str) -> int:
        """How many SQL statements the page takes, after it was shown once."""
        self.get(path)
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        sa.event.listen(self.services.database.engine, "before_cursor_execute", note)
        answer = self.get(path)
        sa.event.remove(self.services.database.engine, "before_cursor_execute", note)
        assert answer.status_code == 200, answer.text
        return len([statement for statement in seen if not statement.startswith("BEGIN")])

    def log(self, number: int, project: str = "mnist") -> None:
        """A finished run with a parameter, two series and a tag."""
        sender = Sender(self.services.receiver, project=project, key=f"run-{number}", name=f"run {number}")
        journal = sender.journal
        for path, value in {"params/lr": 0.1 * number, "params/epochs": 10, "sys/tags": {"sweep"}}.items():
            journal.assign(path, encode_value(path, value))
        journal.column("train/loss", [(step, 1.0 / (step + number + 1)) for step in range(5)])
        journal.column("monitoring/cpu", [(step, 50.0) for step in range(5)])
        journal.end()
        sender.ship()
        self.services.folder.fold(sender.run_id)


@pytest.fixture
def pages(database_url: str, tmp_path: Path) -> Iterator[Pages]:
    """An application without runs, with nothing happening in the background."""
    app = create_app(Settings(data=tmp_path / "data", database_url=database_url))
    made = Pages(app)
    yield made
    made.services.committer.close()
    made.services.database.close()
