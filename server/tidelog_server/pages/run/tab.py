"""What a tab of a run's page is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from starlette.datastructures import QueryParams

from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.attributes import Attribute, attributes_at
from tidelog_server.runs.names import RunNames
from tidelog_server.runs.runs import Run
from tidelog_server.runs.system import with_system
from tidelog_server.services import Services


@dataclass(frozen=True)
class Shown:
    """What a tab is worked out from. `query` are the parts of the address; `find` is among them.

    A run may have 100,000 attributes: what all are called is read at once, values only of those that are asked for.
    """

    connection: sa.Connection
    services: Services
    run: Run
    find: str
    query: QueryParams

    @cached_property
    def names(self) -> RunNames:
        """What all attributes are called, by type."""
        return self.services.names.names(self.connection, self.run)

    def of_type(self, *types: str) -> list[Attribute]:
        """The attributes of these types."""
        return self.at(self.names.of_type(*types))

    def below(self, prefix: str, *types: str) -> list[Attribute]:
        """The attributes at or below a path, of these types; of all types if none is named."""
        return self.at(self.names.below(prefix, *types))

    def at(self, paths: Sequence[str]) -> list[Attribute]:
        """The attributes at these paths."""
        wanted = set(paths)
        stored = attributes_at(self.connection, self.run.id, [path for path in paths if path not in VIRTUAL])
        system = (one for one in with_system(self.run, []) if one.path in wanted)
        return sorted([*system, *stored], key=lambda attribute: attribute.path)


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
