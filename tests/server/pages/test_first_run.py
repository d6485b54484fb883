"""What an empty page shows is the program that logs a first run."""

from __future__ import annotations

import asyncio
import html
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.server.conftest import Served
from tests.server.pages.test_login import TOKEN
from tidelog_server.access import token_hash
from tidelog_server.app import create_app
from tidelog_server.settings import Settings


def snippet_of(page: str) -> str:
    """The program that a page shows, as it is copied from there."""
    found = re.search(r'<pre class="snippet" tabindex="0"><code>(.*?)</code></pre>', page, flags=re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_the_program_of_an_empty_server_logs_a_run(served: Served, client: httpx.Client, tmp_path: Path) -> None:
    """As it stands, with nothing set: the run is on the page afterwards, with all of its points."""
    program = snippet_of(client.get("/").text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDELOG_")}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, timeout=120)
    assert 'class="project-card-name" href="/projects/first-project"' in client.get("/").text
    run = client.get("/api/runs/FIRSTPRO-1").json()
    assert (run["name"], run["state"]) == ("hello", "finished")
    assert "1,000 points" in client.get("/projects/first-project/runs/FIRSTPRO-1?tab=attributes").text


def test_a_server_with_a_token_says_where_it_goes(tmp_path: Path) -> None:
    """Without it the program would log to its own disk only; the token itself is not shown."""
    app = create_app(Settings(data=tmp_path, token_hash=token_hash(TOKEN)))

    async def first_page() -> str:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as browser:
            return (await browser.get("/")).text

    page = asyncio.run(first_page())
    app.state.services.committer.close()
    app.state.services.database.close()
    assert "TIDELOG_API_TOKEN" in page
    assert TOKEN not in page
