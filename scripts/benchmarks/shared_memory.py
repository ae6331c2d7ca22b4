"""Triton's system shared memory extension: an input lies in a region that both sides see, and is not sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.shared_memory import SharedMemory

import grpc
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

RELEASE_SECONDS = 5.0


class Region:
    """A piece of shared memory for one request at a time, kept from request to request."""

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory

    @property
    def name(self) -> str:
        return self._memory.name

    def request(self, entry: str, tensor: str, rows: Sequence[NDArray[np.float32]], output: str) -> bytes:
        """Rows joined to one tensor inside the region, and a request that points to it.

        The region must not be written again before the answer is there, even if nobody waits for that.
        """
        shape = (len(rows), *rows[0].shape)
        joined = np.ndarray(shape, np.float32, self._memory.buf)
        np.stack(rows, out=joined)
        request = pb.ModelInferRequest(model_name=entry)
        pointer = request.inputs.add(name=tensor, datatype="FP32", shape=shape).parameters
        pointer["shared_memory_region"].string_param = self.name
        pointer["shared_memory_byte_size"].int64_param = joined.nbytes
        request.outputs.add(name=output)
        return bytes(request.SerializeToString())


@asynccontextmanager
async def regions(url: str, count: int, size: int) -> AsyncIterator[list[Region]]:
    """Regions that the Triton at `url` knows; they are gone after the block, or with this process.

    Args:
        size: bytes of each.

    Raises:
        grpc.aio.AioRpcError: Triton cannot reach this host's shared memory, or does without the extension.

    """
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(url))
        stub = GRPCInferenceServiceStub(channel)
        made = []
        for _ in range(count):
            memory = SharedMemory(create=True, size=size)
            stack.callback(memory.unlink)
            stack.callback(memory.close)
            await stub.SystemSharedMemoryRegister(
                pb.SystemSharedMemoryRegisterRequest(
                    name=memory.name, key=f"/{memory.name}", offset=0, byte_size=size
                )
            )
            stack.push_async_callback(_release, stub, memory.name)
            made.append(Region(memory))
        yield made


async def _release(stub: GRPCInferenceServiceStub, name: str) -> None:
    """Triton answers before it lets go of a region, and nothing tells when it has."""
    async with asyncio.timeout(RELEASE_SECONDS):
        while True:
            try:
                await stub.SystemSharedMemoryUnregister(pb.SystemSharedMemoryUnregisterRequest(name=name))
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.INTERNAL:
                    raise
                await asyncio.sleep(0.01)
            else:
                return
