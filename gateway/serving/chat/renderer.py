"""`python -m gateway.serving.chat.renderer MEMORY_BYTES`: renders conversations, one after the other.

A template that asks for more memory ends the process, and the gateway ends it where one takes too long.
"""

import os
import sys

import msgspec

from gateway.serving.chat.errors import ConversationRefusedError
from gateway.serving.chat.orders import Answer, Order, Refused, Rendered
from gateway.serving.chat.prompt import render
from gateway.serving.chat.template import ChatTemplate
from gateway.serving.documents.confinement import bound
from gateway.serving.documents.messages import LENGTH

WORDS = 1000
"""Characters of a refusal, whose words may be the template's own."""


def main() -> None:
    """Answer orders up to the end of the input."""
    bound(int(sys.argv[1]))
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    source = sys.stdin.buffer
    decoder = msgspec.json.Decoder(Order)
    while head := source.read(LENGTH.size):
        answer = msgspec.json.encode(_answer(decoder.decode(source.read(*LENGTH.unpack(head)))))
        output.write(LENGTH.pack(len(answer)) + answer)
        output.flush()


def _answer(order: Order) -> Answer:
    try:
        template = ChatTemplate(order.template, order.special_tokens)
        return Rendered(render(template, order.messages, order.tools))
    except ConversationRefusedError as error:
        return Refused(error.message[:WORDS], error.hint)


if __name__ == "__main__":
    main()
