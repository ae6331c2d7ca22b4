"""Tensors, embeddings and ranks: whatever a description calls right or wrong gets an answer that it knows."""

from pathlib import Path

import pytest
import tiny_zoo
from conformance import Narrowed, keeps_to_description
from running import gateway
from site_setup import Site

from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TOKENS = {"shape": [1, 3], "datatype": "INT64", "data": [2, 5, 3]}
INPUTS = [{"name": name, **TOKENS} for name in ("input_ids", "attention_mask")]
MODEL = "/v2/models/{model}"
VERSION = f"{MODEL}/versions/{{version}}"


@pytest.mark.timeout(900)
async def test_encoders_and_tensors_keep_to_their_description(site: Site, alice: str, tmp_path: Path) -> None:
    await site.deploy("ranks", tiny_zoo.reranker().graph)
    async with gateway(site, GatewaySettings(), alice) as client:
        narrowed = await Narrowed.of(client)
        narrowed.take("/v1/embeddings", model="tiny")
        narrowed.take("/v1/rerank", model="ranks")
        narrowed.take("/v2", "/v2/health/live", "/v2/health/ready")
        narrowed.take(
            *(path + end for path in (MODEL, VERSION) for end in ("", "/config", "/ready", "/infer")),
            model="tiny",
            version="1",
            inputs=INPUTS,
        )
        await keeps_to_description(
            narrowed.write(tmp_path),
            tmp_path,
            *("--url", str(client.base_url), "--header", f"Authorization: Bearer {alice}"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "10"),
            # How many tokens and dimensions a model has no schema says.
            *("--exclude-checks", "allow_header_conformance,positive_data_acceptance"),
        )
