"""Picks the `Subject` of a part, text or speech, by its head."""

from converters.generation.subject import Subject
from converters.generation.text import TextSubject
from converters.speech.subject import SpeechSubject
from converters.work import Work
from model_repository.heads import SpeechHead


def subject_of(work: Work) -> Subject:
    """How to export, measure and judge a part."""
    return SpeechSubject(work) if isinstance(work.part.head, SpeechHead) else TextSubject(work)
