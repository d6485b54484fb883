"""The tabs of charts: what the training measured, and what its hardware did."""

from __future__ import annotations

from tidelog_server.pages.chart_sections import is_monitoring
from tidelog_server.pages.run.hardware import hardware_view
from tidelog_server.pages.run.tab import Shown, Tab


def _count(shown: Shown, *, monitoring: bool) -> int:
    return sum(is_monitoring(attribute.path) == monitoring for attribute in shown.of_type("float_series"))


TAB = Tab(
    name="charts",
    text="Charts",
    template="partials/run/charts.html",
    count=lambda shown: _count(shown, monitoring=False),
    is_always_there=True,
)
MONITORING = Tab(
    name="monitoring",
    text="Monitoring",
    template="partials/run/charts.html",
    count=lambda shown: _count(shown, monitoring=True),
    view=lambda shown: hardware_view(shown.attributes),
    is_always_there=True,
)
