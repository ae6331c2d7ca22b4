"""What the gateway and the processes that render conversations say to each other, each behind its length.

In JSON, because the schemas of tools may hold numbers that no binary form has room for.
"""

import msgspec

from gateway.serving.chat.messages import Message, Tool

CHARACTERS = 4 * 2**20
"""Most of a rendered text, and of what a template makes by multiplying."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation to be rendered.

    Attributes:
        template: in Jinja.
        special_tokens: texts by the names that the template knows them under.

    """

    template: str
    special_tokens: dict[str, str]
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]


class Rendered(msgspec.Struct, frozen=True, tag=True):
    """The conversation as the model reads it."""

    text: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The template is broken, refuses the messages or fails with them."""

    message: str
    hint: str


Answer = Rendered | Refused
