"""Hyper-parameters become nested dicts of what a run records."""

from __future__ import annotations

import enum
from argparse import Namespace
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest
import torch

from tidelog_integrations.parameters import loggable


@dataclass
class Schedule:
    warmup: int
    layer: torch.nn.Module


class Mode(enum.Enum):
    FAST = "fast"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize("value", [0.1, 3, True, "adam", -(2**63), datetime(2026, 1, 2, tzinfo=timezone.utc)])
def test_single_values_stay_as_they_are(value: Any) -> None:
    """Numbers, texts, truth values and dates keep value and type."""
    assert loggable({"x": value}) == {"x": value}
    assert type(loggable({"x": value})["x"]) is type(value)


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (None, "None"),
        ([1, 2], "[1, 2]"),
        (("a", 1), "('a', 1)"),
        (2**63, "9223372036854775808"),
        (np.int32(7), 7),
        (np.bool_(True), True),
        (torch.tensor(0.5), 0.5),
        (torch.tensor([1, 2]), "tensor([1, 2])"),
        (torch.nn.ReLU, "torch.nn.modules.activation.ReLU"),
        (Mode.FAST, "fast"),
        (Level.HIGH, 3),
    ],
)
def test_other_values_become_numbers_or_text(value: Any, recorded: Any) -> None:
    """Scalars of numpy and torch are numbers; what no run can hold is told in words."""
    assert loggable({"x": value}) == {"x": recorded}


def test_mappings_namespaces_and_dataclasses_nest() -> None:
    """Whatever a framework uses for a group of parameters is a namespace."""
    parameters = Namespace(opt={"lr": 0.1, "beta": {"first": 0.9}}, schedule=Schedule(3, torch.nn.ReLU()), empty={})
    assert loggable(parameters) == {
        "opt": {"lr": 0.1, "beta": {"first": 0.9}},
        "schedule": {"warmup": 3, "layer": "ReLU()"},
    }


@pytest.mark.parametrize(("key", "path"), [(1, "1"), ("/lr", "lr"), ("opt//lr/", "opt/lr"), ("", "_"), (None, "None")])
def test_every_key_becomes_a_path(key: Any, path: str) -> None:
    """An odd key does not stop a training job."""
    assert loggable({key: 1}) == {path: 1}
