"""Energy and greenhouse gases of a call, after the EcoLogits 0.9 model of GPU servers."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, log2

BATCH = 64
PUE = 1.2
"""Energy of a data centre for each unit that reaches its servers."""
SERVER_KILOWATTS = 1.2
"""Of a server without its GPUs."""
SERVER_GPUS = 8
GPU_GIGABYTES = 80
BITS = 16
MEMORY_OVERHEAD = 1.2
SERVER_EMBODIED_KG = 5700.0
GPU_EMBODIED_KG = 164.0
LIFE_SECONDS = 94_608_000
"""Three years, over which the making of the hardware is spread."""

WORLD = "WOR"
ELECTRICITY_MIX = {
    "ARG": 0.35895, "AUS": 0.55159, "AUT": 0.10262, "BEL": 0.11758, "BGR": 0.26421, "BRA": 0.10321,
    "CAN": 0.17481, "CHE": 0.0366, "CHL": 0.26552, "CHN": 0.55955, "CYP": 0.51224, "CZE": 0.41386,
    "DEU": 0.34414, "DNK": 0.1433, "ESP": 0.14615, "EST": 0.34102, "FIN": 0.07225, "FRA": 0.04418,
    "GBR": 0.21089, "GRC": 0.31976, "HUN": 0.18282, "IDN": 0.68243, "IND": 0.70832, "IRL": 0.2797,
    "ISL": 0.02833, "ITA": 0.28753, "JPN": 0.48232, "KOR": 0.41427, "LTU": 0.13934, "LUX": 0.13462,
    "LVA": 0.13622, "MEX": 0.48483, "MLT": 0.48416, "MYS": 0.60443, "NLD": 0.25331, "NOR": 0.03075,
    "NZL": 0.12011, "POL": 0.61498, "PRT": 0.11229, "ROU": 0.24555, "RUS": 0.4492, "SVK": 0.09649,
    "SVN": 0.22765, "SWE": 0.03582, "THA": 0.5545, "TUR": 0.4697, "TWN": 0.63565, "UKR": 0.25621,
    "USA": 0.38355, WORLD: 0.47301,
}  # fmt: skip
"""Kilograms of CO2 equivalents for a kilowatt-hour, by ISO 3166-1 alpha-3 code."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a call did to the world.

    Attributes:
        kwh: electricity, that of cooling included.
        kgco2eq: greenhouse gases of the electricity and of a share of making the hardware.

    """

    kwh: float
    kgco2eq: float


NOTHING = Footprint(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What decides how much a token takes.

    Attributes:
        active_params: billions of parameters that one token passes through.
        total_params: billions of parameters that are held in memory.
        zone: where the hardware stands; a code without figures counts as the world's average.

    """

    active_params: float
    total_params: float
    zone: str = WORLD


def footprint(size: ModelSize | None, *, tokens: int, seconds: float) -> Footprint:
    """Footprint of a call; nothing where the model's size is unknown.

    Args:
        tokens: read and written.
        seconds: that the model took.

    """
    if size is None or size.active_params <= 0 or size.total_params <= 0:
        return NOTHING
    gpus = _gpus(size.total_params)
    a_token = (0.0006785088094353663 * size.active_params) + (
        0.0003119310311688259 * BATCH + 0.019473717579473387
    )
    busy = min(seconds, tokens * a_token)
    server = busy / 3600 * SERVER_KILOWATTS * (gpus / SERVER_GPUS) / BATCH
    kwh = PUE * (server + gpus * tokens * _gpu_kwh(size.active_params))
    mix = ELECTRICITY_MIX.get(size.zone, ELECTRICITY_MIX[WORLD])
    embodied = (gpus / SERVER_GPUS) * SERVER_EMBODIED_KG + gpus * GPU_EMBODIED_KG
    return Footprint(kwh, kwh * mix + busy * embodied / (LIFE_SECONDS * BATCH))


@lru_cache
def _gpus(total_params: float) -> int:
    """GPUs that hold the model: a power of two."""
    return 1 << ceil(log2(ceil(MEMORY_OVERHEAD * total_params * BITS / 8 / GPU_GIGABYTES)))


@lru_cache
def _gpu_kwh(active_params: float) -> float:
    """Energy of one GPU for one token."""
    scale = 1.1665273170451914e-06 * exp(-0.011205921025579175 * BATCH)
    return (scale * active_params + 4.052928146734005e-05) / 1000
