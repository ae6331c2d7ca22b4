"""Tiny random models of the architectures that the tasks serve, with tokenizers trained on a few sentences.

Each comes twice: as the original in transformers, to compare with, and as the graph that a build makes of it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from tiny_export import traced
from tiny_graph import TinyGraph
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    CLIPConfig,
    CLIPModel,
    CLIPTextModelWithProjection,
    CLIPVisionModelWithProjection,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTForImageClassification,
)

from model_repository.heads import (
    ClassificationHead,
    EmbeddingHead,
    EntailmentHead,
    Head,
    ImageEmbeddingHead,
    ImageSpec,
    RerankHead,
    SpanHead,
    TokenClassificationHead,
)
from model_repository.manifest import Task

SENTENCES = (
    "I am really mad because my product broke.",
    "I would like to collaborate with you on social media.",
    "The quick brown fox jumps over the lazy dog near the river in London.",
    "Elon Musk is an entrepreneur born in 1971 who lives in Texas.",
    "This example is furniture. This example is space. This example is a product issue.",
    "Where was he born? When does the train to Berlin leave, and from which platform?",
)
MAX_LENGTH = 48
EMOTIONS = ("negative", "neutral", "positive")
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
COLOURS = ("red", "green", "blue")
IMAGE = ImageSpec(
    height=32,
    width=32,
    resize=32,
    keep_ratio=True,
    resample="bicubic",
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
)


@dataclass(frozen=True)
class TinyModel:
    """An original and its graph."""

    original: PreTrainedModel
    graph: TinyGraph

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer as transformers use it."""
        return PreTrainedTokenizerFast(
            tokenizer_object=self.graph.tokenizer,
            pad_token="[PAD]",
            unk_token="[UNK]",
            model_max_length=self.graph.max_length,
            model_input_names=[spec.name for spec in self.graph.inputs],
        )


@cache
def word_piece() -> Tokenizer:
    """BERT's tokenizer, with its template for pairs."""
    built = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    built.normalizer = normalizers.BertNormalizer()
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    built.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False)
    )
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    built.decoder = decoders.WordPiece()
    return built


@cache
def byte_pairs() -> Tokenizer:
    """CLIP's kind of tokenizer, in which the end token, which pools, has the highest id."""
    built = Tokenizer(models.BPE(unk_token="[UNK]"))
    built.normalizer = normalizers.Lowercase()
    built.pre_tokenizer = pre_tokenizers.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["[PAD]", "[UNK]", "<start>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    built.train_from_iterator(SENTENCES, trainer)
    built.add_special_tokens(["<end>"])
    built.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>",
        special_tokens=[("<start>", 2), ("<end>", built.token_to_id("<end>"))],
    )
    return built


@cache
def sentiment() -> TinyModel:
    """Classifier with labels of its own."""
    head = ClassificationHead(output="logits", labels=EMOTIONS)
    return _bert(BertForSequenceClassification, head, Task.TEXT_CLASSIFICATION, labels=len(EMOTIONS))


@cache
def entailment() -> TinyModel:
    """NLI model with the columns contradiction, neutral, entailment."""
    head = EntailmentHead(output="logits", entailment=2, contradiction=0)
    return _bert(BertForSequenceClassification, head, Task.TEXT_CLASSIFICATION, labels=3)


@cache
def reranker() -> TinyModel:
    """Cross-encoder whose scores are sigmoids."""
    head = RerankHead(output="logits", sigmoid=True)
    return _bert(BertForSequenceClassification, head, Task.RERANK, labels=1)


@cache
def spans() -> TinyModel:
    """Extractive question answering."""
    head = SpanHead(start="start_logits", end="end_logits")
    return _bert(BertForQuestionAnswering, head, Task.QUESTION_ANSWERING, labels=2)


@cache
def entities() -> TinyModel:
    """Names of people and places."""
    head = TokenClassificationHead(output="logits", labels=TAGS)
    return _bert(BertForTokenClassification, head, Task.TOKEN_CLASSIFICATION, labels=len(TAGS))


@cache
def clip() -> CLIPModel:
    """Both towers of a CLIP."""
    torch.manual_seed(3)
    ends = byte_pairs().token_to_id("<end>")
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
    config = CLIPConfig(
        text_config={
            **sizes,
            "vocab_size": byte_pairs().get_vocab_size(),
            "max_position_embeddings": 24,
            "projection_dim": 16,
            "bos_token_id": 2,
            "eos_token_id": ends,
            "pad_token_id": 0,
        },
        vision_config={**sizes, "image_size": IMAGE.height, "patch_size": 8, "projection_dim": 16},
        projection_dim=16,
    )
    model = CLIPModel(config).eval()
    _spread(model)
    return model


@cache
def clip_towers() -> tuple[TinyModel, TinyModel]:
    """Text and image tower with CLIP's weights."""
    whole = clip()
    text = CLIPTextModelWithProjection(whole.config.text_config).eval()
    image = CLIPVisionModelWithProjection(whole.config.vision_config).eval()
    for tower in (text, image):
        missing = tower.load_state_dict(whole.state_dict(), strict=False).missing_keys
        assert not [name for name in missing if "position_ids" not in name]
    tokenizer = byte_pairs()
    ids = np.array([tokenizer.encode("a red square").ids], np.int64)
    reads = traced(
        text,
        {"input_ids": ids, "attention_mask": np.ones_like(ids)},
        ("text_embeds",),
        EmbeddingHead(output="text_embeds", dimensions=16, pooling=None, normalise=False),
        (Task.EMBEDDING,),
        tokenizer=tokenizer,
        max_length=24,
        part="text",
    )
    scale = whole.logit_scale.exp().item()
    sees = traced(
        image,
        {"pixel_values": np.zeros((1, 3, IMAGE.height, IMAGE.width), np.float32)},
        ("image_embeds",),
        ImageEmbeddingHead(output="image_embeds", dimensions=16, logit_scale=scale),
        (Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION),
        image=IMAGE,
        part="image",
    )
    return TinyModel(text, reads), TinyModel(image, sees)


@cache
def colours() -> TinyModel:
    """Image classifier with labels of its own, which squeezes images instead of cutting them."""
    torch.manual_seed(4)
    config = ViTConfig(
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=2,
        num_hidden_layers=2,
        image_size=IMAGE.height,
        patch_size=8,
        num_labels=len(COLOURS),
    )
    model = ViTForImageClassification(config).eval()
    _spread(model)
    squeezed = ImageSpec(
        height=32,
        width=32,
        resize=32,
        keep_ratio=False,
        resample="bilinear",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
    sample = {"pixel_values": np.zeros((1, 3, 32, 32), np.float32)}
    head = ClassificationHead(output="logits", labels=COLOURS)
    return TinyModel(
        model, traced(model, sample, ("logits",), head, (Task.IMAGE_CLASSIFICATION,), image=squeezed)
    )


def _bert(kind: type[PreTrainedModel], head: Head, task: Task, *, labels: int) -> TinyModel:
    torch.manual_seed(labels)
    tokenizer = word_piece()
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=2,
        num_hidden_layers=2,
        max_position_embeddings=MAX_LENGTH,
        num_labels=labels,
    )
    model = kind(config).eval()
    _spread(model)
    encoding = tokenizer.encode("Where was he born?", "Elon Musk was born in 1971.")
    sample = {
        "input_ids": np.array([encoding.ids], np.int64),
        "attention_mask": np.array([encoding.attention_mask], np.int64),
        "token_type_ids": np.array([encoding.type_ids], np.int64),
    }
    outputs = (head.start, head.end) if isinstance(head, SpanHead) else (head.output,)
    return TinyModel(
        model, traced(model, sample, outputs, head, (task,), tokenizer=tokenizer, max_length=MAX_LENGTH)
    )


def _spread(model: torch.nn.Module) -> None:
    """Larger weights than a fresh model's, so that different inputs get clearly different answers."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(8)
