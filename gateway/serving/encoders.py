"""One graph's tokenizer, set to cut text the way that the graph's head wants it."""

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer
from tokenizers.normalizers import BertNormalizer, Lowercase
from tokenizers.normalizers import Sequence as Normalizers

from gateway.serving.errors import InputTooLongError, TokenizerFailedError
from model_repository.heads import SpanHead, TokenClassificationHead
from model_repository.manifest import Manifest, TokenizerSpec
from model_repository.vocabulary import Vocabulary

Text = str | tuple[str, str]
"""A text, or a pair of texts that the model reads together, such as premise and hypothesis."""

CHARACTERS_PER_TOKEN = 16
"""A first guess that holds for nearly all text; a wrong guess costs time, never a token."""

OVERLAP = 8
"""Windows share one of this many parts of the model's limit, so that no short span is torn apart."""

INTERRUPTIONS = (KeyboardInterrupt, SystemExit)
"""What is no failure of a tokenizer. Its own are not all `Exception`: Rust's panics, as of expressions that
try too many ways, derive from `BaseException` alone."""

MOST_WORDS = 200
"""Characters of a failure that are told."""

MAX_CHARACTERS = 200_000
"""Longest text that is read in windows: some hundred windows of the usual size."""


class Encoder:
    """Cuts at the model's limit; of a pair, token by token from whichever is longer at the time."""

    def __init__(self, data: bytes, spec: TokenizerSpec) -> None:
        self.tokenizer = Tokenizer.from_buffer(data)
        self.vocabulary = Vocabulary(self.tokenizer)
        self._plain = _for_plain_texts(self.tokenizer, data)
        for tokenizer in (self.tokenizer, self._plain):
            tokenizer.no_padding()
            tokenizer.enable_truncation(spec.max_length)
        self._first_guess = CHARACTERS_PER_TOKEN * spec.max_length

    def encode(self, texts: Sequence[Text], *, complete: bool = False) -> list[Encoding]:
        """Tokens of each text, without offsets; releases the GIL while it works.

        Args:
            complete: the texts have all special tokens already, so none are put around them.

        Raises:
            TokenizerFailedError: the tokenizer does not get through a text.

        """
        tokenizer = self._plain if all(map(_plain, texts)) else self.tokenizer
        try:
            encodings: list[Encoding] = tokenizer.encode_batch_fast(
                [self._shorten(text) for text in texts], add_special_tokens=not complete
            )
        except INTERRUPTIONS:
            raise
        except BaseException as error:
            raise _failed(error) from error
        return encodings

    def _shorten(self, text: Text) -> Text:
        if isinstance(text, str):
            return self._beginning(text)
        first, second = text
        return self._beginning(first), self._beginning(second)

    def _beginning(self, text: str) -> str:
        """As much of a text as decides what the model sees of it.

        Tokenising megabytes to keep some hundred tokens would hold a thread for seconds. A beginning made of
        whole words is enough once it overflows the limit, because what follows cannot change its tokens. If
        it does not overflow (long runs of spaces), a longer one is tried.
        """
        size = self._first_guess
        while size < len(text):
            end = text.rfind(" ", 0, size)
            beginning = text[: end if end > 0 else size]
            (encoding,) = self.tokenizer.encode_batch_fast([beginning])
            if encoding.overflowing:
                return beginning
            size *= 8
        return text


def _for_plain_texts(tokenizer: Tokenizer, data: bytes) -> Tokenizer:
    """The same tokenizer without what takes BERT's a third of its time and changes nothing in plain texts."""
    normalizer = tokenizer.normalizer
    if not isinstance(normalizer, BertNormalizer):
        return tokenizer
    plain = Tokenizer.from_buffer(data)
    plain.normalizer = Lowercase() if normalizer.lowercase else Normalizers([])
    return plain


def _plain(text: Text) -> bool:
    """Whether a text holds nothing but letters without accents, digits, signs and spaces."""
    if isinstance(text, str):
        return text.isascii() and text.isprintable()
    return all(map(_plain, text))


class WindowEncoder:
    """Cuts a long text into windows that overlap, and keeps the offsets; of a pair it cuts the second.

    The first of a pair, the question, is cut at half the model's limit: the context needs the rest.
    """

    def __init__(self, data: bytes, spec: TokenizerSpec, *, pairs: bool) -> None:
        self.tokenizer = Tokenizer.from_buffer(data)
        self.vocabulary = Vocabulary(self.tokenizer)
        self.tokenizer.no_padding()
        strategy = "only_second" if pairs else "only_first"
        self.tokenizer.enable_truncation(
            spec.max_length, stride=spec.max_length // OVERLAP, strategy=strategy
        )
        self._questions = Tokenizer.from_buffer(data)
        self._questions.no_padding()
        self._questions.enable_truncation(spec.max_length // 2)

    def encode(self, texts: Sequence[Text]) -> list[Encoding]:
        """First window of each text, with the others in its `overflowing`.

        Raises:
            InputTooLongError: a text is so long that its windows would keep everybody else waiting.
            TokenizerFailedError: the tokenizer does not get through a text.

        """
        try:
            encodings: list[Encoding] = self.tokenizer.encode_batch([self._checked(text) for text in texts])
        except (*INTERRUPTIONS, InputTooLongError):
            raise
        except BaseException as error:
            raise _failed(error) from error
        return encodings

    def _checked(self, text: Text) -> Text:
        long = text if isinstance(text, str) else text[1]
        if len(long) > MAX_CHARACTERS:
            raise InputTooLongError(
                f"a text has {len(long)} characters; this model reads up to {MAX_CHARACTERS} at a time"
            )
        return text if isinstance(text, str) else (self._cut(text[0][:MAX_CHARACTERS]), text[1])

    def _cut(self, question: str) -> str:
        encoding = self._questions.encode(question, add_special_tokens=False)
        return question[: encoding.offsets[-1][1]] if encoding.overflowing else question


def _failed(error: BaseException) -> TokenizerFailedError:
    return TokenizerFailedError(f"the model's tokenizer fails: {str(error)[:MOST_WORDS]}")


def create_encoder(manifest: Manifest, data: bytes) -> Encoder | WindowEncoder:
    """Encoder for a graph that reads text; `data` is its tokenizer's file."""
    assert manifest.tokenizer is not None
    match manifest.head:
        case SpanHead():
            return WindowEncoder(data, manifest.tokenizer, pairs=True)
        case TokenClassificationHead():
            return WindowEncoder(data, manifest.tokenizer, pairs=False)
        case _:
            return Encoder(data, manifest.tokenizer)
