"""The figures of a run as a page of the documentation, with a plot and the command that repeats it."""

import os
import platform
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from scripts.benchmarks.peers import plot
from scripts.benchmarks.peers.catalogue import PEERS
from scripts.benchmarks.peers.measuring import Figures
from scripts.benchmarks.peers.session import GATEWAY

HAND_SORTED = "direct, hand-sorted"
AS_THEY_COME = "direct, as they come"
ONE, MANY = "1 caller", "64 callers"

TORCH = [peer.name for peer in PEERS if not peer.onnx]
ONNX = [peer.name for peer in PEERS if peer.onnx]

Table = Mapping[tuple[str, str, str], Figures]
"""By length, load and way."""


def write(folder: Path, figures: Sequence[Figures], missing: Mapping[str, str]) -> None:
    """`benchmarks.md` and `benchmarks.svg` in a folder."""
    table = {(each.length, each.load, each.way): each for each in figures}
    (folder / "benchmarks.svg").write_text(_plot(figures))
    (folder / "benchmarks.md").write_text(
        "\n".join([_introduction(), _aims(table), *_tables(figures), _missing(missing)])
    )


def _introduction() -> str:
    command = shlex.join(["scripts/bench", *sys.argv[1:]])
    return f"""# Benchmarks

Embeddings with all-MiniLM-L6-v2: the same weights, the same texts and the same machine for all, one run,
everybody in turns. Every server runs as it comes, in an environment of its own with the versions in
`scripts/benchmarks/peers/requirements`; while one is measured the others stand still. Repeat it with

    {command}

Written on {datetime.now(UTC):%Y-%m-%d} on {_machine()}. Absolute figures belong to that machine; the ratios
are what the run is for.

As none of the others refuses callers who have to wait, Trireme is told not to either
(`gateway.queue_seconds=60`; two seconds without).

*Lengths*: log-normal, a mean of 10 (short), 32 (mixed) or 160 tokens (long), at most 256. *Processor* is what
the processes of a way spend on a thousand texts, the load's own not counted; for Trireme those of the whole
server: the supervisor, the worker, the gateway and Triton. *Memory* is theirs, shared pages counted once. The
direct callers speak gRPC to Trireme's own Triton: *as they come* each tokenises and sends its own texts;
*hand-sorted* knows all texts before, sorts them by length and sends full packs of 32, with *tensors ready*
even without tokenising. No server can do that; it is the mark to come near to. Their processor time does not
have the callers' share in it.

![texts a second](benchmarks.svg)
"""


def _aims(table: Table) -> str:
    rows = [
        ("texts/s over hand-sorted direct calls, 64 callers", "≥ 0.9", _speed(table, MANY, [HAND_SORTED])),
        ("texts/s over the best peer on torch, 64 callers", "≥ 5", _speed(table, MANY, TORCH)),
        ("texts/s over the best peer on ONNX Runtime, 64 callers", "≥ 2", _speed(table, MANY, ONNX)),
        ("p50 over a direct call with tokenising, 1 caller", "≤ 1.15", _p50(table, [AS_THEY_COME])),
        ("p50 over the quickest peer's, 1 caller", "≤ 0.5", _p50(table, TORCH + ONNX)),
    ]
    lines = ["## Ratios", "", "| Trireme's | aim | short | mixed | long |", "|---|---|---|---|---|"]
    for name, aim, ratio in rows:
        found = " | ".join(ratio(length) for length in ("short", "mixed", "long"))
        lines.append(f"| {name} | {aim} | {found} |")
    return "\n".join([*lines, ""])


def _speed(table: Table, load: str, ways: Sequence[str]) -> Callable[[str], str]:
    """Ratio of texts a second to the best of some ways: the median over the turns, compared one by one."""

    def ratio(length: str) -> str:
        others = [table[length, load, way] for way in ways if (length, load, way) in table]
        if not others or (length, load, GATEWAY) not in table:
            return "-"
        best = max(others, key=lambda each: each.texts_per_second)
        ours = table[length, load, GATEWAY].speeds
        return f"{median(one / other for one, other in zip(ours, best.speeds, strict=True)):.2f}"

    return ratio


def _p50(table: Table, ways: Sequence[str]) -> Callable[[str], str]:
    def ratio(length: str) -> str:
        others = [table[length, ONE, way].p50 for way in ways if (length, ONE, way) in table]
        ours = table.get((length, ONE, GATEWAY))
        return f"{ours.p50 / min(others):.2f}" if others and ours else "-"

    return ratio


def _tables(figures: Sequence[Figures]) -> list[str]:
    lines: list[str] = []
    for length, load in dict.fromkeys((each.length, each.load) for each in figures):
        lines += [f"## {length.capitalize()} texts, {load}", ""]
        lines += ["| | texts/s | p50, ms | p99, ms | processor, s per 1000 texts | memory, MiB |"]
        lines += ["|---|---:|---:|---:|---:|---:|"]
        for each in figures:
            if (each.length, each.load) == (length, load):
                lines.append(
                    f"| {each.way} | {each.texts_per_second:.0f} | {each.p50:.1f} | {each.p99:.1f} "
                    f"| {each.cpu_per_thousand:.2f} | {each.memory:.0f} |"
                )
        lines.append("")
    lines.append(
        "A request of the hand-sorted callers is a pack of 32 texts, and the p50 is that of a pack.\n"
    )
    return lines


def _missing(missing: Mapping[str, str]) -> str:
    if not missing:
        return "All peers could be installed and answered.\n"
    lines = ["## Not measured", "", *(f"- {name}: {reason}" for name, reason in missing.items()), ""]
    return "\n".join(lines)


def _plot(figures: Sequence[Figures]) -> str:
    groups = []
    for load in dict.fromkeys(each.load for each in figures):
        rows = [
            (each.way, each.texts_per_second, _colour(each.way))
            for each in figures
            if (each.load, each.length) == (load, "mixed")
        ]
        groups.append((load, rows))
    return plot.bars("Texts a second, mixed lengths (mean 32 tokens)", groups)


def _colour(way: str) -> str:
    if way == GATEWAY:
        return plot.OURS
    return plot.DIRECT if way.startswith("direct") else plot.THEIRS


def _machine() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {found[1] if found else platform.machine()}"
