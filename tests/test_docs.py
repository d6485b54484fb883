"""What the documents promise is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.client.programs import run_program
from tests.conftest import ServerProcess
from tidelog_server.server_command import parser

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_example_of_the_readme_works(server: ServerProcess, tmp_path: Path) -> None:
    """As a program of its own, with nothing but the server's address from outside."""
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        done = run_program(example, TIDELOG_URL=server.url, TIDELOG_DIR=str(tmp_path / "journals"))
        assert done.returncode == 0, example + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page leads to a file or a folder, and to a heading that the file has."""
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        if "://" in target or not target + anchor:
            continue
        there = page.parent / target if target else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """What links may name of a page: its headings, without signs, with hyphens in the place of spaces."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_decisions_are_numbered() -> None:
    """Each has a number of its own, which its title begins with."""
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name.split("-")[0]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for number, page in zip(numbers, pages, strict=True):
        assert page.read_text("utf-8").startswith(f"# {number}. "), page.name


def test_the_guide_names_every_option_of_the_server() -> None:
    """Those that the command takes, and no others."""
    guide = (ROOT / "docs/guide/server.md").read_text("utf-8")
    options = {string for action in parser()._actions for string in action.option_strings if string.startswith("--")}
    assert set(re.findall(r"`(--[a-z-]+)", guide)) | {"--help"} == options


def test_the_reference_names_every_endpoint() -> None:
    """Those that OpenAPI describes, and no others; the wire of the journal has a page of its own."""
    from tidelog_server import api

    reference = (ROOT / "docs/reference/http-api.md").read_text("utf-8")
    wires = [(ROOT / f"docs/reference/{page}.md").read_text("utf-8") for page in ("journal", "files")]
    named = set(re.findall(r"/api/[a-z]+(?:/[{}a-z_]+)*", reference)) - {"/api/openapi"}
    paths = {route.path.replace(":path}", "}") for module in api.MODULES for route in module.router.routes}
    wire = {path for path in paths if path.startswith(("/writers", "/journal", "/files"))}
    assert named == {f"/api{path}" for path in paths - wire}
    for path in wire:
        assert any(path.split("{")[0].rstrip("/") in page for page in wires)


def test_the_media_types_are_those_of_the_reference() -> None:
    """What the client sends and the server takes is what other clients were told."""
    from tidelog.shipping import shipper
    from tidelog_server.api import frames, journal

    named = {page: (ROOT / f"docs/reference/{page}.md").read_text("utf-8") for page in ("journal", "http-api")}
    assert shipper.MEDIA_TYPE == journal.MEDIA_TYPE
    assert f"`Content-Type: {journal.MEDIA_TYPE}`" in named["journal"]
    assert f"`{frames.MEDIA_TYPE}`" in named["http-api"]
