"""What a page costs the database does not grow with the number of runs."""

from __future__ import annotations

import pytest

from tests.server.pages.conftest import Pages

MOST = 16  # statements of the dearest page, the runs table: eight of them are the table's own


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/projects/mnist",
        "/projects/mnist?q=params/lr:float > 0&sort=train/loss&column=train/loss&column=params/lr",
        "/projects/mnist/runs/MNIST-1",
        "/projects/mnist/runs/MNIST-1?tab=overview",
        "/projects/mnist/runs/MNIST-1?tab=media",
        "/projects/mnist/runs/MNIST-1?tab=console",
        "/projects/mnist/runs/MNIST-1?tab=monitoring",
        "/projects/mnist/runs/MNIST-1?tab=source",
        "/projects/mnist/runs/MNIST-1?tab=files",
        "/projects/mnist/runs/MNIST-1?tab=history",
        "/projects/mnist/runs/MNIST-1?tab=events",
        "/projects/mnist/runs/MNIST-1?tab=attributes",
        "/projects/mnist/runs/MNIST-1/data?path=train/loss",
        "/projects/mnist/compare?{runs}",
        "/projects/mnist/compare?{runs}&tab=parameters&show=all",
        "/projects/mnist/chart.svg?path=train/loss&{runs}",
    ],
)
def test_statements_are_independent_of_the_number_of_runs(pages: Pages, path: str) -> None:
    """Twelve runs take as many statements as three."""
    counts = []
    logged = 0
    for runs in (3, 12):
        for number in range(logged, runs):
            pages.log(number)
        logged = runs
        labels = "&".join(f"run=MNIST-{number + 1}" for number in range(runs))
        counts.append(pages.statements(path.replace("{runs}", labels)))
    assert counts[0] == counts[1] <= MOST
