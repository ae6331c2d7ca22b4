"""The packages of uploaded models: installed once for the same requirements, by pip in a sandbox."""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from converters.spec import BuildSpec, ConversionError
from model_repository.sandbox.box import Box
from model_repository.sandbox.errors import SandboxEndedError
from model_repository.sandbox.inside.launch import NOBODY
from model_repository.sandbox.output import Quota
from model_repository.sandbox.process import SandboxProcess
from model_repository.settings import PackageSettings

FOLDER = "environments"
"""Beside the workspaces of builds, which share it."""

DRAFT = ".draft"

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

PASSED_ON = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT",
)  # fmt: skip
"""Of the builder's environment: how it reaches an index."""

LOG_BYTES = 1 << 22
_ERROR = re.compile(r"^ERROR: (.+)$", re.MULTILINE)


def copy_environment(spec: BuildSpec, workspaces: Path, requirements: Sequence[str], target: Path) -> None:
    """Put the packages and all that they need into `target`, installed now or by an earlier build.

    The files are links to those of the shared folder, which may lose them: what nobody asked for longest
    goes when there is too much.

    Args:
        workspaces: folder of the builds' workspaces.
        requirements: at least one.
        target: is made.

    Raises:
        ConversionError: they cannot be installed; says why.
        SandboxUnavailableError: this machine cannot install for strangers.

    """
    cache = workspaces / FOLDER
    cache.mkdir(exist_ok=True)
    key = hashlib.sha256("\n".join((PYTHON, platform.machine(), *requirements)).encode()).hexdigest()[:32]
    folder = cache / key
    with _locked(cache, key):  # two builds with the same requirements install them once
        new = not folder.is_dir()
        if new:
            draft = cache / f"{key}{DRAFT}"
            shutil.rmtree(draft, ignore_errors=True)
            try:
                _install(spec, draft, requirements)
                (draft / "packages").rename(folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        os.utime(folder)
        shutil.copytree(folder, target, copy_function=os.link)
    if new:
        prune(cache, spec.packages.cache_bytes)


def prune(cache: Path, most_bytes: int) -> None:
    """Remove what killed builds left of environments, and those that nobody asked for longest, up to a size.

    What a build is working with stays: it holds its lock.
    """
    for draft in cache.glob(f"*{DRAFT}"):
        _remove_unused(cache, draft.name.removesuffix(DRAFT), draft)
    folders = [path for path in cache.iterdir() if path.is_dir() and not path.name.endswith(DRAFT)]
    sizes = {path: _size(path) for path in sorted(folders, key=lambda path: path.stat().st_mtime)}
    total = sum(sizes.values())
    for folder, size in sizes.items():
        if total <= most_bytes:
            break
        if _remove_unused(cache, folder.name, folder):
            total -= size


def _remove_unused(cache: Path, key: str, folder: Path) -> bool:
    try:
        with _locked(cache, key, fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(cache: Path, key: str, how: int = 0) -> Iterator[None]:
    with (cache / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
        yield


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _install(spec: BuildSpec, draft: Path, requirements: Sequence[str]) -> None:
    for folder in (draft / "packages", draft / "tmp"):
        folder.mkdir(parents=True)
    (draft / "requirements.txt").write_text("\n".join(requirements) + "\n")
    for path in (draft, *draft.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    printed = bytearray()
    quota = Quota(LOG_BYTES, sys.stderr.buffer)

    def output(data: bytes) -> None:
        printed.extend(data[: LOG_BYTES - len(printed)])
        quota(data)

    try:
        status = SandboxProcess(_box(spec, draft), output).wait(spec.packages.install_seconds)
    except SandboxEndedError as error:
        raise ConversionError(f"the requirements were not installed: {error.message}", hint=_HINT) from error
    if status:
        causes = _ERROR.findall(printed.decode(errors="replace")) or [f"pip ended with status {status}"]
        raise ConversionError(f"the requirements cannot be installed: {causes[0][:300]}", hint=_HINT)
    _check(draft / "packages", spec.packages)


_HINT = "Only wheels from this site's index are installed; name versions that exist there for this Python."


def _box(spec: BuildSpec, draft: Path) -> Box:
    return Box(
        program=(
            "install.py",
            *("install", "--requirement", "/install/requirements.txt", "--target", "/install/packages"),
            *("--only-binary", ":all:", "--no-cache-dir", "--no-compile", "--no-input", "--quiet"),
            *("--disable-pip-version-check", "--progress-bar", "off", "--root-user-action", "ignore"),
            *_indexes(spec.packages),
        ),
        packages=("pip",),
        writable={"/install": draft},
        environment={
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "TMPDIR": "/install/tmp",
            "PIP_CONFIG_FILE": os.devnull,
        },
        limits=spec.sandbox,
        file_bytes=spec.packages.environment_bytes,
        network=True,
    )


def _indexes(settings: PackageSettings) -> Iterator[str]:
    if settings.index_url:
        yield from ("--index-url", settings.index_url)
    for url in settings.extra_index_urls:
        yield from ("--extra-index-url", url)


def _check(folder: Path, settings: PackageSettings) -> None:
    size = _size(folder)
    if size > settings.environment_bytes:
        raise ConversionError(
            f"the requirements take {size / 2**20:.0f} MiB, "
            f"more than {settings.environment_bytes / 2**20:.0f}",
            hint="Name fewer or smaller packages, or have the limit raised.",
        )
