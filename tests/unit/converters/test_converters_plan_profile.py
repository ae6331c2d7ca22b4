"""Optimisation profiles: which shapes a plan is built for."""

import numpy as np
import pytest

from converters.results import Graph, Part
from converters.tensorrt.profile import packed, profile, typical
from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import Task, TensorSpec, TokenizerSpec

HEAD = EmbeddingHead(output="embedding", dimensions=4, pooling=Pooling.MEAN, normalise=False)
TEXT = Part(
    tasks=(Task.EMBEDDING,),
    head=HEAD,
    tokenizer=TokenizerSpec(path="tokenizer.json", max_length=128, pad_id=0, pad_token="<pad>"),
    shortest=2,
)


def graph(**inputs: tuple[int, ...]) -> Graph:
    specs = tuple(TensorSpec(name=name, datatype="INT64", shape=shape) for name, shape in inputs.items())
    return Graph(exporter="none", inputs=specs, outputs=())


def batch(rows: int, length: int) -> dict[str, np.ndarray]:
    return {"input_ids": np.zeros((rows, length), np.int64)}


def test_a_profile_takes_all_that_callers_may_send_and_is_best_at_what_they_do_send() -> None:
    traffic = [batch(16, 8), batch(16, 20), batch(16, 90)]
    made = profile(graph(input_ids=(-1, -1)), TEXT, traffic, ())["input_ids"]
    assert made.min == (1, 2)
    assert made.opt == (16, 90)
    assert made.max == (64, 128)


def test_lengths_that_a_site_measured_count_instead_of_the_samples() -> None:
    made = profile(graph(input_ids=(-1, -1)), TEXT, [batch(16, 90)], [10] * 32)["input_ids"]
    assert made.opt == (16, 10)
    assert made.max == (64, 128)


def test_images_have_a_batch_and_no_length() -> None:
    images = [{"pixel_values": np.zeros((8, 3, 32, 32), np.float32)}]
    part = Part(tasks=(Task.IMAGE_EMBEDDING,), head=HEAD)
    made = profile(graph(pixel_values=(-1, 3, 32, 32)), part, images, ())["pixel_values"]
    assert (made.min, made.opt, made.max) == ((1, 3, 32, 32), (8, 3, 32, 32), (64, 3, 32, 32))


def test_texts_travel_sorted_in_packs_of_the_longest_one_and_cut_at_the_limit() -> None:
    assert packed([500, *[5] * 16, 1, 30], TEXT) == [(16, 5), (3, 128)]


@pytest.mark.parametrize(
    ("shapes", "best"),
    [
        ([(1, 7)], (1, 7)),
        ([(16, 4), (16, 5), (16, 100)], (16, 100)),
        ([(16, 30), (16, 40), (16, 50)], (16, 40)),
    ],
)
def test_the_typical_shape_is_the_one_that_half_of_all_tokens_come_in_up_to(
    shapes: list[tuple[int, int]], best: tuple[int, int]
) -> None:
    assert typical(shapes) == best
