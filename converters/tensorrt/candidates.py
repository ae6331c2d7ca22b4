"""The plans of one part: for each target the first precision that the model bears and TensorRT builds."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from converters.causes import in_one_line
from converters.engines import Session, open_session
from converters.parity import Case, examine, figures, thresholds
from converters.results import Built, Exported
from converters.samples import sampler_of
from converters.spec import ConversionError, Stage
from converters.tensorrt import flavours
from converters.tensorrt.building import build_plan, check_node
from converters.tensorrt.cache import PlanCache, plan_spec
from converters.tensorrt.graphs import write_graphs
from converters.tensorrt.profile import profile
from converters.tensorrt.proxy import ProxySession
from converters.work import Work
from model_repository.layout import MODEL_FILES, WEIGHTS
from model_repository.manifest import Engine, EngineSpec, Precision
from model_repository.nodes import Node, check_target, misfit
from model_repository.parity import ParityReport
from model_repository.plans import ShapeRange

logger = logging.getLogger(__name__)

Made = tuple[Built, Session | None]
"""A candidate, and its session where it can be run on this host and may serve."""


def plans(work: Work) -> Iterator[Made]:
    """All that was tried for the targets of the build; of each target the last one is the plan, if any is."""
    wanted = work.spec.plans
    if not wanted.targets or work.part.signature is not None:  # of plain numbers nobody knows the ranges
        return
    engine = flavours.flavour(wanted.flavour)
    forge = _Forge.of(work, engine)
    for target in wanted.targets:
        node = Node(engine, flavours.version(engine), check_target(target))
        try:
            check_node(node, stripped=wanted.stripped)
        except ConversionError as error:
            yield _failed(EngineSpec(engine=engine, precision=wanted.precisions[0]), node, error), None
            continue
        for precision in wanted.precisions:
            work.progress(20, f"building a plan for {target} in {precision}")
            built, session = forge.make(node, precision)
            yield built, session
            if not built.error:
                break


@dataclass
class _Forge:
    """What all plans of a part have in common."""

    work: Work
    cases: list[Case]
    shapes: dict[str, ShapeRange]
    cache: PlanCache

    @classmethod
    def of(cls, work: Work, engine: Engine) -> "_Forge":
        from converters.references import references  # noqa: PLC0415 - loads torch, and most want no plans

        wanted = work.spec.plans
        graph = work.workspace.result(Stage.EXPORT, Exported).parts[work.part.name]
        traffic = sampler_of(work.part, work.tokenizer).traffic()
        root = Path(wanted.cache) if wanted.cache else work.folder / "plans"
        return cls(
            work=work,
            cases=references(work),
            shapes=profile(graph, work.part, traffic, wanted.lengths),
            cache=PlanCache(root, wanted.cache_bytes),
        )

    def make(self, node: Node, precision: Precision) -> Made:
        """A plan for a node, or why there is none in this precision."""
        engine = EngineSpec(engine=node.engine, precision=precision)
        folder = self.work.folder / f"{node.engine}-{precision}-{node.compute_capability}"
        folder.mkdir()
        try:
            return self._make(node, engine, folder)
        except Exception as error:
            logger.exception("%s could not be made", folder.name)
            shutil.rmtree(folder)
            return _failed(engine, node, error), None

    def _make(self, node: Node, engine: EngineSpec, folder: Path) -> Made:
        work, stripped = self.work, self.work.spec.plans.stripped
        typed, imitation = folder / WEIGHTS, folder / "imitation.onnx"
        plain = work.of(Stage.EXPORT) / MODEL_FILES[Engine.ONNXRUNTIME]
        samples = [case.inputs for case in self.cases]
        write_graphs(plain, engine.precision, samples, typed, imitation)
        proxy = self._judge(engine, ProxySession(imitation, work.spec.threads), "imitated on the CPU: ")
        spec = plan_spec(typed, engine.precision, node, self.shapes, stripped=stripped)
        timings = self.cache.root / f"{node.engine}-{node.version}-{node.compute_capability}.timings"
        plan = self.cache.get(
            spec, lambda: build_plan(typed, node, self.shapes, stripped=stripped, timings=timings)
        )
        for file in folder.iterdir():
            if not (stripped and file.name.startswith(WEIGHTS)):
                file.unlink()
        shutil.copyfile(plan, folder / MODEL_FILES[node.engine])
        engine = replace(engine, plan=spec)
        built = Built(engine=engine, folder=folder.name, proxy=proxy)
        if why := _cannot_serve(engine, work.spec.plans.servers):
            return replace(built, unverified=why), None
        session = open_session(engine, folder)
        self._judge(engine, session, "")
        return built, session

    def _judge(self, engine: EngineSpec, session: Session, prefix: str) -> ParityReport:
        """The report of a session that passes.

        Raises:
            ConversionError: it does not.

        """
        limits = thresholds(engine.precision, self.work.part.head, self.cases)
        report = examine(self.work.part.head, session, self.cases, limits)
        if not report.passed:
            raise ConversionError(prefix + figures(report))
        return report


def _failed(engine: EngineSpec, node: Node, error: Exception) -> Built:
    told = error.message if isinstance(error, ConversionError) else in_one_line(error)
    return Built(engine=engine, error=f"{node.compute_capability}: {told}")


def _cannot_serve(engine: EngineSpec, servers: str) -> str | None:
    """Why a plan can be neither run on this host nor put into service, or None when it can."""
    if why := misfit(engine, flavours.here(engine.engine)):
        return f"not run on the build host: {why}"
    if why := misfit(engine, Node.parse(servers) if servers else None):
        return f"not for the Triton servers: {why}"
    return None
