"""One server for the tests of a file, one data folder for all, because a conversion takes a minute."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from harness import Server, serving


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("e2e") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    with serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def original(data: Path) -> Callable[[list[str]], np.ndarray]:
    """The PyTorch model that the first build fetched, as its own pipeline uses it."""
    import torch  # noqa: PLC0415  # seconds that tests without it need not wait
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    folder = next((data / "builds").rglob("model.safetensors")).parent
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def embed(texts: list[str]) -> np.ndarray:
        inputs = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        with torch.inference_mode():
            hidden = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled).numpy()

    return embed
