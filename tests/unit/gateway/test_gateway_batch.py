"""Bodies of single items and of batches, decoded."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.apis.backprop.text_classification import TextClassificationSingle
from gateway.batch import BatchDecoder, batch_of
from gateway.body import BadRequestError

DECODER = BatchDecoder(TextClassificationSingle)
TEXT = {"text": "x", "labels": ["a"]}

TEXTS = st.lists(st.text(min_size=1), min_size=1, max_size=5)


@given(texts=TEXTS, labels=st.lists(TEXTS, min_size=5, max_size=5), model=st.none() | st.text())
def test_a_batch_becomes_its_items(texts: list[str], labels: list[list[str]], model: str | None) -> None:
    asked = labels[: len(texts)]
    batch = DECODER.decode(json.dumps({"text": texts, "labels": asked, "model": model}).encode())
    assert not batch.single
    assert [item.text for item in batch.items] == texts
    assert [item.labels for item in batch.items] == asked
    assert {item.model for item in batch.items} == {model}
    assert batch.shaped(texts) == texts
    assert batch.name("text", 0) == "text[0]"


@given(text=st.text(min_size=1))
def test_an_item_by_itself(text: str) -> None:
    batch = DECODER.decode(json.dumps({"text": text}).encode())
    assert batch.single
    assert batch.shared == TextClassificationSingle(text=text)
    assert batch.shaped([1]) == 1
    assert batch.name("text", 0) == "text"


@given(body=st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_anything_else_is_a_bad_request(body: object) -> None:
    for sent in (body, {"text": "x", "labels": {"a": body}}, {"text": {"a": body}}):
        with pytest.raises(BadRequestError):
            DECODER.decode(json.dumps(sent).encode())


def test_struct_of_a_batch() -> None:
    kind = batch_of(TextClassificationSingle)
    assert kind.__name__ == "TextClassificationBatch"
    properties = msgspec.json.schema_components([kind])[1][kind.__name__]["properties"]
    assert properties["text"]["maxItems"] == 1024
    assert {arm["type"] for arm in properties["labels"]["anyOf"]} == {"array", "null"}
    assert (
        properties["model"]
        == msgspec.json.schema_components([TextClassificationSingle])[1]["TextClassificationSingle"][
            "properties"
        ]["model"]
    )


@given(
    top_k=st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none())
)
def test_top_k_is_a_whole_number_or_refused(top_k: float | bool | None) -> None:
    right = top_k is None or (
        not isinstance(top_k, bool) and 0 <= top_k <= 1_000_000 and float(top_k).is_integer()
    )
    body = json.dumps({**TEXT, "top_k": top_k}).encode()
    if right:
        assert DECODER.decode(body).shared.top_k == top_k
    else:
        with pytest.raises(BadRequestError, match=r"^`top_k` must be a whole number"):
            DECODER.decode(body)
