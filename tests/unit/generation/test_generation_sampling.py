"""What a body of `/text-generation` means: defaults, and when words are drawn."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.apis.backprop.sampling import parameters
from gateway.apis.backprop.text_generation import TextGenerationSingle
from gateway.batch import BatchDecoder
from gateway.body import BadRequestError
from gateway.serving.tasks.prompted import EMOTIONS, answer_prompt, read_emotions
from model_repository.generation import SamplingParameters, decode_parameters, encode_parameters
from model_repository.heads import GenerationHead

DECODER = GenerationHead(encoder_decoder=False, eos_ids=(2,), bos_id=1, max_length=1024)
ANSWERING = GenerationHead(encoder_decoder=True, eos_ids=(2,), bos_id=1, max_length=1024)
OTHERS = {
    "top_k": 0,
    "top_p": 1.0,
    "repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "num_beams": 1,
    "num_generations": 1,
    "temperature": 1.0,
}


def sampling(head: GenerationHead, **body: Any) -> SamplingParameters:
    return parameters(TextGenerationSingle(text="a", **body), head).sampling


def test_defaults_of_a_model_that_continues() -> None:
    found = sampling(DECODER)
    assert (found.min_new_tokens, found.max_new_tokens) == (10, 20)
    assert (found.do_sample, found.temperature, found.top_k, found.top_p) == (True, 0.7, 50, 1.0)


def test_defaults_of_a_model_that_answers() -> None:
    assert sampling(ANSWERING) == SamplingParameters(min_new_tokens=10, max_new_tokens=20)


@pytest.mark.parametrize("field", OTHERS)
def test_any_parameter_makes_a_model_draw(field: str) -> None:
    assert sampling(ANSWERING, **{field: OTHERS[field]}).do_sample


@pytest.mark.parametrize("head", [DECODER, ANSWERING])
@pytest.mark.parametrize(
    "plain", [{"temperature": 0.0}, {"do_sample": False}, {"temperature": 0, "do_sample": True}]
)
def test_what_forbids_drawing_wins(head: GenerationHead, plain: dict[str, Any]) -> None:
    assert not sampling(head, **({"top_k": 3, "num_beams": 2} | plain)).do_sample


def test_a_low_maximum_lowers_the_default_minimum() -> None:
    assert sampling(DECODER, max_length=4).min_new_tokens == 4


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(BadRequestError, match="min_length"):
        sampling(DECODER, min_length=30)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "min_length": st.integers(0, 40),
            "max_length": st.one_of(st.integers(1, 40), st.integers(1, 40).map(float)),
            "temperature": st.floats(0, 10),
            "top_k": st.integers(0, 100),
            "top_p": st.floats(0, 1, exclude_min=True),
            "repetition_penalty": st.floats(0, 5, exclude_min=True),
            "length_penalty": st.floats(-5, 5),
            "num_beams": st.integers(1, 16),
            "num_generations": st.integers(1, 16),
            "do_sample": st.booleans(),
        },
    ),
    st.sampled_from([DECODER, ANSWERING]),
)
def test_every_body_is_refused_or_means_something_that_engines_take(
    body: dict[str, Any], head: GenerationHead
) -> None:
    decoder = BatchDecoder(TextGenerationSingle)
    try:
        decoded = decoder.decode(msgspec.json.encode({"text": "a"} | body)).shared
        found = parameters(decoded, head).sampling
    except BadRequestError:
        return
    assert decode_parameters(encode_parameters(found)) == found


def test_the_prompt_of_a_question_has_the_conversation_before_it() -> None:
    assert answer_prompt("Q", "C", []) == "q: Q c: C"
    assert answer_prompt("Q2", "C", [("Q0", "A0"), ("Q1", "A1")]) == "q: Q0 a: A0 q: Q1 a: A1 q: Q2 c: C"


def test_emotions_are_known_ones_each_once_in_the_models_order() -> None:
    assert len(set(EMOTIONS)) == 28
    assert read_emotions("joy, Anger,joy, happiness") == ("joy", "anger")
    assert read_emotions("no idea") == ("neutral",)
    assert read_emotions("") == ("neutral",)
