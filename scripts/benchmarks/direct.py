"""A deployed model asked without the gateway."""

import msgspec
import numpy as np
from tokenizers import Tokenizer

from gateway.serving.chat.template import ChatTemplate
from model_repository.client import infer_request
from model_repository.generation import INPUT_IDS, OUTPUTS, PARAMETERS, SamplingParameters
from model_repository.storage import FolderStorage
from scripts.benchmarks.server import Server


class DirectModel:
    """What its requests to Triton are made of."""

    def __init__(self, server: Server, name: str) -> None:
        storage = FolderStorage(server.data / "repository")
        self._manifest = next(each for each in map(storage.manifest, storage.entries()) if each.name == name)
        spec = self._manifest.tokenizer
        self._tokenizer = Tokenizer.from_str(storage.read(self._manifest.entry, spec.path).decode())
        self._tokenizer.enable_truncation(spec.max_length)

    def embedding(self, text: str) -> bytes:
        """Ready tensors of a text."""
        encoded = self._tokenizer.encode(text)
        columns = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        inputs = {each.name: np.array([columns[each.name]], np.int64) for each in self._manifest.inputs}
        return infer_request(self._manifest.entry, inputs, [self._manifest.head.output])

    def chat(self, question: str, tokens: int) -> bytes:
        """A question as the model's chat template puts it, answered greedily by so many tokens."""
        head = self._manifest.head
        template = ChatTemplate(head.chat_template, head.special_tokens)
        prompt = template.render([{"role": "user", "content": question}], ())
        greedy = SamplingParameters(max_new_tokens=tokens, min_new_tokens=tokens)
        inputs = {
            INPUT_IDS: np.array(self._tokenizer.encode(prompt, add_special_tokens=False).ids, np.int64),
            PARAMETERS: np.array([msgspec.json.encode(greedy)], np.object_),
        }
        return infer_request(self._manifest.entry, inputs, [each.name for each in OUTPUTS[:3]])
