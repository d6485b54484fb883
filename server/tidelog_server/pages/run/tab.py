"""What a tab of a run's page is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from starlette.datastructures import QueryParams

from tidelog_server.runs.attributes import Attribute
from tidelog_server.runs.runs import Run
from tidelog_server.services import Services


@dataclass(frozen=True)
class Shown:
    """What a tab is worked out from. `query` are the parts of the address; `find` is among them."""

    connection: sa.Connection
    services: Services
    run: Run
    attributes: Sequence[Attribute]
    find: str
    query: QueryParams

    def of_type(self, *types: str) -> list[Attribute]:
        """The attributes of these types."""
        return [attribute for attribute in self.attributes if attribute.type in types]


@dataclass(frozen=True)
class Tab:
    """One tab. `count` gives what stands beside its name: with 0 the tab is not offered, None shows no number.

    `view` works out the page's `body`, which `template` draws; only the tab that is looked at is worked out. `partials`
    are elements of it that are drawn alone when they are asked for: id and template. `finds` says whether the box that
    narrows what is shown to some paths works on it.
    """

    name: str
    text: str
    template: str
    count: Callable[[Shown], int | None]
    view: Callable[[Shown], Any] = lambda shown: None
    partials: Mapping[str, str] = field(default_factory=dict)
    is_always_there: bool = False
    finds: bool = True
