"""Recordings that others' APIs write down: what they are sent, what callers get, what it costs."""

from base64 import b64encode
from typing import Any

import pytest
from inference_site import ROOT, Site
from vendors import ANSWER, SECRET, Vendors
from vendors_audio import HEARD

from gateway.serving.metering.tokens import load_encoding

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

SOUND = bytes(range(256)) * 8192
TYPE = "automatic-speech-recognition"
COUNT = load_encoding("tiktoken_gpt2").encode_ordinary


async def send(site: Site, model: str, status: int = 200, *, key: str = ROOT, **fields: str) -> Any:
    answer = await site.call(
        "POST",
        "/audio/transcriptions",
        key=key,
        data={"model": model, **fields},
        files={"file": ("talk.mp3", SOUND, "audio/mpeg")},
    )
    assert answer.status_code == status, answer.text
    return answer.text if fields.get("response_format") == "text" else answer.json()


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("albert", {}, {"language": "", "prompt": ""}),
        ("vllm", {}, {"language": "en", "prompt": ""}),
        ("vllm", {"language": "french", "prompt": "Oars."}, {"language": "french", "prompt": "Oars."}),
        ("openai", {}, {}),
        ("openai", {"language": "fr", "temperature": "0.5"}, {"language": "fr", "temperature": "0.5"}),
    ],
)
async def test_forms_are_passed_on_in_each_vendor_s_words(
    site: Site, vendors: Vendors, kind: str, given: dict[str, str], sent: dict[str, str]
):
    model = await site.model(vendors.at(kind), kind, TYPE)
    answer = await send(site, model, **given, response_format="verbose_json")
    ((authorization, form),) = vendors.asked
    assert authorization == f"Bearer {SECRET}"
    assert form.pop("file") == ("talk.mp3", "audio/mpeg", SOUND)
    expected = {"model": "real-name", "response_format": "json", "temperature": "0.0"}
    assert form == expected | sent
    assert (answer["text"], answer["model"]) == (HEARD, model)


async def test_mistral_hears_in_a_chat(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("mistral"), "mistral", TYPE)
    answer = await send(site, model, language="fr")
    content = vendors.body["messages"][0]["content"]
    assert content[0] == {"type": "input_audio", "input_audio": b64encode(SOUND).decode()}
    assert "fr" in content[1]["text"]
    assert answer["text"] == ANSWER
    assert await send(site, model, response_format="text") == ANSWER


async def test_a_transcript_is_charged_and_its_answer_tells_zeros(site: Site, vendors: Vendors):
    model = await site.model(
        vendors.at("vllm"), "vllm", TYPE, cost_prompt_tokens=3.0, cost_completion_tokens=1000.0
    )
    key = await site.user(model, limits={"tpm": 1}, budget=10)
    answer = await send(site, model, key=key)
    assert answer["usage"]["requests"] == answer["usage"]["total_tokens"] == answer["usage"]["cost"] == 0
    cost = len(COUNT(HEARD)) * 1000 / 1e6
    rest = (await site.call("GET", "/me/info", key=key)).json()["budget"]
    assert rest == pytest.approx(10 - cost)


async def test_a_vendor_s_refusal_is_passed_on(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("openai"), "openai", TYPE)
    vendors.faults["openai"] = (400, b'{"message": "Too loud."}')
    assert await send(site, model, 400) == {"detail": "Too loud."}


async def test_who_has_not_the_model_hears_that_first(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", TYPE)
    answer = await send(site, model, 404, key=await site.user(), temperature="9")
    assert answer == {"detail": "Model not found."}
    chats = await site.model(vendors.at("vllm"), "vllm")
    assert await send(site, chats, 422) == {"detail": "Wrong model type."}
