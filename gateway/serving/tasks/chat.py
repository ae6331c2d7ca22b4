"""The next message of a conversation, by a decoder whose tokenizer has a chat template."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from control_plane.catalog import Provider
from gateway.serving.chat.errors import NoChatTemplateError
from gateway.serving.chat.messages import Conversation, Message, ToolMode
from gateway.serving.chat.options import ChatOptions
from gateway.serving.chat.results import ChatAnswer, FinishReason, Piece, collect
from gateway.serving.chat.template import ChatTemplate
from gateway.serving.errors import InputTooLongError
from gateway.serving.generation.model import GenerationModel, generation_head, in_one_piece
from gateway.serving.generation.results import Chunk, GenerationParameters
from gateway.serving.threads import Threads
from model_repository.errors import RefusedInputError
from model_repository.generation import FinishReason as Reason
from model_repository.generation import SamplingParameters
from model_repository.manifest import Manifest, Task

SEEDS = 2**32

REASONS = {Reason.NONE: None, Reason.STOP: FinishReason.STOP, Reason.LENGTH: FinishReason.LENGTH}


class ChatTask:
    """Conversations as every API hands them over.

    Args:
        threads: render the templates.

    """

    def __init__(self, model: GenerationModel, threads: Threads) -> None:
        self._model = model
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
            InputTooLongError: there is no room for the conversation and its answer.
            RefusedInputError: the model does not do what an option asks for.
            TriremeError: see `GenerationModel.run`.

        """
        return self._pieces(provider, conversation, whole=False)

    async def _pieces(
        self, provider: Provider, conversation: Conversation, *, whole: bool
    ) -> AsyncGenerator[Piece, None]:
        graph = provider.graph(Task.TEXT_GENERATION)
        if conversation.tool_choice is not ToolMode.NONE or conversation.response_schema is not None:
            raise RefusedInputError("tools and `response_format` are not served by local models yet")
        text = await self._render(graph, conversation)
        prompt = await self._model.read(graph, text)
        parameters = _parameters(graph, len(prompt), conversation.options)
        if whole:
            parameters = in_one_piece(parameters)
        async with aclosing(self._model.answer(provider, graph, prompt, parameters)) as chunks:
            async for chunk in chunks:
                yield _piece(chunk, len(prompt))

    async def _render(self, graph: Manifest, conversation: Conversation) -> str:
        head = generation_head(graph)
        if not head.chat_template or head.encoder_decoder:
            raise NoChatTemplateError(f"model {graph.name} has no chat template")
        template = ChatTemplate(head.chat_template, head.special_tokens)
        messages = [_message(message) for message in conversation.messages]
        with self._threads.admit():
            return await self._threads.run(template.render, messages, ())


def longest_chat(provider: Provider, conversation: Conversation) -> int:
    """Tokens that the choices take at most."""
    most = conversation.options.max_tokens
    if most is None:
        most = generation_head(provider.graph(Task.TEXT_GENERATION)).max_length
    return most * conversation.options.n


def _message(message: Message) -> dict[str, object]:
    named = {} if message.name is None else {"name": message.name}
    return {"role": str(message.role), "content": message.content, **named}


def _parameters(graph: Manifest, prompt: int, options: ChatOptions) -> GenerationParameters:
    room = generation_head(graph).max_length - prompt
    most = room if options.max_tokens is None else options.max_tokens
    if most > room or options.min_tokens > most:
        raise InputTooLongError(
            f"model {graph.name} holds {room + prompt} tokens of conversation and answer together; "
            f"{prompt} of conversation and {max(most, options.min_tokens)} of answer do not fit",
            hint="Send less, or ask for less.",
        )
    if (
        options.presence_penalty
        or options.frequency_penalty
        or options.logit_bias
        or options.top_logprobs is not None
    ):
        raise RefusedInputError("penalties, `logit_bias` and `logprobs` are not served by local models yet")
    # Several answers must be drawn; drawn from one token, they are all the likeliest.
    greedy = options.temperature == 0 or options.top_p == 0
    sampling = SamplingParameters(
        max_new_tokens=most,
        min_new_tokens=options.min_tokens,
        do_sample=not greedy or options.n > 1,
        temperature=1.0 if greedy else options.temperature,
        top_p=1.0 if greedy else options.top_p,
        top_k=1 if greedy else options.top_k,
        repetition_penalty=options.repetition_penalty,
        num_return_sequences=options.n,
        seed=None if options.seed is None else options.seed % SEEDS,
    )
    return GenerationParameters(sampling, options.stop)


def _piece(chunk: Chunk, prompt_tokens: int) -> Piece:
    return Piece(
        index=chunk.index,
        text=chunk.text,
        tokens=len(chunk.token_ids),
        prompt_tokens=prompt_tokens,
        finish_reason=REASONS[chunk.finish_reason],
    )
