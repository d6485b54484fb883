"""Hours, energy and idleness, summed up from samples."""

from __future__ import annotations

import pytest

from tidelog.monitoring.accounts import GpuAccounts
from tidelog.monitoring.gpu import ENERGY


def accounts_of(*samples: tuple[float, dict[str, float]]) -> dict[str, float]:
    """Return the totals after these samples of GPU 0."""
    accounts = GpuAccounts()
    for now, answers in samples:
        accounts.add(0, now, answers)
    return accounts.totals()


def test_without_an_energy_counter_power_is_summed_up() -> None:
    """By the mean of the power at both ends of each interval."""
    totals = accounts_of((0.0, {"power_w": 100.0}), (36.0, {"power_w": 300.0}))
    assert totals["gpu/0/energy_kwh"] == pytest.approx(200 * 36 / 3.6e6)
    assert totals["gpu/hours"] == pytest.approx(0.01)
    assert "gpu/0/idle_percent" not in totals


def test_an_energy_counter_that_was_reset_gives_way_to_the_power() -> None:
    """The driver was loaded anew: its counter begins again."""
    totals = accounts_of((0.0, {ENERGY: 5e6, "power_w": 100.0}), (36.0, {ENERGY: 1e3, "power_w": 100.0}))
    assert totals["gpu/0/energy_kwh"] == pytest.approx(0.001)


def test_idle_is_below_five_per_cent() -> None:
    """As a share of the time in which the utilisation was known."""
    sample = [(0.0, 0.0), (10.0, 4.0), (20.0, 5.0), (30.0, 90.0)]
    totals = accounts_of(*((now, {"utilisation_percent": percent}) for now, percent in sample))
    assert totals["gpu/0/idle_percent"] == pytest.approx(100 / 3)


def test_time_in_which_nobody_knows_is_not_counted() -> None:
    """While a card is lost, and while the machine slept."""
    busy = {"utilisation_percent": 90.0}
    lost = accounts_of((0.0, busy), (1.0, busy), (2.0, {}), (30.0, {}), (31.0, busy), (32.0, busy))
    assert lost["gpu/0/hours"] == pytest.approx(2 / 3600)
    assert accounts_of((0.0, busy), (3600.0, busy)) == {}
