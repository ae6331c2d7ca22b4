"""What `trireme models show` prints: versions, candidates, parity."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildStatus
from control_plane.errors import VersionNotFoundError
from control_plane.models.schemas import ModelSummary, VersionSummary
from model_repository.heads import GenerationHead, SpeechHead
from model_repository.manifest import Candidate, Manifest
from model_repository.parity import ParityReport


def describe_model(
    console: Console, model: ModelSummary, versions: Sequence[VersionSummary], number: int | None
) -> None:
    """Print a model, its versions, and what the version of this number was chosen from.

    Raises:
        VersionNotFoundError: there is no such version.

    """
    described = next((one for one in versions if one.number == number), None)
    if number is not None and described is None:
        raise VersionNotFoundError(f"model {model.name} has no version {number}")
    console.print(Text.assemble((model.name, "bold"), f" ({model.owner}) {model.description}"))
    console.print(f"source    {model.source}", soft_wrap=True)
    console.print(f"tasks     {', '.join(model.tasks)}")
    console.print(f"build     {model.build_status} {model.build_message}", soft_wrap=True)
    for task, names in model.aliases.items():
        console.print(f"          {task} also as {', '.join(names)}")
    table = Table("version", "state", "engine", "deployed", box=None)
    for version in versions:
        table.add_row(
            str(version.number),
            version.state,
            ", ".join(_engine(manifest) for manifest in version.manifests),
            f"{version.activated_at:%Y-%m-%d %H:%M}" if version.activated_at else "",
        )
    console.print(table)
    for manifest in described.manifests if described else ():
        console.print(describe_candidates(manifest))
        if manifest.parity is not None:
            console.print(_parity(manifest.parity))


async def describe_tuning(console: Console, builds: BuildService, number: int) -> None:
    """Print what a tuning has found, if it has come to its end."""
    build = await builds.get(number)
    if build.status is not BuildStatus.SUCCEEDED:
        return
    for manifest in await builds.manifests(number):
        console.print(describe_candidates(manifest))
    console.print(build.message or f"version {build.version} is in service", soft_wrap=True)


def _engine(manifest: Manifest) -> str:
    return f"{manifest.part} {manifest.engine.label}".lstrip()


def describe_candidates(manifest: Manifest) -> Table:
    """What was tried for one entry: figures and parity of each, which are on the front, which serves."""
    unit = _unit(manifest)
    table = Table(
        "",
        "tried",
        f"{unit}s/s",
        "ms a token" if unit == "token" else "p50 ms",
        "MiB",
        "parity",
        box=None,
        title=f"Candidates {manifest.part}".strip(),
    )
    for candidate in manifest.candidates:
        table.add_row(
            _mark(candidate),
            candidate.engine.label,
            _number(candidate.texts_per_second, 0),
            _number(candidate.latency_ms, 1),
            _number(candidate.memory_mib, 0),
            _verdict(candidate),
        )
    return table


def _mark(candidate: Candidate) -> str:
    if candidate.chosen:
        return "chosen"
    return "front" if candidate.front else ""


def _number(figure: float | None, digits: int) -> str:
    return "" if figure is None else f"{figure:.{digits}f}"


def _unit(manifest: Manifest) -> str:
    if isinstance(manifest.head, GenerationHead | SpeechHead):
        return "token"
    return "image" if manifest.image else "text"


def _verdict(candidate: Candidate) -> str:
    if candidate.unverified:
        imitation = _worst(candidate.proxy) if candidate.proxy else ""
        return f"imitated on the CPU{imitation}; {candidate.unverified}"
    if candidate.parity is None:
        unjudged = "not verified" if candidate.latency_ms is None else "beaten in all figures"
        return candidate.error or unjudged
    return ("passed" if candidate.parity.passed else "refused") + _worst(candidate.parity)


def _worst(report: ParityReport) -> str:
    """The figure that people know best of those that have a limit."""
    limits = report.thresholds
    if limits.min_cosine > -1:
        return f", cosine {report.min_cosine:.6f}"
    if limits.agreement > 0:
        return f", agreement {report.agreement:.1%}"
    return f", difference {report.max_abs_diff:.1e}"


def _parity(report: ParityReport) -> Table:
    limits = report.thresholds
    table = Table(
        "batch",
        "length",
        "largest difference",
        "smallest cosine",
        "agreement",
        box=None,
        title="Against the original",
        caption=(
            f"limits: difference {limits.max_abs_diff:.0e}, cosine {limits.min_cosine}, "
            f"agreement {limits.agreement:.0%}"
        ),
    )
    for case in report.cases:
        figures = f"{case.max_abs_diff:.1e}", f"{case.min_cosine:.6f}", f"{case.agreement:.1%}"
        table.add_row(str(case.batch), str(case.length), *figures)
    return table
