"""Tasks that an encoder-decoder was trained on by the beginning of its prompt.

All are greedy, so an answer is always the same. A prompt that is too long loses its end.
"""

from collections.abc import Sequence

from control_plane.catalog import Provider
from gateway.serving.generation.model import GenerationModel
from gateway.serving.generation.results import GenerationParameters
from model_repository.generation import SamplingParameters
from model_repository.manifest import Task

ANSWER_TOKENS = 96
SUMMARY_TOKENS = 96
EMOTION_TOKENS = 30

EMOTIONS = (
    "neutral", "admiration", "approval", "annoyance", "gratitude", "disapproval", "amusement", "curiosity",
    "love", "optimism", "disappointment", "joy", "realization", "anger", "sadness", "confusion", "caring",
    "excitement", "surprise", "disgust", "desire", "fear", "remorse", "embarrassment", "nervousness", "pride",
    "relief", "grief",
)  # fmt: skip
"""The names that there are, the first of them for a text without emotion."""

Turn = tuple[str, str]
"""An earlier question and its answer."""


class PromptedTask:
    """Questions, summaries and emotions by prompt."""

    def __init__(self, model: GenerationModel) -> None:
        self._model = model

    async def answer(
        self,
        provider: Provider,
        questions: Sequence[str],
        contexts: Sequence[str],
        histories: Sequence[Sequence[Turn]],
    ) -> list[str]:
        """Answer to each question from its context, or what the model was trained to say without one.

        Raises:
            TriremeError: see `GenerationModel.run`.

        """
        rows = zip(questions, contexts, histories, strict=True)
        prompts = [answer_prompt(*row) for row in rows]
        return await self._texts(provider, Task.QUESTION_ANSWERING, prompts, ANSWER_TOKENS)

    async def summarise(self, provider: Provider, texts: Sequence[str]) -> list[str]:
        """Summary of each text.

        Raises:
            TriremeError: see `GenerationModel.run`.

        """
        prompts = [f"summarise: {text}" for text in texts]
        return await self._texts(provider, Task.SUMMARISATION, prompts, SUMMARY_TOKENS)

    async def emotions(self, provider: Provider, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Emotions of each text, from `EMOTIONS`, at least one and none twice.

        Raises:
            TriremeError: see `GenerationModel.run`.

        """
        prompts = [f"emotion: {text}" for text in texts]
        answers = await self._texts(provider, Task.EMOTION, prompts, EMOTION_TOKENS)
        return [read_emotions(answer) for answer in answers]

    async def _texts(
        self, provider: Provider, task: Task, prompts: Sequence[str], max_new_tokens: int
    ) -> list[str]:
        sampling = SamplingParameters(min_new_tokens=1, max_new_tokens=max_new_tokens)
        graph = provider.graph(task)
        answers = await self._model.run(provider, graph, prompts, GenerationParameters(sampling))
        return [answer.text.strip() for (answer,) in answers]


def answer_prompt(question: str, context: str, history: Sequence[Turn]) -> str:
    """The prompt of a question, with the conversation before it, oldest first."""
    turns = [f"q: {earlier} a: {answer}" for earlier, answer in history]
    return " ".join((*turns, f"q: {question}", f"c: {context}"))


def read_emotions(answer: str) -> tuple[str, ...]:
    """The known names in an answer, in its order; what else the model wrote is left out."""
    names = (name.strip().lower() for name in answer.split(","))
    return tuple(dict.fromkeys(name for name in names if name in EMOTIONS)) or EMOTIONS[:1]
