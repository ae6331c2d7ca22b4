"""What is counted of answered requests."""

from gateway.observability.metrics import Metrics


def observe(metrics: Metrics, *, method: str = "POST", status: int = 200, sent: int = 10) -> None:
    metrics.observe(
        handler="/qa",
        method=method,
        status=status,
        seconds=0.02,
        stages={"queue": 0.001, "triton": 0.01},
        received=5,
        sent=sent,
    )


def test_requests_are_counted_by_route_method_and_status() -> None:
    metrics = Metrics()
    observe(metrics)
    observe(metrics, sent=30)
    observe(metrics, status=404)
    observe(metrics, method="GET")

    def value(series: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(series, {"handler": "/qa", **labels})

    assert value("trireme_gateway_requests_total", method="POST", status="200") == 2
    assert value("trireme_gateway_requests_total", method="POST", status="404") == 1
    assert value("ogl_http_requests_total", method="POST", status="2xx") == 2
    assert value("ogl_http_requests_total", method="GET", status="2xx") == 1
    assert value("trireme_gateway_request_seconds_count") == 4
    assert value("ogl_http_request_duration_seconds_count", method="POST") == 3
    assert value("ogl_http_request_size_bytes_sum") == 20
    assert value("ogl_http_response_size_bytes_sum") == 60
    assert metrics.registry.get_sample_value("trireme_gateway_stage_seconds_count", {"stage": "triton"}) == 4
    assert metrics.registry.get_sample_value("ogl_http_request_duration_highr_seconds_count") == 4
