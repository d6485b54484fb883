"""The tabs of charts: what the training measured, and what its hardware did."""

from __future__ import annotations

from tidelog_server.pages.chart_sections import is_monitoring
from tidelog_server.pages.run.hardware import HardwareView, hardware_view, idle_gpus
from tidelog_server.pages.run.idleness import idle_phases
from tidelog_server.pages.run.tab import Shown, Tab


def _count(shown: Shown, *, monitoring: bool) -> int:
    return sum(is_monitoring(attribute.path) == monitoring for attribute in shown.of_type("float_series"))


def _hardware(shown: Shown) -> HardwareView:
    """What the hardware did in all; of the GPUs that were idle for long, when."""
    wanted = idle_gpus(shown.attributes)
    when = idle_phases(shown.connection, shown.services.tails, shown.run, shown.attributes, wanted)
    return hardware_view(shown.attributes, when)


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
    template="partials/run/monitoring.html",
    count=lambda shown: _count(shown, monitoring=True),
    view=_hardware,
    is_always_there=True,
)
