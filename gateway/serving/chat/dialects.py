"""The formats in which models write tool calls; each model was trained on one of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """What stands around a call: a JSON object with `name` and `arguments`.

    Attributes:
        opening: text before a call; empty where an answer that begins with an object is one.
        closing: text after it; empty where calls go on to the end of the answer.
        arguments: name of the member with the arguments.
        named: a call may also be its name and, behind `[ARGS]`, its arguments.

    """

    opening: str
    closing: str
    arguments: str = "arguments"
    named: bool = False


HERMES = Dialect("<tool_call>", "</tool_call>")
"""Also what Qwen writes, and what models are told to write whose templates know no tools."""

MISTRAL = Dialect("[TOOL_CALLS]", "", named=True)

LLAMA = Dialect("", "", "parameters")


def dialect_of(template: str) -> Dialect:
    """The dialect that a chat template shows."""
    if MISTRAL.opening in template:
        return MISTRAL
    if HERMES.opening not in template and '"parameters"' in template:
        return LLAMA
    return HERMES
