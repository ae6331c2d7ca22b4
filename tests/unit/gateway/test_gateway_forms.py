"""Forms: read in pieces, bounded in every way, gone with their last holder."""

import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.body import BodyTooLargeError
from gateway.forms import Form, FormReader
from gateway.serving.errors import OverloadedError
from gateway.validation import SchemaError

BOUNDARY = "frontier"
LIMIT = 3 << 20


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    where = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{where}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def end() -> bytes:
    return f"--{BOUNDARY}--\r\n".encode()


def request(body: bytes, kind: str = f"multipart/form-data; boundary={BOUNDARY}", piece: int = 65_536) -> Any:
    async def stream() -> Any:
        for chunk in pieces():
            yield chunk

    def pieces() -> Iterator[bytes]:
        return (body[at : at + piece] for at in range(0, len(body), piece))

    return SimpleNamespace(headers={"content-type": kind}, stream=stream)


async def read(body: bytes, **options: Any) -> Form:
    async with FormReader(at_once=1).reading(request(body, **options), max_file=LIMIT) as form:
        return form


@pytest.mark.parametrize("piece", [1, 1000, 1 << 20])
async def test_fields_and_a_file_come_as_they_were_sent(piece: int):
    sound = bytes(range(256)) * 8
    body = part("model", b"a") + part("file", sound, "a.wav") + part("model", "ä".encode()) + end()
    form = await read(body, piece=piece)
    assert form.fields == {"model": "ä"}
    assert form.file is not None
    assert (form.file.name, form.file.size, form.file.read()) == ("a.wav", len(sound), sound)


async def test_other_files_are_let_go_and_have_their_bound():
    other = part("cover", bytes(range(256)), "a.png")
    form = await read(other + part("file", b"sound", "a.wav") + part("covers[]", b"\xff", "b.png") + end())
    assert form.fields == {}
    assert form.file is not None
    assert form.file.read() == b"sound"
    large = part("file", bytes(LIMIT), "a.wav") + part("cover", bytes(LIMIT), "a.png")
    assert (await read(large + end())).file is not None
    with pytest.raises(BodyTooLargeError):
        await read(large + part("more", b"a", "b.png") + end())


async def test_a_field_that_is_no_text_is_named():
    with pytest.raises(SchemaError) as caught:
        await read(part("model", b"\xff") + end())
    assert [problem["loc"] for problem in caught.value.problems] == [["model"]]


async def test_a_large_file_lies_on_the_disk_and_goes_with_its_holder():
    form = await read(part("file", bytes(LIMIT), "a.wav") + end())
    assert form.file is not None
    assert form.file.content._rolled  # type: ignore[attr-defined]
    on_disk = form.file.content._file  # type: ignore[attr-defined]
    del form
    gc.collect()
    assert on_disk.closed


@pytest.mark.parametrize("size", [LIMIT + 1, 2 * LIMIT, 5 * LIMIT])
async def test_a_file_that_is_too_large_is_refused(size: int):
    with pytest.raises(BodyTooLargeError, match=r"^File size limit exceeded \(max: 3145728 bytes\)\.$"):
        await read(part("file", bytes(size), "a.wav") + end())


async def test_fields_that_are_too_large_are_refused():
    with pytest.raises(BodyTooLargeError, match="fields"):
        await read(part("prompt", bytes((1 << 20) + 1)) + end())


@pytest.mark.parametrize(
    "body",
    [
        part("file", b"a", "a.wav"),
        b"no form",
        part("model", b"\xff") + end(),
        b"".join(part(f"field{number}", b"") for number in range(65)) + end(),
    ],
    ids=["no end", "no form", "no text", "too many parts"],
)
async def test_a_damaged_form_is_refused(body: bytes):
    with pytest.raises(SchemaError):
        await read(body)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", ""])
async def test_what_is_no_form_is_empty(kind: str):
    form = await read(b"{}", kind=kind)
    assert (form.fields, form.file) == ({}, None)


async def test_no_more_forms_than_may_be_are_under_way():
    reader = FormReader(at_once=1)
    body = part("model", b"a") + end()
    async with reader.reading(request(body), max_file=LIMIT):
        with pytest.raises(OverloadedError):
            async with reader.reading(request(body), max_file=LIMIT):
                raise AssertionError
    async with reader.reading(request(body), max_file=LIMIT) as form:
        assert form.fields == {"model": "a"}
