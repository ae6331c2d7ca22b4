"""The figures of a run as a page of the documentation, with a plot and the command that repeats it."""

import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from scripts.benchmarks.peers import plot, ratios
from scripts.benchmarks.peers.environments import pins
from scripts.benchmarks.peers.loads import MANY, MEAN_TOKENS
from scripts.benchmarks.peers.run import Result
from scripts.benchmarks.peers.session import GATEWAY

TELLING = (
    "sentence-transformers",
    "transformers",
    "torch",
    "onnxruntime",
    "infinity_emb",
    "litserve",
    "mlserver",
)
"""Packages whose versions a reader wants to know."""

OURS = ("openvino", "onnxruntime", "tokenizers", "nvidia-pytriton")


def write(folder: Path, results: Sequence[Result]) -> None:
    """`benchmarks.md` and `benchmarks.svg` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.svg").write_text(_plot(results))
    sections = [_section(each) for each in results]
    (folder / "benchmarks.md").write_text("\n".join([_introduction(), *sections, _versions(results)]))


def _introduction() -> str:
    command = shlex.join(["scripts/bench", *sys.argv[1:]])
    means = ", ".join(f"{tokens} ({length})" for length, tokens in MEAN_TOKENS.items())
    return f"""# Benchmarks

Trireme beside the servers that people otherwise use for such models, and beside direct calls of Triton. All
serve the same weights and get the same texts on the same machine, in one run and in turns; while one is
measured the others are paused. Every server runs with its defaults, in an environment of its own with pinned
[versions](#versions). Before it is measured its answers are compared with those of the original library:
vectors by their cosine, probabilities by their largest difference. Repeat it with

    {command}

Written on {datetime.now(UTC):%Y-%m-%d} on {_machine()}. Absolute figures belong to that machine; the ratios
are what the run is for. Why some aims are not reached is told in
[performance](performance.md#what-is-not-reached-and-why).

None of the other servers refuses callers who would wait too long, so here Trireme does not either
(`gateway.queue_seconds=60`; the default is two seconds).

- *Lengths* are log-normal with a mean of {means} tokens, at most 256.
- *Processor* is the processor time per 1000 texts of all processes of a server, without the load generator;
  for Trireme that is the supervisor, the worker, the gateway and Triton. *Memory* is theirs, too, with shared
  pages counted once.
- *Direct* callers speak to Trireme's own Triton, by gRPC unless they say HTTP. *As they come*: each tokenises
  and sends its own texts. *Over HTTP*: the same by the gateway's own client, which is leaner than any
  published one. *Hand-sorted*: knows all texts beforehand, sorts them by length and sends full packs of 32,
  with *tensors ready* without even tokenising. No server can do that: it is the mark to come near to. Its
  p50 is that of a pack, and its processor time leaves out the callers' share.

![texts per second](benchmarks.svg)
"""


def _section(result: Result) -> str:
    name = result.workload.name
    lines = [f"## {name[0].upper()}{name[1:]}", "", result.workload.note, ""]
    lines += [*ratios.rows(result), "", *_tables(result)]
    if result.missing:
        lines += ["Not measured:", ""]
        lines += [
            f"- {peer}: {reason.replace(str(Path.home()), '~')}" for peer, reason in result.missing.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _tables(result: Result) -> list[str]:
    lines: list[str] = []
    for length, load in dict.fromkeys((each.length, each.load) for each in result.figures):
        lines += [f"### {length.capitalize()} texts, {load}", ""]
        lines += ["| | texts/s | p50, ms | p99, ms | processor, s per 1000 texts | memory, MiB |"]
        lines += ["|---|---:|---:|---:|---:|---:|"]
        for each in result.figures:
            if (each.length, each.load) == (length, load):
                lines.append(
                    f"| {each.way} | {each.texts_per_second:.0f} | {each.p50:.1f} | {each.p99:.1f} "
                    f"| {each.cpu_per_thousand:.2f} | {each.memory:.0f} |"
                )
        lines.append("")
    return lines


def _versions(results: Sequence[Result]) -> str:
    users: dict[str, list[str]] = {}
    for result in results:
        for peer in result.workload.peers:
            known = users.setdefault(peer.requirements, [])
            known += [peer.name] if peer.name not in known else []
    lines = ["## Versions", "", f"Python {platform.python_version()}; all packages are in", ""]
    lines[-2] += " `scripts/benchmarks/peers/requirements` and `constraints.txt`."
    lines += ["| | |", "|---|---|"]
    lines.append(f"| {GATEWAY} | {', '.join(f'{name} {version(name)}' for name in ('trireme', *OURS))} |")
    for requirements, names in users.items():
        found = pins(requirements)
        told = ", ".join(f"{name} {found[name]}" for name in TELLING if name in found)
        lines.append(f"| {'; '.join(names)} | {told} |")
    return "\n".join([*lines, ""])


def _plot(results: Sequence[Result]) -> str:
    """Mixed lengths only: of embeddings all loads, of the other tasks that of 64 callers."""
    groups = []
    for result in results:
        mixed = [each for each in result.figures if each.length == "mixed"]
        for load in dict.fromkeys(each.load for each in mixed):
            if result.workload.direct or load == MANY.name:
                rows = [
                    (each.way, each.texts_per_second, _colour(each.way))
                    for each in mixed
                    if each.load == load
                ]
                groups.append((f"{result.workload.name}, {load}", rows))
    return plot.bars("Texts a second, mixed lengths (mean 32 tokens)", groups)


def _colour(way: str) -> str:
    if way.startswith(GATEWAY):
        return plot.OURS
    return plot.DIRECT if way.startswith("direct") else plot.THEIRS


def _machine() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores of {found[1] if found else platform.machine()} with {memory:.0f} GiB"
