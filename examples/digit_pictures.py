"""What a classifier of digits is judged by at a glance: a picture of its mistakes, and a table of its confusions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import tidelog
from mnist_digits import PIXELS

MISTAKES = 48  # images in one picture
MISTAKES_IN_A_ROW = 12


def mosaic(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay images (n, 1, 28, 28), black to white from 0 to 1, out as one picture; what is left of a row stays black."""
    shown = images[:MISTAKES, 0]
    rows = max(1, -(-len(shown) // MISTAKES_IN_A_ROW))
    tiles = np.zeros((rows * MISTAKES_IN_A_ROW, PIXELS, PIXELS), np.float32)
    tiles[: len(shown)] = shown
    lines = tiles.reshape(rows, MISTAKES_IN_A_ROW, PIXELS, PIXELS).transpose(0, 2, 1, 3)
    picture: NDArray[np.float32] = lines.reshape(rows * PIXELS, MISTAKES_IN_A_ROW * PIXELS)
    return picture


def confusion(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> tidelog.Table:
    """How often each digit was taken for which."""
    counts = np.zeros((10, 10), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    rows = [[digit, *taken_for] for digit, taken_for in enumerate(counts.tolist())]
    return tidelog.Table(rows, columns=["digit", *(f"taken for {digit}" for digit in range(10))])
