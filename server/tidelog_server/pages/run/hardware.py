"""What the hardware did in all, above its charts: GPU-hours, energy, idleness, and what is worth a look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidelog_server.runs.attributes import Attribute

SUMS = re.compile(
    r"(monitoring(?:/.+)?)/(?:gpu|process)/(?:(\d+)/)?(hours|energy_kwh|idle_percent|throttled_percent|cpu_hours)"
)
WORTH_SAYING_PERCENT = 10.0  # of the time that a GPU was idle or held down
NEAR_PERCENT = 5.0  # between the GPUs of one hint
HINTS_SHOWN = 8
GPUS_READ = 16  # of which the page looks when they were idle
SAID = {"idle_percent": "idle", "throttled_percent": "slowed down by power or heat"}


@dataclass(frozen=True)
class Total:
    """One figure of the whole run."""

    name: str
    text: str


@dataclass(frozen=True)
class HardwareView:
    """What stands above the charts; empty for a run without such figures."""

    totals: tuple[Total, ...]
    hints: tuple[str, ...]
    hidden: int


def hardware_view(attributes: Iterable[Attribute], when: Mapping[str, str] | None = None) -> HardwareView:
    """The sums of all processes of a run, and a sentence for GPUs that were idle or held down for long.

    `when` says of series of utilisation, by path, when the GPU was idle.
    """
    sums = list(_sums(attributes))
    hints = tuple(_hints(sums, when or {}))
    return HardwareView(tuple(_totals(sums)), hints[:HINTS_SHOWN], max(0, len(hints) - HINTS_SHOWN))


def idle_gpus(attributes: Iterable[Attribute]) -> list[str]:
    """The series of utilisation of GPUs of which a hint says that they were idle; of very many, the first."""
    idle = (one for one in _sums(attributes) if one.gpu is not None and one.name == "idle_percent")
    return [one.utilisation for one in idle if one.value >= WORTH_SAYING_PERCENT][:GPUS_READ]


@dataclass(frozen=True)
class _Sum:
    where: str  # below `monitoring`: nothing, or host and rank
    gpu: str | None
    name: str
    value: float

    @property
    def utilisation(self) -> str:
        """The path of the GPU's utilisation."""
        return "/".join(part for part in ("monitoring", self.where, "gpu", self.gpu, "utilisation_percent") if part)


def _sums(attributes: Iterable[Attribute]) -> Iterator[_Sum]:
    for attribute in attributes:
        found = SUMS.fullmatch(attribute.path)
        if found and isinstance(attribute.value, (int, float)):
            where = found[1].partition("/")[2]
            yield _Sum(where, found[2], found[3], float(attribute.value))


def _totals(sums: list[_Sum]) -> Iterator[Total]:
    whole = {
        name: sum(one.value for one in sums if one.gpu is None and one.name == name)
        for name in ("hours", "energy_kwh", "cpu_hours")
    }
    gpus = [one for one in sums if one.gpu is not None and one.name == "hours"]
    if gpus:
        yield Total("GPU time", f"{_hours(whole['hours'])} on {len(gpus):,} GPU{'s' if len(gpus) != 1 else ''}")
        yield Total("GPU energy", f"{_short(whole['energy_kwh'])} kWh")
        idle = _idle_percent(sums)
        if idle is not None:
            yield Total("GPUs idle", f"{idle:.0f} % of the time")
    if any(one.name == "cpu_hours" for one in sums):
        yield Total("CPU time", _hours(whole["cpu_hours"]))


def _idle_percent(sums: list[_Sum]) -> float | None:
    """The share of all GPU-hours in which a GPU was idle, as far as that is known."""
    hours = {(one.where, one.gpu): one.value for one in sums if one.gpu is not None and one.name == "hours"}
    idle = [(hours.get((one.where, one.gpu), 0.0), one.value) for one in sums if one.gpu and one.name == "idle_percent"]
    known = sum(weight for weight, _ in idle)
    return sum(weight * percent for weight, percent in idle) / known if known else None


def _hints(sums: list[_Sum], when: Mapping[str, str]) -> Iterator[str]:
    alike: dict[tuple[str, str, str], list[_Sum]] = {}
    for one in sums:
        if one.gpu is not None and one.name in SAID and one.value >= WORTH_SAYING_PERCENT:
            told = when.get(one.utilisation, "") if one.name == "idle_percent" else ""
            alike.setdefault((one.where, one.name, told), []).append(one)
    for (where, name, told), found in alike.items():
        for group in _near(found):
            yield f"{_gpus(group, where)} {SAID[name]} {_percent(group)} % of the time{told}."


def _near(sums: Sequence[_Sum]) -> list[list[_Sum]]:
    """Those with shares so near to each other that one sentence tells of all of them, in the order of their GPUs."""
    groups: list[list[_Sum]] = []
    for one in sorted(sums, key=lambda one: one.value):
        if groups and one.value - groups[-1][0].value <= NEAR_PERCENT:
            groups[-1].append(one)
        else:
            groups.append([one])
    in_order = [sorted(group, key=_number) for group in groups]
    return sorted(in_order, key=lambda group: _number(group[0]))


def _number(one: _Sum) -> int:
    return int(one.gpu or 0)


def _gpus(group: Sequence[_Sum], where: str) -> str:
    """As a person lists them: GPU 1 was, GPUs 0-3 and 6 were."""
    stretches: list[list[int]] = []
    for number in map(_number, group):
        if stretches and number == stretches[-1][-1] + 1:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    names = [name for one in stretches for name in ([f"{one[0]}-{one[-1]}"] if len(one) > 2 else map(str, one))]
    of = f" of {where}" if where else ""
    if len(group) == 1:
        return f"GPU {names[0]}{of} was"
    return f"GPUs {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}{of} were"


def _percent(group: Sequence[_Sum]) -> str:
    least, most = (f"{pick(one.value for one in group):.0f}" for pick in (min, max))
    return least if least == most else f"{least} to {most}"


def _hours(hours: float) -> str:
    """Hours as a person says them: 3.5 h, 12 min, 40 s."""
    if hours >= 1:
        return f"{_short(hours)} h"
    return f"{60 * hours:.0f} min" if hours >= 1 / 60 else f"{3600 * hours:.0f} s"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
