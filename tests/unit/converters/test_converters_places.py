"""Sources that name places outside of their own folder: nothing there is read."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from converters.inspection.pipeline import read_pipeline
from converters.inspection.tokenizer import write_tokenizer
from converters.sources.places import forget_places
from converters.spec import ConversionError

KIND = "sentence_transformers.models."


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of somebody else that reads as a vocabulary."""
    path = tmp_path / "root.key"
    path.write_text("topsecret\n[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source whose tokenizer is made from its settings alone."""
    folder = tmp_path / "source"
    write(folder / "config.json", {"model_type": "bert"})
    return folder


def vocabulary(source: Path) -> set[str]:
    target = source / "written.json"
    write_tokenizer(source, target, lowercase=False, pad_id=0)
    return set(Tokenizer.from_file(str(target)).get_vocab())


@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize("relative", [False, True])
def test_no_tokenizer_is_made_of_a_file_elsewhere(
    source: Path, secret: Path, monkeypatch: pytest.MonkeyPatch, file: str, relative: bool
) -> None:
    monkeypatch.chdir(secret.parent)
    write(source / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "pad_token": "[PAD]"})
    settings = json.loads((source / "tokenizer_config.json").read_bytes())
    write(source / file, settings | {"vocab": secret.name if relative else str(secret)})
    assert "topsecret" in vocabulary(source)  # the library by itself follows it
    forget_places(source)
    assert "topsecret" not in vocabulary(source)


def test_nor_of_one_that_is_named_without_a_name(source: Path, secret: Path) -> None:
    given = {"tokenizer_class": "BertTokenizer", "pad_token": "[PAD]", "init_inputs": [str(secret)]}
    write(source / "tokenizer_config.json", given)
    forget_places(source)
    assert "topsecret" not in vocabulary(source)


def test_a_gguf_file_elsewhere_is_not_opened(source: Path, secret: Path) -> None:
    given = {"tokenizer_class": "PreTrainedTokenizerFast", "gguf_file": str(secret)}
    write(source / "tokenizer_config.json", given)
    with pytest.raises(ValueError, match="GGUF"):
        AutoTokenizer.from_pretrained(source, local_files_only=True)
    forget_places(source)
    with pytest.raises(ValueError, match="instantiate"):
        AutoTokenizer.from_pretrained(source, local_files_only=True)


def test_what_names_no_place_stays(source: Path) -> None:
    settings = {
        "tokenizer_class": "BertTokenizer",
        "unk_token": "/",
        "chat_template": "{{ messages[0].content }}/",
        "added_tokens_decoder": {"5": {"content": "/"}},
        "model_max_length": 128,
        "do_lower_case": True,
        "strip_accents": None,
    }
    leftovers = {"name_or_path": "google/bert", "tokenizer_file": "/root/.cache/x/tokenizer.json"}
    write(source / "tokenizer_config.json", settings | leftovers)
    write(source / "0_Transformer" / "tokenizer_config.json", settings | leftovers)
    forget_places(source)
    for folder in (source, source / "0_Transformer"):
        assert json.loads((folder / "tokenizer_config.json").read_bytes()) == settings


@pytest.mark.parametrize(
    "content", ["[]", "{", "\\ud800", "[" * 100_000, '{"vocab": "' + "x" * 10_000 + '"}']
)
def test_what_is_no_object_stays_too(source: Path, content: str) -> None:
    path = source / "tokenizer_config.json"
    path.write_text(content)
    forget_places(source)
    assert path.read_text() == content


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../other", ".."])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_no_pipeline_leads_out_of_its_folder(source: Path, path: str, step: int) -> None:
    modules = [
        {"path": "", "type": f"{KIND}Transformer"},
        {"path": "1_Pooling", "type": f"{KIND}Pooling"},
        {"path": "2_Dense", "type": f"{KIND}Dense"},
    ]
    modules[step]["path"] = path
    write(source / "modules.json", modules)
    with pytest.raises(ConversionError, match=r"modules.json names .* (leads out|absolute path)"):
        read_pipeline(source)
