"""`python -m gateway.serving.chat.renderer MEMORY_BYTES SECONDS`: renders conversations, one after the other.

A template that asks for more memory ends the process. The gateway ends it where one takes too long; the
seconds are for a template whose gateway has gone.
"""

import codecs
import os
import signal
import sys
import time
from importlib import import_module

import msgspec

from gateway.serving.chat.errors import ConversationRefusedError
from gateway.serving.chat.orders import Answer, Order, Refused, Rendered
from gateway.serving.chat.prompt import render
from gateway.serving.chat.template import ChatTemplate
from gateway.serving.confinement import confine
from gateway.serving.documents.messages import LENGTH

LATER = ("html", "jinja2.constants", "jinja2.debug", "pprint", "textwrap", "unicodedata")
"""Modules that Jinja imports when a template first asks for them."""

WORDS = 1000
"""Characters of a refusal, whose words may be the template's own."""


def main() -> None:
    """Answer orders up to the end of the input."""
    memory_bytes, seconds = map(int, sys.argv[1:])
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    _load()
    confine(memory_bytes)
    source = sys.stdin.buffer
    decoder = msgspec.json.Decoder(Order)
    while head := source.read(LENGTH.size):
        order = decoder.decode(source.read(*LENGTH.unpack(head)))
        signal.alarm(seconds)  # the system ends the process by it, whatever the process does
        answer = msgspec.json.encode(_answer(order))
        signal.alarm(0)
        output.write(LENGTH.pack(len(answer)) + answer)
        output.flush()


def _load() -> None:
    """Read what a template may need: once confined, this process opens no file any more."""
    for module in LATER:
        import_module(module)
    codecs.lookup("unicode-escape")  # of the texts in a template
    time.tzset()


def _answer(order: Order) -> Answer:
    try:
        template = ChatTemplate(order.template, order.special_tokens)
        return Rendered(render(template, order.messages, order.tools))
    except ConversationRefusedError as error:
        return Refused(error.message[:WORDS], error.hint)


if __name__ == "__main__":
    main()
