"""The next message of a conversation, by a decoder whose tokenizer has a chat template."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from control_plane.catalog import Provider
from gateway.serving.chat.answer import Answer
from gateway.serving.chat.dialects import Dialect, dialect_of
from gateway.serving.chat.errors import NoChatTemplateError
from gateway.serving.chat.messages import Conversation, NamedTool, Tool, ToolMode
from gateway.serving.chat.rendering import ChatRenderer
from gateway.serving.chat.results import ChatAnswer, Piece, collect
from gateway.serving.chat.sampling import parameters
from gateway.serving.generation.model import GenerationModel, generation_head, in_one_piece
from gateway.serving.threads import Threads
from model_repository.errors import RefusedInputError
from model_repository.manifest import Manifest, Task


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A conversation as the model gets it.

    Attributes:
        schema: that the answer follows.
        dialect: of the calls that the answer may have; None where it has none.
        inside: the prompt ends within a call.

    """

    prompt: str
    schema: str | None
    dialect: Dialect | None
    inside: bool


class ChatTask:
    """Conversations as every API hands them over.

    Args:
        renderer: makes text of conversations.
        threads: read the schemas.

    """

    def __init__(self, model: GenerationModel, renderer: ChatRenderer, threads: Threads) -> None:
        self._model = model
        self._renderer = renderer
        self._threads = threads

    async def run(self, provider: Provider, conversation: Conversation) -> ChatAnswer:
        """All choices, once they are written.

        Raises:
            TriremeError: as `stream`.

        """
        return await collect(self._pieces(provider, conversation, whole=True))

    def stream(self, provider: Provider, conversation: Conversation) -> AsyncGenerator[Piece, None]:
        """The choices as they are written; leaving early ends them.

        Raises:
            NoChatTemplateError: the model does not hold conversations.
            ConversationRefusedError: its template does not take the messages.
            InvalidSchemaError: no answer can be made to follow a schema.
            InputTooLongError: there is no room for the conversation and its answer.
            RefusedInputError: the model does not do what an option asks for.
            TriremeError: see `GenerationModel.run`.

        """
        return self._pieces(provider, conversation, whole=False)

    async def _pieces(
        self, provider: Provider, conversation: Conversation, *, whole: bool
    ) -> AsyncGenerator[Piece, None]:
        graph = provider.graph(Task.TEXT_GENERATION)
        prepared = await self._prepare(graph, conversation)
        prompt = await self._model.read(graph, prepared.prompt)
        asked = parameters(graph, len(prompt), conversation.options, prepared.schema)
        if prepared.dialect is not None:
            asked = replace(asked, special_tokens=True)
        answers = [
            Answer(
                self._model.vocabulary(graph),
                len(prompt),
                prepared.dialect,
                inside=prepared.inside,
                parallel=conversation.parallel_tool_calls,
            )
            for _ in range(conversation.options.n)
        ]
        chunks = self._model.answer(provider, graph, prompt, in_one_piece(asked) if whole else asked)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield answers[chunk.index].read(chunk)

    async def _prepare(self, graph: Manifest, conversation: Conversation) -> _Prepared:
        """The text that the model continues, and what its answer must follow."""
        head = generation_head(graph)
        if not head.chat_template or head.encoder_decoder:
            raise NoChatTemplateError(f"model {graph.name} has no chat template")
        tools = _tools(conversation)
        template = (tools and head.tool_template) or head.chat_template
        prompt = await self._renderer.render(template, head.special_tokens, conversation.messages, tools)
        dialect = dialect_of(template) if tools else None
        called = None if conversation.tool_choice is ToolMode.AUTO else dialect
        with self._threads.admit():
            schema = await self._threads.run(_schema, conversation, tools, called)
        if called is None:
            return _Prepared(prompt, schema, dialect, inside=False)
        return _Prepared(prompt + called.opening, schema, called, inside=True)


def _schema(conversation: Conversation, tools: Sequence[Tool], dialect: Dialect | None) -> str | None:
    """What the answer must follow: a call where a dialect is given, the caller's own schema, or nothing.

    Raises:
        InvalidSchemaError: no answer can be made to follow it.

    """
    # llguidance is loaded by the thread that needs it first.
    from gateway.serving.chat.schemas import call_schema, checked  # noqa: PLC0415

    if dialect is not None:
        return call_schema(tools, dialect)
    schema = conversation.response_schema
    return None if schema is None else checked(schema, "response_format")


def _tools(conversation: Conversation) -> tuple[Tool, ...]:
    """Those that the model may call.

    Raises:
        RefusedInputError: it shall call one that there is not, or follow a schema beside.

    """
    choice, tools = conversation.tool_choice, conversation.tools
    if choice is ToolMode.NONE or (choice is ToolMode.AUTO and not tools):
        return ()
    if isinstance(choice, NamedTool):
        tools = tuple(tool for tool in tools if tool.name == choice.name)
    if not tools:
        raise RefusedInputError("`tool_choice` asks for a tool that is not among `tools`")
    if conversation.response_schema is not None:
        raise RefusedInputError("`response_format` and `tools` go together only where `tool_choice` is none")
    return tools
