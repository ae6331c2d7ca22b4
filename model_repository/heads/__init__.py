"""What goes into a graph and what its outputs mean: the part of a manifest that the gateway's tasks read."""

from model_repository.heads.generation import GenerationHead
from model_repository.heads.images import ImageEmbeddingHead, ImageSpec
from model_repository.heads.own import CustomHead, TensorHead
from model_repository.heads.pages import TextDetectionHead, TextDirectionHead, TextRecognitionHead
from model_repository.heads.speech import AudioSpec, SpeechHead, SpeechTokens
from model_repository.heads.struct import Struct
from model_repository.heads.texts import (
    ClassificationHead,
    EmbeddingHead,
    EntailmentHead,
    Pooling,
    RerankHead,
    SpanHead,
    TokenClassificationHead,
)

Head = (
    EmbeddingHead
    | ImageEmbeddingHead
    | ClassificationHead
    | EntailmentHead
    | RerankHead
    | TokenClassificationHead
    | SpanHead
    | TextDetectionHead
    | TextDirectionHead
    | TextRecognitionHead
    | GenerationHead
    | SpeechHead
    | CustomHead
    | TensorHead
)
"""What a graph's outputs mean, and so which code of the gateway reads them."""

__all__ = [
    "AudioSpec",
    "ClassificationHead",
    "CustomHead",
    "EmbeddingHead",
    "EntailmentHead",
    "GenerationHead",
    "Head",
    "ImageEmbeddingHead",
    "ImageSpec",
    "Pooling",
    "RerankHead",
    "SpanHead",
    "SpeechHead",
    "SpeechTokens",
    "Struct",
    "TensorHead",
    "TextDetectionHead",
    "TextDirectionHead",
    "TextRecognitionHead",
    "TokenClassificationHead",
]
