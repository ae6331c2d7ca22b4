"""Multipart forms with a file: read as they come, large files to the disk, and bounded in every way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, TypeVar, cast

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from pydantic import BaseModel

from gateway.body import BodyTooLargeError
from gateway.serving.errors import OverloadedError
from gateway.validation import Problem, SchemaError, validated

M = TypeVar("M", bound=BaseModel)

FILE = "file"
LIST = "[]"
"""How the names of fields end that may come several times."""

MAX_FIELD = 1 << 20
"""Bytes of all fields together that are not the file."""

MAX_PARTS = 64
IN_MEMORY = 1 << 20
"""Bytes of a file that are kept in memory; a larger one goes to the disk."""

PATIENCE = 2
"""Times the allowed size that are read before an upload is cut off: whoever is little above hears why."""


class _Spool(SpooledTemporaryFile[bytes]):
    """Closes when nobody holds it any more: a copy of the call may outlive its answer."""

    def __del__(self) -> None:
        self.close()


class UploadedFile:
    """A file of a form, which is gone when nobody holds it any more.

    Attributes:
        name: as the client calls it.
        content: to be read from wherever the last reader left it.

    """

    def __init__(self, name: str, media_type: str) -> None:
        self.name = name
        self.media_type = media_type
        self.size = 0
        self.content = cast("BinaryIO", _Spool(IN_MEMORY))

    def write(self, piece: bytes | bytearray) -> None:
        """Take the next piece."""
        self.content.write(piece)
        self.size += len(piece)

    def read(self) -> bytes:
        """All of it."""
        self.content.seek(0)
        return self.content.read()


@dataclass(slots=True)
class Form:
    """What a form holds; of a field that comes twice the last one counts. Other files than `file` are let go.

    Attributes:
        fields: text by name, or where the name ends with `[]` the list of all that came by it.

    """

    fields: dict[str, Any] = field(default_factory=dict)
    file: UploadedFile | None = None


def read_fields(model: type[M], form: Form) -> tuple[M, UploadedFile]:
    """Fields and file of a form that needs both.

    Raises:
        SchemaError: rules are broken; what is missing is missing from the body, and what is wrong stands
            under its own name, as in the reference.

    """
    problems: list[Problem] = []
    if form.file is None:
        problems.append({"type": "missing", "loc": ["body", FILE], "msg": "Field required", "input": None})
    try:
        fields = validated(model, form.fields, "body")
    except SchemaError as error:
        problems += [_placed(problem) for problem in error.problems]
    if problems or form.file is None:
        raise SchemaError(problems)
    return fields, form.file


def _placed(problem: Problem) -> Problem:
    return problem if problem["type"] == "missing" else {**problem, "loc": problem["loc"][1:]}


class FormReader:
    """Reads forms.

    Args:
        at_once: forms that may be under way, from their first byte to their answer.

    """

    def __init__(self, *, at_once: int) -> None:
        self._at_once = at_once
        self._under_way = 0

    @asynccontextmanager
    async def reading(self, request: Request[Any, Any, Any], *, max_file: int) -> AsyncIterator[Form]:
        """The form of a request; one that is no multipart form is empty.

        Args:
            max_file: bytes of the file.

        Raises:
            OverloadedError: too many are under way.
            BodyTooLargeError: the file or the fields have more bytes than may be.
            SchemaError: it is damaged.

        """
        if self._under_way >= self._at_once:
            raise OverloadedError("too many forms are under way")
        self._under_way += 1
        try:
            yield await _read(request, max_file)
        finally:
            self._under_way -= 1


async def _read(request: Request[Any, Any, Any], max_file: int) -> Form:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    form = Form()
    if kind != "multipart/form-data" or not options.get("boundary"):
        return form
    taking = _Taking(form, max_file)
    try:
        with PushMultipartParser(options["boundary"], max_segment_count=MAX_PARTS) as parser:
            async for chunk in request.stream():
                for event in parser.parse(chunk):
                    taking.take(event)
            parser.close()
    except MultipartError as error:
        problem = {"type": "value_error", "loc": ["body"], "msg": f"Invalid form: {error}", "input": None}
        raise SchemaError([problem]) from None
    if taking.received > max_file:
        raise taking.too_large()
    return form


class _Taking:
    """The part of a form that is being read."""

    def __init__(self, form: Form, max_file: int) -> None:
        self._form = form
        self._max_file = max_file
        self._name = ""
        self._text = bytearray()
        self._file: UploadedFile | None = None
        self._ignored = False
        self._fields = 0
        self._passed = 0
        self.received = 0

    def take(self, event: MultipartSegment | bytearray | None) -> None:
        """The next event of the parser: a part begins, goes on or ends."""
        if isinstance(event, MultipartSegment):
            self._name, self._text = event.name, bytearray()
            self._file = None
            self._ignored = event.filename is not None and event.name != FILE
            if event.name == FILE and event.filename is not None:
                self._file = UploadedFile(event.filename, event.content_type or "application/octet-stream")
        elif event is None:
            self._end()
        elif self._file is not None:
            self._take_file(event, self._file)
        elif self._ignored:
            self._pass(event)
        else:
            self._text += event
            self._fields += len(event)
            if self._fields > MAX_FIELD:
                raise BodyTooLargeError(f"the fields of the form are larger than {MAX_FIELD} bytes")

    def too_large(self) -> BodyTooLargeError:
        """The file has too many bytes."""
        return BodyTooLargeError(f"File size limit exceeded (max: {self._max_file} bytes).")

    def _take_file(self, piece: bytearray, file: UploadedFile) -> None:
        self._pass(piece)
        self.received += len(piece)
        if self.received <= self._max_file:
            file.write(piece)

    def _pass(self, piece: bytearray) -> None:
        self._passed += len(piece)
        if self._passed > PATIENCE * self._max_file:
            raise self.too_large()

    def _end(self) -> None:
        if self._file is not None:
            self._form.file = self._file
        elif self._ignored or self._name == FILE:
            return
        elif self._name.endswith(LIST):
            self._form.fields.setdefault(self._name, []).append(self._read())
        else:
            self._form.fields[self._name] = self._read()

    def _read(self) -> str:
        try:
            return self._text.decode()
        except UnicodeDecodeError as error:
            problem = {"type": "string_unicode", "loc": [self._name], "msg": f"Invalid text: {error}"}
            raise SchemaError([{**problem, "input": None}]) from None
