"""Metrics of task calls: by router, provider, task and API, and the series that OpenGateLLM has."""

from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram

from control_plane.catalog import Router
from gateway.observability.context import request_context
from gateway.observability.metrics import SECONDS
from gateway.observability.timing import current
from model_repository.manifest import Task

if TYPE_CHECKING:
    from gateway.serving.metering.call import Call

STAGES = ("tokenise", "queue", "triton")
OGL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
OGL_MILLISECONDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000)
OGL_SPEEDS = (5, 10, 20, 50, 100, 200, 500, 1000)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128)
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75)
LABELS = ("router", "provider", "task", "api")


class _Route(NamedTuple):
    """The series of one combination of labels, looked up once."""

    total: Histogram
    stages: dict[str, Histogram]
    prompt: Counter
    completion: Counter


class _Endpoint(NamedTuple):
    """The series of one endpoint, model and status."""

    requests: Counter
    seconds: Histogram
    ttft: Histogram
    speed: Histogram
    prompt: Counter
    completion: Counter


class TaskMetrics:
    """What a gateway counts of each call.

    Args:
        enabled: without it nothing is counted.

    """

    def __init__(self, registry: CollectorRegistry, *, enabled: bool) -> None:
        self._enabled = enabled
        self._routes: dict[tuple[str, int, str, str], _Route] = {}
        self._endpoints: dict[tuple[str, str, int], _Endpoint] = {}
        self._seconds = Histogram(
            "trireme_task_seconds", "Time of a call.", LABELS, buckets=SECONDS, registry=registry
        )
        self._stages = Histogram(
            "trireme_task_stage_seconds",
            "Time of a call in each stage.",
            (*LABELS, "stage"),
            buckets=SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            "trireme_task_errors",
            "Calls that failed or were refused, by the error's code.",
            ("router", "task", "api", "error"),
            registry=registry,
        )
        self._tokens = Counter(
            "trireme_task_tokens", "Tokens read and written.", (*LABELS, "type"), registry=registry
        )
        self._rows = Histogram(
            "trireme_pack_rows",
            "Rows that one ModelInfer carried.",
            ("model",),
            buckets=ROWS,
            registry=registry,
        )
        self._padding = Histogram(
            "trireme_pack_padding_ratio",
            "Share of padding among the tokens that one ModelInfer carried.",
            ("model",),
            buckets=SHARES,
            registry=registry,
        )
        self._cached = Counter(
            "trireme_cache_rows",
            "Rows that were looked for among earlier answers.",
            ("model", "outcome"),
            registry=registry,
        )
        self._ogl = _ogl(registry)

    def pack(self, model: str, rows: int, tokens: int, padded: int) -> None:
        """Count a ModelInfer: `tokens` of the rows, `padded` with padding."""
        if self._enabled:
            self._rows.labels(model).observe(rows)
            self._padding.labels(model).observe(1 - tokens / padded if padded else 0.0)

    def cached(self, model: str, hits: int, misses: int) -> None:
        """Count rows that were looked for in the cache."""
        if self._enabled:
            self._cached.labels(model, "hit").inc(hits)
            self._cached.labels(model, "miss").inc(misses)

    def refused(self, router: Router, task: Task, error: str) -> None:
        """Count a call that was not admitted."""
        if self._enabled:
            request = request_context.get()
            self._errors.labels(router.name, task.value, request.api if request else "", error).inc()

    def ended(self, call: "Call", status: int, error: str, seconds: float) -> None:
        """Count a call that was admitted.

        Args:
            error: its code, or an empty string.

        """
        if not self._enabled:
            return
        request = request_context.get()
        api, endpoint = (request.api, request.endpoint) if request else ("", "")
        name = call.router.name
        route = self._route(name, call.provider.id if call.provider else 0, call.task.value, api)
        route.total.observe(seconds)
        stages = current()
        for stage, spent in stages.seconds.items() if stages else ():
            if stage in STAGES:
                route.stages[stage].observe(spent)
        route.prompt.inc(call.prompt_tokens)
        route.completion.inc(call.completion_tokens)
        if error:
            self._errors.labels(name, call.task.value, api, error).inc()
        ogl = self._endpoint(endpoint, name, status)
        ogl.requests.inc()
        ogl.seconds.observe(seconds)
        ogl.prompt.inc(call.prompt_tokens)
        ogl.completion.inc(call.completion_tokens)
        if call.ttft is not None:
            ogl.ttft.observe(call.ttft * 1000)
        if call.completion_tokens and seconds:
            ogl.speed.observe(call.completion_tokens / seconds)

    def _route(self, router: str, provider: int, task: str, api: str) -> _Route:
        key = (router, provider, task, api)
        found = self._routes.get(key)
        if found is None:
            labels = (router, str(provider), task, api)
            found = self._routes[key] = _Route(
                self._seconds.labels(*labels),
                {stage: self._stages.labels(*labels, stage) for stage in STAGES},
                self._tokens.labels(*labels, "prompt"),
                self._tokens.labels(*labels, "completion"),
            )
        return found

    def _endpoint(self, endpoint: str, model: str, status: int) -> _Endpoint:
        key = (endpoint, model, status)
        found = self._endpoints.get(key)
        if found is None:
            requests, seconds, ttft, speed, tokens = self._ogl
            labels = (endpoint, model, str(status))
            found = self._endpoints[key] = _Endpoint(
                requests.labels(*labels),
                seconds.labels(*labels),
                ttft.labels(*labels),
                speed.labels(endpoint, model),
                tokens.labels(endpoint, model, "prompt"),
                tokens.labels(endpoint, model, "completion"),
            )
        return found


def _ogl(registry: CollectorRegistry) -> tuple[Counter, Histogram, Histogram, Histogram, Counter]:
    labels = ("endpoint", "model", "status_code")
    return (
        Counter("ogl_inference_requests", "Calls of models.", labels, registry=registry),
        Histogram(
            "ogl_inference_requests_duration_seconds",
            "Time of a call.",
            labels,
            buckets=OGL_SECONDS,
            registry=registry,
        ),
        Histogram(
            "ogl_inference_ttft_milliseconds",
            "Time to the first text of a streamed answer.",
            labels,
            buckets=OGL_MILLISECONDS,
            registry=registry,
        ),
        Histogram(
            "ogl_inference_output_tokens_per_second",
            "Speed of an answer.",
            ("endpoint", "model"),
            buckets=OGL_SPEEDS,
            registry=registry,
        ),
        Counter(
            "ogl_inference_tokens",
            "Tokens read and written.",
            ("endpoint", "model", "type"),
            registry=registry,
        ),
    )
