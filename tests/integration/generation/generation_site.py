"""A site whose models were built as a job would build them: conversions, Triton, database and a gateway."""

import asyncio
import dataclasses
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import msgspec
import numpy as np
import serving
import tiny_generators
import torch
from msgspec.structs import replace
from serving import load, put_into_service
from shared_builds import SharedBuilds, convert
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedModel

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from converters.spec import BuildSpec
from model_repository import layout
from model_repository.client import EntryState, TritonClient
from model_repository.config import model_config, to_pbtxt
from model_repository.generation import INPUT_IDS, TOKEN_IDS, GenerationSettings
from model_repository.manifest import Manifest, Precision, Task, decode, encode
from model_repository.probe import read_probe, write_probe
from model_repository.server import EmbeddedTriton
from model_repository.storage import FolderStorage
from model_repository.tensors import Array

PROMPTED = (Task.TEXT_GENERATION, Task.QUESTION_ANSWERING, Task.SUMMARISATION, Task.EMOTION)


@dataclass(frozen=True)
class Served:
    """A model in service, and its original."""

    manifest: Manifest
    original: PreTrainedModel
    tokenizer: Tokenizer

    @property
    def encoder_decoder(self) -> bool:
        return self.manifest.head.encoder_decoder

    def generate(self, prompt: list[int], **parameters: object) -> list[list[int]]:
        """New tokens as transformers generates them, cut before the end token; one list an answer."""
        ids = torch.tensor([prompt])
        parameters = {"do_sample": False, "pad_token_id": tiny_generators.PAD} | parameters
        with torch.inference_mode():
            whole = self.original.generate(ids, attention_mask=torch.ones_like(ids), **parameters)
        skipped = 1 if self.encoder_decoder else len(prompt)
        rows = [row[skipped:] for row in whole.tolist()]
        end = tiny_generators.END
        return [row[: row.index(end)] if end in row else row for row in rows]


def in_fp32(entry: Path, given: Manifest, right: Callable[[Mapping[str, Array]], list[int]]) -> Manifest:
    """Have the entry compute in fp32, whatever was faster: then its tokens can be compared one by one.

    `right` tells the original's first 16 tokens for the inputs of the stored sample.
    """
    manifest = replace(given, engine=replace(given.engine, precision=Precision.FP32))
    file = entry / layout.model_path(manifest)
    settings = msgspec.json.decode(file.read_bytes(), type=GenerationSettings)
    file.write_bytes(msgspec.json.encode(replace(settings, precision=Precision.FP32)))
    probe = read_probe((entry / layout.PROBE).read_bytes())
    expected = {TOKEN_IDS: np.array(right(probe.inputs), np.int64)}
    write_probe(entry / layout.PROBE, probe.inputs, expected)
    (entry / layout.MANIFEST).write_bytes(encode(manifest))
    (entry / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
    return manifest


@dataclass
class Site:
    folder: Path
    database: Database
    storage: FolderStorage
    triton: EmbeddedTriton
    builds: SharedBuilds
    served: dict[str, Served] = field(default_factory=dict)

    async def serve(self, kind: str) -> Served:
        """Save, convert, publish and load a tiny model."""
        if kind not in self.served:
            source = await self.source(kind, partial(tiny_generators.save, kind))
            tasks = PROMPTED if kind == "t5" else ()
            entry = await self.build(kind, f"file:{source}", tasks=tasks)
            manifest = decode((entry / layout.MANIFEST).read_bytes())
            loader = AutoModelForSeq2SeqLM if manifest.head.encoder_decoder else AutoModelForCausalLM
            tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
            served = Served(manifest, loader.from_pretrained(source).eval(), tokenizer)
            self.served[kind] = dataclasses.replace(
                served,
                manifest=in_fp32(
                    entry,
                    manifest,
                    lambda inputs: served.generate(inputs[INPUT_IDS].tolist(), max_new_tokens=16)[0],
                ),
            )
            await self.publish(kind, entry)
        elif not await self._is_loaded(self.served[kind].manifest.entry):  # Triton has begun anew
            await self.load(self.served[kind].manifest.entry)
        return self.served[kind]

    async def _is_loaded(self, entry: str) -> bool:
        client = TritonClient(self.triton.url)
        try:
            return (await client.index()).get(entry) is EntryState.READY
        finally:
            await client.close()

    async def source(self, name: str, save: Callable[[Path], None]) -> Path:
        """Folder of a model that is saved once a run."""

        def saved() -> Path:
            with self.builds.alone(f"{name}-source") as folder:
                if not folder.exists():
                    save(folder)
                return folder

        return await asyncio.to_thread(saved)

    async def build(
        self, name: str, source: str, *, tasks: tuple[Task, ...] = (), sha256: str | None = None
    ) -> Path:
        """Entry of a model that is converted once a run; a copy, which may be changed."""
        spec = BuildSpec(
            build_id=name, owner="global", name=name, version=1, source=source, sha256=sha256, tasks=tasks
        )

        def converted() -> Path:
            with self.builds.alone(name) as workspace:
                (entry,) = convert(spec, workspace)
            return Path(shutil.copytree(entry, self.folder / "entries" / name))

        return await asyncio.to_thread(converted)

    async def publish(self, name: str, entry: Path) -> Manifest:
        manifest = decode((entry / layout.MANIFEST).read_bytes())
        self.storage.publish(entry, manifest)
        await self.load(manifest.entry)
        await self.route(name, manifest)
        return manifest

    async def load(self, entry: str) -> None:
        await load(self.triton, self.storage, entry)

    async def key(self) -> str:
        await AccountService(self.database).ensure("alice")
        return (await KeyService(self.database).create("alice", "test")).secret

    async def route(self, name: str, manifest: Manifest) -> None:
        """Have a model of this name answered by an entry that is loaded."""
        new = NewModel(name=name, source="file:/tiny", tasks=manifest.tasks, description=name)
        build_id = await ModelService(self.database).add(new)
        await put_into_service(self.database, build_id, [manifest])


@asynccontextmanager
async def gateway(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway on a real socket, as long as the block runs."""
    key = await site.key()  # before the gateway reads the keys
    async with serving.gateway(site.database, site.storage, site.triton, key) as client:
        while (await client.get("/health/ready")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        yield client
