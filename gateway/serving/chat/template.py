"""A conversation as the text that the model was trained on, by the Jinja template of its tokenizer.

Templates come with the models, so they are foreign code: they run in a sandbox, in a process of their own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser

from gateway.serving.chat.errors import ConversationRefusedError
from gateway.serving.chat.sandbox import Sandbox, rendered

COMPILED = 64
"""Templates that are kept ready; each model has one."""


class ChatTemplate:
    """A template with the special tokens that it may name.

    Args:
        source: in Jinja, as transformers reads it.
        tokens: texts by name, such as `bos_token`.

    Raises:
        ConversationRefusedError: the template is broken.

    """

    def __init__(self, source: str, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens
        try:
            self._template, self.takes_tools = _compiled(source)
        except TemplateSyntaxError as error:
            raise ConversationRefusedError(
                f"the model's chat template is broken in line {error.lineno}: {error.message}",
                hint="Correct chat_template in tokenizer_config.json and upload the model again.",
            ) from None

    def render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        """The conversation up to where the assistant begins to speak.

        Raises:
            ConversationRefusedError: the template refuses the messages, or fails with them.
            MemoryError: it asks for more than there is.

        """
        try:
            return rendered(
                self._template,
                {"messages": messages, "tools": tools or None, "add_generation_prompt": True, **self._tokens},
            )
        except TemplateError as error:
            raise ConversationRefusedError(
                f"the model's chat template refuses `messages`: {error.message}"
            ) from None
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # a template may fail in any way; the caller must hear of it
            raise ConversationRefusedError(
                f"the model's chat template fails with `messages`: {type(error).__name__}: {error}",
                hint="The model may not know one of the roles, or need a text in every message.",
            ) from None


class _GenerationTag(Extension):
    """`{% generation %}`, by which training finds the assistant's words; here it only encloses them."""

    tags = {"generation"}  # noqa: RUF012  # as Jinja declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> Sandbox:
    environment = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _to_json(value: object, *, indent: int | None = None, **_: object) -> str:
    """JSON without Jinja's escapes for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)


_ENVIRONMENT = _environment()


@lru_cache(COMPILED)
def _compiled(source: str) -> tuple[Template, bool]:
    """The template, and whether it has a place for tools."""
    names = find_undeclared_variables(_ENVIRONMENT.parse(source))
    return _ENVIRONMENT.from_string(source), "tools" in names
