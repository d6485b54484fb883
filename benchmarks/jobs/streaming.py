"""Reading many series through, as a program would that computes something over all points."""

from __future__ import annotations

import resource
import time

from benchmarks.jobs.filling import PROJECT, series_path

KIB = 1024


def stream_all(url: str, runs: int) -> dict[str, float]:
    """Read every point of the newest runs in batches of Arrow; how many there were, how long, and the peak memory."""
    import tidelog
    from tidelog.fetching.tables import run_labels
    from tidelog.shipping.connecting import connected

    with connected(url, None) as server:
        labels = run_labels(server, PROJECT, "", runs)
    started = time.perf_counter()
    batches = tidelog.stream_metrics(runs=labels, paths=[series_path(0)], url=url, output="arrow")
    points = sum(len(batch) for batch in batches)
    took_s = time.perf_counter() - started
    return {"points": points, "took_s": took_s, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB}
