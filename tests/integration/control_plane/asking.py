"""Questions to a real Triton about the entries of `deployable`."""

import numpy as np
from deployable import PARTS

from model_repository.client import EntryState, TritonClient, infer_request, read_outputs
from model_repository.errors import ServerUnavailableError
from model_repository.layout import EntryName


async def loaded(client: TritonClient) -> set[str]:
    """Entries that take requests; none while the server is away."""
    try:
        return {entry for entry, state in (await client.index()).items() if state is EntryState.READY}
    except ServerUnavailableError:
        return set()


async def answers(client: TritonClient, entry: str) -> bool:
    """Whether an entry answers its sample rightly."""
    graph = PARTS[EntryName.parse(entry).part]
    request = infer_request(entry, {graph.input.name: graph.sample}, [graph.output.name])
    answer = read_outputs(await client.infer(request, 30))[graph.output.name]
    return np.allclose(answer, graph.right, atol=1e-4)
