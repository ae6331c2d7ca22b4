"""`scripts/bench`: start a server, build the starter model, measure, print."""

import asyncio
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scripts.benchmarks import embedding
from scripts.benchmarks.server import add_starter, serving


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    requests: Annotated[int, typer.Option(help="Requests in one round.")] = 300,
    rounds: Annotated[int, typer.Option(help="Counted rounds of each way, in turns.")] = 3,
) -> None:
    """Measure the gateway against direct Triton calls on this machine, in one run."""
    console = Console(highlight=False, width=140)
    with (
        tempfile.TemporaryDirectory(prefix="trireme-bench-") as folder,
        serving(Path(folder) / "data") as server,
    ):
        first_answer = add_starter(server)
        rows = asyncio.run(embedding.measure(server, requests, rounds))
        memory = server.memory()
    figures = {
        "first_answer_seconds": first_answer,
        "embedding": [dataclasses.asdict(row) for row in rows],
        "peak_memory_mib": memory,
    }
    console.print(f"`models add` to first answer: {first_answer:.0f} s")
    console.print(_table(rows))
    console.print("peak memory, MiB: " + ", ".join(f"{name} {peak:.0f}" for name, peak in memory.items()))
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


def _table(rows: list[embedding.Row]) -> Table:
    table = Table(
        *("callers", "direct p50/p99", "gateway p50/p99", "added p50/p99", "throughput ratio"),
        *("natural ratio", "gateway CPU"),
        title="One text a request; milliseconds; ratios are gateway over direct ModelInfer, tensors ready",
        box=None,
    )
    for row in rows:
        table.add_row(
            str(row.concurrency),
            f"{row.direct_p50:.2f} / {row.direct_p99:.2f}",
            f"{row.gateway_p50:.2f} / {row.gateway_p99:.2f}",
            f"{row.added_p50:.2f} / {row.added_p99:.2f}",
            f"{row.throughput_ratio:.2f}",
            f"{row.natural_ratio:.2f}",
            f"{row.cpu_per_request:.2f}",
        )
    return table


typer.run(main)
