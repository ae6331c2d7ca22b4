"""Secrets of others that have to be given back in the clear, encrypted at rest.

The first key encrypts, all of them decrypt: a new key is put in front of the old one, `reseal` is run over
what is stored, and the old key can go.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from model_repository.errors import TriremeError


class SecretKeyError(TriremeError):
    """A key that secrets are encrypted with is missing, malformed, or not the one that was used."""

    status = 503
    code = "secret_key"
    default_hint = "Check secret_keys, or the file secrets.key in the data folder."


class SecretBox:
    """Encrypts with AES-128-CBC and HMAC-SHA256 (Fernet), each time with a new initialisation vector.

    Args:
        keys: url-safe base64 of 32 random bytes each, newest first.

    Raises:
        SecretKeyError: one is malformed.

    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._keys = [Fernet(key) for key in keys]
        except ValueError:
            raise SecretKeyError(
                "a key that secrets are encrypted with is not 32 bytes in url-safe base64"
            ) from None

    @property
    def _fernet(self) -> MultiFernet:
        if not self._keys:
            raise SecretKeyError("no key is configured that secrets are encrypted with")
        return MultiFernet(self._keys)

    def __repr__(self) -> str:
        return "SecretBox()"

    def seal(self, secret: str) -> bytes:
        """A secret as it may be stored.

        Raises:
            SecretKeyError: there is no key.

        """
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret again.

        Raises:
            SecretKeyError: it was sealed with a key that is not known here.

        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretKeyError("a stored secret cannot be decrypted with the keys of this site") from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret sealed with the newest key.

        Raises:
            SecretKeyError: it was sealed with a key that is not known here.

        """
        return self.seal(self.open(sealed))


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()
