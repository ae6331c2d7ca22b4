"""A dask scheduler with one worker inside this process, closed to the network."""

from collections.abc import Mapping

import dask.config
from distributed import Scheduler, SpecCluster, Worker

NO_HTTP = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""Dask opens an HTTP port whatever it is told, by default on all interfaces: on loopback then, and empty."""

NO_PAGES: dict[str, list[str]] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}

QUIET: dict[str, object] = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
"""What dask measures of itself, many times a second, nobody looks at here; models need the processor."""


async def start_local_cluster(threads: int, resources: Mapping[str, float]) -> SpecCluster:
    """Start a cluster that runs so many jobs at a time, each in a thread.

    Args:
        resources: what it offers to jobs that ask for it.

    """
    with dask.config.set(NO_PAGES | QUIET):
        return await SpecCluster(
            scheduler={"cls": Scheduler, "options": {"protocol": "inproc://", **NO_HTTP}},
            workers={
                0: {
                    "cls": Worker,
                    # Memory is limited for each stage in its own process.
                    "options": {
                        "protocol": "inproc://",
                        "nthreads": threads,
                        "memory_limit": 0,
                        "resources": resources,
                        **NO_HTTP,
                    },
                }
            },
            asynchronous=True,
        )
