"""A project that has one of everything that a client can write, with the same text in every field that takes one.

With a plain word it is what pages look like when they are full; with markup it tries each field for scripts.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

import httpx

import tidelog
from tidelog.paths import quoted

Log = Callable[..., Any]
IMAGE_SIZE = 12


@dataclass(frozen=True)
class Logged:
    """What was made. `path` is the text as a part of attributes' paths; `dashboards` are a dashboard and a report."""

    project: str
    labels: tuple[str, ...]
    trashed: str
    model: str
    version: str
    path: str
    dashboards: tuple[int, int]
    artifact: str

    def pages(self) -> list[str]:
        """The address of every page and tab that shows something of it."""
        project = f"/projects/{quoted(self.project)}"
        run = f"{project}/runs/{self.labels[0]}"
        both = "&".join(f"run={label}" for label in self.labels)
        word, artifact = quoted(self.path), quoted(self.artifact)
        columns = "&".join(f"column={quoted(column)}" for column in ("metrics/loss", f"`params/{self.path}`"))
        tabs = (
            "charts",
            "overview",
            "media",
            "console",
            "monitoring",
            "source",
            "files",
            "events",
            "history",
            "attributes",
        )
        return [
            "/",
            project,
            f"{project}?{columns}",
            f"{project}?rows={quoted('params/kind')}",
            f"{project}?view=split&{both}",
            f"{project}/views",
            f"{project}/trash",
            f"{project}/models",
            f"{project}/models/{self.model}",
            f"{project}/dashboards",
            *(f"{project}/dashboards/{number}" for number in self.dashboards),
            f"{project}/dashboards/{self.dashboards[0]}?edit=1&widget=1",
            f"{project}/artifacts",
            f"{project}/artifacts?name={artifact}",
            f"{project}/artifacts?name={artifact}&version=v1",
            f"{project}/compare?{both}",
            *(
                f"{project}/compare?{both}&tab={tab}"
                for tab in ("parameters", "relations", "groups", "source", "monitoring", "media")
            ),
            f"{project}/compare?{both}&tab=parameters&show=all",
            run,
            *(f"{run}?tab={tab}" for tab in tabs),
            f"{run}?tab=console&series={quoted('monitoring/stderr')}",
            f"{run}?tab=files&path={quoted(f'files/{self.path}/text')}",
            f"{run}?tab=files&path={quoted(f'files/{self.path}/page')}",
            f"{run}?tab=files&path={quoted(f'files/{self.path}/drawing')}",
            f"{run}?find={word}",
            f"{run}/objects?path={quoted(f'logs/{self.path}')}",
            f"{run}/objects?path={quoted(f'weights/{self.path}')}",
            f"{run}/table?path={quoted(f'tables/{self.path}')}",
            f"{project}/runs/{self.version}",
            f"{project}/runs/{self.trashed}",
            f"/search?q={word}",
            f"/search?q={quoted('epoch')}&tab=logs",
        ]


def log_everything(url: str, folder: Path, *, project: str, text: str) -> Logged:
    """Fill `project` of the server at `url`; journals go below `folder`."""

    def log(kind: str, **options: Any) -> Any:
        if kind == "run":
            options["capture_hardware"] = False
        return getattr(tidelog, f"init_{kind}")(project=project, url=url, directory=folder / "journals", **options)

    with (
        contextlib.suppress(ZeroDivisionError),
        log("run", name=text, tags=[text, "tag"], group_tags=[text], description=text, custom_run_id=text[:200]) as run,
    ):
        _log_values(run, text)
        _log_series(run, text)
        _log_files(run, folder, text)
        _log_source(run, text)
        run.alert(text[:200], text, level="error", step=2)
        run._tell("event", "info", text[:200], text)
        run.wait()
        raise ZeroDivisionError(text)
    other = _log_other(log, text)
    trashed = _label(_log_other(log, text))
    with log("project") as data:
        data[f"data/{text}"] = text
    with log("model", key="NET", name=text) as model:
        model[f"params/{text}"] = text
    with log("model_version", model=f"{_label(run).rsplit('-', 1)[0]}-NET", name=text) as version:
        version[f"params/{text}"] = text
        version["sys/stage"] = text
    with httpx.Client(base_url=url, timeout=30) as api:
        _comment(api, _label(run), text)
        _made(api.post("/api/runs/trash", json={"labels": [trashed]}))
        _made(api.post(f"/projects/{quoted(project)}/views", data={"name": text[:200], "address": f"q={text}"}))
        dashboards = _make_dashboards(api, project, text)
    return Logged(
        project=project,
        labels=(_label(run), _label(other)),
        trashed=trashed,
        model=_label(model),
        version=_label(version),
        path=text,
        dashboards=dashboards,
        artifact=text,
    )


def _log_values(run: tidelog.Run, text: str) -> None:
    run[f"params/{text}"] = text
    run["params/kind"] = text
    run["params/lr"] = 0.1
    run["params/epochs"] = 3
    run["params/nested"] = {"on": True, "since": datetime(2026, 11, 25, tzinfo=timezone.utc), text: text}
    run[f"sets/{text}"].add([text, "second"])


def _log_series(run: tidelog.Run, text: str) -> None:
    for step in range(12):
        run[f"{text}/metric"].append(1.0 / (step + 1), step=step)
        run["metrics/loss"].append(2.0 / (step + 1), step=step)
        run["metrics/accuracy"].append(1 - 1 / (step + 2), step=step)
        run["monitoring/cpu"].append(50.0 + step, step=step)
        run[f"logs/{text}"].append(f"epoch {step}: {text}", step=step)
        run["monitoring/stdout"].append(terminal_text(f"epoch {step}: {text}"), step=step)
        run["monitoring/stderr"].append(terminal_text(text), step=step)
        for layer in range(3):
            run[f"layers/{layer}/norm"].append(float(layer + step), step=step)
    for step in range(3):
        run[f"weights/{text}"].append(tidelog.Histogram([0.1, 0.2, 0.2, 0.9 + step]), step=step)
        run[f"tables/{text}"].append(tidelog.Table({text: [text, "b"], "score": [0.5, 1.5]}), step=step)


def terminal_text(text: str) -> str:
    """The text between sequences that a terminal would obey: colours, a title, and a link."""
    return f"\x1b[31m{text}\x1b[0m\x1b]0;{text}\x07\x1b]8;;javascript:alert(1)\x07{text}\x1b]8;;\x07\x9b31m"


def _log_files(run: tidelog.Run, folder: Path, text: str) -> None:
    name = text.replace("/", "_")[:200]
    place = folder / "files-of-everything"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(text)
    (place / "second.txt").write_text("second")
    files = f"files/{text}"
    page = f"<!doctype html><title>t</title><p>{escape(text)}</p><script>{PROBE}</script>"
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="9"/><script>{PROBE}</script></svg>'
    )
    run[f"{files}/text"].upload(tidelog.File.from_content(text, "txt", name=f"{name}.txt"))
    run[f"{files}/markdown"].upload(tidelog.File.from_content(markdown_of(text), "md", name=f"{name}.md"))
    run[f"{files}/page"].upload(tidelog.File.from_content(page, "html", name=f"{name}.html"))
    run[f"{files}/drawing"].upload(tidelog.File.from_content(drawing, "svg", name=f"{name}.svg"))
    run[f"{files}/json"].upload(tidelog.File.from_content(json.dumps({text: text}), "json"))
    run[f"{files}/any"].upload(tidelog.File.from_content(text, "x" + name[:20], name=name))
    run[f"sets of files/{text}"].upload_files(
        {f"{name}/{name}.txt": str(place / name), "second": str(place / "second.txt")}
    )
    for step in range(3):
        picture = tidelog.File.from_content(picture_of(step), "png", name=f"{name}.png")
        run[f"images/{text}"].append(picture, step=step, name=name, description=text)
        run["images/plain"].append(picture, step=step)
    run[f"artifacts/{text}"].track_files(
        str(place), text[:200], upload=True, aliases=[name[:40]], description=text, metadata={text: text}
    )


def _log_source(run: tidelog.Run, text: str) -> None:
    git = dict.fromkeys(("root", "commit", "branch", "author", "message", "date", "upstream"), text)
    run._assign_git("source_code/git", {**git, "remotes": {text: f"javascript:{text}"}, "dirty": True})
    for name in (
        "commit",
        "branch",
        "entrypoint",
        "command_line",
        "working_directory",
        "python",
        "platform",
        "untracked",
    ):
        run[f"source_code/{name}"] = text
    run["source_code/diff"] = f"diff --git a/{text} b/{text}\n@@ -1 +1 @@ {text}\n-{text}\n+{text}\n"
    run["source_code/requirements"] = f"httpx==1\n{text}"
    run[f"source_code/environment/{text}"] = text
    run["monitoring/hardware/gpu/0/name"] = text


def _log_other(log: Log, text: str) -> tidelog.Run:
    with log("run", name=f"other {text}") as run:
        run["params"] = {"kind": f"other {text}", "lr": 0.2, "epochs": 3}
        run["metrics/loss"].extend([3.0, 2.0, 1.0])
        run["metrics/accuracy"].extend([0.1, 0.2, 0.3])
        run["source_code/diff"] = f"@@ -1 +1 @@\n-{text}\n+other\n"
    made: tidelog.Run = run
    return made


def _comment(api: httpx.Client, label: str, text: str) -> None:
    number = api.get(f"/api/runs/{label}").json()["run_id"]
    _made(api.post("/api/marks", json={"run": number, "text": text, "step": 1}))


def _make_dashboards(api: httpx.Client, project: str, text: str) -> tuple[int, int]:
    subject = f"`params/{text}`" if "`" not in text else "params/kind"
    options: dict[str, dict[str, object]] = {
        "text": {"markdown": markdown_of(text)},
        "charts": {"metrics": ["*/loss", text]},
        "value": {"subject": "metrics/loss"},
        "table": {"columns": ["metrics/loss", "params/kind", subject]},
        "scatter": {"x": "params/lr", "y": "metrics/loss"},
        "parallel": {"columns": ["params/lr", "metrics/loss"]},
        "images": {"path": f"images/{text}"},
    }
    widgets = [
        {"id": number, "kind": kind, "title": text[:200], "options": chosen, "place": {"y": 5 * number}}
        for number, (kind, chosen) in enumerate(options.items(), start=1)
    ]
    made = []
    for kind in ("dashboard", "report"):
        body = {"kind": kind, "name": text[:200], "content": {"widgets": widgets}}
        made.append(_made(api.post("/api/dashboards", params={"project": project}, json=body)).json()["id"])
    return made[0], made[1]


def markdown_of(text: str) -> str:
    """Markdown with everything in it that could run or load something."""
    return (
        f"# {text}\n\n{text}\n\n[link](javascript:alert(1)) [other](data:text/html,<script>alert(1)</script>) "
        f"<javascript:alert(1)> [plain](https://example.org/)\n\n| a | b |\n|---|---|\n| {text} | `{text}` |\n\n"
        "![picture](https://example.org/picture.png)\n\n```js\n" + text + "\n```\n"
    )


def picture_of(shade: int) -> bytes:
    """A small PNG in a shade of grey."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + bytes([80 * shade]) * IMAGE_SIZE) * IMAGE_SIZE
    head = struct.pack(">IIBBBBB", IMAGE_SIZE, IMAGE_SIZE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# What a file tries once it runs: to write into the page around it, to read cookies and storage, and to call home.
PROBE = """
var found = {ran: true, origin: self.origin};
try { parent.document.title = 'owned'; found.parent = true } catch (error) { found.parent = false }
try { top.__owned = 1; found.top = true } catch (error) { found.top = false }
try { document.cookie; found.cookie = true } catch (error) { found.cookie = false }
try { localStorage.x = 1; found.storage = true } catch (error) { found.storage = false }
document.documentElement.setAttribute('data-found', JSON.stringify(found));
"""


def _label(run: Any) -> str:
    label = run.label
    assert isinstance(label, str)
    return label


def _made(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code < 400, answer.text
    return answer
