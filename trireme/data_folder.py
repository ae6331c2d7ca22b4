"""The data folder of the embedded default: one server at a time, and the root key's file."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model_repository.errors import TriremeError
from trireme.settings import Settings

SHORTEST_ROOT_KEY = 16
"""Characters of a root key; defaults that people leave in place, such as `changeme`, are all shorter."""


class DataFolderInUseError(TriremeError):
    """Another server runs on this data folder."""

    status = 409
    code = "data_folder_in_use"
    default_hint = "Stop it first, or give this one another folder with --data."


class WeakRootKeyError(TriremeError):
    """The root key is a default, or as short as one."""

    status = 400
    code = "weak_root_key"
    default_hint = (
        "Leave root_key empty to have one made, or pass --insecure for a trial that nobody can reach."
    )


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the data folder for as long as the block runs; the kernel lets go if the process is killed.

    Raises:
        DataFolderInUseError: another process holds it; the message names its process id.

    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data / Settings.lock_file
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise DataFolderInUseError(
                f"{settings.data.absolute()} is in use by another server (process {owner})"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_served(settings: Settings) -> bool:
    """Whether a server holds the data folder now."""
    try:
        descriptor = os.open(settings.data / Settings.lock_file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def root_key(settings: Settings) -> str:
    """The root key: the one that there is, or a new one kept in `root.key` (mode 0600).

    Raises:
        WeakRootKeyError: the configured one can be guessed, and `insecure` is not set.

    """
    return present_root_key(settings) or _keep(settings.root_key_file, new_root_key())


def present_root_key(settings: Settings) -> str:
    """The configured root key, or the one made earlier; empty if there is neither.

    Raises:
        WeakRootKeyError: the configured one can be guessed, and `insecure` is not set.

    """
    if settings.root_key:
        if len(settings.root_key) < SHORTEST_ROOT_KEY and not settings.insecure:
            raise WeakRootKeyError(f"the root key has fewer than {SHORTEST_ROOT_KEY} characters")
        return settings.root_key
    with suppress(FileNotFoundError):
        return settings.root_key_file.read_text().strip()
    return ""


def new_root_key() -> str:
    """A key that nobody can guess."""
    return f"sk-{secrets.token_urlsafe(48)}"


def secret_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that secrets are encrypted with: configured, made earlier, or new in `secrets.key` (0600)."""
    if settings.secret_keys:
        return settings.secret_keys
    from control_plane.secret_box import new_key  # noqa: PLC0415  # commands without secrets do without it

    with suppress(FileExistsError):
        return (_keep(settings.secret_key_file, new_key()),)
    return tuple(settings.secret_key_file.read_text().split())


def _keep(path: Path, secret: str) -> str:
    """Write a secret into a new file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret
