"""What a source says of itself, said wrongly: told by file and field, before anything heavy begins."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models
from transformers import GPT2Config, ViTConfig, ViTImageProcessor

from converters.families.inspect import _config
from converters.generation.family import _conversation
from converters.generation.ids import eos_ids
from converters.inspection.image import read_image_spec
from converters.inspection.weights import check_weights
from converters.spec import ConversionError


def write(folder: Path, name: str, content: object) -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def told(caught: "pytest.ExceptionInfo[ConversionError]") -> str:
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("architectures", [1, "BertModel", [1], {"a": 1}, True])
def test_architectures(tmp_path: Path, architectures: object) -> None:
    write(tmp_path, "config.json", {"model_type": "bert", "architectures": architectures})
    with pytest.raises(ConversionError) as caught:
        _config(tmp_path)
    assert told(caught).startswith("config.json is damaged")
    assert "$.architectures" in told(caught)


def test_code_of_the_models_own(tmp_path: Path) -> None:
    config = {"model_type": "own", "architectures": ["Own"], "auto_map": {"AutoConfig": "code.Own"}}
    (tmp_path / "code.py").write_text("raise SystemExit")
    with pytest.raises(ConversionError) as caught:
        _config(write(tmp_path, "config.json", config))
    assert told(caught) == "the architecture Own is code of the model's own, which is not run here"


def test_code_beside_an_architecture_that_is_known_is_left_alone(tmp_path: Path) -> None:
    GPT2Config(architectures=["GPT2LMHeadModel"], auto_map={"AutoConfig": "code.Own"}).save_pretrained(
        tmp_path
    )
    assert type(_config(tmp_path)) is GPT2Config


@pytest.mark.parametrize("index", ["", "[]", "{", "{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}'])
def test_an_index_of_weights(tmp_path: Path, index: str) -> None:
    with pytest.raises(ConversionError) as caught:
        check_weights(write(tmp_path, "model.safetensors.index.json", index))
    assert told(caught).startswith("model.safetensors.index.json is damaged")


@pytest.mark.parametrize("ids", ["x", -1, 2**31, [1, "x"], {"a": 1}, True])
def test_the_end_of_a_text(tmp_path: Path, ids: object) -> None:
    write(tmp_path, "generation_config.json", {"eos_token_id": ids})
    with pytest.raises(ConversionError) as caught:
        eos_ids(tmp_path, GPT2Config())
    assert "generation_config.json" in told(caught)


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_file_of_generation(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConversionError) as caught:
        eos_ids(write(tmp_path, "generation_config.json", content), GPT2Config())
    assert told(caught).startswith("generation_config.json does not say how to generate")


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"chat_template": 1}, "chat_template"),
        ({"chat_template": [{"name": "default", "template": 1}]}, "chat_template"),
        ({"chat_template": ["x"]}, "the tokenizer cannot be loaded"),
        ({"added_tokens_decoder": "x"}, "the tokenizer cannot be loaded"),
        ({"bos_token": 1}, "the tokenizer cannot be loaded"),
        ({"tokenizer_class": ["x"]}, "the tokenizer cannot be loaded"),
    ],
)
def test_settings_of_a_tokenizer(tmp_path: Path, settings: dict[str, object], cause: str) -> None:
    GPT2Config().save_pretrained(tmp_path)
    Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")).save(str(tmp_path / "tokenizer.json"))
    write(tmp_path, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **settings})
    with pytest.raises(ConversionError) as caught:
        _conversation(tmp_path)
    assert cause in told(caught)


@pytest.mark.parametrize(
    "settings",
    [
        {"image_mean": [1]},
        {"image_std": 1},
        {"resample": "x"},
        {"rescale_factor": {}},
        {"do_center_crop": "x"},
    ],
)
def test_settings_of_images(tmp_path: Path, settings: dict[str, object]) -> None:
    ViTConfig().save_pretrained(tmp_path)
    processor = {"image_processor_type": ViTImageProcessor.__name__, "size": {"height": 32, "width": 32}}
    read_image_spec(write(tmp_path, "preprocessor_config.json", processor))
    with pytest.raises(ConversionError) as caught:
        read_image_spec(write(tmp_path, "preprocessor_config.json", processor | settings))
    assert "preprocessor_config.json" in told(caught)
