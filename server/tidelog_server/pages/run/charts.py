"""The tabs of charts: what the training measured, and what its hardware did."""

from __future__ import annotations

from tidelog_server.pages.chart_sections import MONITORING as MONITORING_NAMESPACE
from tidelog_server.pages.run.hardware import HardwareView, hardware_view, idle_gpus
from tidelog_server.pages.run.idleness import idle_phases
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.runs.names import outside


def _hardware(shown: Shown) -> HardwareView:
    """What the hardware did in all; of the GPUs that were idle for long, when."""
    sums = shown.below(MONITORING_NAMESPACE, "float", "int")
    wanted = idle_gpus(sums)
    measured = shown.of_type("float_series") if wanted else []
    when = idle_phases(shown.connection, shown.services.tails, shown.run, measured, wanted)
    return hardware_view(sums, when)


TAB = Tab(
    name="charts",
    text="Charts",
    template="partials/run/charts.html",
    count=lambda shown: len(outside(shown.names.of_type("float_series"), MONITORING_NAMESPACE)),
    is_always_there=True,
)
MONITORING = Tab(
    name="monitoring",
    text="Monitoring",
    template="partials/run/monitoring.html",
    count=lambda shown: len(shown.names.below(MONITORING_NAMESPACE, "float_series")),
    view=_hardware,
    is_always_there=True,
)
