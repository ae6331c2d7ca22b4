"""Packed rows: every token at one place of its own, beside those of its text, and all of it back again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_repository.backends.packing import MASK, STEP, WIDE, Layout, Tensors

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=40)


def batch(lengths: list[int]) -> Tensors:
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    ids = np.arange(1, mask.size + 1).reshape(mask.shape) * mask
    return {"input_ids": ids, MASK: mask}


@given(LENGTHS)
def test_each_text_lies_whole_in_one_row_and_knows_its_positions(lengths: list[int]) -> None:
    inputs = batch(lengths)
    packed = Layout.of(inputs[MASK]).inputs(inputs)
    width = packed["input_ids"].shape[1]
    for text, length in enumerate(lengths):
        start = int(packed["first_tokens"][text])
        own = slice(start, start + length)
        assert start // width == (start + length - 1) // width
        assert packed["input_ids"].reshape(-1)[own].tolist() == inputs["input_ids"][text, :length].tolist()
        assert packed["position_ids"].reshape(-1)[own].tolist() == list(range(length))
    segments = packed["segments"]
    assert [np.count_nonzero(segments == text + 1) for text in range(len(lengths))] == lengths
    assert np.count_nonzero(segments) == sum(lengths)


@given(LENGTHS)
def test_what_goes_in_comes_out_again(lengths: list[int]) -> None:
    inputs = batch(lengths)
    layout = Layout.of(inputs[MASK])
    packed = layout.inputs(inputs)
    assert (layout.output(packed["input_ids"], by_token=True) == inputs["input_ids"]).all()
    by_text = packed["first_tokens"][:, None]
    assert layout.output(by_text, by_token=False).shape == (len(lengths), 1)


@given(LENGTHS)
def test_rows_are_no_wider_than_texts_need_or_packing_gains(lengths: list[int]) -> None:
    rows, width = Layout.of(batch(lengths)[MASK]).shape
    longest = -(-max(lengths) // STEP) * STEP
    assert longest <= width <= max(longest, WIDE + STEP)
    assert rows * width <= len(lengths) * longest * (1 + WIDE / 1600)
    assert width % STEP == 0


def test_many_short_texts_leave_hardly_any_room() -> None:
    lengths = [5 + 7 * at % 60 for at in range(40)]
    rows, width = Layout.of(batch(lengths)[MASK]).shape
    assert sum(lengths) > 0.9 * rows * width


def test_holes_in_a_mask_keep_their_columns() -> None:
    mask = np.array([[0, 1, 0, 1], [0, 0, 0, 0]])
    layout = Layout.of(mask)
    packed = layout.inputs({"input_ids": np.array([[5, 6, 7, 8], [9, 9, 9, 9]]), MASK: mask})
    first, second = packed["first_tokens"][:2]
    assert packed["input_ids"].reshape(-1)[[first, first + 1, second]].tolist() == [6, 8, 9]
    assert packed["position_ids"].reshape(-1)[[first, first + 1, second]].tolist() == [1, 3, 0]
