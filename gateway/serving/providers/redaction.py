"""Takes secrets and addresses out of what upstreams say, before callers read it."""

import re
from urllib.parse import urlsplit

HIDDEN = "***"
_KEYS = re.compile(r"\bsk-[\w*.…-]+")
"""Keys, also masked ones: upstreams like to repeat the key that they refuse."""


def redacted(value: object, url: str, secret: str) -> object:
    """A JSON value without the provider's key, URL and host.

    Args:
        url: of the provider.
        secret: its key, or an empty string.

    """
    match value:
        case str():
            return _clean(value, url, secret)
        case list():
            return [redacted(each, url, secret) for each in value]
        case dict():
            return {
                _clean(str(name), url, secret): redacted(each, url, secret) for name, each in value.items()
            }
    return value


def _clean(text: str, url: str, secret: str) -> str:
    for hidden in (secret, url, url.rstrip("/"), urlsplit(url).netloc, urlsplit(url).hostname or ""):
        if hidden:
            text = text.replace(hidden, HIDDEN)
    return _KEYS.sub(HIDDEN, text)
