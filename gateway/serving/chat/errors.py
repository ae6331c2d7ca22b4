"""What is wrong with a conversation before the model sees it."""

from model_repository.errors import TriremeError


class NoChatTemplateError(TriremeError):
    """The model continues texts, but nobody has said how a conversation becomes one."""

    status = 400
    code = "no_chat_template"
    default_hint = "Ask for a completion of a text instead, or use a model that was tuned for conversations."


class ConversationRefusedError(TriremeError):
    """The model's template does not take these messages."""

    status = 400
    code = "conversation_refused"


class InvalidSchemaError(TriremeError):
    """A JSON schema cannot be followed."""

    status = 400
    code = "invalid_schema"
