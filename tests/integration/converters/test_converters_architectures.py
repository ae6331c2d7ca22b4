"""Every architecture, tiny and with random weights: the published entry answers like transformers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from converter_builds import Build, manifest_of
from converter_models import FLIPPED_NLI, MOODS, NAMES, write_distiluse, write_model
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Tokenizer

from converters.engines import open_session
from model_repository import layout
from model_repository.heads import (
    ClassificationHead,
    EmbeddingHead,
    EntailmentHead,
    ImageEmbeddingHead,
    RerankHead,
    SpanHead,
    TokenClassificationHead,
)
from model_repository.manifest import Manifest, Task
from model_repository.probe import difference, read_probe

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # the exporters' own; in a build they go to the log of the stage
]

TEXTS = ["A cat sleeps.", "The ferry to the island leaves at seven, tide permitting.", "soup"]
PAIRS = [
    ("The ferry leaves at seven.", "It leaves early."),
    ("soup", "A good soup needs time, and onions that turn golden before the stock."),
    ("Who walked on the Moon in 1969, above them all?", "Two people."),
]

MakeBuild = Callable[..., Build]


def encode(entry: Path, manifest: Manifest, texts: list[Any]) -> dict[str, np.ndarray]:
    """The inputs of a graph, by the entry's own tokenizer."""
    assert manifest.tokenizer is not None
    tokenizer = Tokenizer.from_file(str(entry / manifest.tokenizer.path))
    tokenizer.enable_padding(pad_id=manifest.tokenizer.pad_id, pad_token=manifest.tokenizer.pad_token)
    tokenizer.enable_truncation(manifest.tokenizer.max_length)
    encoded = tokenizer.encode_batch(texts)
    inputs = {
        "input_ids": [one.ids for one in encoded],
        "attention_mask": [one.attention_mask for one in encoded],
        "token_type_ids": [one.type_ids for one in encoded],
    }
    return {spec.name: np.array(inputs[spec.name], np.int64) for spec in manifest.inputs}


def converted(entry: Path, manifest: Manifest, inputs: dict[str, np.ndarray], name: str) -> np.ndarray:
    return open_session(manifest.engine, entry / "1").run(inputs, (name,))[name]


def original(kind: Any, source: Path, inputs: dict[str, np.ndarray]) -> Any:
    model = kind.from_pretrained(source).eval()
    with torch.inference_mode():
        return model(**{name: torch.from_numpy(array) for name, array in inputs.items()})


def check(manifest: Manifest, entry: Path, answer: np.ndarray, right: torch.Tensor) -> None:
    """The answer to fresh input, and the stored probe, are within the proved figures."""
    assert np.abs(answer - right.numpy()).max() <= manifest.parity.thresholds.max_abs_diff
    assert manifest.parity.passed
    errors = [one.error for one in manifest.candidates if "cannot read packed texts" not in one.error]
    assert not any(errors)
    probe = read_probe((entry / layout.PROBE).read_bytes())
    found = open_session(manifest.engine, entry / "1").run(probe.inputs, tuple(probe.expected))
    assert difference(found, probe.expected, manifest.parity.thresholds) is None


@pytest.mark.parametrize(
    ("architecture", "max_length"),
    [
        ("bert", 40),
        ("roberta", 38),  # 40 positions, two of them taken by the padding row
        ("xlm-roberta", 38),
        ("distilbert", 40),  # 64 positions, and a tokenizer that stops at 40
        ("deberta", 40),
        ("deberta-v2", 40),
        ("mpnet", 38),
        ("modernbert", 40),
    ],
)
def test_encoders(make_build: MakeBuild, tmp_path: Path, architecture: str, max_length: int) -> None:
    source = write_model(tmp_path / "source", architecture)
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.EMBEDDING,)
    assert isinstance(manifest.head, EmbeddingHead)
    assert (manifest.head.dimensions, manifest.head.normalise) == (32, False)
    assert manifest.tokenizer is not None
    assert manifest.tokenizer.max_length == max_length
    assert {case.length for case in manifest.parity.cases} == {1, 7, 32, max_length}
    inputs = encode(entry, manifest, TEXTS)
    answer = converted(entry, manifest, inputs, manifest.head.output)
    hidden = original(hf.AutoModel, source, inputs).last_hidden_state
    mask = torch.from_numpy(inputs["attention_mask"]).unsqueeze(-1)
    check(manifest, entry, answer, (hidden * mask).sum(1) / mask.sum(1))


def test_a_pipeline_with_a_dense_layer(make_build: MakeBuild, tmp_path: Path) -> None:
    source = write_distiluse(tmp_path / "source")
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert isinstance(manifest.head, EmbeddingHead)
    assert manifest.head.dimensions == 20
    inputs = encode(entry, manifest, TEXTS)
    answer = converted(entry, manifest, inputs, manifest.head.output)
    hidden = original(hf.AutoModel, source, inputs).last_hidden_state
    mask = torch.from_numpy(inputs["attention_mask"]).unsqueeze(-1)
    dense = load_file(source / "2_Dense/model.safetensors")
    mean = (hidden * mask).sum(1) / mask.sum(1)
    check(manifest, entry, answer, torch.tanh(mean @ dense["linear.weight"].T + dense["linear.bias"]))


@pytest.mark.parametrize(("architecture", "multi_label"), [("bert-moods", False), ("roberta-moods", True)])
def test_classifiers(make_build: MakeBuild, tmp_path: Path, architecture: str, multi_label: bool) -> None:
    source = write_model(tmp_path / "source", architecture)
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.TEXT_CLASSIFICATION,)
    assert manifest.head == ClassificationHead(
        output="logits", labels=tuple(MOODS.values()), multi_label=multi_label
    )
    assert manifest.parity.thresholds.agreement == manifest.parity.agreement == 1
    inputs = encode(entry, manifest, TEXTS)
    answer = converted(entry, manifest, inputs, "logits")
    check(manifest, entry, answer, original(hf.AutoModelForSequenceClassification, source, inputs).logits)


@pytest.mark.parametrize(
    ("architecture", "columns"),
    [
        ("bart-nli", (2, 0)),
        ("deberta-nli", (2, 0)),
        ("xlm-roberta-nli", (0, list(FLIPPED_NLI.values()).index("contradiction"))),
        ("roberta-nli", (2, 0)),
    ],
)
def test_entailment(
    make_build: MakeBuild, tmp_path: Path, architecture: str, columns: tuple[int, int]
) -> None:
    source = write_model(tmp_path / "source", architecture)
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.TEXT_CLASSIFICATION,)
    entailment, contradiction = columns
    assert manifest.head == EntailmentHead(
        output="logits", entailment=entailment, contradiction=contradiction
    )
    inputs = encode(entry, manifest, PAIRS)
    answer = converted(entry, manifest, inputs, "logits")
    check(manifest, entry, answer, original(hf.AutoModelForSequenceClassification, source, inputs).logits)


@pytest.mark.parametrize(("architecture", "sigmoid"), [("bert-rerank", True), ("xlm-roberta-rerank", False)])
def test_rerankers(make_build: MakeBuild, tmp_path: Path, architecture: str, sigmoid: bool) -> None:
    source = write_model(tmp_path / "source", architecture)
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.RERANK,)
    assert manifest.head == RerankHead(output="logits", sigmoid=sigmoid)
    assert manifest.parity.thresholds.agreement == manifest.parity.agreement == 1
    inputs = encode(entry, manifest, PAIRS)
    answer = converted(entry, manifest, inputs, "logits")
    check(manifest, entry, answer, original(hf.AutoModelForSequenceClassification, source, inputs).logits)


@pytest.mark.parametrize(("architecture", "types"), [("bert-qa", True), ("distilbert-qa", False)])
def test_readers(make_build: MakeBuild, tmp_path: Path, architecture: str, types: bool) -> None:
    source = write_model(tmp_path / "source", architecture)
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.QUESTION_ANSWERING,)
    assert manifest.head == SpanHead(start="start_logits", end="end_logits")
    assert ("token_type_ids" in {spec.name for spec in manifest.inputs}) is types
    inputs = encode(entry, manifest, PAIRS)
    mask = inputs["attention_mask"].astype(bool)
    right = original(hf.AutoModelForQuestionAnswering, source, inputs)
    for name in ("start_logits", "end_logits"):
        answer = converted(entry, manifest, inputs, name)
        check(manifest, entry, answer[mask], right[name][torch.from_numpy(mask)])


def test_taggers(make_build: MakeBuild, tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "bert-names")
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.TOKEN_CLASSIFICATION,)
    assert manifest.head == TokenClassificationHead(output="logits", labels=tuple(NAMES.values()))
    inputs = encode(entry, manifest, TEXTS)
    mask = inputs["attention_mask"].astype(bool)
    answer = converted(entry, manifest, inputs, "logits")
    right = original(hf.AutoModelForTokenClassification, source, inputs).logits
    check(manifest, entry, answer[mask], right[torch.from_numpy(mask)])


def photo(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def pixels_of(image: Image.Image, manifest: Manifest) -> np.ndarray:
    """What the manifest says of images, done step by step."""
    spec = manifest.image
    assert spec is not None
    resample = Image.Resampling[spec.resample.upper()]
    if spec.keep_ratio:
        factor = spec.resize / min(image.size)
        size = (int(image.width * factor), int(image.height * factor))
    else:
        size = (spec.resize, spec.resize)
    image = image.resize(size, resample)
    left, top = (image.width - spec.width) // 2, (image.height - spec.height) // 2
    image = image.crop((left, top, left + spec.width, top + spec.height))
    array = (np.asarray(image, np.float32) / 255 - np.array(spec.mean)) / np.array(spec.std)
    return array.transpose(2, 0, 1)[None].astype(np.float32)


@pytest.mark.parametrize("architecture", ["vit", "resnet"])
def test_image_classifiers(make_build: MakeBuild, tmp_path: Path, architecture: str) -> None:
    source = write_model(tmp_path / "source", architecture)
    (entry,) = make_build(f"file:{source}").run_here()
    manifest = manifest_of(entry)
    assert manifest.tasks == (Task.IMAGE_CLASSIFICATION,)
    assert manifest.head == ClassificationHead(output="logits", labels=tuple(MOODS.values()))
    assert manifest.tokenizer is None
    assert not (entry / layout.TOKENIZER).exists()
    assert manifest.inputs[0].shape == (-1, 3, 32, 32)
    assert [case.batch for case in manifest.parity.cases] == [3, 1, 3, 8]
    image = photo(80, 64)
    inputs = hf.AutoImageProcessor.from_pretrained(source, backend="pil")(image, return_tensors="np")
    right = original(hf.AutoModelForImageClassification, source, dict(inputs)).logits
    answer = converted(entry, manifest, dict(inputs), "logits")
    check(manifest, entry, answer, right)
    assert np.abs(pixels_of(image, manifest) - inputs["pixel_values"]).max() < 1e-5


def test_clip(make_build: MakeBuild, tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "clip")
    entries = make_build(f"file:{source}").run_here()
    assert [entry.name for entry in entries] == ["global.model.1.text", "global.model.1.image"]
    text, image = map(manifest_of, entries)
    assert text.tasks == (Task.EMBEDDING, Task.IMAGE_CLASSIFICATION)
    assert image.tasks == (Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION)
    assert text.head == EmbeddingHead(output="text_embeds", dimensions=24, pooling=None, normalise=False)
    assert image.head == ImageEmbeddingHead(
        output="image_embeds", dimensions=24, logit_scale=pytest.approx(np.exp(1.5), rel=1e-6)
    )
    assert (text.image, image.tokenizer) == (None, None)
    inputs = encode(entries[0], text, TEXTS)
    drawn = photo(90, 50)
    inputs |= hf.AutoImageProcessor.from_pretrained(source, backend="pil")(drawn, return_tensors="np")
    right = original(hf.CLIPModel, source, inputs)
    pixels = {"pixel_values": inputs.pop("pixel_values")}
    assert np.abs(pixels_of(drawn, image) - pixels["pixel_values"]).max() < 1e-5
    texts = converted(entries[0], text, inputs, "text_embeds")
    images = converted(entries[1], image, pixels, "image_embeds")
    check(text, entries[0], unit(texts), right.text_embeds)
    check(image, entries[1], unit(images), right.image_embeds)
    logits = image.head.logit_scale * unit(images) @ unit(texts).T
    assert np.abs(logits - right.logits_per_image.numpy()).max() < 0.01 * image.head.logit_scale


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
