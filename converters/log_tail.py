"""A log as others follow it while it grows, and a bound on how much of it they get."""

import codecs
from pathlib import Path

MOST_BYTES = 2**20
"""Of a log's beginning that is passed on."""

END_BYTES = 2**14
"""Of a longer log's end, which tells why a stage failed."""

CHUNK_BYTES = 2**16


class LogTail:
    """Reads what has been added to a file; bytes that are no text are replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self) -> str:
        """Some of what has been written since the last call; nothing any more once `MOST_BYTES` are read."""
        return self._decode(min(CHUNK_BYTES, MOST_BYTES - self._position))

    def finish(self) -> str:
        """The rest of a file that grows no more, of a long one its end."""
        texts = [self._decode(MOST_BYTES - self._position)]
        left_out = self._path.stat().st_size - END_BYTES - self._position
        if left_out > 0:
            self._position += left_out
            texts.append(f"\n[{left_out} bytes left out; the whole log is {self._path}]\n")
        texts.append(self._decode(END_BYTES))
        return "".join(texts)

    def _decode(self, size: int) -> str:
        with self._path.open("rb") as file:
            file.seek(self._position)
            data = file.read(size)
        self._position += len(data)
        # PostgreSQL keeps no NUL in a text.
        return self._decoder.decode(data).replace("\0", "\N{REPLACEMENT CHARACTER}")
