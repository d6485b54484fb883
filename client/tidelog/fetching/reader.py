"""Reading a run back from the server: single values, namespaces, whole series.

Everything that this process logged before is waited for first, so a program reads its own writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tidelog.errors import AttributeNotFoundError, NoServerError, NotFoundError, ServerUnreachableError
from tidelog.fetching.attempt import Attempt
from tidelog.fetching.frames import read_frame
from tidelog.fetching.objects import object_value, stored_objects
from tidelog.fetching.run_attributes import attributes_of
from tidelog.fetching.series_values import SeriesValues
from tidelog.journal.reading import unpacked
from tidelog.paths import quoted
from tidelog.values.encoding import STEP_SCALE

if TYPE_CHECKING:
    from tidelog.fetching.downloads import Downloads
    from tidelog.session import Session
    from tidelog.shipping.transport import Transport

WAIT_TIMEOUT_S = 30.0  # how long reading waits for what was written before
SERIES = "float_series"
OBJECT_SERIES = frozenset({"string_series", "histogram_series", "file_series"})


class Reader:
    """Reads one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._settings = session.settings
        self._transport: Transport | None = None
        self._reference: str | None = session.settings.with_id

    def fetch(self, path: str) -> Any:
        """Return a value; of a series its last; of a namespace a nested dict."""
        attributes = self._attributes(path)
        if any(item["path"] == path and item["type"] in OBJECT_SERIES for item in attributes):
            return self._last_object(path)
        found = {item["path"]: _value(item) for item in attributes}
        if path in found:
            return found[path]
        if not found:
            raise self._nothing_at(path)
        return nested(path, found)

    def fetch_last(self, path: str) -> Any:
        """Return the last value of a series."""
        for item in self._attributes(path):
            if item["path"] == path and item["type"] == SERIES:
                return float(item["value"])
            if item["path"] == path and item["type"] in OBJECT_SERIES:
                return self._last_object(path)
        raise self._nothing_at(path, "series")

    def attempts(self) -> list[Attempt]:
        """Return the attempts of the run, the first one first."""
        found: list[Attempt] = []
        after: int | None = -1
        while after is not None:
            page = self._server().get(f"/runs/{self._current_reference()}/attempts", {"after": after})
            found += map(_attempt, page["attempts"])
            after = page["next"]
        return found

    def fetch_values(self, path: str, include_timestamp: bool, abandoned_by: int = 0) -> Any:
        """Return all points of a series, or those that an attempt left behind of it."""
        kinds = {item["path"]: item["type"] for item in self._attributes(path)}
        kind = kinds.get(path)
        if kind == SERIES:
            return self._numbers(path, include_timestamp, abandoned_by)
        if kind not in OBJECT_SERIES:
            raise self._nothing_at(path, "series")
        points = list(stored_objects(self._server(), self._plain_reference(), path, abandoned_by=abandoned_by))
        if abandoned_by and not points:
            raise self._nothing_at(path, "series")
        steps, times = ([point[place] for point in points] for place in range(2))
        values = [object_value(kind, value) for *_, value in points]
        seconds = [time / 1000 for time in times]
        return _shaped([step / STEP_SCALE for step in steps], seconds, values, include_timestamp)

    def types(self, path: str = "") -> dict[str, str]:
        """Return the type of each attribute at or below the path."""
        return {item["path"]: item["type"].replace("_", " ") for item in self._attributes(path)}

    def _numbers(self, path: str, include_timestamp: bool, abandoned_by: int = 0) -> Any:
        reference = self._current_reference()
        pages: list[list[Sequence[float]]] = []
        after = None
        while True:
            parameters = {"path": path, "abandoned_by": str(abandoned_by)} if abandoned_by else {"path": path}
            if after is not None:
                parameters["after"] = repr(after)
            try:
                header, columns = _page(self._server().get_bytes(f"/runs/{reference}/series", parameters))
            except NotFoundError as error:
                raise self._nothing_at(path, "series") from error
            pages.append(columns)
            after = header.get("next")
            if after is None:
                steps, times, values = (_joined([page[column] for page in pages]) for column in range(3))
                return _shaped(steps, times, values, include_timestamp)

    def _last_object(self, path: str) -> Any:
        wanted = {"path": path, "limit": 1, "newest_first": "true"}
        page = self._server().get(f"/runs/{self._current_reference()}/objects", wanted)
        return object_value(page["type"], page["values"][-1])

    def _plain_reference(self) -> str:
        """Return the run's label."""
        self._current_reference()
        return self._reference or ""

    @property
    def downloads(self) -> Downloads:
        """What downloads the run's files."""
        from tidelog.fetching.downloads import Downloads

        return Downloads(lambda: self._current_reference(files=True), self._server)

    def server_and_reference(self) -> tuple[Transport, str]:
        """Return the server, and the run's label as it knows it, once it has what was logged."""
        self._current_reference()
        assert self._reference is not None
        return self._server(), self._reference

    def exists(self, path: str) -> bool:
        """Say whether there is anything at the path or below it."""
        where = f"/runs/{self._current_reference()}/attributes"
        return bool(self._server().get(where, {"prefix": path, "limit": 1})["attributes"])

    def close(self) -> None:
        """Close the connection; the next read opens another."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _attributes(self, path: str) -> list[dict[str, Any]]:
        return list(attributes_of(self._server(), self._current_reference(), path))

    def _current_reference(self, *, files: bool = False) -> str:
        """Return the run's name in addresses, once the server has all that this process logged."""
        if not self._settings.talks:
            raise NoServerError(f"the run's mode is {self._settings.mode!r}, so there is no server to read from")
        if not self._session.wait(WAIT_TIMEOUT_S, files=files):
            raise ServerUnreachableError(
                f"the server at {self._settings.url} does not have what this program logged yet, so it was not asked. "
                f"The data is safe in {self._session.directory}"
            )
        if self._reference is None:
            self._reference = self._session.label or self._label_by_key()
        return quoted(self._reference)

    def _label_by_key(self) -> str:
        settings = self._settings
        run = self._server().get(
            "/runs", {"project": settings.project, "key": settings.custom_run_id, "kind": settings.kind}
        )
        return str(run["label"])

    def _server(self) -> Transport:
        if self._transport is None:
            self._transport = self._session.connect()
        return self._transport

    def _nothing_at(self, path: str, kind: str = "attribute") -> AttributeNotFoundError:
        return AttributeNotFoundError(f"the run {self._reference} has no {kind} at {path!r}")


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


def _attempt(item: Mapping[str, Any]) -> Attempt:
    return Attempt(
        item["number"],
        item["hosts"],
        _moment(item["started_ms"]),
        None if item["ended_ms"] is None else _moment(item["ended_ms"]),
        item["first_step"],
        item["abandoned"],
    )


def _value(item: Mapping[str, Any]) -> Any:
    value, kind = item["value"], item["type"]
    if value is None:
        return None
    if kind in ("float", SERIES):
        return float(value)
    if kind == "datetime":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return set(value) if kind == "string_set" else value


def nested(path: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return dicts in dicts for the paths below a namespace. A value that has others below it keeps its own name ''."""
    root: dict[str, Any] = {}
    for name, value in found.items():
        *namespaces, last = name.removeprefix(f"{path}/").split("/")
        branch = root
        for namespace in namespaces:
            inner = branch.get(namespace)
            if not isinstance(inner, dict):
                inner = branch[namespace] = {} if inner is None else {"": inner}
            branch = inner
        branch[last] = value
    return root


def _page(data: bytes) -> tuple[dict[str, Any], list[Sequence[float]]]:
    """Return the header of a page of points, and its columns."""
    frame = read_frame(data)
    return frame.header, [unpacked("d", bytes(column)) for column in frame.series[0].columns.values()]


def _shaped(
    steps: Sequence[float], times: Sequence[float], values: Sequence[Any], include_timestamp: bool
) -> SeriesValues | Any:
    if find_spec("pandas") is None:
        return SeriesValues(steps, values, times if include_timestamp else None)
    import pandas  # type: ignore[import-untyped,unused-ignore]

    columns: dict[str, Any] = {"step": steps, "value": values}
    if include_timestamp:
        columns["timestamp"] = pandas.to_datetime([round(1000 * time) for time in times], unit="ms", utc=True)
    return pandas.DataFrame(columns)


def _joined(parts: list[Sequence[float]]) -> Sequence[float]:
    whole = parts[0]
    for part in parts[1:]:
        whole = [*whole, *part]
    return whole
