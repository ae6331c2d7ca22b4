"""Which of a tokenizer's chat templates an entry gets."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from converters.generation.family import _conversation


@pytest.mark.parametrize(
    ("templates", "chat", "tool"),
    [
        (None, "", ""),
        ("{{ all }}", "{{ all }}", ""),
        (
            {"default": "{{ all }}", "tool_use": "{{ tools }}", "rag": "{{ texts }}"},
            "{{ all }}",
            "{{ tools }}",
        ),
        ({"tool_use": "{{ tools }}"}, "", "{{ tools }}"),
    ],
)
def test_templates_are_taken_by_name(
    tmp_path: Path, templates: str | dict[str, str] | None, chat: str, tool: str
) -> None:
    words = Tokenizer(WordLevel({"<s>": 0}, unk_token="<s>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>")
    tokenizer.chat_template = templates
    tokenizer.save_pretrained(tmp_path)
    found = _conversation(tmp_path)
    assert found["special_tokens"] == {"bos_token": "<s>"}
    assert (found["chat_template"], found["tool_template"]) == (chat, tool)
