"""The head of graphs that write text."""

import msgspec

from model_repository.heads.struct import Struct


class GenerationHead(Struct, frozen=True, kw_only=True, tag="generation"):
    """Token ids in, token ids out, one response a step; the tensors are those of the backend `generation`.

    Attributes:
        encoder_decoder: the output does not continue the input but answers it.
        eos_ids: any of them ends a sequence.
        max_length: most tokens of prompt and output together, or of the output for encoder-decoders.
        chat_template: Jinja template of the tokenizer, or an empty string.
        tool_template: the one for conversations with tools, where the tokenizer has one of its own for them.
        special_tokens: texts that the template may name, such as `bos_token`.

    """

    encoder_decoder: bool
    eos_ids: tuple[int, ...]
    bos_id: int | None
    max_length: int
    chat_template: str = ""
    tool_template: str = ""
    special_tokens: dict[str, str] = msgspec.field(default_factory=dict)
