"""`/v1/audio/transcriptions`."""

from typing import Any

from litestar import Controller, MediaType, Request, Response, post
from litestar.di import NamedDependency
from msgspec.structs import replace

from control_plane.catalog import Key, Provider
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.schemas.answers import InferenceUsage, completed
from gateway.apis.opengatellm.schemas.transcriptions import Transcription, TranscriptionFields, details
from gateway.apis.opengatellm.schemas.usage import Carbon
from gateway.forms import Form, FormReader, UploadedFile, read_fields
from gateway.parameters import documented_by
from gateway.serving.inference.inference import Answered, Inference, Job
from gateway.serving.metering.call import current_call
from gateway.serving.providers.adapter import Operation
from gateway.serving.providers.form import File, Speech
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.speech.errors import RecordingRefusedError
from gateway.serving.speech.languages import CODES
from gateway.serving.speech.results import Spoken, Transcript
from gateway.serving.tasks.transcription import TranscriptionTask

MAX_FILE = 20 * 2**20
"""Bytes of a recording, by the API's contract."""

ANSWERS = answering(Transcription, "What was said.", RecordingRefusedError)


class TranscriptionsController(Controller):
    """Speech to text."""

    path = "/audio/transcriptions"
    tags = ("inference",)

    @post(
        status_code=200,
        operation_id="audio_transcriptions",
        summary="Write down what is said in a recording",
        operation_class=documented_by(form=TranscriptionFields, texts=(MediaType.TEXT,)),
        responses=ANSWERS,
    )
    async def transcribe(
        self,
        request: Request[Key, Key, Any],
        forms: NamedDependency[FormReader],
        inference: NamedDependency[Inference],
        transcription: NamedDependency[TranscriptionTask],
        upstreams: NamedDependency[Upstreams],
    ) -> Response[bytes] | Response[str]:
        """Write down what is said in a recording: wav, mp3, flac or ogg of up to 20 MiB.

        With `text` as `response_format` the answer is plain text.
        """
        async with forms.reading(request, max_file=MAX_FILE) as form:
            fields, file = _read(inference, request.auth, form)

            async def here(provider: Provider) -> Transcript | dict[str, Any]:
                spoken = Spoken(
                    file=file.content,
                    language=CODES.get(fields.language, ""),
                    prompt=fields.prompt,
                    temperature=fields.temperature,
                    detailed=fields.response_format == "verbose_json",
                )
                return await transcription.run(provider, spoken)

            async def elsewhere(provider: Provider) -> Transcript | dict[str, Any]:
                answer = await upstreams.transcribe(provider, _speech(fields, file))
                if (call := current_call()) is not None:
                    call.texts.append(str(answer.get("text", "")))
                return answer

            job = Job(
                operation=Operation.TRANSCRIPTION,
                model=fields.model,
                texts=(),
                here=here,
                elsewhere=elsewhere,
                most=lambda _: transcription.longest(file.size),
            )
            answered = await inference.run(request.auth, job)
        value = answered.value
        text = value.text if isinstance(value, Transcript) else str(value.get("text", ""))
        if fields.response_format == "text":
            return Response(text, media_type=MediaType.TEXT)
        answer: dict[str, Any] = {"text": text}
        if fields.response_format == "verbose_json" and isinstance(value, Transcript):
            answer |= details(value)
        whole = completed(Answered(answer, answered.provider, answered.usage), fields.model)
        return respond({**whole, "usage": _untold(whole["usage"])})


def _read(inference: Inference, caller: Key, form: Form) -> tuple[TranscriptionFields, UploadedFile]:
    """The form, once it is known that the caller may use the model.

    Raises:
        TriremeError: see `Inference.check`.
        SchemaError: rules are broken.

    """
    if (name := form.fields.get("model")) is not None:
        inference.check(caller, name)
    return read_fields(TranscriptionFields, form)


def _speech(fields: TranscriptionFields, file: UploadedFile) -> Speech:
    return Speech(
        file=File(file.name, file.read(), file.media_type),
        language=fields.language,
        prompt=fields.prompt,
        temperature=fields.temperature,
    )


def _untold(usage: InferenceUsage) -> InferenceUsage:
    """By its contract this endpoint tells zeros, whatever is charged; the model's own count stays."""
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "requests": 0}
    return replace(usage, cost=0.0, carbon=Carbon(0.0, 0.0), **zeros)
