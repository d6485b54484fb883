"""The tab of everything that was set, as a tree."""

from __future__ import annotations

from tidelog_server.pages.run.tab import Tab

TAB = Tab(
    name="attributes",
    text="Attributes",
    template="partials/run_attributes.html",
    count=lambda shown: len(shown.names.all),
    is_always_there=True,
)
