"""What the files of an uploaded model of its author's own code must be."""

from pathlib import Path

import pytest

from converters.custom.layout import CustomTask, Loader, read_custom_config
from converters.spec import ConversionError

WHOLE = b'{"description": "d", "tasks": ["qa", "custom", "qa"], "details": {"a": [1]}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_bytes(WHOLE)
    (tmp_path / "requirements.txt").write_bytes(b"")
    (tmp_path / "model.bin").write_bytes(b"code")
    return tmp_path


def test_what_the_config_says(folder: Path) -> None:
    config = read_custom_config(folder)
    assert config.description == "d"
    assert config.tasks == (CustomTask.QA, CustomTask.CUSTOM)
    assert config.details == {"a": [1]}
    assert config.loader is Loader.PICKLE


def test_module_instead_of_a_pickle(folder: Path) -> None:
    (folder / "inference.py").write_text("")
    assert read_custom_config(folder).loader is Loader.PICKLE
    (folder / "model.bin").unlink()
    assert read_custom_config(folder).loader is Loader.MODULE


@pytest.mark.parametrize(
    "text",
    [b'{"tasks": ["custom"]}', b'\xef\xbb\xbf{"description": null, "tasks": ["custom"], "details": null}'],
)
def test_what_may_be_left_out(folder: Path, text: bytes) -> None:
    (folder / "config.json").write_bytes(text)
    config = read_custom_config(folder)
    assert (config.description, config.details) == ("", {})


@pytest.mark.parametrize("name", ["config.json", "requirements.txt", "model.bin"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ConversionError, match=f"lacks {name}"):
        read_custom_config(folder)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b'{"description": "\xff", "tasks": ["qa"]}', "is not JSON"),
        (b"[]", "is not an object"),
        (b"null", "is not an object"),
        (b"{}", "no list of tasks"),
        (b'{"tasks": "qa"}', "no list of tasks"),
        (b'{"tasks": null}', "no list of tasks"),
        (b'{"tasks": []}', "an empty list of tasks"),
        (b'{"tasks": ["qa", "fly"]}', 'unknown task "fly"'),
        (b'{"tasks": [1]}', "unknown task 1"),
        (b'{"tasks": [{"qa": []}]}', "unknown task"),
        (b'{"tasks": ["qa"], "description": 7}', "description that is not a string"),
        (b'{"tasks": ["qa"], "details": []}', "details that are not an object"),
        (b'{"tasks": ["qa"], "details": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b" " * (1 << 20) + WHOLE, "is larger than 1024 KiB"),
    ],
)
def test_config_that_is_refused(folder: Path, text: bytes, cause: str) -> None:
    (folder / "config.json").write_bytes(text)
    with pytest.raises(ConversionError, match=cause) as caught:
        read_custom_config(folder)
    assert caught.value.message.startswith("config.json ")
    assert caught.value.hint
