"""An author's model in its sandbox: load it, call it, restart it after it was ended."""

import msgspec

from model_repository.sandbox.box import Box
from model_repository.sandbox.errors import SandboxEndedError
from model_repository.sandbox.process import Output, SandboxProcess


class ModelError(SandboxEndedError):
    """The author's code raised; the message is the type and the text of what it raised."""

    code = "model_raised"


class _Reply(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


class SandboxedModel:
    """One loaded model; calls go one after the other."""

    def __init__(self, box: Box, output: Output) -> None:
        self._box = box
        self._output = output
        self._process: SandboxProcess | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the sandbox, or None where there is none now."""
        return self._process.pid if self._process and self._process.running else None

    def load(self) -> None:
        """Start the sandbox, unless it runs, and load the model.

        Raises:
            ModelError: the author's code raised.
            SandboxEndedError: it took too much, too long, or ended.
            SandboxUnavailableError: there can be no sandbox on this machine.

        """
        if self._process is not None and self._process.running:
            return
        self.close()
        self._process = SandboxProcess(self._box, self._output)
        try:
            self._exchange(None, self._box.limits.load_seconds)
        except BaseException:
            self.close()
            raise

    def call(self, task: str, params: bytes) -> bytes:
        """The model's result as JSON; a model that was ended is loaded again first.

        Args:
            params: the request's fields, a JSON object.

        Raises:
            ModelError: the author's code raised.
            SandboxEndedError: it took too much, too long, or ended.
            SandboxUnavailableError: there can be no sandbox on this machine.

        """
        self.load()
        # Rewritten, because a line break in it would be the end of the call.
        fields = msgspec.json.format(params, indent=-1)
        line = b'{"task": %b, "params": %b}' % (msgspec.json.encode(task), fields)
        return self._exchange(line, self._box.limits.call_seconds)

    def close(self) -> None:
        """End the sandbox."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _exchange(self, line: bytes | None, seconds: float) -> bytes:
        assert self._process is not None
        answer = self._process.exchange(line, seconds)
        try:
            reply = msgspec.json.decode(answer, type=_Reply)
        except msgspec.MsgspecError:
            self.close()
            raise SandboxEndedError("it answered with something that is not JSON") from None
        if reply.error is not None:
            raise ModelError(reply.error)
        return bytes(reply.result)
