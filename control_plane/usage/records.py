"""A call that has ended, as the gateway hands it over to be written: plain types, no ORM."""

import msgspec

LARGEST_BUDGET = 1_000_000_000
"""Largest budget, and largest price of a million tokens; so no call needs to reserve more. A database's
integers hold the millionths of thousands of such reservations."""


class UsageRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call.

    Attributes:
        call_id: unlike that of any other call; a record that arrives twice is written once.
        created_at: POSIX time in seconds at which it ended.
        key_name: at the time of the call, like `router_name`.
        api: which of the public APIs it came through.
        endpoint: path of the route.
        status: of the HTTP answer.
        prompt_tokens: as the gateway's tokenizer counts, like `completion_tokens`.
        model_prompt_tokens: as the model counts, special tokens included; None where it does not tell.
        kwh: electricity.
        kgco2eq: greenhouse gases.
        latency_ms: time in the model's hands.
        ttft_ms: until the first text of a streamed answer.

    """

    call_id: str
    created_at: float
    account_id: int
    key_id: int
    key_name: str
    router_id: int
    router_name: str
    provider_id: int
    task: str
    api: str
    endpoint: str
    method: str
    status: int
    request_id: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_prompt_tokens: int | None = None
    model_completion_tokens: int | None = None
    cost: float = 0.0
    kwh: float = 0.0
    kgco2eq: float = 0.0
    latency_ms: float = 0.0
    ttft_ms: float | None = None


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What a call that had reserved budget cost in the end.

    Attributes:
        call_id: under which it reserved.
        cost: to take from the account's budget, rounded to six decimals; 0 gives all of it back.

    """

    call_id: str
    account_id: int
    cost: float


class Ended(msgspec.Struct, frozen=True, gc=False):
    """What is to be written of one call; at least one of the two."""

    record: UsageRecord | None
    charge: Charge | None
