"""Templates: each page is rendered from one frozen dataclass, `page`; a name that it lacks is an error, not a blank."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from tidelog_server.pages import addresses
from tidelog_server.pages.assets import Assets
from tidelog_server.pages.colours import colour_of
from tidelog_server.pages.elements import ELEMENTS
from tidelog_server.pages.filters import FILTERS
from tidelog_server.pages.table.rows import row_markup

PACKAGE = Path(__file__).parent.parent
# A wheel carries the templates inside the package; a checkout keeps them at its top level.
TEMPLATES = [PACKAGE / "templates", PACKAGE.parent.parent / "templates"]


def environment(assets: Assets) -> Environment:
    """The Jinja2 environment of all pages."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # else each use of each template looks at its file: hundreds of times a page
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS, **ELEMENTS, row=row_markup)
    made.globals.update(
        asset=assets.address,
        icon=partial(_icon, assets),
        data_address=addresses.data_address,
        log_address=addresses.log_address,
        artifacts_address=addresses.artifacts_address,
        colour_of=colour_of,
        deletion_address=addresses.deletion_address,
        dashboard_address=addresses.dashboard_address,
        dashboards_address=addresses.dashboards_address,
        objects_address=addresses.objects_address,
        project_address=addresses.project_address,
        table_address=addresses.table_address,
        model_address=addresses.model_address,
        models_address=addresses.models_address,
        run_address=addresses.run_address,
        trash_address=addresses.trash_address,
    )
    return made


def _icon(assets: Assets, name: str) -> Markup:
    """A picture of the sprite, which says nothing that the text or the label beside it does not."""
    address = f"{assets.address('icons.svg')}#{name}"
    picture = (
        '<svg class="icon icon-{}" width="16" height="16" aria-hidden="true" focusable="false"><use href="{}"/></svg>'
    )
    return Markup(picture).format(name, address)


def render(request: Request, template: str, page: object, *, status: int = 200) -> HTMLResponse:
    """The answer that shows `page`, a frozen dataclass, through this template.

    The same address gives a whole page or a partial, depending on who asks: caches have to keep the two apart.
    """
    text = request.app.state.templates.get_template(template).render(page=page)
    headers = {"Cache-Control": "no-cache", "Vary": "HX-Request, HX-Target"}
    return HTMLResponse(text, status_code=status, headers=headers)


def wanted_partial(request: Request) -> str:
    """The id of the element that htmx wants to replace; empty when a whole page is asked for."""
    if request.headers.get("HX-Request") != "true" or request.headers.get("HX-History-Restore-Request") == "true":
        return ""
    return request.headers.get("HX-Target", "")
