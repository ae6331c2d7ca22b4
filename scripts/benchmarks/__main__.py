"""`scripts/bench`: start a server, build models, measure. `scripts/bench peers`: beside others."""

import asyncio
import base64
import dataclasses
import json
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from control_plane.catalogue import load_catalogue
from scripts.benchmarks import embedding, generation, metering, openai, overload, pictures
from scripts.benchmarks import transport as transports
from scripts.benchmarks.peers import report
from scripts.benchmarks.peers.loads import MEAN_TOKENS
from scripts.benchmarks.peers.run import TASKS, Plan, Result, chosen
from scripts.benchmarks.peers.run import run as run_peers
from scripts.benchmarks.server import Server, add, first_answer, serving
from scripts.benchmarks.soak import measure as measure_soak
from scripts.benchmarks.stages import measure as measure_stages
from scripts.benchmarks.start import measure as measure_starts

app = typer.Typer(add_completion=False)
console = Console(highlight=False, width=150)


class Part(StrEnum):
    """What can be measured by itself."""

    EMBEDDING = "embedding"
    GENERATION = "generation"
    METERING = "metering"
    LOAD = "load"
    OPENAI = "openai"


KEEPING = f"gateway.cache_bytes={8 * 2**20}"
"""Room for the answers that a benchmark knows, and soon full of those that it does not."""

MOST_GROWTH = 0.03
"""Of the gateway's memory during a soak, that passes for rounding."""

PATIENT = "gateway.queue_seconds=60"
"""Callers of most benchmarks all wait; by default a gateway refuses what would wait for over two seconds."""

DOCS = Path(__file__).parents[2] / "docs"

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")]
Data = Annotated[Path | None, typer.Option(help="Keep the server's data, and so its models, in this folder.")]


@app.callback(invoke_without_command=True)
def main(  # noqa: PLR0917  # options
    context: typer.Context,
    json_file: JsonFile = None,
    data: Data = None,
    only: Annotated[Part | None, typer.Option(help="Measure one part.")] = None,
    requests: Annotated[int, typer.Option(help="Embedding requests in one round.")] = 300,
    rounds: Annotated[int, typer.Option(help="Counted rounds of each way, in turns.")] = 3,
) -> None:
    """Measure the gateway against direct Triton calls and the original library, in one run."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever ends it, it ends what it has started
    if context.invoked_subcommand:
        return
    figures: dict[str, object] = {}
    if only in (None, Part.METERING):
        figures |= _metering(rounds)
    if only is Part.METERING:
        _save(json_file, figures)
        return
    with _folder() as folder:
        data = data or folder / "data"
        if only is not Part.LOAD:
            with serving(data, PATIENT) as server:
                if only in (None, Part.EMBEDDING):
                    figures |= _embedding(server, requests, rounds)
                if only in (None, Part.GENERATION):
                    figures |= _generation(server, folder, rounds)
                if only in (None, Part.OPENAI):
                    figures |= _openai(server, requests, rounds)
                figures |= _memory(server)
        if only in (None, Part.LOAD):
            with serving(data) as server:
                figures |= _load(server)
    _save(json_file, figures)


@app.command()
def peers(  # noqa: PLR0917  # options
    json_file: JsonFile = None,
    data: Data = None,
    rounds: Annotated[int, typer.Option(help="Counted turns of each way.", min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="Length of a turn.")] = 3.0,
    task: Annotated[list[str], typer.Option(help=f"Of {', '.join(TASKS)}.")] = TASKS,
    length: Annotated[list[str], typer.Option(help=f"Of {', '.join(MEAN_TOKENS)}.")] = list(MEAN_TOKENS),  # noqa: B006
    peer: Annotated[list[str] | None, typer.Option(help="Only peers whose name has this in it.")] = None,
    docs: Annotated[Path, typer.Option(help="Folder for benchmarks.md and its plot.")] = DOCS,
) -> None:
    """Measure the gateway beside what else people serve models with, and write docs/benchmarks.md."""
    plan = Plan(chosen(task, length, peer or ()), turns=rounds, seconds=seconds)
    with _folder() as folder, serving(data or folder / "data", PATIENT) as server:
        results: list[Result] = []
        for result in run_peers(server, folder, plan, console):
            results.append(result)
            figures = [dataclasses.asdict(each) for one in results for each in one.figures]
            missing = {one.workload.name: one.missing for one in results}
            _save(json_file, {"peers": figures, "missing": missing})
            report.write(docs, results)  # a run that is ended early leaves what it has found


@app.command()
def stages(json_file: JsonFile = None, data: Data = None) -> None:
    """Measure what each step of a request costs the gateway, in microseconds of processor time."""
    model = next(each for each in load_catalogue("starter").models if each.name == embedding.NAME)
    with _folder() as folder, serving(data or folder / "data", PATIENT, KEEPING) as server:
        add(server, model)
        first_answer(server, "/text-vectorisation", {"text": "first", "model": model.name})
        rows = asyncio.run(measure_stages(server, model.name))
    for row in rows:
        console.print(f"{row.microseconds:8.1f} µs  {row.step}")
    _save(json_file, {"stages": [dataclasses.asdict(row) for row in rows]})


@app.command()
def start(
    json_file: JsonFile = None,
    count: Annotated[int, typer.Option(help="Starts that count.", min=1)] = 10,
) -> None:
    """Measure how long a gateway takes to its first answer."""
    with _folder() as folder:
        starts = list(measure_starts(folder / "data", count))
    table = Table("", "seconds", "processor seconds", "MiB", box=None)
    for name, of in (("best", min), ("median", median)):
        figures = (of(values) for values in zip(*map(dataclasses.astuple, starts), strict=True))
        table.add_row(name, *(f"{figure:.2f}" for figure in figures))
    console.print(table)
    _save(json_file, {"starts": [dataclasses.asdict(each) for each in starts]})


@app.command()
def transport(
    json_file: JsonFile = None,
    data: Data = None,
    rounds: Annotated[int, typer.Option(help="Counted turns of each way.", min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="Length of a turn.")] = 1.0,
) -> None:
    """Measure what shared memory would save on the way of pictures to Triton, and of whole requests."""
    with _folder() as folder, serving(data or folder / "data", PATIENT) as server:
        cheap, real = pictures.means(folder / "means"), pictures.vit_tiny(folder / "vit-tiny")
        add(server, cheap)
        add(server, real)
        photo = base64.b64encode(pictures.photo(0)).decode()
        first_answer(server, "/image-classification", {"image": photo, "model": real.name})
        work = transports.measure(server, cheap.name, real.name, rounds=rounds, seconds=seconds)
        rows, whole = asyncio.run(work)
    console.print(transports.table(rows))
    console.print("\n".join(map(transports.summary, whole)))
    figures = {"transport": [dataclasses.asdict(row) for row in rows]}
    _save(json_file, figures | {"whole": [dataclasses.asdict(each) for each in whole]})


@app.command()
def soak(
    json_file: JsonFile = None,
    data: Data = None,
    scale: Annotated[float, typer.Option(help="Share of a million known and 50,000 new texts.")] = 1.0,
) -> None:
    """Send requests for hours, and fail when the gateway's memory or descriptors grow."""
    model = next(each for each in load_catalogue("starter").models if each.name == embedding.NAME)
    with _folder() as folder, serving(data or folder / "data", PATIENT, KEEPING) as server:
        add(server, model)
        first_answer(server, "/text-vectorisation", {"text": "first", "model": model.name})
        rows = asyncio.run(measure_soak(server, model.name, scale))
    table = Table("texts", "requests", "a second", "MiB", "growth", "descriptors more", box=None)
    for row in rows:
        memory = f"{row.memory[0]:.0f} to {row.memory[-1]:.0f}"
        growth = f"{100 * row.growth:+.1f} %"
        numbers = (f"{row.requests:,}", f"{row.per_second:.0f}", memory, growth, str(row.more_descriptors))
        table.add_row(row.kind, *numbers)
    console.print(table)
    _save(json_file, {"soak": [dataclasses.asdict(row) for row in rows]})
    if any(row.growth > MOST_GROWTH or row.more_descriptors > 0 for row in rows):
        raise typer.Exit(1)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="trireme-") as name:
        yield Path(name)


def _save(json_file: Path | None, figures: dict[str, object]) -> None:
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


def _metering(rounds: int) -> dict[str, object]:
    row = asyncio.run(metering.measure(rounds))
    console.print(f"limits, usage and metrics: {row.added:.0f} µs of processor time a call")
    return {"metering": dataclasses.asdict(row)}


def _embedding(server: Server, requests: int, rounds: int) -> dict[str, object]:
    model = next(each for each in load_catalogue("starter").models if each.name == embedding.NAME)
    started = time.perf_counter()
    add(server, model)
    first_answer(server, "/text-vectorisation", {"text": "first", "model": model.name})
    seconds = time.perf_counter() - started
    console.print(f"`models add` to first answer: {seconds:.0f} s")
    rows = asyncio.run(embedding.measure(server, requests, rounds))
    console.print(embedding.table(rows))
    return {"first_answer_seconds": seconds, "embedding": [dataclasses.asdict(row) for row in rows]}


def _memory(server: Server) -> dict[str, object]:
    memory = server.memory()
    console.print("peak memory, MiB: " + ", ".join(f"{name} {peak:.0f}" for name, peak in memory.items()))
    return {"peak_memory_mib": memory}


def _load(server: Server) -> dict[str, object]:
    model = next(each for each in load_catalogue("starter").models if each.name == embedding.NAME)
    add(server, model)
    first_answer(server, "/text-vectorisation", {"text": "first", "model": model.name})
    row = asyncio.run(overload.measure(server, model.name))
    console.print(
        f"sustained: {row.sustained:.0f} requests a second\n"
        f"at half of it: p50 {row.half_p50:.1f}, p99 {row.half_p99:.1f} ms\n"
        f"at twice of it: {row.accepted:.0f} answered a second, p50 {row.double_p50:.1f}, "
        f"p99 {row.double_p99:.1f} ms; {row.refused:.0f} refused, p99 {row.refused_p99:.1f} ms, "
        f"{row.without_retry_after} without Retry-After; {row.failed} failed; "
        f"the gateway grew by {row.grown:.1f} MiB"
    )
    return {"load": dataclasses.asdict(row)}


def _generation(server: Server, folder: Path, rounds: int) -> dict[str, object]:
    model = next(each for each in load_catalogue("starter").models if "text-generation" in each.tasks)
    add(server, model)
    first_answer(server, "/text-generation", {"text": "first", "model": model.name})
    rows = generation.measure(server, model, folder, rounds)
    table = Table(
        *("callers", "transformers fp32", "bf16", "bare engine", "Triton", "gateway"),
        *("over transformers", "over the engine", "over Triton", "first token, ms"),
        title=f"Greedy generation, {generation.STEPS} tokens; tokens a second",
        box=None,
    )
    for row in rows:
        speeds = (row.transformers_fp32, row.transformers_bf16, row.engine, row.triton, row.gateway)
        table.add_row(
            str(row.callers),
            *(f"{each:.0f}" for each in speeds),
            *(f"{each:.2f}" for each in (row.over_transformers, row.over_engine, row.over_triton)),
            f"{row.first_token:.0f}",
        )
    console.print(table)
    return {"generation": [dataclasses.asdict(row) for row in rows]}


def _openai(server: Server, requests: int, rounds: int) -> dict[str, object]:
    models = load_catalogue("starter").models
    encoder = next(each for each in models if each.name == embedding.NAME)
    decoder = next(each for each in models if "text-generation" in each.tasks)
    add(server, encoder)
    add(server, decoder)
    first_answer(server, "/text-vectorisation", {"text": "first", "model": encoder.name})
    first_answer(server, "/text-generation", {"text": "first", "model": decoder.name})
    rows = asyncio.run(openai.measure(server, decoder.name, encoder.name, requests, rounds))
    table = Table(
        *("through /v1", "callers", "first token", "whole answer", "added", "a second"),
        title="Medians in milliseconds, direct / gateway; added to a token of a stream, or to an answer; "
        "tokens or answers a second",
        box=None,
    )
    for row in rows:
        table.add_row(
            row.way,
            str(row.callers),
            f"{row.direct_first:.2f} / {row.gateway_first:.2f}",
            f"{row.direct_last:.2f} / {row.gateway_last:.2f}",
            f"{row.added:.3f}",
            f"{row.direct_rate:.0f} / {row.gateway_rate:.0f}",
        )
    console.print(table)
    return {"openai": [dataclasses.asdict(row) for row in rows]}


app()
