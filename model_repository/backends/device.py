"""The few calls of the CUDA runtime that running a plan needs, by NVIDIA's own bindings (`cuda-bindings`)."""

from typing import Any

import numpy as np
from cuda.bindings import runtime as cuda
from numpy.typing import NDArray

Array = NDArray[np.generic]


class DeviceError(RuntimeError):
    """The CUDA runtime reports an error, such as that there is no driver."""


def compute_capability(device: int = 0) -> str:
    """Of a GPU, such as `sm89`.

    Raises:
        DeviceError: there is no such GPU.

    """
    kinds = cuda.cudaDeviceAttr
    major, minor = (
        _call(cuda.cudaDeviceGetAttribute(kind, device))
        for kind in (kinds.cudaDevAttrComputeCapabilityMajor, kinds.cudaDevAttrComputeCapabilityMinor)
    )
    return f"sm{major}{minor}"


class Stream:
    """A stream on one GPU, and the memory of the tensors that are computed in it."""

    def __init__(self, device: int = 0) -> None:
        _call(cuda.cudaSetDevice(device))
        self.handle: int = int(_call(cuda.cudaStreamCreate()))
        self._buffers: dict[str, tuple[int, int]] = {}

    def reserve(self, name: str, size: int) -> int:
        """Address of at least `size` bytes for a tensor; what it held before may be gone."""
        address, held = self._buffers.get(name, (0, 0))
        if held < size:
            if address:
                _call(cuda.cudaFree(address))
                del self._buffers[name]
            address = int(_call(cuda.cudaMalloc(size)))
            self._buffers[name] = address, size
        return address

    def send(self, name: str, array: Array) -> int:
        """Copy a contiguous array to the GPU, and give its address there."""
        address = self.reserve(name, max(array.nbytes, 1))
        kind = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        _call(cuda.cudaMemcpyAsync(address, array.ctypes.data, array.nbytes, kind, self.handle))
        return address

    def fetch(self, name: str, array: Array) -> None:
        """Copy a tensor from the GPU into a contiguous array; it is there after `wait`."""
        address, _ = self._buffers[name]
        kind = cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _call(cuda.cudaMemcpyAsync(array.ctypes.data, address, array.nbytes, kind, self.handle))

    def wait(self) -> None:
        """Until everything in the stream is done."""
        _call(cuda.cudaStreamSynchronize(self.handle))

    def close(self) -> None:
        """Give everything back."""
        for address, _ in self._buffers.values():
            _call(cuda.cudaFree(address))
        self._buffers.clear()
        _call(cuda.cudaStreamDestroy(self.handle))


def _call(answer: tuple[Any, ...]) -> Any:
    """The value of a call, without the status in front."""
    status, *values = answer
    if status != cuda.cudaError_t.cudaSuccess:
        raise DeviceError(f"CUDA says {status.name}")
    return values[0] if values else None
