"""A model on paper: versions, candidates, parity."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from control_plane.models.schemas import ModelSummary, VersionSummary
from model_repository.heads import GenerationHead, SpeechHead
from model_repository.manifest import Candidate, EngineSpec, Manifest, ParityReport


def describe_model(console: Console, model: ModelSummary, versions: Sequence[VersionSummary]) -> None:
    """Print a model, its versions, and what the version in service was chosen from."""
    console.print(f"[bold]{model.name}[/] ({model.owner}) {model.description}")
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
    serving = next((v.manifests for v in versions if v.number == model.active_version), ())
    for manifest in serving:
        console.print(_candidates(manifest))
        if manifest.parity is not None:
            console.print(_parity(manifest.parity))


def _engine(manifest: Manifest) -> str:
    return " ".join(filter(None, (manifest.part, manifest.engine.engine, manifest.engine.precision)))


def _candidates(manifest: Manifest) -> Table:
    table = Table(
        "",
        "tried",
        f"{_unit(manifest)}/s",
        "largest difference",
        "smallest cosine",
        "agreement",
        "",
        box=None,
        title=f"Candidates {manifest.part}".strip(),
    )
    for candidate in manifest.candidates:
        parity = candidate.parity or candidate.proxy
        table.add_row(
            "→" if candidate.chosen else "",
            _tried(candidate.engine),
            f"{candidate.texts_per_second:.0f}" if candidate.texts_per_second else "",
            f"{parity.max_abs_diff:.1e}" if parity else "",
            f"{parity.min_cosine:.6f}" if parity else "",
            f"{parity.agreement:.1%}" if parity else "",
            escape(_verdict(candidate)),  # causes may hold brackets
        )
    return table


def _tried(engine: EngineSpec) -> str:
    target = engine.plan.compute_capability if engine.plan else ""
    return f"{engine.engine} {engine.precision} {target}".rstrip()


def _unit(manifest: Manifest) -> str:
    if isinstance(manifest.head, GenerationHead | SpeechHead):
        return "tokens"
    return "images" if manifest.image else "texts"


def _verdict(candidate: Candidate) -> str:
    if candidate.unverified:
        return f"imitated on the CPU; {candidate.unverified}"
    if candidate.parity is None:
        return candidate.error or "not verified"
    return "passed" if candidate.parity.passed else "refused"


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
