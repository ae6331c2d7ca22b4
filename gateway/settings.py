"""What an operator may choose about a gateway."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.metering.settings import LimitSettings, UsageSettings
from gateway.serving.routing.settings import RoutingSettings
from model_repository.bounds import (
    Bytes,
    BytesOrZero,
    Count,
    CountOrZero,
    HttpUrl,
    Port,
    Seconds,
    SecondsOrZero,
    WholeSecondsOrZero,
)

MEBIBYTE = 2**20


@dataclass(frozen=True)
class TracingSettings:
    """Where traces of requests go.

    Attributes:
        endpoint: address that takes OTLP over HTTP, such as `http://collector:4318/v1/traces`; empty for no
            traces. Needs the extra `tracing`.
        sample_ratio: share of the requests that are traced, 0 to 1, where the caller's `traceparent` does not
            say.

    """

    endpoint: HttpUrl = ""
    sample_ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0


@dataclass(frozen=True)
class GatewaySettings:
    """Bounds and addresses of one gateway process.

    Attributes:
        host: address to listen on.
        port: TCP port to listen on; 0 takes a free one.
        workers: gateway processes that share the address; `trireme serve` starts as many.
        public_url: base URL by which clients reach the gateway; empty to go by the host that each asked for.
        max_body_bytes: largest request body; a larger one answers 413.
        max_bodies_bytes: all request bodies in progress together; beyond it requests answer 503.
        max_requests: requests that may be in progress; one more answers 503.
        max_uploads: uploads of zips that may be under way; one more answers 503.
        max_forms: forms with a file that may be under way; one more answers 503.
        tokenizer_threads: threads that turn text into token ids.
        tokenizer_queue: requests that may wait for those threads; one more answers 503.
        chat_processes: processes that render conversations, each of 256 MiB at most.
        chat_queue: conversations that may wait for those processes; one more answers 503.
        image_threads: threads that decode and scale images.
        image_queue: packs of images that may wait for those threads; one more answers 503.
        max_image_bytes: largest image; a larger one answers 413.
        max_image_pixels: width times height of the largest image; a larger one answers 413.
        audio_threads: threads that decode recordings and compute their spectrograms.
        audio_queue: recordings that may be in progress beyond `audio_threads`; one more answers 503.
        max_audio_seconds: longest recording for a model on Triton; a longer one answers 413.
        tokens_per_pack: most tokens, padding included, that one ModelInfer carries.
        pack_seconds: longest that Triton may take for a pack of several rows, by what it took for others.
        rows_waiting: rows that may wait for one model; beyond it requests answer 503.
        queue_seconds: longest that a request may expect to wait for its model; otherwise it answers 503.
        overload_seconds: the same while a model is overloaded: from a refusal until ten seconds without one.
        cache_bytes: memory for answers of models that read text and generate none, kept for the account that
            asked; 0 for none.
        packs_in_flight: most packs in flight to Triton, of all requests together.
        streams_per_request: most texts of one request that are generated from concurrently.
        stream_timeout: seconds that Triton has for all that it generates from one text.
        shadow_requests: copies of requests that may be under way to shadows together; others are dropped.
        log_followers: clients that may follow logs of builds together; one more answers 503.
        triton_timeout: seconds that Triton has for a pack, the wait for a free slot included.
        provider_interval: seconds between two looks at the providers that answer elsewhere.
        poll_interval: seconds between two checks whether the catalogue has changed.
        drain_timeout: seconds that running requests have to finish after SIGTERM.
        routing: how calls wait while all providers of a model are busy.
        documents: bounds of documents, and where they may come from.
        limits: how calls are counted against the limits of roles.
        usage: how usage is counted and recorded.
        metrics: whether calls of models are measured, for `/metrics`.
        tracing: where traces go.

    """

    host: str = "127.0.0.1"
    port: Port = 8000
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    public_url: HttpUrl = ""
    max_body_bytes: Bytes = 16 * MEBIBYTE
    max_bodies_bytes: Bytes = 48 * MEBIBYTE
    max_requests: Count = 512
    max_uploads: CountOrZero = 16
    max_forms: CountOrZero = 32
    tokenizer_threads: Count = 2
    tokenizer_queue: CountOrZero = 512
    chat_processes: Count = 2
    chat_queue: CountOrZero = 512
    image_threads: Count = 2
    image_queue: CountOrZero = 128
    max_image_bytes: Bytes = 10 * MEBIBYTE
    max_image_pixels: Count = 50_000_000
    audio_threads: Count = 2
    audio_queue: CountOrZero = 62
    max_audio_seconds: Seconds = 7200.0
    tokens_per_pack: Count = 8192
    pack_seconds: Seconds = 0.25
    rows_waiting: Count = 16_384
    cache_bytes: BytesOrZero = 0
    queue_seconds: Seconds = 2.0
    overload_seconds: SecondsOrZero = 0.02
    packs_in_flight: Count = 64
    streams_per_request: Count = 32
    stream_timeout: Seconds = 300.0
    shadow_requests: CountOrZero = 8
    log_followers: CountOrZero = 64
    triton_timeout: Seconds = 30.0
    provider_interval: Seconds = 5.0
    poll_interval: Annotated[float, Meta(gt=0, le=2)] = 0.25
    drain_timeout: WholeSecondsOrZero = 30
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    usage: UsageSettings = field(default_factory=UsageSettings)
    metrics: bool = True
    tracing: TracingSettings = field(default_factory=TracingSettings)
