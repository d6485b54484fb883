"""Names of projects: what the addresses of pages need of them."""

from __future__ import annotations

from tidelog.errors import InvalidValueError

# Behind the name of a project these lead to its pages, so that no later part of a name may be one: `x/compare` would be
# the comparison of `x`. The server has the same list.
RESERVED_PARTS = (
    *("artifacts", "chart.svg", "columns", "compare", "dashboards", "models", "paths", "runs", "runs.csv"),
    *("runs.parquet", "trash", "views"),
)
FOLDERS = (".", "..")  # which browsers take out of an address


def check_new_project_name(name: str) -> None:
    """Raise `InvalidValueError` where a project of this name could not be looked at."""
    first, *later = name.split("/")
    wrong = next((part for part in later if part in RESERVED_PARTS), None)
    wrong = wrong or next((part for part in (first, *later) if part in FOLDERS), None)
    if wrong is not None:
        raise InvalidValueError(
            f"project {name[:80]!r} could not be opened in a browser: its part {wrong!r} means something else in "
            f"addresses. Nothing was logged. Write that part in another way, for instance 'my-{wrong.strip('.')}'."
        )
