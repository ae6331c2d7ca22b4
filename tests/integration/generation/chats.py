"""A chat task beside the real Triton, as a gateway puts it together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from generation_site import Site

from control_plane.catalog import Provider
from control_plane.routers.kinds import ProviderKind
from gateway.serving.chat.messages import Conversation, Message, Role
from gateway.serving.chat.options import ChatOptions
from gateway.serving.chat.rendering import ChatRenderer
from gateway.serving.chat.results import ChatAnswer, Piece
from gateway.serving.generation.model import GenerationModel
from gateway.serving.tasks.chat import ChatTask
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool
from model_repository.manifest import Manifest


@dataclass
class Chats:
    """Asks a model by its manifest."""

    task: ChatTask
    tokenizers: Tokenizers
    site: Site

    async def provider(self, manifest: Manifest) -> Provider:
        if manifest.entry not in self.tokenizers:
            data = self.site.storage.read(manifest.entry, manifest.tokenizer.path)
            await self.tokenizers.load(manifest, data)
        return Provider(id=1, kind=ProviderKind.TRITON, url=None, graphs=(manifest,))

    async def ask(self, manifest: Manifest, text: str, **options: object) -> ChatAnswer:
        return await self.answer(manifest, asked(text, **options))

    async def answer(self, manifest: Manifest, conversation: Conversation) -> ChatAnswer:
        return await self.task.run(await self.provider(manifest), conversation)

    async def pieces(self, manifest: Manifest, conversation: Conversation) -> list[Piece]:
        provider = await self.provider(manifest)
        return [piece async for piece in self.task.stream(provider, conversation)]


def asked(text: str, **options: object) -> Conversation:
    return Conversation((Message(Role.USER, text),), ChatOptions(**options))


async def again(pieces: list[Piece]) -> AsyncIterator[Piece]:
    for piece in pieces:
        yield piece


@asynccontextmanager
async def chatting(site: Site) -> AsyncIterator[Chats]:
    tokenizers = Tokenizers(threads=2, queue=64)
    pool = TritonPool([site.triton.url], timeout=60, in_flight=8)
    renderer = ChatRenderer(processes=2, queue=64)
    await pool.open()
    try:
        model = GenerationModel(tokenizers, pool, streams_per_request=8)
        yield Chats(ChatTask(model, renderer, tokenizers.threads), tokenizers, site)
    finally:
        await renderer.close()
        await pool.close()
        tokenizers.close()
