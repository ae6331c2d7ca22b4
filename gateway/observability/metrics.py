"""Counters and histograms of requests, kept in a registry of the application's own."""

from collections.abc import Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

FINE_SECONDS = tuple(sorted({*SECONDS, 0.075, 0.75, 1.5, 2.0, 7.5, 60.0}))


class _Answers(NamedTuple):
    """The series of one route, method and status, looked up once."""

    requests: Counter
    seconds: Histogram
    ogl_requests: Counter
    ogl_seconds: Histogram
    ogl_request_bytes: Summary
    ogl_response_bytes: Summary


class Metrics:
    """What a gateway counts; labels are route templates, never raw paths."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers: dict[tuple[str, str, int], _Answers] = {}
        self._stage: dict[str, Histogram] = {}
        self._requests = Counter(
            "trireme_gateway_requests",
            "Answered requests.",
            ("handler", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "trireme_gateway_request_seconds",
            "Time from the request's first byte to the answer's last.",
            ("handler",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "trireme_gateway_stage_seconds",
            "Time in each stage of a request.",
            ("stage",),
            buckets=SECONDS,
            registry=self.registry,
        )

        self._ogl_requests = Counter(
            "ogl_http_requests",
            "Answered requests.",
            ("handler", "method", "status"),
            registry=self.registry,
        )
        self._ogl_seconds = Histogram(
            "ogl_http_request_duration_seconds",
            "Time of a request.",
            ("handler", "method"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._ogl_all_seconds = Histogram(
            "ogl_http_request_duration_highr_seconds",
            "Time of a request, whatever its route.",
            buckets=FINE_SECONDS,
            registry=self.registry,
        )
        self._ogl_request_bytes, self._ogl_response_bytes = (
            Summary(f"ogl_http_{way}_size_bytes", text, ("handler",), registry=self.registry)
            for way, text in (("request", "Bodies that came."), ("response", "Bodies that went."))
        )

    def observe(
        self,
        *,
        handler: str,
        method: str,
        status: int,
        seconds: float,
        stages: Mapping[str, float],
        received: int,
        sent: int,
    ) -> None:
        """Count one answered request.

        Args:
            received: bytes of its body, as it was announced.
            sent: bytes of the answer's body.

        """
        answers = self._answers_of(handler, method, status)
        answers.requests.inc()
        answers.seconds.observe(seconds)
        answers.ogl_requests.inc()
        answers.ogl_seconds.observe(seconds)
        self._ogl_all_seconds.observe(seconds)
        answers.ogl_request_bytes.observe(received)
        answers.ogl_response_bytes.observe(sent)
        for name, spent in stages.items():
            self._stage_of(name).observe(spent)

    def _answers_of(self, handler: str, method: str, status: int) -> _Answers:
        key = (handler, method, status)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = _Answers(
                self._requests.labels(handler, method, str(status)),
                self._seconds.labels(handler),
                self._ogl_requests.labels(handler, method, f"{status // 100}xx"),
                self._ogl_seconds.labels(handler, method),
                self._ogl_request_bytes.labels(handler),
                self._ogl_response_bytes.labels(handler),
            )
        return found

    def _stage_of(self, name: str) -> Histogram:
        found = self._stage.get(name)
        if found is None:
            found = self._stage[name] = self._stages.labels(name)
        return found
