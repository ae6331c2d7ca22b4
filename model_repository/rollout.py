"""Brings an entry into service on one server, and takes it out again."""

import asyncio
import re
from collections.abc import Mapping, Sequence

import numpy as np
import structlog

from model_repository import custom, layout
from model_repository.client import EntryState, TritonClient, reason
from model_repository.errors import InferenceError, RefusedInputError, RepositoryError, TriremeError
from model_repository.manifest import Manifest
from model_repository.probe import Probe, difference, read_probe
from model_repository.storage import Storage
from model_repository.tensors import Array, infer_request, read_outputs

log = structlog.get_logger(__name__)

INFER_SECONDS = 300.0
"""Longest time for one warm-up request: the largest batch of the longest rows on a slow machine."""

UNLOAD_SECONDS = 120.0
POLL_SECONDS = 0.05
ARRIVAL_POLL_SECONDS = 0.5

LOADED = {EntryState.LOADING, EntryState.READY, EntryState.UNLOADING}
"""States in which an entry still takes memory."""

SHORT = 8
"""Tokens of the short rows that warm up."""


class RolloutError(RepositoryError):
    """A version cannot go into service; `message` is the one-line cause."""

    code = "rollout_failed"


async def bring_up(client: TritonClient, storage: Storage, manifest: Manifest) -> None:
    """Load an entry, run it on every size that it may meet, and prove that it answers as it should.

    After a failure the entry is unloaded again. What a cancelled call leaves loaded, the reconciler unloads.

    Raises:
        RolloutError: the entry is damaged, does not come to the server, cannot be loaded, fails or answers
            wrongly.
        ServerUnavailableError: the server went away; nothing is known about the entry.
        ObjectStoreUnavailableError: the storage does.

    """
    entry = manifest.entry
    try:
        await asyncio.to_thread(storage.verify, entry)
        probe = read_probe(await asyncio.to_thread(storage.read, entry, layout.PROBE))
    except RepositoryError as error:
        raise RolloutError(error.message, hint=error.hint) from error
    await _arrival(client, entry, storage.lag_seconds)
    try:
        await client.load(entry)
        await _warm_up(client, manifest, probe)
        await _prove(client, manifest, probe)
    except TriremeError as error:
        await _abandon(client, entry)
        if isinstance(error, RepositoryError):
            message = re.sub(rf"/\S*/(?={re.escape(entry)}\b)", "", error.message)  # where the host keeps it
            raise RolloutError(message, hint=error.hint) from error
        raise
    log.info("entry in service", entry=entry, server=client.url)


async def take_down(client: TritonClient, entry: str) -> None:
    """Unload an entry and wait until it has finished its requests and is gone.

    Raises:
        RolloutError: it is still there after two minutes.
        ServerUnavailableError: there is no server.

    """
    await client.unload(entry)
    try:
        async with asyncio.timeout(UNLOAD_SECONDS):
            while (await client.index()).get(entry) in LOADED:  # noqa: ASYNC110  # Triton tells nobody
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise RolloutError(
            f"{entry} was not unloaded within {UNLOAD_SECONDS:g} s",
            hint="A request to it does not end; restart Triton.",
        ) from error
    log.info("entry out of service", entry=entry, server=client.url)


async def _arrival(client: TritonClient, entry: str, seconds: float) -> None:
    """Wait until the server sees the entry: where it reads a copy, that takes until the copy is whole."""
    deadline = asyncio.get_running_loop().time() + seconds
    while entry not in await client.index():
        if asyncio.get_running_loop().time() >= deadline:
            raise RolloutError(
                f"the Triton server {client.url} has no files of {entry}",
                hint="It must read the model repository, or the folder that `trireme mirror` fills there.",
            )
        await asyncio.sleep(ARRIVAL_POLL_SECONDS)


async def _warm_up(client: TritonClient, manifest: Manifest, probe: Probe) -> None:
    """Short and longest rows, alone and in the largest batch: what fails on one must not go into service.

    Entries that generate have no batches and one prompt costs them much: for them the sample is enough.
    """
    for batch in sorted({1, manifest.max_batch_size}) if manifest.max_batch_size else ():
        for length in _lengths(manifest):
            await _infer(client, manifest, _stretch(manifest, probe, batch, length), list(probe.expected))


async def _prove(client: TritonClient, manifest: Manifest, probe: Probe) -> None:
    answer = await _infer(client, manifest, probe.inputs, list(probe.expected))
    if manifest.parity is None:
        expected = custom.read_reply(probe.expected)
        if wrong := custom.disagreement(custom.read_reply(answer), expected):
            raise RolloutError(
                f"{manifest.entry} fails on its stored sample: {wrong}",
                hint="It worked when it was built; this server may have less memory or another processor.",
            )
    elif wrong := difference(answer, probe.expected, manifest.parity.thresholds):
        raise RolloutError(
            f"{manifest.entry} does not answer its stored sample rightly: {wrong}",
            hint="This server computes otherwise than the build host; convert the model there, or in fp32.",
        )


async def _infer(
    client: TritonClient, manifest: Manifest, inputs: Mapping[str, Array], outputs: list[str]
) -> dict[str, Array]:
    request = infer_request(manifest.entry, inputs, outputs)
    try:
        if manifest.max_batch_size:
            return read_outputs(await client.infer(request, INFER_SECONDS))
        chunks = [read_outputs(response) async for response in client.stream(request, INFER_SECONDS)]
        parts = {name: [chunk[name] for chunk in chunks if name in chunk] for name in outputs}
        return {name: np.concatenate(arrays) for name, arrays in parts.items() if arrays}
    except (InferenceError, RefusedInputError) as error:
        shape = next(iter(inputs.values())).shape
        said = reason(error.__cause__)
        raise RolloutError(f"{manifest.entry} fails on inputs of the shape {list(shape)}: {said}") from error


def _lengths(manifest: Manifest) -> Sequence[int | None]:
    """Tokens a row to warm up with; None leaves rows as the sample has them, as for images."""
    if manifest.tokenizer is None:
        return [None]
    longest = manifest.tokenizer.max_length
    return sorted({min(SHORT, longest), longest})


def _stretch(manifest: Manifest, probe: Probe, batch: int, length: int | None) -> dict[str, Array]:
    """The sample's values repeated, or cut, to `batch` rows and to `length` on all other dynamic axes."""
    stretched = {}
    for spec in manifest.inputs:
        array = probe.inputs[spec.name]
        sizes = [length or array.shape[axis] if size == -1 else size for axis, size in enumerate(spec.shape)]
        for axis, size in enumerate([batch, *sizes[1:]]):
            array = array.take(np.arange(size) % array.shape[axis], axis=axis)
        stretched[spec.name] = array
    return stretched


async def _abandon(client: TritonClient, entry: str) -> None:
    try:
        await take_down(client, entry)
    except TriremeError as error:
        log.warning("entry could not be unloaded", entry=entry, server=client.url, reason=error.message)
