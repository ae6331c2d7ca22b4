"""A whole Trireme on PostgreSQL: built, served, and still serving while the database is away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from databases import postgresql_database
from harness import Server, serving, trireme, wait_until
from postgresql import PostgresServer
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

pytestmark = pytest.mark.integration

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "oars", "war", "ship"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A model of random weights that knows three words."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast  # noqa: PLC0415

    words = Tokenizer(WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    folder = tmp_path / "tiny"
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=64, **special).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def test_a_model_is_built_and_serves_through_an_outage(
    tmp_path: Path, tiny: Path, mortal_postgres: PostgresServer
) -> None:
    config = tmp_path / "trireme.toml"
    config.write_text(f'[database]\nurl = "{postgresql_database(mortal_postgres.address)}"\n')
    data, configured = tmp_path / "data", ("--config", str(config))
    with serving(data, "--catalogue", "none", *configured) as server:
        trireme("models", "add", f"file:{tiny}", "--name", "tiny", *configured, data=data)
        vector = embedded(server)
        assert len(vector) == 32
        assert not (data / "trireme.db").exists()

        mortal_postgres.stop()
        wait_until(lambda: any("database" in reason for reason in reasons(server)))
        assert embedded(server) == vector
        refused = trireme("keys", "list", *configured, data=data, check=False)
        assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
        assert "the database cannot be reached" in refused.stderr

        mortal_postgres.start()
        wait_until(lambda: reasons(server) == [])
        key = trireme("keys", "create", "--name", "ci", *configured, data=data).stdout.strip()
        wait_until(accepts(server, key))


def embedded(server: Server) -> list[float]:
    answer = server.client.post("/text-vectorisation", json={"text": "war ship oars", "model": "tiny"})
    assert answer.is_success, answer.text
    vector: list[float] = answer.json()["vector"]
    return vector


def reasons(server: Server) -> list[str]:
    told: list[str] = server.client.get("/health/ready").json()["reasons"]
    return told


def accepts(server: Server, key: str) -> Callable[[], bool]:
    return lambda: server.client.get("/v1/models", headers={"x-api-key": key}).is_success
