"""Conversations to text, by processes in which a template can fill no memory but its own share.

Chat templates are foreign code. Jinja's sandbox keeps them from files and from the network, but not from
filling memory: that the system bounds, and it does so for whole processes only.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence

import msgspec

from gateway.serving.chat.errors import ConversationRefusedError
from gateway.serving.chat.messages import Message, Tool
from gateway.serving.chat.orders import CHARACTERS, Answer, Order, Refused
from gateway.serving.documents.messages import LENGTH
from gateway.serving.gate import Gate
from gateway.serving.processes import end, ended, start

RENDERER = "gateway.serving.chat.renderer"

MEMORY_BYTES = 256 * 2**20
"""Addresses of a process, of which Python and Jinja take a tenth."""

PATIENCE = 10.0
"""Seconds for a rendering on a busy machine, and for what does not look at the sandbox's clock."""

ALONE = 20
"""Seconds for a rendering that nobody waits for any more."""

MOST_BYTES = 6 * CHARACTERS + 2**16
"""Of an answer: a character takes six at most in JSON, and nothing is said beside the text."""


class ChatRenderer:
    """Renders a few conversations at a time, each in a process that is kept for others.

    Args:
        processes: conversations that are rendered at the same time.
        queue: that may wait beside them.

    """

    def __init__(self, *, processes: int, queue: int) -> None:
        self._gate = Gate("conversations", at_once=processes, queue=queue)
        self._idle: list[Process] = []
        self._decoder = msgspec.json.Decoder(Answer)

    async def render(
        self,
        template: str,
        special_tokens: Mapping[str, str],
        messages: Sequence[Message],
        tools: Sequence[Tool],
    ) -> str:
        """The conversation up to where the assistant begins to speak.

        Args:
            template: in Jinja, as transformers reads it.
            special_tokens: texts by name, such as `bos_token`.

        Raises:
            ConversationRefusedError: the template is broken, refuses the messages, fails with them, or takes
                too much memory or time.
            OverloadedError: too many conversations wait.
            UnconfinedError: processes cannot be confined on this host.

        """
        order = Order(
            template=template,
            special_tokens=dict(special_tokens),
            messages=tuple(messages),
            tools=tuple(tools),
        )
        async with self._gate.enter():
            process = await self._take()
            try:
                answer = await self._ask(process, msgspec.json.encode(order))
            except BaseException:  # also where the caller has left: nobody knows what it does now
                await end(process)
                raise
            self._idle.append(process)
        if isinstance(answer, Refused):
            raise ConversationRefusedError(answer.message, hint=answer.hint)
        return answer.text

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*map(end, self._idle))
        self._idle.clear()

    async def _take(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return await start(RENDERER, str(MEMORY_BYTES), str(ALONE), keep=("TZ",))

    async def _ask(self, process: Process, order: bytes) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                try:
                    return await self._answer(process, order)
                except (asyncio.IncompleteReadError, ConnectionError):
                    await ended(process)
        except TimeoutError:
            raise _refused(f"takes longer than {PATIENCE:.0f} seconds") from None
        raise _refused(f"takes more than {MEMORY_BYTES // 2**20} MiB of memory")

    async def _answer(self, process: Process, order: bytes) -> Answer:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LENGTH.pack(len(order)) + order)
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        if length > MOST_BYTES:
            raise _refused(f"makes more than {CHARACTERS} characters")
        answer: Answer = self._decoder.decode(await process.stdout.readexactly(length))
        return answer


def _refused(what: str) -> ConversationRefusedError:
    return ConversationRefusedError(
        f"the model's chat template {what} with these messages",
        hint="Send fewer or shorter messages, or correct chat_template and upload the model again.",
    )
