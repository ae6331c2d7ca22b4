"""What an operator may choose about limits, budgets and usage."""

from dataclasses import dataclass
from typing import Literal

from model_repository.bounds import Count, RedisUrl, Seconds

Strategy = Literal["fixed_window", "moving_window", "sliding_window"]
OnFailure = Literal["open", "closed"]
Encoding = Literal[
    "tiktoken_gpt2",
    "tiktoken_r50k_base",
    "tiktoken_p50k_base",
    "tiktoken_p50k_edit",
    "tiktoken_cl100k_base",
    "tiktoken_o200k_base",
]


@dataclass(frozen=True)
class LimitSettings:
    """How calls are counted against the limits of roles.

    Attributes:
        redis_url: `redis://HOST:PORT/0` or `rediss://…`, needed where several gateways count together; empty
            to count in the gateway's memory.
        strategy: `fixed_window`, `moving_window` or `sliding_window`.
        on_failure: whether calls pass while Redis is away: `open` or `closed`.
        timeout: seconds that Redis has for an answer.

    """

    redis_url: RedisUrl = ""
    strategy: Strategy = "fixed_window"
    on_failure: OnFailure = "open"
    timeout: Seconds = 0.5


@dataclass(frozen=True)
class UsageSettings:
    """How usage is counted and recorded.

    Attributes:
        recorded: whether every call leaves a record; budgets are charged either way.
        tokenizer: what counts tokens for limits, prices and records: `tiktoken_gpt2`, `tiktoken_r50k_base`,
            or another of tiktoken's encodings, which is fetched once (TIKTOKEN_CACHE_DIR keeps it).
        queue: records that may wait for the database; more are dropped, and counted.
        interval: seconds between two writes of records to the database.
        reservation_seconds: seconds after which a call that reserved budget and never ended counts as lost;
            longer than any call takes.

    """

    recorded: bool = True
    tokenizer: Encoding = "tiktoken_gpt2"
    queue: Count = 10_000
    interval: Seconds = 0.25
    reservation_seconds: Seconds = 900.0
