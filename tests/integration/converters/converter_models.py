"""Tiny models with random weights and a real tokenizer: one of every architecture that is converted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from converters.samples.sentences import SENTENCES

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
LIMIT = 40
ONE_SEPARATOR = "<s> $A </s> $B:1 </s>:1"
TWO_SEPARATORS = "<s> $A </s> </s> $B </s>"

SIZE: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": LIMIT,
}
ROBERTA: dict[str, Any] = SIZE | {"pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 3}
DISTILBERT: dict[str, Any] = {
    "vocab_size": 300,
    "dim": 32,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 64,
    "max_position_embeddings": 64,
}
DEBERTA: dict[str, Any] = SIZE | {
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "position_biased_input": False,
    "type_vocab_size": 0,
}
BART: dict[str, Any] = {
    "vocab_size": 300,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": LIMIT,
    "pad_token_id": 1,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "decoder_start_token_id": 3,
    "forced_eos_token_id": 3,
}
MODERNBERT: dict[str, Any] = SIZE | {
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "cls_token_id": 2,
    "sep_token_id": 3,
}
NLI = {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}
FLIPPED_NLI = {0: "entailment", 1: "neutral", 2: "contradiction"}
MOODS = {0: "calm", 1: "cross", 2: "cheerful", 3: "glum"}
NAMES = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
IMAGE = 32

ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "bert": lambda: hf.BertModel(hf.BertConfig(**SIZE)),
    "bert-mlm": lambda: hf.BertForMaskedLM(hf.BertConfig(**SIZE)),
    "roberta": lambda: hf.RobertaModel(hf.RobertaConfig(**ROBERTA)),
    "xlm-roberta": lambda: hf.XLMRobertaModel(hf.XLMRobertaConfig(**ROBERTA)),
    "distilbert": lambda: hf.DistilBertModel(hf.DistilBertConfig(**DISTILBERT)),
    "deberta": lambda: hf.DebertaModel(hf.DebertaConfig(**DEBERTA)),
    "deberta-v2": lambda: hf.DebertaV2Model(hf.DebertaV2Config(**DEBERTA)),
    "mpnet": lambda: hf.MPNetModel(hf.MPNetConfig(**SIZE, pad_token_id=1)),
    "modernbert": lambda: hf.ModernBertModel(hf.ModernBertConfig(**MODERNBERT)),
    "longformer": lambda: hf.LongformerModel(hf.LongformerConfig(**SIZE, attention_window=8)),
    "bert-moods": lambda: hf.BertForSequenceClassification(hf.BertConfig(**SIZE, id2label=MOODS)),
    "roberta-moods": lambda: hf.RobertaForSequenceClassification(
        hf.RobertaConfig(**ROBERTA, id2label=MOODS, problem_type="multi_label_classification")
    ),
    "bert-rerank": lambda: hf.BertForSequenceClassification(hf.BertConfig(**SIZE, num_labels=1)),
    "xlm-roberta-rerank": lambda: hf.XLMRobertaForSequenceClassification(
        hf.XLMRobertaConfig(
            **ROBERTA,
            num_labels=1,
            sentence_transformers={"activation_fn": "torch.nn.modules.linear.Identity"},
        )
    ),
    "bart-nli": lambda: hf.BartForSequenceClassification(hf.BartConfig(**BART, id2label=NLI)),
    "deberta-nli": lambda: hf.DebertaForSequenceClassification(hf.DebertaConfig(**DEBERTA, id2label=NLI)),
    "deberta-v2-nli": lambda: hf.DebertaV2ForSequenceClassification(
        hf.DebertaV2Config(**DEBERTA, id2label={0: "entailment", 1: "not_entailment"})
    ),
    "xlm-roberta-nli": lambda: hf.XLMRobertaForSequenceClassification(
        hf.XLMRobertaConfig(**ROBERTA, id2label=FLIPPED_NLI)
    ),
    "roberta-nli": lambda: hf.RobertaForSequenceClassification(hf.RobertaConfig(**ROBERTA, id2label=NLI)),
    "bert-qa": lambda: hf.BertForQuestionAnswering(hf.BertConfig(**SIZE)),
    "distilbert-qa": lambda: hf.DistilBertForQuestionAnswering(hf.DistilBertConfig(**DISTILBERT)),
    "roberta-qa": lambda: hf.RobertaForQuestionAnswering(hf.RobertaConfig(**ROBERTA)),
    "bert-names": lambda: hf.BertForTokenClassification(hf.BertConfig(**SIZE, id2label=NAMES)),
    "xlm-roberta-names": lambda: hf.XLMRobertaForTokenClassification(
        hf.XLMRobertaConfig(**ROBERTA, id2label=NAMES)
    ),
    "clip": lambda: hf.CLIPModel(
        hf.CLIPConfig(
            text_config=SIZE | {"pad_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
            vision_config={
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "intermediate_size": 64,
                "image_size": IMAGE,
                "patch_size": 8,
            },
            projection_dim=24,
            logit_scale_init_value=1.5,
        )
    ),
    "vit": lambda: hf.ViTForImageClassification(
        hf.ViTConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            image_size=IMAGE,
            patch_size=8,
            id2label=MOODS,
        )
    ),
    "resnet": lambda: hf.ResNetForImageClassification(
        hf.ResNetConfig(
            embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic", id2label=MOODS
        )
    ),
}

PREPROCESSORS = {
    "clip": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": IMAGE},
        "crop_size": {"height": IMAGE, "width": IMAGE},
    },
    "vit": {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": IMAGE, "width": IMAGE},
        "resample": 2,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.25, 0.5, 0.5],
    },
    "resnet": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": IMAGE}},
}


def write_model(folder: Path, architecture: str) -> Path:
    """A model with random weights of a spread that makes its answers differ from input to input."""
    torch.manual_seed(0)
    model = ARCHITECTURES[architecture]()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "LayerNorm" not in name:
                weight.normal_(std=0.2)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    if architecture in PREPROCESSORS:
        (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSORS[architecture]))
    text = getattr(model.config, "text_config", model.config)
    if hasattr(text, "vocab_size"):
        write_tokenizer(folder, text.pad_token_id)
    return folder


def write_tokenizer(folder: Path, pad_id: int | None) -> None:
    """A word-piece tokenizer trained on a few sentences; CLIP's pads with what ends its texts."""
    special = ["<unk>", "<pad>", "<s>", "</s>"] if pad_id == 1 else ["<pad>", "<unk>", "<s>", "</s>"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair=TWO_SEPARATORS if pad_id == 1 else ONE_SEPARATOR,
        special_tokens=[("<s>", 2), ("</s>", 3)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "pad_token": special[pad_id or 0],
        "model_max_length": LIMIT,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_distiluse(folder: Path) -> Path:
    """DistilBERT, mean pooling and a dense layer with tanh, laid out as sentence-transformers does."""
    write_model(folder, "distilbert")
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense"}
    described = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(modules.items())
    ]
    (folder / "modules.json").write_text(json.dumps(described))
    for path, config in {
        "1_Pooling": {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True},
        "2_Dense": {
            "in_features": 32,
            "out_features": 20,
            "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh",
        },
    }.items():
        (folder / path).mkdir()
        (folder / path / "config.json").write_text(json.dumps(config))
    weights = {"linear.weight": torch.randn(20, 32) / 4, "linear.bias": torch.randn(20) / 4}
    save_file(weights, folder / "2_Dense/model.safetensors")
    return folder
