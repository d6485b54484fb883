"""The files of a run: what is known of them, and bringing them here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tidelog.errors import AttributeNotFoundError, FileNotHereError, InvalidValueError
from tidelog.fetching.artifacts import download_artifact, files_of
from tidelog.fetching.saving import PARTIAL, safe_parts, save
from tidelog.files.file import clean_name
from tidelog.values.encoding import as_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tidelog.shipping.transport import Transport


class Downloads:
    """Downloads of one run. `reference` gives the run's name in addresses once the server has what was logged."""

    def __init__(self, reference: Callable[[], str], server: Callable[[], Transport]) -> None:
        self._reference = reference
        self._server = server

    def download(self, path: str, destination: str | os.PathLike[str] | None, step: object = None) -> str:
        """Download what is at a path; return where it is."""
        target = os.path.expanduser(os.fspath(destination)) if destination is not None else os.getcwd()
        about = self._about(path, step)
        if about["type"] == "artifact":
            return download_artifact(self._server(), about["artifact"], target)
        if about["type"] == "file_set":
            return self._download_set(path, target)
        parameters = {"path": path} if step is None else {"path": path, "step": str(as_step(step) / 1_000_000)}
        return self._save(parameters, about["files"][0], _single_target(target, about["files"][0]["name"]))

    def fetch_hash(self, path: str) -> str:
        """Return the hash of a file or an artifact."""
        about = self._about(path)
        if about["type"] == "artifact":
            return str(about["artifact"]["hash"])
        if about["type"] == "file_set":
            raise InvalidValueError(f"{path!r} is a file set; fetch_files_list() gives the hash of each of its files")
        return str(_arrived(about["files"][0])["sha256"])

    def fetch_extension(self, path: str) -> str:
        """Return a file's extension."""
        return str(self._about(path)["files"][0]["extension"])

    def fetch_files_list(self, path: str) -> list[dict[str, Any]]:
        """Return what is known of each file."""
        about = self._about(path)
        if about["type"] == "artifact":
            return files_of(self._server(), about["artifact"])
        return list(self._all_files(path))

    def _about(self, path: str, step: object = None) -> dict[str, Any]:
        parameters: dict[str, Any] = {"path": path, "limit": 1}
        if step is not None:
            parameters["step"] = str(as_step(step) / 1_000_000)
        try:
            about: dict[str, Any] = self._server().get(f"/runs/{self._reference()}/files/list", parameters)
        except FileNotHereError as error:
            raise AttributeNotFoundError(f"the run has no file at {path!r}") from error
        return about

    def _all_files(self, path: str) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = []
        after = None
        while True:
            parameters = {"path": path} if after is None else {"path": path, "after": after}
            page = self._server().get(f"/runs/{self._reference()}/files/list", parameters)
            files += page["files"]
            after = page["next"]
            if after is None:
                return files

    def _download_set(self, path: str, target: str) -> str:
        if target.endswith(".zip"):
            os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
            with (
                self._server().stream(f"/runs/{self._reference()}/files/archive", {"path": path}) as answer,
                open(target + PARTIAL, "wb") as file,
            ):
                for piece in answer.iter_raw():
                    file.write(piece)
            os.replace(target + PARTIAL, target)
            return target
        for about in self._all_files(path):
            where = os.path.join(target, *safe_parts(about["name"]))
            self._save({"path": path, "name": about["name"]}, about, where)
        return target

    def _save(self, parameters: dict[str, Any], about: dict[str, Any], target: str) -> str:
        _arrived(about)
        return save(self._server(), f"/runs/{self._reference()}/files", parameters, about["sha256"], target)


def _arrived(about: dict[str, Any]) -> dict[str, Any]:
    if about["state"] != "received":
        raise FileNotHereError(
            f"the file {about['name']!r} is not on the server: {about['problem'] or 'it has not arrived yet'}"
        )
    return about


def _single_target(target: str, name: str) -> str:
    return os.path.join(target, clean_name(name)) if os.path.isdir(target) or target.endswith("/") else target
