"""The tokenizer as one Rust file: how text becomes ids; lengths and padding are the manifest's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.normalizers import Lowercase, Sequence
from transformers import AutoTokenizer

from converters.causes import first_line
from converters.inspection.files import AddedToken, TokenizerConfig, read_json
from converters.inspection.growth import check_growth, check_size
from converters.spec import ConversionError

CONFIG = "tokenizer_config.json"

UNLIMITED = 10**6
"""A tokenizer without a limit says so with a number far above any real length."""


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """What the manifest and the graph need to know.

    Attributes:
        max_length: limit in tokens, or None where the tokenizer has none.

    """

    pad_id: int
    pad_token: str
    max_length: int | None


def write_tokenizer(root: Path, target: Path, *, lowercase: bool, pad_id: int | None) -> TokenizerFacts:
    """Write `tokenizer.json` without truncation and padding.

    Args:
        root: folder of the model.
        target: path of the file.
        lowercase: lower the text first, as the model's pipeline does.
        pad_id: the model's padding id, used where the tokenizer names no padding token.

    Raises:
        ConversionError: there is no tokenizer, it is damaged, makes too much of a text, or has nothing to pad
            with.

    """
    tokenizer = _load(root)
    check_growth(tokenizer)
    config = read_json(root / CONFIG, TokenizerConfig) if (root / CONFIG).is_file() else TokenizerConfig()
    token = config.pad_token.content if isinstance(config.pad_token, AddedToken) else config.pad_token
    if token is None and pad_id is not None:
        token = tokenizer.id_to_token(pad_id)
    found = tokenizer.token_to_id(token) if token is not None else None
    if token is None or found is None:
        raise ConversionError(
            "the tokenizer has no padding token", hint="Set pad_token in tokenizer_config.json."
        )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if lowercase:
        steps = [Lowercase(), tokenizer.normalizer] if tokenizer.normalizer else [Lowercase()]
        tokenizer.normalizer = Sequence(steps)
    tokenizer.save(str(target))
    check_size(target)
    limit = config.model_max_length
    return TokenizerFacts(
        pad_id=found,
        pad_token=token,
        max_length=int(limit) if limit is not None and limit < UNLIMITED else None,
    )


def load_tokenizer(root: Path) -> Any:
    """The tokenizer as transformers has it, with all that `tokenizer_config.json` says.

    Raises:
        ConversionError: it cannot be loaded; says why.

    """
    try:
        return AutoTokenizer.from_pretrained(root, local_files_only=True)
    except Exception as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ConversionError:
    return ConversionError(
        f"the tokenizer cannot be loaded: {first_line(str(error)) or type(error).__name__}",
        hint="Add tokenizer.json, and tokenizer_config.json, as save_pretrained() of a fast one writes them.",
    )


def _load(root: Path) -> Tokenizer:
    """The model's Rust tokenizer, made from its vocabulary files where it has only those."""
    file = root / "tokenizer.json"
    try:
        if file.is_file():
            check_size(file)
            return Tokenizer.from_file(str(file))
        rust: Tokenizer = load_tokenizer(root).backend_tokenizer
    except ConversionError:
        raise
    except Exception as error:
        raise _unreadable(error) from error
    return rust
