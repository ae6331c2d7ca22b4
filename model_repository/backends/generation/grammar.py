"""What the pipeline must know of a vocabulary so that its answers can follow a schema.

It takes a tokenizer for that, of which it reads the bytes of each token and which token ends an answer. The
engine's own conversion of tokenizers does not take all of them; a model that only holds these bytes does.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import openvino
import openvino_genai as genai
import openvino_tokenizers
from openvino import PartialShape, Type, op, opset15
from openvino.utils.node_factory import NodeFactory

OPERATIONS = NodeFactory()
"""With `VocabDecoder`, the node that the pipeline looks for. The library behind it must outlive its nodes."""

OPERATIONS.add_extension(Path(openvino_tokenizers.__file__).parent / "lib" / "libopenvino_tokenizers.so")


def grammar_tokenizer(vocabulary: Sequence[bytes], end: int) -> Any:
    """A tokenizer of the pipeline's kind that cannot tokenise.

    Args:
        vocabulary: bytes of each token; none for those that must not occur inside an answer.
        end: token that ends an answer.

    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        openvino.save_model(_detokenizer(vocabulary), folder / "openvino_detokenizer.xml")
        (folder / "config.json").write_text(json.dumps({"eos_token_id": end}))
        return genai.Tokenizer(folder)


def _detokenizer(vocabulary: Sequence[bytes]) -> Any:
    """A model from token ids `[rows, tokens]` to texts."""
    ends = np.cumsum([len(token) for token in vocabulary], dtype=np.int32)
    begins = np.concatenate([np.zeros(1, np.int32), ends[:-1]])
    whole = np.frombuffer(b"".join(vocabulary), np.uint8)
    strings = [op.Constant(array).output(0) for array in (begins, ends, whole)]
    ids = op.Parameter(Type.i64, PartialShape(["?", "?"]))
    inputs = [opset15.convert(ids, Type.i32).output(0), *strings]
    *ragged, characters = OPERATIONS.create("VocabDecoder", inputs, {}).outputs()
    fused = OPERATIONS.create("FuzeRagged", ragged, {}).outputs()
    text = opset15.string_tensor_pack(*fused, characters)
    return openvino.Model([text.output(0)], [ids], "vocabulary")
