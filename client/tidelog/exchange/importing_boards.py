"""Saved views, dashboards and reports in an export. The labels in them become those that runs have on this server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from tidelog.exchange.export_layout import read_json

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

Labels = Mapping[str, str]  # of runs, as they are called where they were exported: as they are called here


def bring_boards(server: Transport, folder: str, project: str, labels: Labels) -> None:
    """Make what is not there, and change what is older here."""
    for view in _listed(folder, "views"):
        origin = {name: view[name] for name in ("author", "created_ms", "modified_ms")}
        body = {"name": view["name"], "address": _relabelled(view["address"], labels), "origin": origin}
        server.post("/views", body, {"project": project})
    for one in _listed(folder, "dashboards"):
        chosen = one["content"].get("selection", {})
        if chosen.get("labels"):
            chosen["labels"] = [labels.get(label, label) for label in chosen["labels"]]
        origin = {name: one[name] for name in ("created_ms", "changed_ms")}
        body = {name: one[name] for name in ("kind", "name", "content")}
        server.post("/dashboards", {**body, "run": labels.get(one["run"]), "origin": origin}, {"project": project})


def _listed(folder: str, name: str) -> list[dict[str, Any]]:
    path = os.path.join(folder, f"{name}.json")
    found: list[dict[str, Any]] = read_json(path)[name] if os.path.exists(path) else []
    return found


def _relabelled(address: str, labels: Labels) -> str:
    """Return an address in which the runs that it names are called what they are called here."""
    pairs = parse_qsl(address, keep_blank_values=True)
    here = [(name, labels.get(value, value) if name == "run" else value) for name, value in pairs]
    return address if here == pairs else urlencode(here)
