"""How often somebody may try to log in."""

from hashlib import blake2b
from secrets import token_bytes

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from control_plane.errors import TooManyLoginsError

COUNTERS = 2**16
"""E-mails and addresses share so many counters each, so that making up new ones fills no memory."""


class LoginThrottle:
    """Counts attempts, those that succeed too, of the last minute in this process.

    Args:
        per_email: attempts a minute to log in as one e-mail, from wherever.
        per_address: attempts a minute from one address, as whoever.

    """

    def __init__(self, *, per_email: int, per_address: int) -> None:
        self._limits = {
            "email": RateLimitItemPerMinute(per_email),
            "address": RateLimitItemPerMinute(per_address),
        }
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._salt = token_bytes(16)

    async def admit(self, email: str, address: str) -> None:
        """Count an attempt.

        Raises:
            TooManyLoginsError: there have been too many.

        """
        for kind, value in (("address", address), ("email", email)):
            if not await self._limiter.hit(self._limits[kind], kind, self._counter(value)):
                raise TooManyLoginsError("Too many login attempts, please try again later.")

    def _counter(self, value: str) -> str:
        digest = blake2b(value.encode(), key=self._salt, digest_size=8).digest()
        return str(int.from_bytes(digest) % COUNTERS)
